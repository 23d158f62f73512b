"""Bounds: who decides them, from which figures, and how wide they may become."""

import numpy as np
import pytest

from tf_equivalence.case import Tolerance
from tf_equivalence.judge.bounds import (
    GUIDE,
    ROUNDINGS,
    Bound,
    bound_for,
    eps_of,
    largest,
    resolve_tolerance,
    unmatched_globs,
)

REFERENCE = np.array([0.5, -2.0, 1.0], np.float32)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_eps_is_that_of_numpy(dtype: str) -> None:
    """The machine epsilons are the ones NumPy knows."""
    assert eps_of(dtype) == float(np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("bfloat16", 2.0**-7), ("complex64", 2.0**-23), ("complex128", 2.0**-52), ("float8_e5m2", 0.25), ("int32", 0.0)],
)
def test_eps_of_what_numpy_does_not_know(dtype: str, expected: float) -> None:
    """Dtypes of TensorFlow and complex ones have an epsilon too, exact ones have none."""
    assert eps_of(dtype) == expected


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        pytest.param(REFERENCE, 2.0, id="floats"),
        pytest.param(np.array([np.nan, -3.0, np.inf]), 3.0, id="non-finite"),
        pytest.param(np.array([np.nan]), 0.0, id="nothing-finite"),
        pytest.param(np.array([], np.float32), 0.0, id="empty"),
        pytest.param(np.float64(-4.0).reshape(()), 4.0, id="scalar"),
        pytest.param(np.array([3 + 4j], np.complex64), 5.0, id="complex"),
        pytest.param(np.array([complex(1.7e308, 1.7e308)]), float(np.finfo(np.float64).max), id="complex-overflow"),
        pytest.param(np.array([5, np.iinfo(np.int64).min]), 2.0**63, id="smallest-int64"),
        pytest.param(np.array([2**64 - 1], np.uint64), 2.0**64, id="largest-uint64"),
        pytest.param(np.array([True]), 0.0, id="bool"),
        pytest.param(np.array([b"a"]), 0.0, id="bytes"),
        pytest.param(np.array([60000.0, -65504.0], np.float16), 65504.0, id="float16"),
    ],
)
def test_largest(array: np.ndarray, expected: float) -> None:
    """The scale is the largest finite magnitude, without overflow in any dtype."""
    assert largest(array) == expected


def test_largest_of_zeros_has_no_sign() -> None:
    """Reports must not say that -0 is allowed."""
    assert str(largest(np.zeros(3, np.float32))) == "0.0"


def test_measured_bound_without_noise_is_sixteen_roundings_of_the_largest_value() -> None:
    """Without noise, the bound follows the scale of the reference."""
    bound = bound_for("x", REFERENCE, [REFERENCE.copy()], "measured")
    assert (bound.rtol, bound.atol) == (0.0, 16 * 2.0**-23 * 2.0)
    assert (bound.noise, bound.scale, bound.ill_conditioned) == (0.0, 2.0, False)
    assert bound.source == "measured: 16 units in the last place of float32 at the largest value, 2"


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_measured_bound_scales_with_the_reference(scale: float) -> None:
    """No absolute term decides: a tiny output has a tiny bound."""
    bound = bound_for("x", np.array([scale]), [], "measured")
    assert bound.atol == pytest.approx(16 * 2.0**-52 * scale)


@pytest.mark.parametrize(
    ("cross_runtime", "factor"), [pytest.param(False, 8, id="within"), pytest.param(True, 32, id="across-runtimes")]
)
def test_reruns_widen_the_bound(cross_runtime: bool, factor: int) -> None:
    """The largest change over all reruns decides, wherever it is."""
    reruns = [REFERENCE + np.float32(2.0**-12), REFERENCE - np.array([0, 2.0**-10, 0], np.float32)]
    bound = bound_for("x", REFERENCE, reruns, "measured", cross_runtime=cross_runtime)
    assert bound.atol == factor * 2.0**-10
    assert bound.noise == 2.0**-10
    assert not bound.ill_conditioned
    assert f"{factor} times the reference's own noise" in bound.source


@pytest.mark.parametrize(("noise", "ill"), [(2.0**-9 + 2.0**-20, True), (2.0**-9 - 2.0**-20, False)])
def test_ill_conditioned_where_noise_exceeds_a_thousandth_of_the_scale(noise: float, ill: bool) -> None:
    """Noise beyond 1e-3 of the largest value marks the bound."""
    reference = np.array([1.953125, 0.0])  # 2**-9 / 1e-3
    bound = bound_for("x", reference, [reference + np.array([0.0, noise])], "measured")
    assert bound.ill_conditioned is ill


@pytest.mark.parametrize(
    "rerun",
    [
        pytest.param(np.zeros(4, np.float32), id="other-shape"),
        pytest.param(np.zeros(3, np.int32), id="other-kind"),
        pytest.param(np.full(3, np.nan, np.float32), id="nan"),
        pytest.param(np.full(3, np.inf, np.float32), id="inf"),
    ],
)
def test_reruns_that_do_not_compare_never_widen(rerun: np.ndarray) -> None:
    """A rerun that measures nothing leaves the narrow bound."""
    bound = bound_for("x", REFERENCE, [rerun], "measured")
    assert bound.atol == ROUNDINGS * 2.0**-23 * 2.0


def test_a_rerun_that_changes_by_more_than_float64_holds_is_noise() -> None:
    """A change from one end of the range to the other is the largest noise there is, not none."""
    bound = bound_for("x", np.array([1.7e308, 1.0]), [np.array([-1.7e308, 1.0])], "measured")
    assert bound.noise == np.finfo(np.float64).max
    assert bound.ill_conditioned
    assert bound.swallows


def test_bounds_stay_finite() -> None:
    """Noise near the largest float does not make a bound that lets anything pass."""
    reference = np.array([1e308, 1.0])
    bound = bound_for("x", reference, [np.array([1.5e307, 1.0])], "measured")
    assert bound.atol == np.finfo(np.float64).max
    assert bound.ill_conditioned


@pytest.mark.parametrize("array", [np.array([5]), np.array([True]), np.array([b"a"])], ids=["int", "bool", "bytes"])
def test_exact_dtypes_have_no_bound(array: np.ndarray) -> None:
    """Integers, booleans and bytes must be equal under any tolerance."""
    for tolerance in ("measured", "guide", Tolerance(1.0, 1.0)):
        bound = bound_for("x", array, [array], tolerance)
        assert (bound.rtol, bound.atol, bound.source) == (0.0, 0.0, "exact")


def test_guide_preset() -> None:
    """The guide's preset is rtol 1e-6 and atol 1e-5, whatever the reference is."""
    assert (GUIDE.rtol, GUIDE.atol) == (1e-6, 1e-5)
    bound = bound_for("x", REFERENCE, [REFERENCE + 1], "guide")
    assert (bound.rtol, bound.atol, bound.source) == (1e-6, 1e-5, "guide: rtol 1e-06, atol 1e-05")


def test_explicit_tolerance_is_taken_as_given() -> None:
    """A case's own tolerance is the bound, and the bound says so."""
    bound = bound_for("x", REFERENCE, [], Tolerance(rtol=0.1, atol=0.0))
    assert (bound.rtol, bound.atol, bound.source) == (0.1, 0.0, "the given tolerance: rtol 0.1, atol 0")


def test_globs_decide_in_order_and_the_rest_is_measured() -> None:
    """The first matching glob wins; an output that none matches keeps the measured bound."""
    first, second = Tolerance(0.0, 1.0), Tolerance(0.0, 2.0)
    tolerance = {"1/*": first, "*Logits": second}
    assert resolve_tolerance(tolerance, "1/Logits")[0] is first
    assert resolve_tolerance(tolerance, "Logits")[0] is second
    assert resolve_tolerance(tolerance, "0") == ("measured", "")
    assert "'1/*'" in bound_for("1/Logits", REFERENCE, [], tolerance).source


def test_a_name_with_brackets_matches_itself() -> None:
    """A glob that is an output's whole name matches it, even where it reads as a character class."""
    tolerance = {"heads[0]": Tolerance(0.0, 1.0)}
    assert unmatched_globs(tolerance, ["heads[0]"]) == ()
    assert resolve_tolerance(tolerance, "heads[0]")[0] == Tolerance(0.0, 1.0)


def test_unmatched_globs_are_case_sensitive() -> None:
    """A glob that matches no name is reported, in the order written."""
    tolerance = {"logits": Tolerance(0, 1), "0": Tolerance(0, 1), "x*": Tolerance(0, 1)}
    assert unmatched_globs(tolerance, ["0", "Logits"]) == ("logits", "x*")


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        pytest.param(Bound(0.0, 1.0, "", scale=1.0), True, id="atol"),
        pytest.param(Bound(1.0, 0.0, "", scale=1.0), True, id="rtol"),
        pytest.param(Bound(0.0, 0.999, "", scale=1.0), False, id="below"),
        pytest.param(Bound(0.0, 0.0, "", scale=0.0), False, id="zeros"),
    ],
)
def test_a_bound_that_lets_zeros_pass_is_recognised(bound: Bound, expected: bool) -> None:
    """A bound as wide as the largest value checks nothing."""
    assert bound.swallows is expected
