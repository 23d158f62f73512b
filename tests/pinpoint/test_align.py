"""Which operations correspond."""

from __future__ import annotations

import numpy as np
import pytest

from tf_equivalence.pinpoint import align as alignment
from tf_equivalence.trace import Source, Trace

from .synthetic import Builder, constant, operation, variable

INPUT = Source("input", name="x")


def chain(side: str, types: str, variables: str = "", scale: float = 1.0) -> Builder:
    """A chain of operations with distinct values; `variables` has one letter or `-` for each operation."""
    net = Builder(side)
    source = INPUT
    for at, type_ in enumerate(types.split()):
        name = variables[at] if variables else "-"
        more = () if name == "-" else (variable(name),)
        source = operation(net.add(type_, np.arange(1.0, 4.0) * (at + 1) * scale, source, *more))
    return net


def align(left: Builder, right: Builder) -> alignment.Alignment:
    """Align two chains whose variables have the same names."""
    return alignment.align(left.trace(), left.arrays, right.trace(), right.arrays, str)


def test_equal_chains_pair_one_by_one() -> None:
    """The same operations in the same order."""
    found = align(chain("tf1", "MatMul AddV2 Relu"), chain("tf2", "MatMul AddV2 Relu"))
    assert found.pairs == {0: 0, 1: 1, 2: 2}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("MatMul", "BatchMatMulV2"),
        ("BiasAdd", "AddV2"),
        ("FusedBatchNorm", "FusedBatchNormV3"),
        ("Div", "RealDiv"),
        ("Gather", "ResourceGather"),
        ("TensorArrayGatherV3", "Pack"),
    ],
)
def test_versions_of_an_operation_are_one(one: str, other: str) -> None:
    """Spelling and version do not matter."""
    assert align(chain("tf1", one), chain("tf2", other)).pairs == {0: 0}


def test_a_replaced_operation_is_a_substitution() -> None:
    """One for one between two pairs."""
    found = align(chain("tf1", "MatMul Relu MatMul", "a-b"), chain("tf2", "MatMul Tanh MatMul", "a-b"))
    assert found.pairs == {0: 0, 2: 2}
    assert found.substitutions == {1: 1}


def test_variables_decide_between_equal_types() -> None:
    """The first layer is missing: the rest still pairs by the variables read."""
    left = chain("tf1", "MatMul Relu MatMul Relu MatMul", "a-b-c", scale=1.0)
    right = chain("tf2", "MatMul Relu MatMul", "b-c", scale=7.0)
    assert align(left, right).pairs == {2: 0, 3: 1, 4: 2}


def test_branches_in_another_order_are_joined_by_value() -> None:
    """Order does not hide what computes the same thing."""
    left, right = Builder("tf1"), Builder("tf2")
    values = np.arange(3.0) + 1, np.arange(3.0) + 5
    for net, order in ((left, (0, 1)), (right, (1, 0))):
        for branch in order:
            at = net.add("MatMul", values[branch], INPUT, variable("ab"[branch]))
            net.add("Relu", values[branch] + 1, operation(at))
    assert align(left, right).pairs == {0: 2, 1: 3, 2: 0, 3: 1}


def test_passes_of_an_unrolled_recurrence_fold_onto_the_first() -> None:
    """TF1 has a graph loop, TF2 the same lines run three times by Python."""
    left, right = Builder("tf1"), Builder("tf2")
    at = left.add("MatMul", None, INPUT, variable("w"), loop="while")
    left.add("Tanh", None, operation(at), loop="while")
    for _ in range(3):
        at = right.add("MatMul", np.ones(3), INPUT, variable("w"))
        right.add("Tanh", np.ones(3), operation(at))
    folded = [op.__class__(**{**op.__dict__, "stack": right.ops[op.index % 2].stack}) for op in right.ops]
    right.ops[:] = folded
    found = align(left, right)
    assert found.pairs == {0: 0, 1: 1}
    assert found.first_pass == {2: 0, 3: 1, 4: 0, 5: 1}


def test_layers_in_a_python_loop_are_not_a_recurrence() -> None:
    """Other variables each time: nothing is folded."""
    left, right = Builder("tf1"), Builder("tf2")
    left.add("Tanh", None, INPUT, loop="while")
    for name in "abc":
        right.add("MatMul", np.ones(3), INPUT, variable(name))
    right.ops[:] = [op.__class__(**{**op.__dict__, "stack": right.ops[0].stack}) for op in right.ops]
    assert align(left, right).first_pass == {}


def test_long_traces_align_by_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the table's size the alignment goes by common blocks."""
    monkeypatch.setattr(alignment, "_MAX_CELLS", 1)
    left = chain("tf1", "Conv2D Relu MatMul Relu", "a-b-")
    right = chain("tf2", "Conv2D Tanh MatMul Relu", "a-b-", scale=3.0)
    assert align(left, right).pairs == {0: 0, 2: 2, 3: 3}


def test_an_empty_side_aligns_with_nothing() -> None:
    """No operation, no pair."""
    assert alignment.align(chain("tf1", "Relu").trace(), {}, Trace("tf2", ()), {}, str).pairs == {}


def test_constants_do_not_take_part() -> None:
    """An operation pairs whatever its constants are; they are compared later."""
    left, right = Builder("tf1"), Builder("tf2")
    left.add("Mul", np.ones(3), INPUT, constant(1.0))
    right.add("Mul", np.ones(3) * 2, INPUT, constant(2.0))
    assert align(left, right).pairs == {0: 0}
