"""The words for a difference: one paragraph that a person can act on."""

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.bounds import Bound, bound_for
from tf_equivalence.judge.compare import compare
from tf_equivalence.judge.wording import describe, format_number


def _words(tf1: Any, tf2: Any, bound: Bound | None = None, name: str = "logits", **options: Any) -> str:
    one, other = np.asarray(tf1), np.asarray(tf2)
    found = compare(one, other, bound or bound_for(name, one, [], "measured"), **options)
    assert found is not None
    return describe(name, found)


@pytest.mark.parametrize(
    ("tf1", "tf2", "expected"),
    [
        pytest.param(
            np.float32([[0.5, 0.25], [2.0, 1.0]]),
            np.float32([[0.5, 0.375], [2.0, 1.5]]),
            "logits differs in 2 of 4 elements (50%), by up to 0.5 at [1, 1] (TF1 1, TF2 1.5), 0.5 times TF1's value. "
            "As a whole, the difference is 0.2236 times TF1's norm (relative L2). Allowed is 3.815e-06 (measured: 16 "
            "units in the last place of float32 at the largest value, 2). It would take Tolerance(rtol=0.5, atol=0) "
            "or Tolerance(rtol=0, atol=0.5) to pass.",
            id="values",
        ),
        pytest.param(
            np.float32([4.0, 0.25]),
            np.float32([4.5, 0.375]),
            "logits differs in 2 of 2 elements (100%), by up to 0.5 at [0] (TF1 4, TF2 4.5). Relative to TF1 it is "
            "worst at [1] (TF1 0.25, TF2 0.375), 0.5 times TF1's value. As a whole, the difference is 0.1286 times "
            "TF1's norm (relative L2). Allowed is 7.629e-06 (measured: 16 units in the last place of float32 at the "
            "largest value, 4). It would take Tolerance(rtol=0.5, atol=0) or Tolerance(rtol=0, atol=0.5) to pass.",
            id="relative-elsewhere",
        ),
        pytest.param(
            np.float32(1.0),
            np.float32(1.0 + 2.0**-18),
            "logits is 1 on the TF1 side and 1.00000381 on the TF2 side, 3.815e-06 apart, 3.815e-06 times TF1's value, "
            "32 units in the last place. Allowed is 1.907e-06 (measured: 16 units in the last place of float32 at "
            "the largest value, 1). It would take Tolerance(rtol=3.82e-06, atol=0) or Tolerance(rtol=0, "
            "atol=3.82e-06) to pass.",
            id="scalar",
        ),
        pytest.param(
            [0.0, 1.0],
            [1e-3, 1.0],
            "logits differs in 1 of 2 elements (50%), by up to 0.001 at [0] (TF1 0, TF2 0.001). As a whole, the "
            "difference is 0.001 times TF1's norm (relative L2). Allowed is 3.553e-15 (measured: 16 units in the last "
            "place of float64 at the largest value, 1). It would take Tolerance(rtol=0, atol=0.001) to pass.",
            id="zero-in-tf1",
        ),
        pytest.param(
            np.zeros((2, 3)),
            np.zeros((3, 2)),
            "logits has shape [2, 3] on the TF1 side and [3, 2] on the TF2 side. The same sizes in another order: look "
            "for a transpose or another data format. Shapes are never broadcast: return the same shape.",
            id="transposed",
        ),
        pytest.param(
            np.zeros((2, 1)),
            np.zeros(2),
            "logits has shape [2, 1] on the TF1 side and [2] on the TF2 side. Only dimensions of size 1 differ: look "
            "for a squeeze, an expand_dims or keepdims. Shapes are never broadcast: return the same shape.",
            id="squeezed",
        ),
        pytest.param(
            np.zeros((2, 6)),
            np.zeros((3, 4)),
            "logits has shape [2, 6] on the TF1 side and [3, 4] on the TF2 side. Both hold as many elements: look for "
            "a reshape. Shapes are never broadcast: return the same shape.",
            id="reshaped",
        ),
        pytest.param(
            np.zeros(2),
            np.zeros(3),
            "logits has shape [2] on the TF1 side and [3] on the TF2 side. Shapes are never broadcast: return the same "
            "shape.",
            id="shape",
        ),
        pytest.param(
            np.float64([1.0]),
            np.float32([1.0]),
            "logits is float64 on the TF1 side and float32 on the TF2 side: cast it. The values agree.",
            id="dtype",
        ),
        pytest.param(
            [np.inf, 1.0],
            [-np.inf, 1.0],
            "logits has non-finite values that do not agree, 1 of 2 elements (50%), first at [0] (TF1 inf, TF2 -inf). "
            "Non-finite values must agree in place and sign under any tolerance.",
            id="infinities",
        ),
        pytest.param(
            [np.nan, 1.0, 2.0],
            [np.nan, 1.0, 2.5],
            "logits has non-finite values that do not agree, 2 of 3 elements (66.7%), first at [0] (TF1 nan, TF2 nan); "
            "1 NaN on the TF1 side, 1 on the TF2 side. NaN is not equal to NaN: keep it from arising, or name the "
            "output in `nan_equal`. "
            "Finite values differ, too, by up to 0.5 at [2] (TF1 2, TF2 2.5). Non-finite values must agree in place "
            "and sign under any tolerance.",
            id="nan",
        ),
        pytest.param(
            [1, 5],
            [1, 9],
            "logits differs in 1 of 2 elements (50%), by up to 4 at [1] (TF1 5, TF2 9). These must be equal.",
            id="integers",
        ),
        pytest.param(
            [True, False],
            [True, True],
            "logits differs in 1 of 2 elements (50%), first at [1] (TF1 False, TF2 True). These must be equal.",
            id="bool",
        ),
        pytest.param(
            [b"ab|"],
            [b"ac|"],
            "logits is b'ab' on the TF1 side and b'ac' on the TF2 side. These must be equal.",
            id="one-string",
        ),
    ],
)
def test_describe(tf1: Any, tf2: Any, expected: str) -> None:
    """Each kind of difference is one clear paragraph."""
    assert _words(tf1, tf2) == expected


def test_a_dtype_difference_goes_on_with_the_values() -> None:
    """What else differs is said after the dtype."""
    text = _words(np.float64([1.0, 2.0]), np.float32([1.0, 3.0]))
    assert text.startswith(
        "logits is float64 on the TF1 side and float32 on the TF2 side: cast it. logits differs in 1"
    )
    text = _words(np.float64([1.0, np.nan]), np.float32([1.0, 3.0]))
    assert "cast it. logits has non-finite values that do not agree" in text


def test_values_that_look_alike_get_all_their_digits() -> None:
    """Two values that differ are never shown as the same text."""
    text = _words([1.0, 1.0], [1.0, 1.0 + 1e-13])
    assert "(TF1 1, TF2 1.0000000000000999)" in text


def test_an_explicit_bound_names_who_decided() -> None:
    """Both terms of the bound are shown, and the glob that gave it."""
    bound = bound_for("logits", np.ones(2), [], {"log*": Tolerance(0.1, 0.01)})
    text = _words([1.0, 1.0], [1.0, 2.0], bound)
    assert "Allowed is 0.01 + 0.1 * |tf1| (the case's tolerance for 'log*': rtol 0.1, atol 0.01)." in text


def test_an_overflowing_difference_has_words() -> None:
    """Where no atol can pass, only the rtol is offered."""
    text = _words([1e308, 1.0], [-1e308, 1.0])
    assert "It would take Tolerance(rtol=2, atol=0) to pass." in text
    assert "non-finite" not in text


def test_finite_values_within_the_bound_are_not_blamed() -> None:
    """Beside differing infinities, only finite values outside of the bound are mentioned."""
    text = _words([np.inf, 1.0, 2.0], [1.0, 1.0, 2.0 + 1e-15])
    assert "Finite values" not in text


def test_a_tolerance_nobody_can_set_is_not_offered() -> None:
    """Losses have bounds of their own; the paragraph ends with the bound."""
    found = compare(np.array([1.0]), np.array([2.0]), Bound(0.0, 0.5, "decided elsewhere"))
    assert found is not None
    assert describe("x", found, adjustable=False).endswith("Allowed is 0.5 (decided elsewhere).")


def test_long_strings_are_cut() -> None:
    """A string output does not flood the report."""
    text = _words([b"a" * 5000 + b"|"], [b"b" * 5000 + b"|"])
    assert len(text) < 250


@given(st.floats(1e-290, 1e290), st.floats(1e-9, 1e9))
def test_the_tolerances_named_do_pass(reference: float, ratio: float) -> None:
    """A tolerance copied from the message passes, although the message rounds."""
    one, other = np.array([reference, 0.0]), np.array([reference * (1 + ratio), 0.0])
    if np.array_equal(one, other) or not np.isfinite(other).all():
        return
    text = _words(one, other, Bound(0.0, 0.0, "exact"))
    named = [(float(rtol), float(atol)) for rtol, atol in re.findall(r"Tolerance\(rtol=([^,]+), atol=([^)]+)\)", text)]
    assert len(named) == 2
    for rtol, atol in named:
        assert compare(one, other, Bound(rtol, atol, "named")) is None
        assert compare(one, other, Bound(rtol * 0.98, atol * 0.98, "much less")) is not None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.23456e-9, "1.235e-09"),
        (3, "3"),
        (2**64, str(2**64)),
        (True, "True"),
        (math.inf, "inf"),
        (1 + 2j, "1+2j"),
        (b"a", "b'a'"),
    ],
)
def test_format_number(value: object, expected: str) -> None:
    """Floats get four digits, integers all of theirs."""
    assert format_number(value) == expected
