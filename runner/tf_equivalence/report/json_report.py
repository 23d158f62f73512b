"""Writes the whole result as JSON: the report that other programs read.

The shape is a contract, numbered by `schema_version`; keys are added, never renamed or removed,
within one version.
"""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from typing import TextIO

from tf_equivalence.result import (
    SCHEMA_VERSION,
    CaseResult,
    Difference,
    Finding,
    Location,
    Pinpointed,
    Power,
    RunResult,
    StepResult,
)


def write(result: RunResult, stream: TextIO) -> None:
    """Write the result as one JSON object in ASCII.

    Floats that are not finite become the strings `NaN`, `Infinity` and `-Infinity`, for JSON has no
    such numbers; half a surrogate pair becomes U+FFFD, for strict readers refuse it.
    """
    json.dump(as_json(result), stream, indent=2, allow_nan=False)
    stream.write("\n")


def as_json(result: RunResult) -> dict[str, object]:
    """Return the object that is written, in the types of JSON."""
    return {key: _plain(value) for key, value in _run(result).items()}


def _run(result: RunResult) -> dict[str, object]:
    return {
        "schema_version": SCHEMA_VERSION,
        "outcome": result.outcome.value,
        "exit_code": int(result.exit_code),
        "duration_s": result.duration_s,
        "message": result.message,
        "interrupted": result.interrupted,
        "environment": result.environment,
        "cases": [_case(case) for case in result.cases],
    }


def _case(case: CaseResult) -> dict[str, object]:
    return {
        "id": case.id,
        "path": case.path,
        "line": case.line,
        "outcome": case.outcome.value,
        "duration_s": case.duration_s,
        "output": case.output,
        "tensorflow_log": case.log,
        "steps": [_step(step) for step in case.steps],
    }


def _step(step: StepResult) -> dict[str, object]:
    return {
        "id": step.id,
        "outcome": step.outcome.value,
        "duration_s": step.duration_s,
        "message": step.message,
        "location": _location(step.location),
        "findings": [_finding(finding) for finding in step.findings],
        "power": _power(step.power),
        "difference": _difference(step.difference),
        "pinpointed": _pinpointed(step.pinpointed),
        "notes": step.notes,
    }


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "name": finding.name,
        "message": finding.message,
        "location": _location(finding.location),
        "stack": finding.stack,
        "metrics": finding.metrics,
        "follows": finding.follows,
    }


def _location(location: Location | None) -> dict[str, object] | None:
    return {"path": location.path, "line": location.line} if location else None


def _power(power: Power | None) -> dict[str, object] | None:
    return {"probes": power.probes, "caught": power.caught, "blind_spots": power.blind_spots} if power else None


def _pinpointed(took: Pinpointed | None) -> dict[str, object] | None:
    return {"duration_s": took.duration_s, "first_run_s": took.first_run_s} if took else None


def _difference(difference: Difference | None) -> dict[str, object] | None:
    return {"max_abs": difference.max_abs, "max_rel": difference.max_rel} if difference else None


def _plain(value: object) -> object:
    """Return the value in the types of JSON; a value of another type becomes its text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _number(float(value))
    if isinstance(value, Mapping):
        return {_text(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return _text(str(value))


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _text(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
