"""The one place that says in words how two arrays differ."""

from __future__ import annotations

from typing import Any

from tf_equivalence.judge.compare import Difference, Element

_MOST_ULPS = 1e6  # beyond, the count says nothing that the difference does not


def format_number(value: Any) -> str:
    """Return a number for a person: four significant digits where it is a float."""
    if isinstance(value, bool) or not isinstance(value, int | float | complex):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    return f"{value:.4g}"


def describe(name: str, difference: Difference) -> str:
    """Return one paragraph: what differs, by how much, where, how much was allowed and by whom."""
    if difference.kind == "shape":
        return (
            f"{name} has shape {list(difference.tf1_shape)} on the TF1 side and {list(difference.tf2_shape)} on the "
            "TF2 side. Shapes are never broadcast: return the same shape."
        )
    parts = []
    if difference.kind == "dtype":
        parts.append(
            f"{name} is {difference.tf1_dtype} on the TF1 side and {difference.tf2_dtype} on the TF2 side: cast it."
        )
        if not difference.mismatched:
            return f"{parts[0]} The values agree."
    if difference.kind == "non-finite" or any(difference.nan_count):
        parts.append(_non_finite(name, difference))
    parts.append(_values(name, difference))
    return " ".join(part for part in parts if part)


def _non_finite(name: str, difference: Difference) -> str:
    first = difference.samples[0]
    nans = difference.nan_count
    both = " NaN is never equal to NaN." if nans[0] and nans[1] else ""
    return (
        f"{name} has non-finite values that do not agree, first at {_at(first.index)}: TF1 {_shown(first.tf1)}, TF2 "
        f"{_shown(first.tf2)} ({nans[0]} NaN on the TF1 side, {nans[1]} on the TF2 side).{both}"
    )


def _values(name: str, difference: Difference) -> str:
    total = difference.total
    counted = f"{difference.mismatched} of {total} element{'s' if total != 1 else ''} ({difference.percent:.3g}%)"
    text = f"{name} differs in {counted}"
    worst, relative = difference.worst_absolute, difference.worst_relative
    if worst is not None:
        text += f", by up to {format_number(worst.difference)} at {_element(worst)}"
        if difference.ulps is not None and 0 < difference.ulps < _MOST_ULPS:
            text += f", {difference.ulps:.6g} units in the last place"
    elif difference.samples:
        text += f", first at {_element(difference.samples[0])}"
    if relative is not None and relative.difference > 0:
        where = "" if worst is not None and relative.index == worst.index else f" at {_element(relative)}"
        text += f"; relatively by up to {format_number(relative.difference)}{where}"
    bound = difference.bound
    if bound is None:
        return f"{text}. These must be equal."
    limit = format_number(bound.atol) + (f" + {bound.rtol:g} * |tf1|" if bound.rtol else "")
    text += f". Allowed is {limit} ({bound.source})."
    if difference.smallest_atol != float("inf"):
        text += (
            f" It would pass with atol {format_number(difference.smallest_atol)}, or with rtol "
            f"{format_number(difference.smallest_rtol)}."
        )
    return text


def _element(element: Element) -> str:
    return f"{_at(element.index)} (TF1 {_shown(element.tf1)}, TF2 {_shown(element.tf2)})"


def _at(index: tuple[int, ...]) -> str:
    return str(list(index))


def _shown(value: Any) -> str:
    return f"{value:.9g}" if isinstance(value, float) else repr(value)
