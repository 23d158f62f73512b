"""Updates of one variable are told where TF1 leaves their order open, and only there."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("ordered", [True, False])
def test_an_order_that_is_stated_is_no_lottery(tf: Any, ordered: bool) -> None:
    """Two assignments of which one waits for the other are always made in that order."""
    from tf_equivalence.worker.state_updates import _are_ordered

    v1 = tf.compat.v1
    with tf.Graph().as_default():
        average = v1.Variable(1.0, use_resource=False)
        first = v1.assign_sub(average, 0.5)
        with tf.control_dependencies([first] if ordered else []):
            second = v1.assign_sub(average, tf.constant(0.25))
    assert _are_ordered([second.op, first.op]) is ordered
