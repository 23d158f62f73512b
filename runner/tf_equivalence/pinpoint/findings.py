"""Makes findings of what pinpointing found: message, line, and the figures behind them."""

from __future__ import annotations

from collections.abc import Mapping

from tf_equivalence.judge.places import Places
from tf_equivalence.judge.stated import Setting, named_at, stated_at
from tf_equivalence.pinpoint import settings
from tf_equivalence.pinpoint.causes import cause_of
from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.recording import Frame, Stack, user_frames
from tf_equivalence.result import Finding
from tf_equivalence.trace import TracedOp


def finding_of(places: Places, divergence: Divergence, variables: Mapping[str, Stack]) -> Finding:
    """Return the finding for a divergence.

    Args:
        places: For locations.
        divergence: What was found.
        variables: Where TF2 created each of the variables that it creates in another order than TF1.
    """
    message, fix = describe(divergence, places.relative)
    names = [name for side in reversed(divergence.variables) for name in side]
    operation = divergence.tf2 or divergence.tf1
    stack = _naming(divergence, variables) or divergence.stack
    stated = _stated(divergence)
    stack = (stated, *stack) if stated is not None else stack
    return Finding(
        kind=divergence.kind,
        name=f"{names[0]}:0"
        if names and divergence.kind.startswith(("variable", "reads"))
        else (operation.name if operation else ""),
        message=f"{message} {fix}".strip(),
        location=places.location(stack),
        stack=places.lines(stack),
        metrics=_metrics(places, divergence),
    )


def _is_stated_in_call(divergence: Divergence, name: str, value: object) -> bool:
    stack = divergence.tf1.stack if divergence.tf1 is not None else ()
    called = next(iter(user_frames(stack)), None)
    frame = stated_at(stack, Setting(settings.spellings(name), settings.means(name, value)), scopes=False)
    return called is not None and frame is not None and (frame.path, frame.line) == (called.path, called.line)


def _naming(divergence: Divergence, variables: Mapping[str, Stack]) -> Stack:
    """Return where the variable that TF2 reads in another's place got its name; empty where that is not the cause."""
    told = next((d for d in divergence.differences if d.name == "variable"), None)
    if divergence.kind != "variables-swapped" or told is None:
        return ()
    stack = variables.get(str(told.tf2), ())
    if not user_frames(stack):
        return ()
    expected = str(told.tf1).split("/")
    parts = [part for part in str(told.tf2).split("/") if part not in expected]
    named = next((frame for part in parts if (frame := named_at(stack, part)) is not None), None)
    return (named, *stack) if named is not None else stack


def _stated(divergence: Divergence) -> Frame | None:
    """Return the line that states TF2's value of a setting that differs, where that is not the call itself."""
    called = next(iter(user_frames(divergence.stack)), None)
    told = [(d.name, d.tf1, d.tf2) for d in divergence.differences if d.source != "dataflow"]
    if divergence.kind in ("operation-substituted", "operation-extra", "operation-missing"):
        functions = [side.function if side else None for side in (divergence.tf1, divergence.tf2)]
        told.append(("activation", functions[0], None if divergence.kind == "operation-missing" else functions[1]))
    for name, tf1, tf2 in told:
        # What TF1's own call says is no matter of a scope around it: TF2's call lacks it.
        scopes = not _is_stated_in_call(divergence, name, tf1)
        setting = Setting(settings.spellings(name), settings.means(name, tf2))
        frame = stated_at(divergence.stack, setting, scopes)
        if frame is not None:
            return None if called is not None and (frame.path, frame.line) == (called.path, called.line) else frame
    return None


def non_finite_finding(places: Places, op: TracedOp) -> Finding:
    """Return the finding for the operation that first has a value that is not finite, on both sides."""
    place = places.location(op.stack)
    return Finding(
        kind="operation-non-finite",
        name=op.name,
        message=f"{op.type} `{op.name}` at {place} is the first operation with a value that is not finite, on both "
        "sides. NaN is not equal to NaN, so nothing is known about what follows. Guard the operation, as with "
        "tf.math.divide_no_nan, or give inputs for which it is finite.",
        location=place,
        stack=places.lines(op.stack),
        metrics={"tf2_operation": op.type},
    )


def _metrics(places: Places, divergence: Divergence) -> dict[str, object]:
    sides = {"tf1": divergence.tf1, "tf2": divergence.tf2}
    metrics: dict[str, object] = {}
    for side, operation in sides.items():
        if operation is not None:
            metrics[f"{side}_operation"] = operation.type
            metrics[f"{side}_name"] = operation.name
            metrics[f"{side}_variables"] = list(operation.variables)
            place = places.location(operation.stack)
            metrics[f"{side}_line"] = str(place) if place else ""
    metrics["differences"] = [
        {"name": item.name, "tf1": item.tf1, "tf2": item.tf2, "source": item.source} for item in divergence.differences
    ]
    metrics["relative_input_difference"] = divergence.relative_input_difference
    metrics["relative_output_difference"] = divergence.relative_output_difference
    if divergence.worst is not None:
        metrics["worst"] = list(divergence.worst.index)
        metrics["tf1_around"], metrics["tf2_around"] = map(list, divergence.worst.around)
    metrics["operations"] = max(len(divergence.executed), 1)
    cause = cause_of(divergence)
    if cause is not None:
        metrics["cause"], metrics["help"] = cause.name, f"docs/causes.md#{cause.name}"
    if divergence.effect is not None:
        metrics["effect"] = divergence.effect
    return metrics
