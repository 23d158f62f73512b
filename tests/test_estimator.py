"""Model functions of Estimators as cases: right migrations pass every step, each seeded bug is found on its line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tf_equivalence.case import CaseError, EquivalenceCase
from tf_equivalence.estimator import EstimatorCase

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "estimators"

# Of what each wrong case differs in: the steps, the kind of the finding, and what it says.
WRONG = {
    "Epsilon": {
        "named-weights": ("operation-value", "epsilon is 0.01 in TF1, 0.001 in TF2"),
        "gradients": ("operation-value", "epsilon is 0.01 in TF1, 0.001 in TF2"),
    },
    "UpdatesForgotten": {"state-updates": ("update-unexpected", "train_op of model_fn does not depend on its update")},
    "Rate": {"optimizer": ("learning-rate", "at step 0 is 0.1 in TF1 and 0.2 in TF2")},
    "Decay": {"optimizer": ("learning-rate", "at step 10 is 0.05 in TF1 and 0.1 in TF2")},
    "NotRegularized": {"gradients": ("regularization-not-added", "the TF2 loss does not")},
    "AdamEpsilon": {"optimizer": ("optimizer-setting", "epsilon is 0.0001 in TF1 and 1e-07 in TF2")},
    "NotClipped": {"optimizer": ("clipping", "TF1 clips gradients with tf.clip_by_global_norm")},
    "LossScale": {"gradients": ("loss-scale", "is 4 times TF1's")},
    "OtherRate": {"optimizer": ("learning-rate", "at step 0 is 0.1 in TF1 and 0.01 in TF2")},
}
# What a difference of the loss itself makes the steps of training differ in, too.
FOLLOWING = {"Epsilon": {"optimizer"}, "NotRegularized": {"optimizer"}, "LossScale": {"optimizer"}}
STEPS = ("named-weights", "gradients", "state-updates", "optimizer")


def run(tmp_path: Path, module: str, *arguments: str) -> tuple[dict[str, dict[str, Any]], str]:
    """Run a module of `tests/estimators` and return the steps of each case by their id, and what was printed."""
    report = tmp_path / "report.json"
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", str(FOLDER / module), "--json-file", str(report)]
    done = subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "runner")},
        capture_output=True,
        text=True,
        check=False,
    )
    cases = json.loads(report.read_text("utf-8"))["cases"]
    found = {case["id"].rpartition("::")[2]: {step["id"]: step for step in case["steps"]} for case in cases}
    return found, done.stdout + done.stderr


def test_right_migrations_pass(tmp_path: Path) -> None:
    """Every step passes that applies: specs without predictions, heads by hand, sparse lookups, all modes."""
    found, printed = run(tmp_path, "equivalence_right.py")
    skipped = {name: {s for s in steps if steps[s]["outcome"] == "skipped"} for name, steps in found.items()}
    assert {step["outcome"] for steps in found.values() for step in steps.values()} == {"passed", "skipped"}, printed
    assert skipped == {
        "Images": set(),
        "Evaluated": set(),
        "Tags": {"functional-training", "state-updates"},
        "Plain": {"functional-training", "state-updates"},
        "Untrained": {"state-updates"},
    }
    notes = {name: {step: "\n".join(steps[step]["notes"]) for step in steps} for name, steps in found.items()}
    assert "depends on 2 of 2 UPDATE_OPS" in notes["Images"]["state-updates"]
    assert "model_fn's loss is not compared" in notes["Untrained"]["gradients"]
    assert "taken from model_fn()" in notes["Images"]["optimizer"]
    assert "does not advance the global step" in notes["Plain"]["optimizer"]
    assert "its counterpart tf.keras.optimizers.legacy.SGD(learning_rate=0.1)" in notes["Plain"]["optimizer"]
    assert "model_fn() changes gradients before it applies them" in notes["Tags"]["optimizer"]


def test_seeded_bugs_are_found(tmp_path: Path) -> None:
    """Each bug fails the steps that can see it, and its cause is told, on the line of the bug where it has one."""
    found, printed = run(tmp_path, "equivalence_wrong.py", *(f"--step={step}" for step in STEPS))
    source = (FOLDER / "equivalence_wrong.py").read_text("utf-8").splitlines()
    assert found.keys() == WRONG.keys()
    for name, expected in WRONG.items():
        diverged = {step for step, result in found[name].items() if result["outcome"] not in ("passed", "skipped")}
        assert diverged == expected.keys() | FOLLOWING.get(name, set()), f"{name}: {printed}"
        for step, (kind, words) in expected.items():
            findings = found[name][step]["findings"]
            cause = next((finding for finding in findings if finding["kind"] == kind), None)
            assert cause is not None, findings
            assert words in cause["message"]
            if name != "UpdatesForgotten":  # the bug is TF1's, and the line that of TF2's batch norm
                assert source[cause["location"]["line"] - 1].endswith("# BUG"), cause["location"]


class Spec:
    """What a model function returns."""

    predictions, loss, train_op = "predictions", "loss", "train_op"


class Called(EstimatorCase):
    """A case whose model function returns what it got."""

    features, labels = 1, 2
    params = {"nested": [3]}  # noqa: RUF012 - as users write it

    def __init__(self) -> None:
        self.got: dict[str, Any] = {}

    def model_fn(self, features: Any, labels: Any, mode: str, params: Any) -> Any:
        """Keep the arguments."""
        self.got = {"features": features, "labels": labels, "mode": mode, "params": params}
        return Spec()


@pytest.mark.parametrize(
    ("inference_mode", "training", "mode", "labels"),
    [("infer", True, "train", 2), ("infer", False, "infer", None), ("eval", False, "eval", 2)],
)
def test_the_model_function_is_called_as_an_estimator_calls_it(
    inference_mode: str, training: bool, mode: str, labels: int | None
) -> None:
    """The mode follows the training flag, labels are absent in prediction alone, and params are a copy."""
    case = Called()
    case.inference_mode = inference_mode
    assert case.tf1(case.inputs, training) == "predictions"
    assert case.got == {"features": 1, "labels": labels, "mode": mode, "params": {"nested": [3]}}
    assert case.got["params"]["nested"] is not case.params["nested"]


def test_arguments_that_it_does_not_take_are_left_out() -> None:
    """A model function of features alone is called with these; one with keywords gets all, `config` among them."""

    class Few(Called):
        def model_fn(self, features: Any) -> Any:  # type: ignore[override]
            return Spec()

    class All(Called):
        def model_fn(self, **given: Any) -> Any:  # type: ignore[override]
            self.got = given
            return Spec()

    assert Few().tf1({"features": 1}, True) == "predictions"
    case = All()
    case.tf1({"features": 1}, True)
    assert case.got.keys() == {"features", "labels", "mode", "params", "config"}


def test_the_loss_alone() -> None:
    """In a mode without predictions the loss is the output, on both sides."""

    class Alone(Called):
        without_predictions = ("train",)

        def loss(self, outputs: Any, inputs: Any) -> Any:
            return outputs + inputs["labels"]

    case = Alone()
    assert case.tf1(case.inputs, True) == {"loss": "loss"}
    assert case.tf1(case.inputs, False) == "predictions"
    assert case._outputs(5, case.inputs, True) == {"loss": 7}
    assert case._outputs(5, case.inputs, False) == 5


def test_predictions_are_made_of_the_outputs() -> None:
    """The TF2 side's predictions may depend on the mode."""

    class Named(Called):
        def predictions(self, outputs: Any, mode: str) -> Any:
            return {mode: outputs}

    assert Named()._outputs(5, None, True) == {"train": 5}
    assert Named()._outputs(5, None, False) == {"infer": 5}


def test_wrong_inputs_are_told() -> None:
    """Inputs without features are refused."""
    with pytest.raises(CaseError, match="must be a dict with `features`"):
        Called()._model_inputs({"labels": 2})
    assert Called()._model_inputs({"features": 1, "labels": 2}) == 1


def test_regularization_loss_belongs_to_the_loss() -> None:
    """Outside of a run there is no model whose losses could be added up."""
    with pytest.raises(RuntimeError, match="exists only while"):
        Called().regularization_loss()


def test_a_plain_case_hands_everything_through() -> None:
    """What an Estimator case does to inputs and outputs, any other does not."""
    case = EquivalenceCase()
    assert case._model_inputs({"features": 1}) == {"features": 1}
    assert case._outputs(5, None, True) == 5
    assert not case._has_loss_alone(True)
