"""An arg scope for Inception nets that runs eagerly as well as in a graph."""

from __future__ import annotations

from typing import Any

import tf_slim as slim


def inception_arg_scope(weight_decay: float = 0.00004) -> dict[str, Any]:
    """Return Inception's regularizer, initializer and batch norm.

    The arg scopes in `tf_slim.nets.inception` also put the moving averages into a collection, which
    tf_slim searches with `in`. TF2 variables compare element by element, so that search fails; nothing
    reads the collection, so the migration leaves it out, on both sides.
    """
    with slim.arg_scope(
        [slim.conv2d],
        weights_regularizer=slim.l2_regularizer(weight_decay),
        weights_initializer=slim.variance_scaling_initializer(),
        normalizer_fn=slim.batch_norm,
        normalizer_params={"decay": 0.9997, "epsilon": 0.001},
    ) as scope:
        return scope
