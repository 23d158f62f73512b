"""The first non-finite value is found at the operation that makes it."""

import numpy as np

from tf_equivalence.pinpoint.non_finite import first_non_finite
from tf_equivalence.trace import Source, Trace, TracedOp


def _op(index: int, *producers: int) -> TracedOp:
    sources = tuple(Source("operation", producer) for producer in producers)
    return TracedOp(index, "RealDiv", f"op_{index}", "", sources, (f"a{index}",), ("float32",), ((2,),), {})


def test_the_maker_is_found_before_what_it_spoils() -> None:
    """An operation fed with NaN is not to blame for its own."""
    trace = Trace("tf2", (_op(0), _op(1, 0), _op(2, 1)))
    nan = np.array([1.0, np.nan])
    found = first_non_finite(trace, {"a0": np.ones(2), "a1": nan, "a2": nan})
    assert found is not None
    assert found.index == 1


def test_finite_values_have_no_maker() -> None:
    """Integers and finite floats are nobody's fault."""
    trace = Trace("tf2", (_op(0), _op(1, 0)))
    assert first_non_finite(trace, {"a0": np.arange(3), "a1": np.ones(2)}) is None
