"""Makes findings of what pinpointing found: message, line, and the figures behind them."""

from __future__ import annotations

from tf_equivalence.judge.places import Places
from tf_equivalence.judge.stated import Setting, stated_at
from tf_equivalence.pinpoint import settings
from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.recording import Frame, user_frames
from tf_equivalence.result import Finding
from tf_equivalence.trace import TracedOp


def finding_of(places: Places, divergence: Divergence) -> Finding:
    """Return the finding for a divergence."""
    message, fix = describe(divergence, places.relative)
    names = [name for side in reversed(divergence.variables) for name in side]
    operation = divergence.tf2 or divergence.tf1
    stated = _stated(divergence)
    stack = (stated, *divergence.stack) if stated is not None else divergence.stack
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


def _stated(divergence: Divergence) -> Frame | None:
    """Return the line that states TF2's value of a setting that differs, where that is not the call itself."""
    called = next(iter(user_frames(divergence.stack)), None)
    for difference in divergence.differences:
        if difference.source == "dataflow":
            continue
        setting = Setting(settings.spellings(difference.name), settings.means(difference.name, difference.tf2))
        frame = stated_at(divergence.stack, setting)
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
            metrics[f"{side}_variables"] = list(operation.variables)
            place = places.location(operation.stack)
            metrics[f"{side}_line"] = str(place) if place else ""
    metrics["differences"] = [
        {"name": item.name, "tf1": item.tf1, "tf2": item.tf2, "source": item.source} for item in divergence.differences
    ]
    metrics["relative_input_difference"] = divergence.relative_input_difference
    metrics["relative_output_difference"] = divergence.relative_output_difference
    metrics["operations"] = max(len(divergence.executed), 1)
    if divergence.effect is not None:
        metrics["effect"] = divergence.effect
    return metrics
