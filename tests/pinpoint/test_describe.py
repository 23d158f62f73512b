"""The words for a divergence, and the fix."""

from __future__ import annotations

import math

import pytest

from tf_equivalence.pinpoint.causes import CAUSES
from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Difference, Divergence, OpSide, Worst
from tf_equivalence.recording import Frame


def side(type_: str, path: str, layer: str = "", function: str = "", variables: tuple[str, ...] = ()) -> OpSide:
    """One side's operation, called in line 7."""
    stack = (Frame("/lib/keras.py", 1, "call", "keras"), Frame(path, 7, "call", "", "y = f(x)"))
    return OpSide(type_, f"net/{type_}", "net", "float32", (2, 3), stack, function, layer, variables)


def divergence(
    kind: str,
    *differences: Difference,
    types: tuple[str, str] = ("MatMul", "MatMul"),
    regions: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    layer: str = "",
    output: float = 0.5,
) -> Divergence:
    """A divergence between `old.py:7` and `new.py:7`."""
    one = side(types[0], "/w/old.py", layer) if types[0] else None
    other = side(types[1], "/w/new.py", layer) if types[1] else None
    return Divergence(kind, one, other, differences, None, 0.0, output, *regions)


def setting(name: str, tf1: object, tf2: object, source: str = "attribute") -> Difference:
    """A setting that differs."""
    return Difference(name, tf1, tf2, source)


def test_the_paragraph_names_both_lines_values_and_variables() -> None:
    """Everything a reader needs, in one paragraph with paths made relative."""
    found = Divergence(
        "operation-value",
        side("FusedBatchNormV3", "/w/old.py", "BatchNormalization", "batch_norm", ("bn/gamma",)),
        side("FusedBatchNormV3", "/w/new.py", "BatchNormalization", "BatchNormalization.call", ("bn/gamma",)),
        (setting("epsilon", 0.001, 1e-05),),
        Worst((0, 2), 1.5, 1.25),
        0.0,
        0.25,
    )
    message, fix = describe(found, lambda path: path.removeprefix("/w/"))
    for part in ("old.py:7", "new.py:7", "epsilon is 0.001 in TF1, 1e-05 in TF2 (attribute)", "[0, 2]", "`bn/gamma`"):
        assert part in message
    assert "/w/" not in message
    assert "\n" not in message
    assert fix == "Pass `epsilon=0.001`, as TF1 did."


@pytest.mark.parametrize(
    ("found", "words"),
    [
        pytest.param(
            divergence("operation-substituted", types=("Relu", "Tanh"), regions=(("Relu",), ("Tanh",))),
            "activation that TF1 has",
            id="activation-changed",
        ),
        pytest.param(
            divergence("operation-missing", types=("Relu", "MatMul"), regions=(("Relu",), ())),
            "activation that TF1 has",
            id="activation-missing",
        ),
        pytest.param(
            divergence("operation-value", setting("half_pixel_centers", False, True)), "half-pixel", id="resize"
        ),
        pytest.param(
            divergence(
                "operation-extra",
                setting("axis", -1, 1, "call argument"),
                types=("", "Transpose"),
                regions=((), ("Transpose",)),
            ),
            "axis=-1",
            id="softmax-axis",
        ),
        pytest.param(divergence("operation-value", setting("rate", 0.2, 0.8)), "keep_prob", id="keep-prob"),
        pytest.param(
            divergence("variables-swapped", setting("variable", "a/w", "b/w", "dataflow")),
            "Swap the two back: give the TF2 variable that is read here the name `a/w`",
            id="swapped",
        ),
        pytest.param(
            divergence("reads-other-variable", setting("variable", "a/w", "b/w", "dataflow")),
            "map it to `b/w`",
            id="other-variable",
        ),
        pytest.param(
            divergence("variable-value", setting("variable", "a/w", "a/w", "dataflow")), "initializer", id="initial"
        ),
        pytest.param(
            divergence("operation-dtype", setting("dtype", "float32", "bfloat16")), "mixed-precision", id="policy"
        ),
        pytest.param(divergence("operation-dtype", setting("dtype", "uint8", "float32")), "Cast to uint8", id="cast"),
        pytest.param(
            divergence("operation-value", setting("data_format", "NHWC", "NCHW")), "data format, NHWC", id="layout"
        ),
        pytest.param(
            divergence(
                "operation-missing",
                setting("input 1", 1.0, None, "constant input"),
                types=("AddV2", "Sigmoid"),
                regions=(("AddV2",), ()),
                layer="LSTMCell",
            ),
            "forget_bias",
            id="forget-bias",
        ),
        pytest.param(
            divergence("operation-value", setting("input 0", "output 1 of Split a", "output 2 of Split b", "dataflow")),
            "i, j, f, o",
            id="gate-order",
        ),
        pytest.param(
            divergence("operation-substituted", setting("reset_after", False, True), regions=(("MatMul",), ("Split",))),
            "reset_after=False",
            id="reset-after",
        ),
        pytest.param(
            divergence(
                "operation-extra",
                setting("epsilon", None, 1e-7, "constant input"),
                types=("", "Maximum"),
                regions=((), ("Maximum",)),
                output=math.inf,
            ),
            "the same epsilon",
            id="logarithm",
        ),
        pytest.param(
            divergence(
                "operation-value",
                setting("training", True, False),
                setting("trainable", True, False, "layer configuration"),
                layer="BatchNormalization",
            ),
            "Leave `trainable` as in TF1",
            id="frozen",
        ),
        pytest.param(
            divergence("operation-value", setting("training", True, False), layer="BatchNormalization"),
            "Pass the `training` flag",
            id="training-flag",
        ),
        pytest.param(
            divergence("operation-substituted", types=("FloorDiv", "RealDiv"), regions=(("FloorDiv",), ("RealDiv",))),
            "Write `//`",
            id="integer-division",
        ),
        pytest.param(
            divergence(
                "operation-value",
                setting("input 0", "MatMul a", "MatMul b", "dataflow"),
                types=("ConcatV2", "ConcatV2"),
            ),
            "sorted by name",
            id="feature-order",
        ),
        pytest.param(
            divergence(
                "operation-missing",
                setting("input 0", "Mean m", "a tensor made before this call", "dataflow"),
                regions=(("Mean",), ()),
            ),
            "inside the call",
            id="cached",
        ),
        pytest.param(
            divergence(
                "operation-missing", types=("RandomStandardNormal", "AddV2"), regions=(("RandomStandardNormal",), ())
            ),
            "tf.random",
            id="numpy-random",
        ),
        pytest.param(
            divergence(
                "operation-value", setting("input 1", 127.5, 255.0, "constant input"), types=("RealDiv", "RealDiv")
            ),
            "Scale the input",
            id="rescaled",
        ),
        pytest.param(
            divergence("operation-extra", types=("", "ReverseV2"), regions=((), ("ReverseV2",))), "RGB", id="channels"
        ),
        pytest.param(divergence("region", setting("result", "A a", "B b", "dataflow")), "structure", id="outputs"),
        pytest.param(divergence("operation-value", setting("momentum", 0.9, 0.99)), "momentum=0.9", id="momentum"),
        pytest.param(divergence("operation-value", setting("beta_1", 0.9, 0.8)), "Set beta_1 to 0.9", id="unlisted"),
        pytest.param(divergence("operation-value"), "argument by argument", id="unknown"),
        pytest.param(
            divergence("operation-missing", types=("Cumsum", "MatMul"), regions=(("Cumsum",), ())),
            "Compute Cumsum",
            id="unknown-missing",
        ),
    ],
)
def test_a_known_cause_has_its_fix(found: Divergence, words: str) -> None:
    """Each known cause is told in one sentence; what is unknown still gets something to try."""
    fix = describe(found)[1]
    assert words in fix
    assert fix.endswith(".")


def test_causes_have_distinct_names() -> None:
    """Each name stands for one cause."""
    names = [cause.name for cause in CAUSES]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("operation-value", ("MatMul", "MatMul")),
        ("operation-missing", ("Relu", "")),
        ("operation-extra", ("", "Relu")),
        ("operation-substituted", ("Relu", "Tanh")),
        ("operation-dtype", ("", "Cast")),
        ("region", ("Relu", "")),
        ("region", ("", "")),
    ],
)
def test_every_kind_has_words_even_where_a_side_is_unknown(kind: str, types: tuple[str, str]) -> None:
    """No kind falls through, and each operation known is named."""
    message, fix = describe(divergence(kind, types=types))
    assert all(type_ in message for type_ in types)
    assert fix


def test_many_differences_are_cut() -> None:
    """Four settings are told, the rest counted."""
    found = divergence("operation-value", *(setting(f"s{at}", at, at + 1) for at in range(7)))
    assert "and 3 more" in describe(found)[0]
