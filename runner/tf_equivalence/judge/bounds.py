"""How far two values may lie apart, who decided that, and from which figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import numpy.typing as npt

from tf_equivalence.case import Tolerance

Array = npt.NDArray[Any]
TolerancePreset = str | Tolerance | Mapping[str, Tolerance]

GUIDE = Tolerance(rtol=1e-6, atol=1e-5)
ROUNDINGS = 16  # units in the last place of the largest value, for the rounding of the last operations
NOISE_FACTOR = 8  # what an equal computation was seen to differ by, relative to the reference's own noise
NOISE_FACTOR_ACROSS_RUNTIMES = 32
ILL_CONDITIONED = 1e-3

_EPS = {
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
        rtol: Relative to the magnitude of the TF1 element; dimensionless.
        atol: In the unit of the array.
        source: Who decided, and from what, as a fragment of a sentence.
        noise: The largest change of the reference over its reruns; None where noise had no say.
        scale: The largest finite magnitude of the reference.
        ill_conditioned: Whether the noise alone exceeds `ILL_CONDITIONED` times the scale.
    """

    rtol: float
    atol: float
    source: str
    noise: float | None = None
    scale: float = 0.0
    ill_conditioned: bool = False


def eps_of(dtype: str) -> float:
    """Return the machine epsilon of a floating or complex TensorFlow dtype; 0 for exact dtypes."""
    return _EPS.get(dtype, 2.0**-3 if dtype.startswith("float8") else 0.0)


def unmatched_globs(tolerance: Mapping[str, Tolerance], names: Sequence[str]) -> tuple[str, ...]:
    """Return the globs that match none of the names."""
    return tuple(glob for glob in tolerance if not any(fnmatchcase(name, glob) for name in names))


def resolve_tolerance(tolerance: TolerancePreset, name: str) -> tuple[str | Tolerance, str]:
    """Return what applies to the output `name`, and who says so; the first matching glob wins."""
    if isinstance(tolerance, str):
        return tolerance, ""
    if isinstance(tolerance, Tolerance):
        return tolerance, "the given tolerance"
    for glob, chosen in tolerance.items():
        if fnmatchcase(name, glob):
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
        tolerance: As the case or the run chose it.
        dtype: TensorFlow's name of the dtype; empty takes the array's.
        cross_runtime: Whether the reference comes from another TensorFlow.
    """
    chosen, who = resolve_tolerance(tolerance, name)
    scale = largest(reference)
    if isinstance(chosen, Tolerance):
        return Bound(chosen.rtol, chosen.atol, f"{who}: rtol {chosen.rtol:g}, atol {chosen.atol:g}", scale=scale)
    if chosen == "guide":
        return Bound(*GUIDE, f"guide: rtol {GUIDE.rtol:g}, atol {GUIDE.atol:g}", scale=scale)
    dtype = dtype or reference.dtype.name
    return _measured(scale, _noise(reference, reruns), dtype, cross_runtime)


def _measured(scale: float, noise: float, dtype: str, cross_runtime: bool) -> Bound:
    factor = NOISE_FACTOR_ACROSS_RUNTIMES if cross_runtime else NOISE_FACTOR
    rounding = ROUNDINGS * eps_of(dtype) * scale
    if factor * noise > rounding:
        source = f"measured: {factor} times the reference's own noise of {noise:.3g}"
        return Bound(0.0, factor * noise, source, noise, scale, noise > ILL_CONDITIONED * scale)
    source = f"measured: {ROUNDINGS} units in the last place of {dtype} at the largest value, {scale:.3g}"
    return Bound(0.0, rounding, source, noise, scale)


def largest(array: Array) -> float:
    """Return the largest finite magnitude; 0 where there is none, or no arithmetic."""
    if array.dtype.kind not in "fciu" or not array.size:
        return 0.0
    magnitude = np.abs(widened(array))
    return float(np.max(magnitude, where=np.isfinite(magnitude), initial=0.0))


def widened(array: Array) -> Array:
    """Return floats as float64 and complex numbers as complex128; integers as float64, for magnitudes only."""
    if array.dtype.kind == "c":
        return array.astype(np.complex128, copy=False)
    return array.astype(np.float64, copy=False)


def _noise(reference: Array, reruns: Sequence[Array]) -> float:
    if reference.dtype.kind not in "fc" or not reference.size:
        return 0.0
    ours, noise = widened(reference), 0.0
    for rerun in reruns:
        if rerun.shape != reference.shape or rerun.dtype.kind not in "fc":
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            change = np.abs(widened(rerun) - ours)
        noise = max(noise, float(np.max(change, where=np.isfinite(change), initial=0.0)))
    return noise
