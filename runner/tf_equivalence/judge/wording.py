"""The one place that says in words how two arrays differ."""

from __future__ import annotations

import math
from typing import Any

from tf_equivalence.judge.bounds import Bound
from tf_equivalence.judge.compare import Difference, Element

_MOST_ULPS = 1e6  # beyond, the count says nothing that the difference does not
_MOST_TEXT = 60


def format_number(value: Any) -> str:
    """Return a number for a person: four significant digits where it is a float."""
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.4g}"


def describe(name: str, difference: Difference, *, adjustable: bool = True) -> str:
    """Return one paragraph: what differs, by how much, where, how much was allowed and by whom.

    Args:
        name: Of the array.
        difference: How it differs.
        adjustable: Whether the case can set the tolerance, so that the one it would take is worth naming.
    """
    if difference.kind == "shape":
        return _shape(name, difference)
    parts = []
    if difference.kind == "dtype":
        cast = f"{name} is {difference.tf1_dtype} on the TF1 side and {difference.tf2_dtype} on the TF2 side: cast it."
        parts.append(cast if difference.mismatched else f"{cast} The values agree.")
    if difference.mismatched:
        disagree = difference.smallest_atol == math.inf and any(_non_finite(s) for s in difference.samples)
        parts.append(_places_of_non_finite(name, difference) if disagree else _values(name, difference))
        parts.append(_allowance(difference, disagree, adjustable))
    return " ".join(part for part in parts if part)


def _shape(name: str, difference: Difference) -> str:
    one, other = difference.tf1_shape, difference.tf2_shape
    text = f"{name} has shape {list(one)} on the TF1 side and {list(other)} on the TF2 side. "
    if [size for size in one if size != 1] == [size for size in other if size != 1]:
        hint = "Only dimensions of size 1 differ: look for a squeeze, an expand_dims or keepdims. "
    elif sorted(one) == sorted(other):
        hint = "The same sizes in another order: look for a transpose or another data format. "
    elif math.prod(one) == math.prod(other):
        hint = "Both hold as many elements: look for a reshape. "
    else:
        hint = ""
    return f"{text}{hint}Shapes are never broadcast: return the same shape."


def _places_of_non_finite(name: str, difference: Difference) -> str:
    nans = difference.nan_count
    text = (
        f"{name} has non-finite values that do not agree, {_share(difference)}, first at {_at(difference.samples[0])}"
    )
    if any(nans):
        text += f"; {nans[0]} NaN on the TF1 side, {nans[1]} on the TF2 side"
    equal = (
        " NaN is not equal to NaN: keep it from arising, or name the output in `nan_equal`."
        if nans[0] and nans[1]
        else ""
    )
    return f"{text}.{equal}{_finite_beside(difference)}"


def _finite_beside(difference: Difference) -> str:
    """Return a sentence on the finite values where those are outside of the bound, too."""
    worst, bound = difference.worst_absolute, difference.bound
    if worst is None or bound is None:
        return ""
    value = complex(worst.tf1)
    if worst.difference <= bound.atol + bound.rtol * math.hypot(value.real, value.imag):
        return ""
    return f" Finite values differ, too, by up to {format_number(worst.difference)} at {_at(worst)}."


def _values(name: str, difference: Difference) -> str:
    worst, relative = difference.worst_absolute, difference.worst_relative
    shown = worst or difference.samples[0]
    if difference.total == 1:
        text = f"{name} is {_both(shown, ' on the TF1 side and ', ' on the TF2 side')}"
    elif worst is None:
        return f"{name} differs in {_share(difference)}, first at {_at(shown)}."
    else:
        text = f"{name} differs in {_share(difference)}, by up to {format_number(worst.difference)} at {_at(worst)}"
    text += _size(difference, shown) + "."
    if relative is not None and relative.index != shown.index and math.isfinite(relative.difference):
        text += (
            f" Relative to TF1 it is worst at {_at(relative)}, {format_number(relative.difference)} times TF1's value."
        )
    if difference.bound is not None and difference.total > 1 and math.isfinite(difference.relative_l2):
        text += (
            f" As a whole, the difference is {format_number(difference.relative_l2)} times TF1's norm (relative L2)."
        )
    return text


def _size(difference: Difference, shown: Element) -> str:
    """Return the size of the difference at one element, in the units that say something."""
    sizes = []
    if difference.total == 1 and math.isfinite(shown.difference):
        sizes.append(f"{format_number(shown.difference)} apart")
    relative = difference.worst_relative
    if relative is not None and relative.index == shown.index and math.isfinite(relative.difference):
        sizes.append(f"{format_number(relative.difference)} times TF1's value")
    if difference.ulps is not None and 0 < difference.ulps < _MOST_ULPS:
        sizes.append(f"{difference.ulps:.0f} unit{'s' if difference.ulps > 1 else ''} in the last place")
    return f", {', '.join(sizes)}" if sizes else ""


def _allowance(difference: Difference, disagree: bool, adjustable: bool) -> str:
    bound = difference.bound
    if disagree:
        return "Non-finite values must agree in place and sign under any tolerance."
    if bound is None:
        return "These must be equal."
    text = f"Allowed is {_limit(bound)} ({bound.source})."
    remedies = []
    if not adjustable:
        return text
    if math.isfinite(difference.smallest_rtol):
        remedies.append(f"Tolerance(rtol={_rounded_up(difference.smallest_rtol)}, atol=0)")
    if math.isfinite(difference.smallest_atol):
        remedies.append(f"Tolerance(rtol=0, atol={_rounded_up(difference.smallest_atol)})")
    return f"{text} It would take {' or '.join(remedies)} to pass." if remedies else text


def _limit(bound: Bound) -> str:
    if not bound.rtol:
        return format_number(bound.atol)
    return f"{format_number(bound.atol)} + {bound.rtol:g} * |tf1|"


def _rounded_up(value: float) -> str:
    """Return three significant digits that are not below the value, so that what is printed does pass."""
    text = f"{value:.2e}"
    if float(text) >= value:
        return f"{float(text):g}"
    raised = f"{value + 0.01 * 10.0 ** math.floor(math.log10(value)):.2e}"
    return f"{float(raised):g}" if value <= float(raised) < math.inf else repr(value)


def _share(difference: Difference) -> str:
    total = difference.total
    return f"{difference.mismatched} of {total} element{'s' if total != 1 else ''} ({difference.percent:.3g}%)"


def _at(element: Element) -> str:
    return f"{list(element.index)} (TF1 {_both(element, ', TF2 ')})"


def _both(element: Element, between: str, after: str = "") -> str:
    """Return both values, with as many digits as it takes to tell them apart."""
    one, other = _text(element.tf1, 9), _text(element.tf2, 9)
    if one == other:
        one, other = _text(element.tf1, 17), _text(element.tf2, 17)
    return f"{one}{between}{other}{after}"


def _text(value: Any, digits: int) -> str:
    if isinstance(value, float | complex):
        return f"{value:.{digits}g}"
    text = repr(value)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def _non_finite(element: Element) -> bool:
    numbers = [value for value in (element.tf1, element.tf2) if isinstance(value, float | complex)]
    return not all(math.isfinite(part) for value in numbers for part in (complex(value).real, complex(value).imag))
