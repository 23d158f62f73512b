"""Compares two runs: presence and structure of outputs by name, each array, then the losses."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tf_equivalence.judge.bounds import TolerancePreset, at_least, bound_for, matches
from tf_equivalence.judge.compare import compare
from tf_equivalence.judge.losses import LossJudge
from tf_equivalence.judge.tally import Arrays, RunJudgement, Runs, Tally
from tf_equivalence.judge.wording import describe
from tf_equivalence.recording import COMPONENTS, Leaf, RunRecord
from tf_equivalence.result import Finding

__all__ = ["Arrays", "RunJudgement", "judge_run"]


def judge_run(  # noqa: PLR0913 - two runs, each with its arrays, and how to compare them
    tf1: RunRecord,
    tf1_arrays: Arrays,
    reruns: Sequence[Arrays],
    tf2: RunRecord,
    tf2_arrays: Arrays,
    tolerance: TolerancePreset,
    *,
    tf2_names: Callable[[str], str],
    cross_runtime: bool = False,
    nan_equal: Sequence[str] = (),
    rounding: Mapping[str, float] | None = None,
    until_first: bool = False,
) -> RunJudgement:
    """Compare a TF2 run with its TF1 reference; outputs are matched by name, never by position.

    Args:
        tf1: The reference.
        tf1_arrays: Its arrays.
        reruns: Arrays of the reference computed again, under the same keys.
        tf2: The run under test.
        tf2_arrays: Its arrays.
        tolerance: As the case or the run chose it.
        tf2_names: Maps a TF1 variable name to the TF2 name.
        cross_runtime: Whether the reference comes from another TensorFlow.
        nan_equal: Globs of the outputs in which NaN at the same place on both sides agrees.
        rounding: By the name of an output: what rounding alone may move it by, in its unit.
        until_first: Whether one failure is enough to know.
    """
    lacking = [*_absent("TF1", tf1, tf1_arrays), *_absent("TF2", tf2, tf2_arrays)]
    if lacking:
        return RunJudgement(tuple(lacking), 0, 0, 0.0, 0.0, ())
    runs = Runs(tf1_arrays, tf2_arrays, reruns, tolerance, cross_runtime, nan_equal, rounding or {}, until_first)
    tally = Tally()
    _OutputJudge(runs, tally).compare(tf1.outputs, tf2.outputs)
    tally.check_that_something_was_compared()
    LossJudge(runs, tally).compare(tf1, tf2, tf2_names)
    return tally.verdict()


def _absent(side: str, run: RunRecord, arrays: Arrays) -> list[Finding]:
    """Return a finding for each array that the record names and the recording lacks."""
    named = [(leaf.name, key) for leaf in run.outputs for key in leaf.arrays]
    named += [(loss.name, loss.array) for loss in run.losses]
    named += [("total regularization loss", run.total_loss)] if run.total_loss else []
    return [
        Finding(
            "recording-incomplete",
            name,
            f"The {side} recording lacks the values of {name}, so they were not compared. Run it again.",
        )
        for name, key in named
        if key not in arrays
    ]


class _OutputJudge:
    def __init__(self, runs: Runs, tally: Tally) -> None:
        self._runs, self._tally = runs, tally

    def compare(self, tf1: Sequence[Leaf], tf2: Sequence[Leaf]) -> None:
        """Compare outputs by name."""
        for side, leaves in (("TF1", tf1), ("TF2", tf2)):
            for name, count in Counter(leaf.name for leaf in leaves).items():
                if count > 1:
                    again = f"{side} returns {count} outputs of the name {name!r}. Give each a name of its own."
                    self._tally.fail("output-twice", name, again)
        ours, theirs = {leaf.name: leaf for leaf in tf1}, {leaf.name: leaf for leaf in tf2}
        surplus = [name for name in theirs if name not in ours]
        for name, leaf in ours.items():
            if self._runs.until_first and self._tally.failures:
                return
            if name in theirs:
                self._leaf(leaf, theirs[name])
            else:
                self._missing(name, surplus)
        for name in surplus:
            self._tally.fail(
                "output-unexpected",
                name,
                f"TF2 returns the output {name!r}, TF1 does not. Return the same structure on both sides.",
            )

    def _missing(self, name: str, surplus: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, surplus, 1, 0.4) or (surplus if len(surplus) == 1 else [])
        hint = f" The nearest one that TF1 lacks is {near[0]!r}." if near else ""
        self._tally.fail(
            "output-missing",
            name,
            f"TF1 returns the output {name!r}, TF2 does not.{hint} Return the same structure on both sides.",
        )

    def _leaf(self, one: Leaf, other: Leaf) -> None:
        if one.kind != other.kind or len(one.arrays) != len(other.arrays):
            self._tally.fail(
                "output-structure",
                one.name,
                f"{one.name} is {_kind_text(one)} on the TF1 side and {_kind_text(other)} on the TF2 side. Return the "
                "same kind on both sides.",
            )
            return
        labels = COMPONENTS[one.kind]
        for number, keys in enumerate(zip(one.arrays, other.arrays, strict=True)):
            label = labels[min(number, len(labels) - 1)]
            dtypes = (one.dtype, other.dtype) if label == "values" else ("", "")
            # Tolerances name outputs, not what a composite is made of.
            self._array(one.name, one.name if one.kind == "tensor" else f"{one.name}.{label}", keys, dtypes)

    def _array(self, output: str, name: str, keys: tuple[str, str], dtypes: tuple[str, str]) -> None:
        ours, theirs = self._runs.tf1[keys[0]], self._runs.tf2[keys[1]]
        reruns = [rerun[keys[0]] for rerun in self._runs.reruns if keys[0] in rerun]
        bound = bound_for(
            output, ours, reruns, self._runs.tolerance, dtype=dtypes[0], cross_runtime=self._runs.cross_runtime
        )
        bound = at_least(bound, self._runs.rounding.get(output, 0.0))
        apart = self._tally.count(name, ours, theirs, bound)
        self._tally.note_width(name, ours, bound, apart, dtypes[0])
        nan_equal = any(matches(output, glob) for glob in self._runs.nan_equal)
        found = compare(ours, theirs, bound, nan_equal=nan_equal, tf1_dtype=dtypes[0], tf2_dtype=dtypes[1])
        if found is not None:
            self._tally.differs(f"output-{found.kind}", name, found, describe(name, found))


def _kind_text(leaf: Leaf) -> str:
    return {"none": "None", "tensor": "a tensor"}.get(leaf.kind, f"a {leaf.kind} tensor of {len(leaf.arrays)} arrays")
