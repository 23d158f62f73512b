"""Comparison of two runs: outputs by name, composites, losses by variable, and what a pass is worth."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.outputs import RunJudgement, judge_run
from tf_equivalence.recording import Frame, Leaf, Loss, RunRecord

VALUES = np.float32([[0.5, -1.0], [2.0, 0.25]])


class _Side:
    """Outputs and losses of one side, written down shortly."""

    def __init__(self, **outputs: Any) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._leaves: list[Leaf] = []
        self._losses: list[Loss] = []
        self._total = ""
        for name, value in outputs.items():
            self.output(name, value)

    def output(self, name: str, *components: Any, kind: str = "tensor", dtype: str = "") -> "_Side":
        """Add an output; composites take their components in order."""
        keys = [f"o{len(self._leaves)}.{number}" for number in range(len(components))]
        values = [np.asarray(component) for component in components]
        self.arrays |= dict(zip(keys, values, strict=True))
        main = values[1 if kind == "sparse" else 0] if values else np.zeros(0)
        self._leaves.append(Leaf(name, kind, (dtype or main.dtype.name) if values else "", main.shape, tuple(keys)))
        return self

    def loss(self, value: Any, *variables: str, line: int = 0) -> "_Side":
        """Add a regularization loss."""
        key = f"loss.{len(self._losses)}"
        self.arrays[key] = np.asarray(value, np.float32) if isinstance(value, float) else value
        stack = (Frame("/a.py", line, "f"),) if line else ()
        self._losses.append(Loss(key, variables, key, stack))
        return self

    def total(self, value: Any) -> "_Side":
        """Add the framework's own sum of the losses."""
        self._total, self.arrays["total"] = "total", np.asarray(value, np.float32)
        return self

    @property
    def record(self) -> RunRecord:
        """The record as a worker writes it."""
        return RunRecord("named", tuple(self._leaves), tuple(self._losses), self._total)


def _judge(
    tf1: _Side,
    tf2: _Side,
    *,
    reruns: Sequence[Mapping[str, np.ndarray]] = (),
    tolerance: Any = "measured",
    renames: Mapping[str, str] | None = None,
    cross_runtime: bool = False,
) -> RunJudgement:
    names = renames or {}
    judgement = judge_run(
        tf1.record,
        tf1.arrays,
        reruns,
        tf2.record,
        tf2.arrays,
        tolerance,
        tf2_names=lambda name: names.get(name, name),
        cross_runtime=cross_runtime,
    )
    for finding in judgement.findings:
        json.dumps(dict(finding.metrics), allow_nan=False)
        assert finding.message
    return judgement


def _kinds(judgement: RunJudgement) -> list[tuple[str, str]]:
    return [(finding.kind, finding.name) for finding in judgement.findings]


# --- outputs


def test_equal_runs_have_no_findings() -> None:
    """Equal outputs pass, and the judgement says how much was compared."""
    judgement = _judge(_Side(a=VALUES, b=[1, 2]), _Side(a=VALUES.copy(), b=[1, 2]))
    assert judgement.findings == ()
    assert (judgement.compared, judgement.elements) == (2, 6)
    assert (judgement.max_abs_diff, judgement.max_rel_diff) == (0.0, 0.0)
    assert [name for name, _ in judgement.bounds] == ["a"]


def test_the_largest_differences_are_reported_on_a_pass() -> None:
    """A green says how far apart the values were."""
    judgement = _judge(_Side(a=VALUES), _Side(a=VALUES + np.float32([[0, 0], [2.0**-21, 0]])))
    assert judgement.findings == ()
    assert (judgement.max_abs_diff, judgement.max_rel_diff) == (2.0**-21, 2.0**-22)


@pytest.mark.parametrize(
    ("tf2", "expected"),
    [
        pytest.param(_Side(a=VALUES + 1, b=[1]), ("output-value", "a"), id="value"),
        pytest.param(_Side(a=VALUES.T, b=[1]), ("output-value", "a"), id="square-transposed"),
        pytest.param(_Side(a=VALUES.reshape(4), b=[1]), ("output-shape", "a"), id="shape"),
        pytest.param(_Side(a=VALUES.astype(np.float64), b=[1]), ("output-dtype", "a"), id="dtype"),
        pytest.param(_Side(a=np.full_like(VALUES, np.inf), b=[1]), ("output-non-finite", "a"), id="non-finite"),
        pytest.param(_Side(a=VALUES, b=[2]), ("output-value", "b"), id="integers"),
        pytest.param(_Side(a=VALUES), ("output-missing", "b"), id="missing"),
        pytest.param(_Side(a=VALUES, b=[1], c=[1]), ("output-unexpected", "c"), id="unexpected"),
        pytest.param(_Side(a=VALUES).output("b", kind="none"), ("output-structure", "b"), id="none"),
        pytest.param(_Side(a=VALUES, b=[1]).output("b", [1]), ("output-twice", "b"), id="twice"),
    ],
)
def test_each_kind_of_finding(tf2: _Side, expected: tuple[str, str]) -> None:
    """Whatever an output does differently has a kind of its own, and is found."""
    judgement = _judge(_Side(a=VALUES, b=[1]), tf2)
    assert _kinds(judgement) == [expected]


def test_outputs_are_matched_by_name_not_by_position() -> None:
    """The same outputs in another order agree; swapped ones do not."""
    assert _judge(_Side(a=VALUES, b=VALUES + 1), _Side(b=VALUES + 1, a=VALUES)).findings == ()
    swapped = _judge(_Side(a=VALUES, b=VALUES + 1), _Side(a=VALUES + 1, b=VALUES))
    assert sorted(_kinds(swapped)) == [("output-value", "a"), ("output-value", "b")]


def test_a_renamed_output_is_missing_and_unexpected() -> None:
    """Equal values under another name are no match; the nearest name is offered."""
    judgement = _judge(_Side(Logits=VALUES, x=[1]), _Side(logits=VALUES, x=[1]))
    assert _kinds(judgement) == [("output-missing", "Logits"), ("output-unexpected", "logits")]
    assert "'logits'" in judgement.findings[0].message


def test_every_output_is_judged_and_the_worst_comes_first() -> None:
    """Nothing stops at the first failure: presence, shape, dtype, non-finite values, then by size."""
    tf1 = _Side(small=VALUES, big=VALUES, nan=VALUES, dtype=VALUES, shape=VALUES, gone=VALUES, same=VALUES)
    tf2 = _Side(
        small=VALUES * 1.01,
        big=VALUES * 10,
        nan=np.full_like(VALUES, np.nan),
        dtype=VALUES.astype(np.float64),
        shape=VALUES[:1],
        same=VALUES,
    )
    assert [name for _, name in _kinds(_judge(tf1, tf2))] == ["gone", "shape", "dtype", "nan", "big", "small"]


def test_values_are_compared_at_their_own_scale() -> None:
    """Each output has its own bound: one of size 1e-12 is told apart beside one of 1e6."""
    tf1 = _Side(tiny=VALUES * np.float32(1e-12), huge=VALUES * np.float32(1e6))
    tf2 = _Side(tiny=VALUES * np.float32(1.001e-12), huge=VALUES * np.float32(1e6))
    assert _kinds(_judge(tf1, tf2)) == [("output-value", "tiny")]


def test_bfloat16_is_known_by_the_leaf() -> None:
    """The array holds float32, the leaf tells the dtype, and the bound follows it."""
    tf1 = _Side().output("a", VALUES, dtype="bfloat16")
    assert _judge(tf1, _Side().output("a", VALUES * np.float32(1.0078125), dtype="bfloat16")).findings == ()
    assert _kinds(_judge(tf1, _Side(a=VALUES))) == [("output-dtype", "a")]


SPARSE = ([[0, 1], [2, 0]], np.float32([1.0, 2.0]), [3, 2])
RAGGED = (np.float32([1.0, 2.0, 3.0]), [0, 2, 3])
SLICES = (np.float32([[1.0], [2.0]]), [4, 7])


@pytest.mark.parametrize(
    ("kind", "one", "other", "expected"),
    [
        pytest.param("sparse", SPARSE, ([[0, 1], [2, 1]], *SPARSE[1:]), ["a.indices"], id="sparse-indices"),
        pytest.param("sparse", SPARSE, (SPARSE[0], np.float32([1, 3]), [3, 2]), ["a.values"], id="sparse-values"),
        pytest.param("sparse", SPARSE, (*SPARSE[:2], [4, 2]), ["a.dense_shape"], id="sparse-shape"),
        pytest.param("ragged", RAGGED, (RAGGED[0], [0, 1, 3]), ["a.row_splits"], id="ragged-splits"),
        pytest.param("ragged", RAGGED, (RAGGED[0] * 2, RAGGED[1]), ["a.values"], id="ragged-values"),
        pytest.param("ragged", (*RAGGED, [0, 3]), (*RAGGED, [0, 2]), ["a.row_splits"], id="ragged-inner-splits"),
        pytest.param("ragged", RAGGED, (*RAGGED, [0, 3]), ["a"], id="ragged-rank"),
        pytest.param("indexed-slices", SLICES, (SLICES[0], [4, 8]), ["a.indices"], id="slices-indices"),
        pytest.param("indexed-slices", SLICES, (SLICES[0] + 1, SLICES[1]), ["a.values"], id="slices-values"),
        pytest.param("sparse", SPARSE, SPARSE, [], id="equal"),
    ],
)
def test_composites(kind: str, one: Sequence[Any], other: Sequence[Any], expected: list[str]) -> None:
    """Each component of a composite is compared, under a name of its own."""
    judgement = _judge(_Side().output("a", *one, kind=kind), _Side().output("a", *other, kind=kind))
    assert [finding.name for finding in judgement.findings] == expected


def test_a_composite_is_not_a_tensor() -> None:
    """A dense tensor for a ragged one is a difference in structure."""
    judgement = _judge(_Side().output("a", *RAGGED, kind="ragged"), _Side(a=RAGGED[0]))
    assert _kinds(judgement) == [("output-structure", "a")]
    assert "a ragged tensor of 2 arrays on the TF1 side and a tensor on the TF2 side" in judgement.findings[0].message


def test_tolerances_name_outputs_not_components() -> None:
    """The glob for a composite output holds for its values, and never for its integers."""
    tf1 = _Side().output("a", *SPARSE, kind="sparse")
    tolerance = {"a": Tolerance(0.0, 5.0)}
    moved = _Side().output("a", SPARSE[0], SPARSE[1] + 1, SPARSE[2], kind="sparse")
    assert _judge(tf1, moved, tolerance=tolerance).findings == ()
    moved = _Side().output("a", [[0, 1], [2, 1]], *SPARSE[1:], kind="sparse")
    assert _kinds(_judge(tf1, moved, tolerance=tolerance)) == [("output-value", "a.indices")]


# --- what a pass is worth


@pytest.mark.parametrize("side", [_Side(), _Side().output("a", kind="none")], ids=["no-outputs", "only-none"])
def test_nothing_compared_is_never_a_pass(side: _Side) -> None:
    """No outputs, or only None, is a finding."""
    assert _kinds(_judge(side, side)) == [("nothing-compared", "")]


def test_losses_alone_are_not_enough() -> None:
    """Equal losses do not make up for outputs that are not there."""
    side = _Side().loss(1.0, "w").total(1.0)
    assert _kinds(_judge(side, side)) == [("nothing-compared", "")]


def test_a_reference_without_finite_values_is_never_a_pass() -> None:
    """Infinities on both sides agree, and say nothing, whatever the losses are."""
    side = _Side(a=np.float32([np.inf, -np.inf])).loss(1.0, "w").total(1.0)
    judgement = _judge(side, side)
    assert _kinds(judgement) == [("nothing-compared", "")]
    assert "smaller `constant`" in judgement.findings[0].message


def test_some_non_finite_values_are_noted() -> None:
    """A green says which elements could not be compared."""
    side = _Side(a=np.float32([np.inf, 1.0, 2.0]))
    assert _judge(side, side).notes == ("a has 1 non-finite of 3 elements on the TF1 side",)


def test_an_empty_output_is_all_there_is_of_it() -> None:
    """Empty against empty of one shape passes; of another shape it does not."""
    side = _Side(a=np.zeros((0, 3), np.float32))
    assert _judge(side, side).findings == ()
    assert _kinds(_judge(side, _Side(a=np.zeros((3, 0), np.float32)))) == [("output-shape", "a")]


@pytest.mark.parametrize(
    ("drop", "side"), [pytest.param("o0.0", "TF1", id="output"), pytest.param("total", "TF2", id="total")]
)
def test_a_recording_without_its_arrays_is_never_a_pass(drop: str, side: str) -> None:
    """Values that a record names and the recording lacks are a finding, and no exception."""
    tf1, tf2 = (_Side(a=VALUES).loss(1.0, "w").total(1.0) for _ in range(2))
    del (tf1 if side == "TF1" else tf2).arrays[drop]
    judgement = _judge(tf1, tf2)
    assert [finding.kind for finding in judgement.findings] == ["recording-incomplete"]
    assert side in judgement.findings[0].message


def test_reruns_widen_the_bound_of_their_output_only() -> None:
    """The reference's own noise is allowed for, eightfold, where it arises."""
    tf1, tf2 = _Side(a=VALUES, b=VALUES), _Side(a=VALUES + np.float32(7e-5), b=VALUES + np.float32(7e-5))
    rerun = {"o0.0": VALUES + np.float32(1e-5), "o1.0": VALUES}
    assert _kinds(_judge(tf1, tf2)) == [("output-value", "a"), ("output-value", "b")]
    judgement = _judge(tf1, tf2, reruns=[rerun])
    assert _kinds(judgement) == [("output-value", "b")]
    assert dict(judgement.bounds)["a"].noise == pytest.approx(1e-5, rel=0.01)
    more = _Side(a=VALUES + np.float32(2e-4), b=VALUES)
    assert _kinds(_judge(tf1, more, reruns=[rerun])) == [("output-value", "a")]
    assert _judge(tf1, more, reruns=[rerun], cross_runtime=True).findings == ()


def test_ill_conditioned_outputs_are_marked() -> None:
    """Noise beyond a thousandth of the values marks the bound, and the comparison goes on."""
    rerun = {"o0.0": VALUES * np.float32(1.01)}
    judgement = _judge(_Side(a=VALUES), _Side(a=VALUES * np.float32(1.02)), reruns=[rerun])
    assert judgement.findings == ()
    assert dict(judgement.bounds)["a"].ill_conditioned
    assert _kinds(_judge(_Side(a=VALUES), _Side(a=VALUES * 2), reruns=[rerun])) == [("output-value", "a")]


def test_noise_as_large_as_the_values_is_never_a_pass() -> None:
    """Where noise alone decides and zeros would pass in every output, nothing was compared."""
    tf1, tf2 = _Side(a=VALUES, n=[1]), _Side(a=VALUES * 0, n=[1])
    judgement = _judge(tf1, tf2, reruns=[{"o0.0": VALUES * np.float32(1.5)}])
    assert _kinds(judgement) == [("nothing-compared", "")]
    assert judgement.notes[0].startswith("a was hardly checked: the bound of 8 is as wide as its largest value, 2")


def test_equal_values_pass_however_noisy_the_reference_is() -> None:
    """Noise that did not decide anything does not fail a migration."""
    assert _judge(_Side(a=VALUES), _Side(a=VALUES), reruns=[{"o0.0": VALUES * 2}]).findings == ()


def test_a_tolerance_that_swallows_an_output_is_noted() -> None:
    """An explicit tolerance decides, and the green says where it checks nothing."""
    tf1, tf2 = _Side(a=VALUES * np.float32(1e-9)), _Side(a=VALUES * 0)
    judgement = _judge(tf1, tf2, tolerance="guide")
    assert judgement.findings == ()
    (note,) = judgement.notes
    assert note.startswith("a was hardly checked: the bound of 1e-05 is as wide as its largest value, 2e-09 (guide: ")


# --- losses


def _with_losses(*losses: tuple[Any, ...]) -> _Side:
    side = _Side(a=VALUES)
    for value, *variables in losses:
        side.loss(value, *variables)
    return side


def test_equal_losses_and_totals_are_noted() -> None:
    """A green shows the regularization loss of both sides."""
    tf1 = _with_losses((0.25, "w"), (0.5, "v")).total(0.75)
    tf2 = _with_losses((0.5, "v"), (0.25, "w")).total(np.nextafter(np.float32(0.75), np.float32(1)))
    judgement = _judge(tf1, tf2)
    assert judgement.findings == ()
    assert judgement.notes == ("regularization loss 0.75 on the TF1 side, 0.75000006 on the TF2 side",)
    assert (judgement.compared, set(judgement.loss_sources)) == (4, {"w:0", "v:0"})


@pytest.mark.parametrize(
    ("tf1", "tf2", "expected"),
    [
        pytest.param([(0.5, "w"), (0.1, "v")], [(0.5, "w")], ("loss-missing", "v:0"), id="missing"),
        pytest.param([(0.5, "w")], [(0.5, "w"), (0.1, "v")], ("loss-unexpected", "v:0"), id="unexpected"),
        pytest.param([(0.5, "w")], [(0.6, "w")], ("loss-value", "w:0"), id="value"),
        pytest.param([(0.5, "w")], [(0.5, "w"), (0.5, "w")], ("loss-value", "w:0"), id="twice"),
        pytest.param([(np.nan, "w")], [(np.nan, "w")], ("loss-non-finite", "w:0"), id="nan"),
        pytest.param([(0.5, "w")], [(np.array(0.5), "w")], ("loss-dtype", "w:0"), id="dtype"),
        pytest.param([(0.5,)], [(0.6,)], ("loss-value", "loss #0"), id="loose-value"),
        pytest.param([(0.5, "w", "v")], [], ("loss-missing", "loss #0"), id="loose-missing"),
        pytest.param([], [(0.5,)], ("loss-unexpected", "loss #0"), id="loose-unexpected"),
        pytest.param([(1e-9, "w")], [(2e-9, "w")], ("loss-value", "w:0"), id="tiny"),
    ],
)
def test_losses_by_variable(tf1: list, tf2: list, expected: tuple[str, str]) -> None:
    """A loss that is not there, or is another, is named by its variable; a total says no more."""
    judgement = _judge(_with_losses(*tf1).total(1.0), _with_losses(*tf2).total(2.0), tolerance=Tolerance(0.0, 1.0))
    assert _kinds(judgement) == [expected]


def test_swapped_losses_do_not_cancel() -> None:
    """Two losses of equal sum on the wrong variables are both found."""
    judgement = _judge(_with_losses((0.25, "w"), (0.5, "v")), _with_losses((0.5, "w"), (0.25, "v")))
    assert sorted(_kinds(judgement)) == [("loss-value", "v:0"), ("loss-value", "w:0")]


def test_renamed_variables_keep_their_losses() -> None:
    """A deliberate rename pairs the losses, under the TF2 name."""
    tf1, tf2 = _with_losses((0.25, "old")), _with_losses((0.25, "new"))
    assert _judge(tf1, tf2, renames={"old": "new"}).findings == ()
    assert sorted(_kinds(_judge(tf1, tf2))) == [("loss-missing", "old:0"), ("loss-unexpected", "new:0")]


def test_a_regularizer_applied_twice_is_said_to_be() -> None:
    """The reason is the count, not a missing factor of one half."""
    message = _judge(_with_losses((0.5, "w")), _with_losses((0.5, "w"), (0.5, "w"))).findings[0].message
    assert "the sum of 1 on the TF1 side and of 2 on the TF2 side" in message
    assert "l2_loss" not in message


@pytest.mark.parametrize(("ratio", "word"), [(2.0, "twice"), (0.5, "half")])
def test_a_factor_of_two_is_explained(ratio: float, word: str) -> None:
    """The usual cause of twice or half the loss is named."""
    message = _judge(_with_losses((0.3, "w")), _with_losses((0.3 * ratio, "w"))).findings[0].message
    assert f"TF2's is exactly {word} TF1's: tf.nn.l2_loss" in message


def test_losses_of_no_single_variable_are_paired_by_value() -> None:
    """Their order means nothing; what is left over is compared in order."""
    tf1 = _with_losses((0.1,), (0.2, "w", "v"), (0.3,))
    assert _judge(tf1, _with_losses((0.3,), (0.1,), (0.2, "v", "w"))).findings == ()
    assert _kinds(_judge(tf1, _with_losses((0.3,), (0.25,), (0.1,)))) == [("loss-value", "loss #1")]
    assert _kinds(_judge(tf1, _with_losses((0.3,), (0.1,)))) == [("loss-missing", "loss #1")]


def test_one_sum_is_compared_with_the_losses_of_its_variables() -> None:
    """A layer that `get_or_create_layer` keeps has one loss, the sum of its variables'."""
    single, summed = _with_losses((0.25, "w"), (0.5, "b"), (1.0, "v")), _with_losses((0.75, "w", "b"), (1.0, "v"))
    assert _judge(single, summed).findings == ()
    assert _judge(summed, single).findings == ()
    wrong = _judge(single, _with_losses((0.8, "w", "b"), (1.0, "v")))
    assert _kinds(wrong) == [("loss-value", "w:0, b:0")]
    assert _kinds(_judge(_with_losses((0.25, "w")), _with_losses((0.75, "w", "b")))) != []


def test_sums_in_another_order_agree() -> None:
    """A sum of many squares may be off by more roundings than one operation."""
    value = np.float32(1.0)
    near, far = (np.float32(1.0 + steps * 2.0**-23) for steps in (120, 136))
    assert _judge(_with_losses((value, "w")), _with_losses((near, "w"))).findings == ()
    assert _kinds(_judge(_with_losses((value, "w")), _with_losses((far, "w")))) == [("loss-value", "w:0")]


def test_reruns_widen_the_bound_of_a_loss() -> None:
    """A loss of activations has the reference's noise, too."""
    tf1, tf2 = _with_losses((0.5, "w")), _with_losses((0.503, "w"))
    rerun = {"o0.0": VALUES, "loss.0": np.float32(0.501)}
    assert _kinds(_judge(tf1, tf2)) == [("loss-value", "w:0")]
    assert _judge(tf1, tf2, reruns=[rerun]).findings == ()


def test_a_total_that_is_not_the_sum_is_found() -> None:
    """The total is compared where every loss agrees."""
    tf1, tf2 = _with_losses((0.25, "w")).total(0.25), _with_losses((0.25, "w")).total(0.5)
    judgement = _judge(tf1, tf2)
    assert _kinds(judgement) == [("loss-total", "total regularization loss")]
    assert "total regularization loss is 0.25 on the TF1 side and 0.5 on the TF2 side" in judgement.findings[0].message


def test_losses_know_where_they_were_created() -> None:
    """The creating stacks of both sides come with the judgement."""
    tf1, tf2 = _Side(a=VALUES).loss(0.25, "w", line=3), _Side(a=VALUES).loss(0.5, "w", line=8)
    ours, theirs = _judge(tf1, tf2).loss_sources["w:0"]
    assert (ours[0].line, theirs[0].line) == (3, 8)


@pytest.mark.parametrize(("globs", "passes"), [((), False), (("output",), True), (("other*",), False)])
def test_nan_agrees_only_in_outputs_the_case_names(globs: tuple[str, ...], passes: bool) -> None:
    """NaN at the same place on both sides is a difference unless the case says otherwise for that output."""
    array = np.array([np.nan, 1.0], np.float32)
    run = RunRecord("c", (Leaf("output", "tensor", "float32", (2,), ("o",)),))
    found = judge_run(run, {"o": array}, [], run, {"o": array}, "measured", tf2_names=str, nan_equal=globs)
    assert (not found.findings) is passes
