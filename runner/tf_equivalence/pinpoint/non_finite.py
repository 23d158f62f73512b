"""Finds the first operation that makes a non-finite value out of finite ones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tf_equivalence.pinpoint.values import Array
from tf_equivalence.trace import Trace, TracedOp


def first_non_finite(trace: Trace, arrays: Mapping[str, Array]) -> TracedOp | None:
    """Return the first operation with a NaN or an infinity in its output and none in its inputs."""
    tainted: set[int] = set()
    for op in trace.ops:
        values = [arrays[key] for key in op.outputs if key in arrays]
        if not any(value.dtype.kind in "fc" and not np.isfinite(value).all() for value in values):
            continue
        if not tainted & set(op.inputs):
            return op
        tainted.add(op.index)
    return None
