"""How far two values may lie apart, who decided that, and from which figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.elements import blocks

Array = npt.NDArray[Any]
TolerancePreset = str | Tolerance | Mapping[str, Tolerance]

GUIDE = Tolerance(rtol=1e-6, atol=1e-5)
ROUNDINGS = 16  # units in the last place of the largest value, for the rounding of the last operations
NOISE_FACTOR = 8  # what an equal computation was seen to differ by, relative to the reference's own noise
NOISE_FACTOR_ACROSS_RUNTIMES = 32
ILL_CONDITIONED = 1e-3

_MOST = float(np.finfo(np.float64).max)
_EPS = {
    "float8_e4m3fn": 2.0**-3,
    "float8_e5m2": 2.0**-2,
    "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
    "float32": 2.0**-23,
    "float64": 2.0**-52,
    "complex64": 2.0**-23,
    "complex128": 2.0**-52,
}


@dataclass(frozen=True)
class Bound:
    """The bound on one array: an element passes when ``|tf1 - tf2| <= atol + rtol * |tf1|``.

    Attributes:
        rtol: Relative to the magnitude of the TF1 element; dimensionless and finite.
        atol: In the unit of the array; finite.
        source: Who decided, and from what, as a fragment of a sentence.
        noise: The largest change of the reference over its reruns; None where noise had no say.
        scale: The largest finite magnitude of the reference.
        ill_conditioned: Whether noise decided the bound and exceeds `ILL_CONDITIONED` times the scale.
        by_noise: Whether noise decided the bound.
    """

    rtol: float
    atol: float
    source: str
    noise: float | None = None
    scale: float = 0.0
    ill_conditioned: bool = False
    by_noise: bool = False

    @property
    def swallows(self) -> bool:
        """Whether zeros in place of every value would pass, so that a pass says nothing."""
        return self.scale > 0 and self.atol + self.rtol * self.scale >= self.scale


def eps_of(dtype: str) -> float:
    """Return the machine epsilon of a floating or complex TensorFlow dtype; 0 for exact dtypes."""
    return _EPS.get(dtype, 0.0)


def unmatched_globs(globs: Iterable[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return the globs that match none of the names."""
    return tuple(glob for glob in globs if not any(matches(name, glob) for name in names))


def matches(name: str, glob: str) -> bool:
    """Return whether a glob of a case means the output `name`."""
    return name == glob or fnmatchcase(name, glob)  # a name may hold brackets of its own


def resolve_tolerance(tolerance: TolerancePreset, name: str) -> tuple[str | Tolerance, str]:
    """Return what applies to the output `name`, and who says so; the first matching glob wins."""
    if isinstance(tolerance, str):
        return tolerance, ""
    if isinstance(tolerance, Tolerance):
        return tolerance, "the given tolerance"
    for glob, chosen in tolerance.items():
        if matches(name, glob):
            return chosen, f"the case's tolerance for {glob!r}"
    return "measured", ""


def bound_for(
    name: str,
    reference: Array,
    reruns: Sequence[Array],
    tolerance: TolerancePreset,
    *,
    dtype: str = "",
    cross_runtime: bool = False,
) -> Bound:
    """Return the bound for one array.

    Args:
        name: Of the output, for globs.
        reference: TF1's values.
        reruns: TF1's values when computed again under conditions that should change only rounding.
        tolerance: As the case or the run chose it; integers, booleans and bytes must be equal under any.
        dtype: TensorFlow's name of the dtype; empty takes the array's.
        cross_runtime: Whether the reference comes from another TensorFlow.
    """
    scale = largest(reference)
    if reference.dtype.kind not in "fc":
        return Bound(0.0, 0.0, "exact", scale=scale)
    chosen, who = resolve_tolerance(tolerance, name)
    if isinstance(chosen, Tolerance):
        return Bound(chosen.rtol, chosen.atol, f"{who}: rtol {chosen.rtol:g}, atol {chosen.atol:g}", scale=scale)
    if chosen == "guide":
        return Bound(*GUIDE, f"guide: rtol {GUIDE.rtol:g}, atol {GUIDE.atol:g}", scale=scale)
    return _measured(scale, _noise(reference, reruns), dtype or reference.dtype.name, cross_runtime)


def _measured(scale: float, noise: float, dtype: str, cross_runtime: bool) -> Bound:
    factor = NOISE_FACTOR_ACROSS_RUNTIMES if cross_runtime else NOISE_FACTOR
    rounding = ROUNDINGS * eps_of(dtype) * scale
    if factor * noise > rounding:
        source = f"measured: {factor} times the reference's own noise of {noise:.3g}"
        # An infinite bound would let anything pass.
        return Bound(0.0, min(factor * noise, _MOST), source, noise, scale, noise > ILL_CONDITIONED * scale, True)
    source = f"measured: {ROUNDINGS} units in the last place of {dtype} at the largest value, {scale:.3g}"
    return Bound(0.0, min(rounding, _MOST), source, noise, scale)


def at_least(bound: Bound, rounding: float) -> Bound:
    """Return a measured bound, widened where rounding alone may move the values by more."""
    if not bound.source.startswith("measured") or rounding <= bound.atol:
        return bound
    source = f"measured: what the rounding of the rate of a moving average may do, {rounding:.3g}"
    return replace(bound, atol=min(rounding, _MOST), source=source, by_noise=False, ill_conditioned=False)


def largest(array: Array) -> float:
    """Return the largest finite magnitude; 0 where there is none, or no arithmetic.

    Magnitudes beyond float64, which complex numbers can have, count as its largest number.
    """
    if array.dtype.kind not in "fciu":
        return 0.0
    flat = array.reshape(-1)
    return abs(max((_largest_of_block(flat[block]) for block in blocks(flat.size)), default=0.0))  # zeros may be -0


def _largest_of_block(array: Array) -> float:
    kind = array.dtype.kind
    if kind in "iu":  # Python's integers: the magnitude of the smallest int64 is no int64
        return float(max(abs(int(array.max())), abs(int(array.min()))))
    if kind == "f":  # real magnitudes are exact in any width
        top = np.maximum(array.max(), -array.min())
        if np.isfinite(top):
            return float(top)
    finite = np.isfinite(array)
    with np.errstate(over="ignore", invalid="ignore"):
        magnitude = np.abs(widened(array))
    return min(float(np.max(magnitude, where=finite, initial=0.0)), _MOST)


def widened(array: Array) -> Array:
    """Return floats as float64 and complex numbers as complex128; integers as float64, for magnitudes only."""
    if array.dtype.kind == "c":
        return array.astype(np.complex128, copy=False)
    return array.astype(np.float64, copy=False)


def _noise(reference: Array, reruns: Sequence[Array]) -> float:
    """Return the largest change of any element over the reruns, where it is a number on both sides.

    A change beyond float64 counts as its largest number.
    """
    flat = reference.reshape(-1)
    noise = 0.0
    for rerun in reruns:
        if rerun.shape != reference.shape or rerun.dtype != reference.dtype:
            continue
        again = rerun.reshape(-1)
        noise = max((noise, *(_change(flat[block], again[block]) for block in blocks(flat.size))))
    return noise


def _change(before: Array, after: Array) -> float:
    if np.array_equal(before, after):
        return 0.0
    finite = np.isfinite(before) & np.isfinite(after)
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.abs(widened(after) - widened(before))
    return min(float(np.max(change, where=finite, initial=0.0)), _MOST)
