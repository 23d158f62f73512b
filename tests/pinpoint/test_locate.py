"""The first diverging operation of small hand-made traces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tf_equivalence.pinpoint.finding import Divergence
from tf_equivalence.pinpoint.locate import locate
from tf_equivalence.trace import Source

from .synthetic import Builder, constant, operation, variable

RNG = np.random.RandomState(0)
X = RNG.uniform(-1, 1, (4, 6)).astype(np.float32)
W = RNG.uniform(-1, 1, (6, 6)).astype(np.float32)
V = RNG.uniform(-1, 1, (6, 6)).astype(np.float32)
INPUT = Source("input", name="x")

Net = Callable[[Builder], object]


def find(tf1: Net, tf2: Net, rename: Callable[[str], str] = lambda name: name) -> Divergence | None:
    """Locate between two nets."""
    left, right = Builder("tf1"), Builder("tf2")
    tf1(left)
    tf2(right)
    return locate(left.trace(), left.arrays, right.trace(), right.arrays, rename)


def found(tf1: Net, tf2: Net) -> Divergence:
    """Locate between two nets that diverge."""
    divergence = find(tf1, tf2)
    assert divergence is not None
    return divergence


def activations(function: str, apply: Callable[[Any], Any]) -> Net:
    """Two layers with an activation each."""

    def build(net: Builder) -> None:
        value = X
        source = INPUT
        for name, kernel in (("w", W), ("v", V)):
            value = value @ kernel
            at = net.add("MatMul", value, source, variable(name))
            if function:
                value = apply(value)
                at = net.add(function, value, operation(at))
            source = operation(at)
        net.add("MatMul", value @ W, source, variable("out"))

    return build


def relu(value: Any) -> Any:
    """Return the positive part."""
    return np.maximum(value, 0)


def test_equal_traces_do_not_diverge() -> None:
    """Two nets that compute the same have no divergence."""
    assert find(activations("Relu", relu), activations("Relu", relu)) is None


def test_rounding_is_not_a_divergence() -> None:
    """A few units in the last place at the result are nobody's fault."""
    assert (
        find(activations("Relu", relu), activations("Relu", lambda value: relu(value * np.float32(1 + 3e-7)))) is None
    )


def test_a_substituted_activation_is_named_on_both_sides() -> None:
    """Relu against Tanh: both operations, the TF2 line first."""
    divergence = found(activations("Relu", relu), activations("Tanh", np.tanh))
    assert divergence.kind == "operation-substituted"
    assert divergence.tf1 is not None
    assert divergence.tf2 is not None
    assert (divergence.tf1.type, divergence.tf2.type) == ("Relu", "Tanh")
    assert divergence.stack[0].path == "/code/tf2.py"
    assert divergence.stack[0].line == 201
    assert divergence.variables == (("w",), ("w",))


def test_a_missing_activation_points_at_what_tf2_takes_instead() -> None:
    """The operation that TF2 leaves out is TF1's; the line to look at makes what is taken in its place."""
    divergence = found(activations("Relu", relu), activations("", relu))
    assert divergence.kind == "operation-missing"
    assert divergence.tf1 is not None
    assert divergence.tf1.type == "Relu"
    assert divergence.tf2 is not None
    assert divergence.tf2.name == "tf2/MatMul_0"


def test_an_extra_activation_is_named() -> None:
    """The operation that only TF2 has."""
    divergence = found(activations("", relu), activations("Relu", relu))
    assert divergence.kind == "operation-extra"
    assert divergence.tf1 is None
    assert divergence.tf2 is not None
    assert divergence.tf2.name == "tf2/Relu_1"


def normalized(epsilon: float) -> Net:
    """A fused batch normalization."""

    def build(net: Builder) -> None:
        value = X / np.sqrt(np.float32(0.1 + epsilon))
        at = net.add("FusedBatchNormV3", value, INPUT, variable("gamma"), attrs={"epsilon": epsilon}, scope="bn")
        net.add("Relu", relu(value), operation(at))

    return build


def unfused(epsilon: float) -> Net:
    """The same in single operations."""

    def build(net: Builder) -> None:
        shifted = np.full(6, 0.1 + epsilon, np.float32)
        at = net.add("AddV2", shifted, variable("variance"), constant(epsilon))
        at = net.add("Rsqrt", 1 / np.sqrt(shifted), operation(at))
        value = X / np.sqrt(shifted)
        at = net.add("Mul", value, INPUT, operation(at))
        net.add("Relu", relu(value), operation(at))

    return build


@pytest.mark.parametrize(
    ("tf1", "tf2"),
    [
        pytest.param(normalized, normalized, id="fused"),
        pytest.param(unfused, unfused, id="unfused"),
        pytest.param(unfused, normalized, id="unfused-fused"),
        pytest.param(normalized, unfused, id="fused-unfused"),
    ],
)
def test_epsilon_is_found_however_the_normalization_is_written(tf1: Any, tf2: Any) -> None:
    """Attribute or added constant: it is called epsilon, with both values."""
    difference = found(tf1(1e-3), tf2(1e-5)).differences[0]
    assert (difference.name, difference.tf1, difference.tf2) == ("epsilon", 1e-3, 1e-5)
    assert find(tf1(1e-3), tf2(1e-3)) is None


def layers(first: str, second: str) -> Net:
    """Two layers that read these variables, values by name."""
    kernels = {"w": W, "v": V, "u": W + 1}

    def build(net: Builder) -> None:
        value = X @ kernels[first]
        at = net.add("MatMul", value, INPUT, variable(first))
        net.add("MatMul", value @ kernels[second], operation(at), variable(second))

    return build


def test_swapped_variables_are_named_as_a_pair() -> None:
    """Each layer reads the other's variable."""
    divergence = found(layers("w", "v"), layers("v", "w"))
    assert divergence.kind == "variables-swapped"
    assert divergence.variables == (("w",), ("v",))


def test_another_variable_is_named() -> None:
    """A layer reads a variable that nobody swapped it for."""
    divergence = found(layers("w", "v"), layers("w", "w"))
    assert divergence.kind == "reads-other-variable"
    assert (divergence.differences[0].tf1, divergence.differences[0].tf2) == ("v", "w")


def test_a_deliberate_rename_is_not_another_variable() -> None:
    """`rename` makes the names of both sides one."""
    kernels = {"a/w": W, "b/w": W}

    def net(name: str) -> Net:
        def build(builder: Builder) -> None:
            builder.add("MatMul", X @ kernels[name], INPUT, variable(name, [1.0, 2.0]))

        return build

    assert find(net("a/w"), net("b/w"), lambda name: name.replace("a/", "b/")) is None


def test_a_variable_with_another_value_is_told_from_another_variable() -> None:
    """Same name, other numbers."""

    def net(scale: float) -> Net:
        def build(builder: Builder) -> None:
            builder.add("MatMul", X @ W * scale, INPUT, variable("w", [scale, scale]))

        return build

    assert found(net(1.0), net(1.1)).kind == "variable-value"


def split(order: tuple[int, int]) -> Net:
    """A sigmoid of one half and a tanh of the other."""

    def build(net: Builder) -> None:
        halves = [X[:, :3], X[:, 3:]]
        at = net.add("Split", halves, constant(1), INPUT)
        one = net.add("Sigmoid", 1 / (1 + np.exp(-halves[order[0]])), operation(at, order[0]))
        two = net.add("Tanh", np.tanh(halves[order[1]]), operation(at, order[1]))
        product = np.tanh(halves[order[1]]) / (1 + np.exp(-halves[order[0]]))
        net.add("Mul", product, operation(one), operation(two))

    return build


def test_gates_in_another_order_show_as_dataflow() -> None:
    """The operations are the same; one takes another output of Split."""
    divergence = found(split((0, 1)), split((1, 0)))
    difference = divergence.differences[0]
    assert difference.source == "dataflow"
    assert str(difference.tf1).startswith("output 0 of Split")
    assert str(difference.tf2).startswith("output 1 of Split")


def looped(forget: float | None) -> Net:
    """A recurrence whose body TF1 cannot fetch and TF2 runs three times."""

    def build(net: Builder) -> None:
        passes = 1 if net.side == "tf1" else 3
        state = np.zeros((4, 6), np.float32)
        source = constant([0.0])
        for number in range(passes if net.side == "tf2" else 3):
            state = np.tanh(X @ W + state + (forget or 0.0)).astype(np.float32)
            if number >= passes:
                continue
            told: dict[str, Any] = {"loop": "while", "iteration": number}
            hidden = net.side == "tf1"
            at = net.add("MatMul", None if hidden else X @ W, INPUT, variable("w"), **told)
            if forget is not None:
                at = net.add("AddV2", None if hidden else X @ W + forget, operation(at), constant(forget), **told)
            at = net.add("Tanh", None if hidden else state, operation(at), source, **told)
            source = operation(at)
        net.add("Pack", state, source)

    return build


@pytest.mark.parametrize(
    ("tf2", "kind"),
    [
        pytest.param(2.0, "operation-value", id="another-constant"),
        pytest.param(None, "operation-missing", id="no-addition"),
    ],
)
def test_a_loop_is_compared_without_its_values(tf2: float | None, kind: str) -> None:
    """What cannot be fetched still has constants and structure."""
    divergence = found(looped(1.0), looped(tf2))
    assert divergence.kind == kind
    assert divergence.tf1 is not None
    assert divergence.tf1.type == "AddV2"
    assert find(looped(1.0), looped(1.0)) is None


def test_concatenation_in_another_order_is_the_concatenation() -> None:
    """The same inputs at other positions; the output is told to be a permutation."""

    def net(order: int) -> Net:
        def build(builder: Builder) -> None:
            one = builder.add("MatMul", X @ W, INPUT, variable("w"))
            two = builder.add("MatMul", X @ V, INPUT, variable("v"))
            parts = [(X @ W, one), (X @ V, two)][::order]
            joined = np.concatenate([value for value, _ in parts], 1)
            builder.add("ConcatV2", joined, *(operation(at) for _, at in parts), constant(1))

        return build

    divergence = found(net(1), net(-1))
    assert divergence.tf2 is not None
    assert divergence.tf2.type == "ConcatV2"
    assert divergence.permuted
    assert [difference.source for difference in divergence.differences] == ["dataflow", "dataflow"]


def test_a_bound_that_matters_only_to_the_logarithm_is_found() -> None:
    """Inputs agree within rounding, yet one side is infinite."""

    def net(bound: float) -> Net:
        def build(builder: Builder) -> None:
            value = np.array([0.0, 1.0, 2.0], np.float32)
            at = builder.add("Relu", value, INPUT)
            if bound:
                value = np.maximum(value, np.float32(bound))
                at = builder.add("Maximum", value, operation(at), constant(bound))
            with np.errstate(divide="ignore"):
                builder.add("Log", np.log(value), operation(at))

        return build

    divergence = found(net(0.0), net(1e-7))
    assert divergence.kind == "operation-extra"
    assert divergence.tf2 is not None
    assert divergence.tf2.type == "Maximum"
    assert divergence.relative_output_difference == float("inf")


def test_another_dtype_is_found_although_the_values_agree() -> None:
    """A cast that TF2 puts in front makes the product float16."""

    def net(dtype: str) -> Net:
        def build(builder: Builder) -> None:
            source = INPUT
            if dtype == "float16":
                source = operation(builder.add("Cast", X.astype(np.float16), INPUT, dtype=dtype))
            builder.add("MatMul", (X @ W).astype(dtype), source, variable("w"), dtype=dtype)

        return build

    divergence = found(net("float32"), net("float16"))
    assert divergence.kind == "operation-dtype"
    assert (divergence.differences[0].tf1, divergence.differences[0].tf2) == ("float32", "float16")


def test_a_tensor_from_before_the_call_is_told() -> None:
    """TF1 computes what TF2 kept from an earlier call."""

    def tf1(net: Builder) -> None:
        mean = net.add("Mean", X.mean(0), INPUT, constant([0]))
        net.add("Mul", X * X.mean(0), INPUT, operation(mean))

    def tf2(net: Builder) -> None:
        net.add("Mul", X * 2.0, INPUT, Source("outside"))

    divergence = found(tf1, tf2)
    assert divergence.kind == "operation-missing"
    assert divergence.differences[0].tf2 == "a tensor made before this call"


def test_swapped_results_name_the_region() -> None:
    """Every operation agrees, but the results are returned in another order."""
    builders = Builder("tf1"), Builder("tf2")
    for net in builders:
        activations("Relu", relu)(net)
    left, right = builders
    divergence = locate(left.trace(1, 3), left.arrays, right.trace(3, 1), right.arrays, str)
    assert divergence is not None
    assert divergence.kind == "region"
    assert divergence.differences[0].name == "result"


def test_nothing_aligned_still_gives_both_ends() -> None:
    """Two programs without an operation in common."""
    divergence = found(lambda net: net.add("Sin", np.sin(X), INPUT), lambda net: net.add("Cos", np.cos(X), INPUT))
    assert divergence.kind == "operation-substituted"
    assert divergence.tf1_region == ("Sin",)
    assert divergence.tf2_region == ("Cos",)


@pytest.mark.parametrize(
    ("type_", "attrs", "names"),
    [
        ("Conv2D", {"strides": ([1, 1, 1, 1], [1, 2, 2, 1])}, ["strides"]),
        ("Conv2D", {"padding": ("SAME", "VALID")}, ["padding"]),
        ("ResizeBilinear", {"half_pixel_centers": (False, True)}, ["half_pixel_centers"]),
        ("ResizeBilinear", {"align_corners": (True, False)}, ["align_corners"]),
        ("FusedBatchNormV3", {"is_training": (True, False)}, ["training"]),
        ("LeakyRelu", {"alpha": (0.2, 0.3)}, ["alpha"]),
        ("MatMul", {"transpose_b": (False, True)}, ["transpose_b"]),
        ("RandomUniform", {"seed2": (3, 4)}, ["seed2"]),
    ],
)
def test_differing_attributes_are_reported(type_: str, attrs: dict[str, tuple[Any, Any]], names: list[str]) -> None:
    """The operation's own attributes, under one name for both sides."""

    def net(side: int) -> Net:
        chosen = {name: values[side] for name, values in attrs.items()}
        return lambda builder: builder.add(type_, X * (1 + side), INPUT, attrs=chosen)

    assert [difference.name for difference in found(net(0), net(1)).differences] == names
