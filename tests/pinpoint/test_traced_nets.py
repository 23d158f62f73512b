"""Traces of real nets, from TensorFlow to the sentence that a person reads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf_equivalence import recording
from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.locate import locate
from tf_equivalence.trace import Trace

SCRIPT = Path(__file__).with_name("traced_nets.py")
RUNNER = Path(__file__).parents[2] / "runner"

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trace all nets: each side in one process, both at the same time."""
    root = tmp_path_factory.mktemp("traces")
    environment = {**os.environ, "PYTHONPATH": str(RUNNER), "CUDA_VISIBLE_DEVICES": "-1"}
    running = [
        subprocess.Popen(
            [sys.executable, str(SCRIPT), side, str(root)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for side in ("tf1", "tf2")
    ]  # fmt: skip
    for process in running:
        output = process.communicate(timeout=200)[0]
        assert process.returncode == 0, output[-3000:]
    return root


def read(root: Path, net: str, side: str) -> Trace:
    """Read one side's trace."""
    found = recording.read_record(Trace, str(root / net / side), "trace")
    assert found is not None
    return found


def find(root: Path, net: str) -> Divergence | None:
    """Locate the divergence of one net."""
    arrays = [recording.read_arrays(str(root / net / side), "trace") for side in ("tf1", "tf2")]
    return locate(read(root, net, "tf1"), arrays[0], read(root, net, "tf2"), arrays[1], str)


@pytest.mark.parametrize("net", ["right", "slim-right", "keras-right", "lstm-right"])
def test_right_nets_agree(traces: Path, net: str) -> None:
    """No false alarm, training mode, graph loops and unfused normalization included."""
    assert find(traces, net) is None


@pytest.mark.parametrize(
    ("net", "kind", "type_", "setting", "fix"),
    [
        ("activation", "operation-substituted", "Relu", None, "activation"),
        ("no-activation", "operation-missing", "Relu", None, "activation"),
        ("swapped", "variables-swapped", "MatMul", ("variable", "a/kernel", "b/kernel"), "`a/kernel`"),
        ("slim-epsilon", "operation-value", "FusedBatchNormV3", ("epsilon", 1e-3, 1e-5), "epsilon=0.001"),
        ("keras-epsilon", "operation-substituted", "AddV2", ("epsilon", 1e-3, 1e-5), "epsilon=0.001"),
        ("keras-frozen", "operation-value", "FusedBatchNormV3", ("training", True, False), "trainable"),
        ("lstm-forget-bias", "operation-value", "AddV2", ("forget_bias", 1.0, 0.0), "forget_bias"),
        ("lstm-gates", "operation-value", "AddV2", ("input 0", None, None), "i, j, f, o"),
        ("softmax-axis", "operation-extra", None, ("axis", -1, 1), "axis=-1"),
        ("resize", "operation-value", "ResizeBilinear", ("half_pixel_centers", False, True), "half-pixel"),
        ("keep-prob", "operation-value", "Mul", ("rate", 0.2, 0.8), "keep_prob"),
    ],
)
def test_wrong_nets_are_pinpointed(
    traces: Path, net: str, kind: str, type_: str | None, setting: tuple[str, object, object] | None, fix: str
) -> None:
    """The first diverging operation, its setting and the fix."""
    divergence = find(traces, net)
    assert divergence is not None
    assert divergence.kind == kind
    assert (divergence.tf1.type if divergence.tf1 else None) == type_
    if setting is not None:
        name, one, other = setting
        told = next(difference for difference in divergence.differences if difference.name == name)
        if one is not None:
            assert told.tf1 == pytest.approx(one) if isinstance(one, float) else told.tf1 == one
            assert told.tf2 == pytest.approx(other) if isinstance(other, float) else told.tf2 == other
    message, told_fix = describe(divergence, lambda path: Path(path).name)
    assert fix in told_fix
    assert "traced_nets.py:" in message
    assert next(frame for frame in divergence.stack if not frame.library).path == str(SCRIPT)


def test_both_sides_trace_the_same_operations(traces: Path) -> None:
    """Bookkeeping is left out on both sides, so a right net has one sequence."""
    types = [[op.type for op in read(traces, "slim-right", side).ops] for side in ("tf1", "tf2")]
    assert types[0] == types[1] == ["Conv2D", "FusedBatchNormV3", "Relu"] * 2


def test_variables_are_named_through_reads(traces: Path) -> None:
    """Directly read variables have the same names on both sides, whichever way TensorFlow reads them."""
    names = [[op.variables for op in read(traces, "slim-right", side).ops] for side in ("tf1", "tf2")]
    assert names[0] == names[1]
    assert names[0][0] == ("one/weights",)
    assert "one/BatchNorm/moving_mean" in names[0][1]


def test_operations_in_a_graph_loop_have_no_values(traces: Path) -> None:
    """They cannot be fetched, but their constants, variables and stacks are there."""
    looped = [op for op in read(traces, "lstm-right", "tf1").ops if op.loop and op.type == "MatMul"]
    assert looped
    for op in looped:
        assert op.outputs == ("",)
        assert op.variables == ("rnn/lstm_cell/kernel",)
        assert op.stack


def test_eager_loops_count_their_passes(traces: Path) -> None:
    """Three steps of the recurrence are three passes of one loop."""
    passes = {op.iteration for op in read(traces, "lstm-right", "tf2").ops if op.loop and op.type == "MatMul"}
    assert passes == {0, 1, 2}
