"""What comparing two arrays must find, in rational arithmetic and without NumPy's."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tf_equivalence.judge.bounds import Bound

MOST = sys.float_info.max
ROUNDING = Fraction(1, 2**49)  # more than a few operations in float64 round by
TINY = Fraction(1, 2**1070)  # the same among subnormal numbers

# Bits of the significand, and the exponent of the smallest subnormal number.
_FORMATS = {"float16": (11, -24), "bfloat16": (8, -133), "float32": (24, -149), "float64": (53, -1074)}


@dataclass(frozen=True)
class Apart:
    """How two floating or complex arrays differ; elements are in C order, by flat position.

    Attributes:
        bad: Elements whose non-finite values disagree.
        surely: Elements outside of the bound by more than rounding, or bad.
        perhaps: These, and elements outside or inside by less than rounding.
        absolute: Of each element, ``|tf1 - tf2|`` over its finite parts; a part is 0 where a side is not finite.
        magnitude: ``|tf1|`` over the same parts.
        finite: Elements that are finite on both sides.
    """

    bad: tuple[int, ...]
    surely: tuple[int, ...]
    perhaps: tuple[int, ...]
    absolute: tuple[Fraction, ...]
    magnitude: tuple[Fraction, ...]
    finite: tuple[int, ...]

    @property
    def relative(self) -> tuple[Fraction | None, ...]:
        """The differences relative to |tf1|; None where only the difference is not 0."""
        pairs = zip(self.absolute, self.magnitude, strict=True)
        return tuple(Fraction(0) if not apart else apart / size if size else None for apart, size in pairs)

    @property
    def subnormal(self) -> bool:
        """Whether any length is so small that float64 has few bits left for it, or for its products."""
        return any(0 < length < Fraction(1, 2**960) for length in (*self.absolute, *self.magnitude))

    @property
    def relative_l2(self) -> Fraction | None:
        """The Euclidean norm of the difference relative to tf1's; None where only tf1's is 0."""
        over, under = (sum((x * x for x in values), Fraction(0)) for values in (self.absolute, self.magnitude))
        return root(over / under) if under else None if over else Fraction(0)


def apart(tf1: np.ndarray, tf2: np.ndarray, bound: Bound, *, nan_equal: bool = False) -> Apart:
    """Return how two arrays of one shape differ, one of them at least floating or complex, the other a number."""
    elements = [_parts(one, other) for one, other in zip(_values(tf1), _values(tf2), strict=True)]
    bad = [i for i, parts in enumerate(elements) if any(_disagree(*part, nan_equal) for part in parts)]
    finite = [i for i, parts in enumerate(elements) if all(map(math.isfinite, sum(parts, ())))]
    cleaned = [[_fractions(*part) for part in parts] for parts in elements]
    absolute = [_length([one - other for one, other in parts]) for parts in cleaned]
    magnitude = [_length([one for one, _ in parts]) for parts in cleaned]
    allowed = [Fraction(bound.atol) + Fraction(bound.rtol) * size for size in magnitude]
    pairs = list(zip(absolute, allowed, strict=True))
    outside = {i for i, (far, most) in enumerate(pairs) if far > most * (1 + ROUNDING) + TINY}
    # Equal values agree under any bound, and what is subtracted without rounding is known to exceed a bound of 0.
    near = {i for i, (far, most) in enumerate(pairs) if far and far > most * (1 - ROUNDING) - TINY}
    outside |= near if not bound.atol and not bound.rtol else set()
    surely, perhaps = sorted({*bad, *outside}), sorted({*bad, *outside, *near})
    return Apart(*map(tuple, (bad, surely, perhaps, absolute, magnitude, finite)))


def _values(array: np.ndarray) -> list[complex]:
    return [value if isinstance(value, complex) else float(value) for value in array.reshape(-1).tolist()]


def _parts(one: complex, other: complex) -> list[tuple[float, float]]:
    if isinstance(one, complex) or isinstance(other, complex):
        return [(one.real, other.real), (one.imag, other.imag)]
    return [(one, other)]


def _disagree(one: float, other: float, nan_equal: bool) -> bool:
    if math.isnan(one) or math.isnan(other):
        return not (nan_equal and math.isnan(one) and math.isnan(other))
    return (math.isinf(one) or math.isinf(other)) and one != other


def _fractions(one: float, other: float) -> tuple[Fraction, Fraction]:
    if math.isfinite(one) and math.isfinite(other):
        return Fraction(one), Fraction(other)
    return Fraction(0), Fraction(0)


def _length(parts: Sequence[Fraction]) -> Fraction:
    return abs(parts[0]) if len(parts) == 1 else root(sum((part * part for part in parts), Fraction(0)))


def root(square: Fraction) -> Fraction:
    """Return the square root to 200 bits; exact where it has fewer and the denominator is a power of 2."""
    over, under = square.numerator, square.denominator
    shift = max(0, 200 + (under.bit_length() - over.bit_length()) // 2)
    return Fraction(math.isqrt((over << 2 * shift) // under), 1 << shift)


def as_float(value: Fraction) -> float:
    """Return the nearest float; infinite beyond float64."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def is_near(figure: float, exact: Fraction | None) -> bool:
    """Return whether a figure is the exact one but for rounding; None stands for infinite."""
    if exact is None or math.isinf(figure):
        return figure == math.inf and (exact is None or exact > Fraction(MOST) * (1 - ROUNDING))
    return abs(Fraction(figure) - exact) <= ROUNDING * exact + TINY


def ulps(one: float, other: float, dtype: str) -> int:
    """Return how many steps of a dtype lie between two finite numbers of it."""
    return abs(_steps_from_zero(one, dtype) - _steps_from_zero(other, dtype))


def _steps_from_zero(value: float, dtype: str) -> int:
    bits, lowest = _FORMATS[dtype]
    if not value:
        return 0
    exponent = max(math.frexp(value)[1] - bits, lowest)
    steps = Fraction(abs(value)) / Fraction(2) ** exponent
    assert steps.denominator == 1, f"{value} is no {dtype}"
    count = steps.numerator + (exponent - lowest) * 2 ** (bits - 1)
    return count if value > 0 else -count


def largest(array: np.ndarray) -> Fraction:
    """Return the largest magnitude of a finite element; 0 where there is none."""
    pairs = [_parts(value, value) for value in _values(array)]
    finite = [[Fraction(one) for one, _ in parts] for parts in pairs if all(math.isfinite(one) for one, _ in parts)]
    return max((_length(parts) for parts in finite), default=Fraction(0))
