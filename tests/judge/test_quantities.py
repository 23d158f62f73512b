"""Values by variable: presence, None against zero, sparse against dense, rounding noise, and whose tolerance holds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tf_equivalence.judge.evidence import Run
from tf_equivalence.judge.numbers import judge_numbers, judge_runs
from tf_equivalence.judge.quantities import is_by_variable, subject_of
from tf_equivalence.recording import Leaf, RunRecord
from tf_equivalence.steps import STEPS, TF1_TRAINING, TF2_TRAINING

from .recordings import Recordings

GRADIENT = np.array([1.0, -2.0, 0.5], np.float32)


def run(**leaves: Any) -> Run:
    """Return a run of gradients: an array, None, or (values, indices); `__` stands for a slash."""
    arrays: dict[str, np.ndarray] = {"loss": np.float32(3.0)}
    records = [Leaf("loss", "tensor", "float32", (), ("loss",))]
    for word, value in leaves.items():
        name = f"gradients/{word.replace('__', '/')}:0"
        if value is None:
            records.append(Leaf(name, "none", "", (), ()))
        elif isinstance(value, tuple):
            arrays[f"{word}.v"], arrays[f"{word}.i"] = np.asarray(value[0]), np.asarray(value[1])
            keys = (f"{word}.v", f"{word}.i")
            records.append(Leaf(name, "indexed-slices", "float32", arrays[keys[0]].shape, keys))
        else:
            arrays[word] = np.asarray(value)
            records.append(Leaf(name, "tensor", arrays[word].dtype.name, arrays[word].shape, (word,)))
    return Run(RunRecord("gradients", tuple(records)), arrays, ())


def found(recordings: Recordings, tf1: Run, tf2: Run, **settings: Any) -> list[tuple[str, str]]:
    """Return kinds and names of what differs."""
    recordings.complete(settings=settings)
    return [(finding.kind, finding.name) for finding in judge_runs(recordings.evidence, tf1, tf2).findings]


def notes(recordings: Recordings, tf1: Run, tf2: Run) -> str:
    """Return what is noted of two runs that agree."""
    recordings.complete()
    judgement = judge_runs(recordings.evidence, tf1, tf2)
    assert not judgement.findings
    return "\n".join(judgement.notes)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gradients/net/w:0", ("gradient", "net/w", "")),
        ("regularization-gradients/w:0", ("gradient", "w", "")),
        ("state/bn/mean:0 after 3 calls", ("state", "bn/mean", "3 calls")),
        ("loss", ("objective", "", "")),
    ],
)
def test_names_tell_what_a_value_is_of(name: str, expected: tuple[str, str, str]) -> None:
    """A leaf's name has the quantity, the variable and the moment."""
    subject = subject_of(name)
    assert subject is not None
    assert (subject.quantity.kind, subject.variable, subject.when) == expected


@pytest.mark.parametrize("name", ["output", "0", "gradients", "endpoints/conv:0", "losses/w:0", "lossy"])
def test_outputs_are_no_values_by_variable(name: str) -> None:
    """An output of the model keeps its own rules, whatever it is called."""
    assert subject_of(name) is None
    assert not is_by_variable(Run(RunRecord("named", (Leaf(name, "tensor", "float32", (), ("a",)),)), {}, ()))


def test_equal_gradients_agree(recordings: Recordings) -> None:
    """The same numbers pass."""
    assert found(recordings, run(w=GRADIENT), run(w=GRADIENT)) == []


def test_a_wrong_gradient_differs_in_any_size(recordings: Recordings) -> None:
    """A relative error of one per mille shows in gradients of 1e-20 and of 1e20."""
    for size in (1e-20, 1.0, 1e20):
        one, other = (GRADIENT * np.float32(size * factor) for factor in (1.0, 1.001))
        assert found(recordings, run(w=one), run(w=other)) == [("gradient-value", "gradients/w:0")]


def test_absolute_tolerances_are_for_outputs(recordings: Recordings) -> None:
    """The case's tolerance, in the unit of its outputs, lets no gradient pass; a glob that names gradients does."""
    other = run(w=GRADIENT * np.float32(1.001))
    for tolerance in ("guide", [0.1, 0.1], {"output": [0.1, 0.1]}, {"*": [0.1, 0.1]}):
        assert found(recordings, run(w=GRADIENT), other, tolerance=tolerance)
    assert found(recordings, run(w=GRADIENT), other, tolerance={"gradients/*": [0.01, 0.0]}) == []


@pytest.mark.parametrize(("tf1", "tf2", "kind"), [(1.0, None, "gradient-missing"), (None, 1.0, "gradient-unexpected")])
def test_none_against_a_number_differs(recordings: Recordings, tf1: float | None, tf2: float | None, kind: str) -> None:
    """A gradient that flows on one side only is told, and names the side."""
    one, other = (run(w=None if side is None else GRADIENT * side) for side in (tf1, tf2))
    assert found(recordings, one, other) == [(kind, "gradients/w:0")]


def test_none_against_zero_is_a_remark(recordings: Recordings) -> None:
    """Zeros train nothing more than None does, but an optimizer with momentum tells them apart."""
    assert "None on one side, zero on the other" in notes(
        recordings, run(w=None, v=GRADIENT), run(w=0 * GRADIENT, v=GRADIENT)
    )


def test_a_variable_without_counterpart_is_missing_even_with_zero_gradient(recordings: Recordings) -> None:
    """What TF2 does not have at all is no None."""
    assert found(recordings, run(w=0 * GRADIENT, v=GRADIENT), run(v=GRADIENT)) == [
        ("gradient-missing", "gradients/w:0")
    ]


def test_order_and_repetition_of_slices_mean_nothing(recordings: Recordings) -> None:
    """Slices of one index add up."""
    one = run(w=(np.float32([[1], [2], [4]]), [3, 0, 3]))
    other = run(w=(np.float32([[2], [5]]), [0, 3]))
    assert found(recordings, one, other) == []
    assert found(recordings, one, run(w=(np.float32([[2], [5]]), [0, 2]))) == [("gradient-value", "gradients/w:0")]


def test_sparse_against_dense_agrees_with_a_remark(recordings: Recordings) -> None:
    """The dense side has rows beyond the last index."""
    dense = np.zeros((6, 1), np.float32)
    dense[3], dense[0] = 5, 2
    assert "sparse on one side" in notes(recordings, run(w=(np.float32([[2], [5]]), [0, 3])), run(w=dense))
    dense[5] = 1
    assert found(recordings, run(w=(np.float32([[2], [5]]), [0, 3])), run(w=dense)) == [
        ("gradient-value", "gradients/w:0")
    ]


def _noisy(bias: np.ndarray, again: np.ndarray, kernel: np.ndarray = GRADIENT) -> Run:
    reference = run(kernel=kernel, bias=bias)
    return Run(reference.record, reference.arrays, ({**reference.arrays, "bias": again},))


NOISE = np.array([3e-8, -1e-8], np.float32)


def test_rounding_noise_is_recognized(recordings: Recordings) -> None:
    """A gradient that rounding moves by its own size, tiny beside the largest one, is not compared."""
    said = notes(recordings, _noisy(NOISE, -NOISE), run(kernel=GRADIENT, bias=30 * NOISE))
    assert "gradients/bias:0: nothing but rounding noise" in said


def test_a_small_gradient_that_is_stable_is_compared(recordings: Recordings) -> None:
    """Small alone is no noise: the reference must move it itself."""
    assert found(recordings, _noisy(NOISE, NOISE), run(kernel=GRADIENT, bias=30 * NOISE)) == [
        ("gradient-value", "gradients/bias:0")
    ]


def test_noise_on_one_side_only_is_a_difference(recordings: Recordings) -> None:
    """Where TF2 has a real gradient, TF1's noise does not excuse it."""
    assert found(recordings, _noisy(NOISE, -NOISE), run(kernel=GRADIENT, bias=GRADIENT[:2])) == [
        ("gradient-value", "gradients/bias:0")
    ]


def _gradients(recordings: Recordings, **tf2: Any) -> list[Any]:
    """Judge the step with TF1's gradients of two variables, regularization 0.5, and these of TF2."""
    regularized = {"regularization-gradients/v:0": GRADIENT * np.float32(0.5)}
    tf1 = {"loss": np.float32(1.0), "gradients/w:0": GRADIENT, "gradients/v:0": GRADIENT}
    recordings.complete()
    for build, values in ((TF1_TRAINING, tf1), (TF2_TRAINING, {**tf1, **tf2})):
        variables = (recordings.variable("w", 3), recordings.variable("v", 4))
        recordings.build(build, variables=variables)
        recordings.run(build, "gradients", {**values, **regularized})
        recordings.run(build, "gradients-optimized", {**values, **regularized})
    return judge_numbers(recordings.evidence, STEPS["gradients"])[0]


def test_a_gradient_that_differs_is_at_its_variable(recordings: Recordings) -> None:
    """The line is the one that makes the variable."""
    (finding,) = _gradients(recordings, **{"gradients/w:0": GRADIENT * np.float32(1.3)})
    assert (finding.kind, str(finding.location)) == ("gradient-value", "net.py:3")


def test_lost_regularization_is_told(recordings: Recordings) -> None:
    """A gradient that lacks exactly the regularization's says so, and the number follows."""
    first, second = _gradients(recordings, **{"gradients/v:0": GRADIENT * np.float32(0.5)})
    assert (first.kind, first.name) == ("regularization-not-added", "v:0")
    assert "model.losses" in first.message
    assert second.follows


def test_a_common_factor_is_told(recordings: Recordings) -> None:
    """One factor for every gradient is a matter of the loss's scale."""
    tf2 = {f"gradients/{name}:0": GRADIENT / np.float32(8) for name in "wv"}
    first, *_ = _gradients(recordings, **tf2)
    assert first.kind == "loss-scale"
    assert "1/8 times" in first.message


def test_no_factor_where_gradients_differ_by_rounding(recordings: Recordings) -> None:
    """A factor that is one within a per cent explains nothing."""
    tf2 = {f"gradients/{name}:0": GRADIENT * np.float32(1.001) for name in "wv"}
    assert {finding.kind for finding in _gradients(recordings, **tf2)} == {"gradient-value"}
