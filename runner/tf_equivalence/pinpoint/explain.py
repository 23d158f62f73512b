"""Words for a divergence: which operation, with which setting, and what to do about it in one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from tf_equivalence.pinpoint.causes import cause_of, fix_for
from tf_equivalence.pinpoint.finding import Difference, Divergence, OpSide

Relative = Callable[[str], str]

_MAX_DIFFERENCES = 4
_PUBLIC = re.compile(r"(_v2|_dispatch_factory|_factory|_helper)+$")


def describe(divergence: Divergence, relative: Relative = str) -> tuple[str, str]:
    """Say what diverges first and what to do.

    Args:
        divergence: From `locate`.
        relative: Turns the path of a frame into the one to show.

    Returns:
        A paragraph for a person, and the fix in one sentence.
    """
    cause = cause_of(divergence)
    said = (
        _what(divergence, relative),
        _settings(divergence),
        _amount(divergence),
        _effect(divergence),
        _variables(divergence),
        cause.why if cause is not None else "",
    )
    return " ".join(filter(None, said)), fix_for(divergence)


def _what(found: Divergence, relative: Relative) -> str:
    one, other = found.tf1, found.tf2
    if found.kind == "operation-missing" and one is not None:
        place = f": look at {_op(other, relative)}" if other is not None else ""
        return f"TF1 computes {_op(one, relative)}{_others(found.tf1_region)}; TF2 does not{place}."
    if found.kind == "operation-extra" and other is not None:
        return f"TF2 computes {_op(other, relative)}{_others(found.tf2_region)}, which TF1 does not."
    if found.kind == "operation-substituted" and one is not None and other is not None:
        return (
            f"Where TF1 computes {_op(one, relative)}{_others(found.tf1_region)}, "
            f"TF2 computes {_op(other, relative)}{_others(found.tf2_region)}."
        )
    if found.kind == "region":
        return (
            f"No single operation could be told: what differs lies at or behind {_op(one, relative)} in TF1 "
            f"and {_op(other, relative)} in TF2."
        )
    return _first_to_differ(found, relative)


def _first_to_differ(found: Divergence, relative: Relative) -> str:
    one, other = found.tf1, found.tf2
    sides = f"in TF1 {_op(one, relative)}, in TF2 {_op(other, relative)}"
    if found.kind == "operation-gradient":
        return (
            "Every value agrees, the gradients do not. Going back from the loss, the first gradient that differs is "
            f"the one that this operation hands on: {sides}."
        )
    if found.kind == "operation-dtype":
        return f"The first operation of another dtype: {sides}."
    if found.kind == "variables-swapped":
        return f"Two variables are swapped. The first operation that reads the wrong one: {sides}."
    if found.kind == "reads-other-variable":
        return f"The first operation that reads another variable: {sides}."
    if found.kind == "variable-value":
        return f"A variable holds another value when it is first read: {sides}."
    if found.differences and found.differences[0].source == "dataflow":
        return f"The first operation that takes another input: {sides}."
    agree = "although its inputs agree" if found.relative_input_difference < 1e-3 else "with what it is given"
    return f"The first operation that differs, {agree}: {sides}."


def _op(side: OpSide | None, relative: Relative) -> str:
    if side is None:
        return "no operation but the input as it came"
    words = side.type + (f" `{side.name}`" if side.name else "")
    called = " in ".join(filter(None, (_function(side), side.layer)))
    user = next((frame for frame in side.stack if not frame.library), None)
    place = f" at {relative(user.path)}:{user.line}" if user is not None else ""
    return f"{words}{f' ({called})' if called else ''}{place}"


def _function(side: OpSide) -> str:
    name = _PUBLIC.sub("", side.function).lstrip("_")
    return "" if name.split(".")[0] == side.layer else name


def _others(region: Sequence[str]) -> str:
    more = region[1:]
    return f" and {len(more)} more ({', '.join(more[:6])}{'…' if len(more) > 6 else ''})" if more else ""


def _settings(found: Divergence) -> str:
    told = [_setting(difference) for difference in found.differences if difference.name != "variable"]
    if not told:
        return ""
    more = f", and {len(told) - _MAX_DIFFERENCES} more" if len(told) > _MAX_DIFFERENCES else ""
    return f"Different: {'; '.join(told[:_MAX_DIFFERENCES])}{more}."


def _setting(difference: Difference) -> str:
    name, one, other = difference.name, difference.tf1, difference.tf2
    if difference.source == "dataflow":
        return f"{name} is {one} in TF1, {other} in TF2"
    if one is None:
        return f"{name} is {_value(other)} in TF2 only ({difference.source})"
    if other is None and difference.source != "call argument":
        return f"{name} is {_value(one)} in TF1 only ({difference.source})"
    return f"{name} is {_value(one)} in TF1, {_value(other)} in TF2 ({difference.source})"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.7g}"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, dict) and "shape" in value:
        return f"an array of shape {value['shape']} with sum {_value(value.get('sum'))}"
    return str(value)


def _amount(found: Divergence) -> str:
    output = found.relative_output_difference
    if not output:
        return ""
    if found.kind == "operation-gradient":
        if math.isinf(output):
            return "On one side no gradient flows through it."
        return f"The gradient differs by {output:.2g} of the largest TF1 value."
    words = _infinite(found) if math.isinf(output) else f"by {output:.2g} of the largest TF1 value"
    given = found.relative_input_difference
    if 0 < given < 1e-3:
        words += f" where inputs differ by {given:.2g}"
    if found.worst is not None:
        at = ", ".join(map(str, found.worst.index))
        words += f"; worst at [{at}]: TF1 {_value(found.worst.tf1)}, TF2 {_value(found.worst.tf2)}"
    order = "; both hold the same numbers in another order" if found.permuted else ""
    return f"Output differs {words}{order}."


def _effect(found: Divergence) -> str:
    """Say how much of the results' difference is this cause's."""
    more = f"{len(found.executed)} operations differ in this way. " if len(found.executed) > 1 else ""
    if found.effect is None:
        return more.strip()
    return f"{more}By itself it moves the outputs by {found.effect:.2g} of their largest value."


def _infinite(found: Divergence) -> str:
    left, right = (side.shape if side is not None else None for side in (found.tf1, found.tf2))
    if found.worst is None and left is not None and right is not None and left != right:
        return f"in shape: {list(left)} in TF1, {list(right)} in TF2"
    return "in which elements are finite" if found.worst is not None else "in the number of elements"


def _variables(found: Divergence) -> str:
    left, right = found.variables
    if found.kind in ("variables-swapped", "reads-other-variable"):
        for difference in found.differences:
            if difference.name == "variable":
                return f"TF1 reads variable `{difference.tf1}` there, TF2 reads `{difference.tf2}`."
    if not left and not right:
        return ""
    if left == right or not right or not left:
        return f"Variables involved: {_names(left or right)}."
    return f"Variables involved: {_names(left)} in TF1, {_names(right)} in TF2."


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:4]) + (" and more" if len(names) > 4 else "")
