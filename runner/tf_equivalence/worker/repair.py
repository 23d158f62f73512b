"""Makes tf_slim, legacy Keras and model functions work with the pinned nightly; the user does nothing for it."""

import collections
import importlib
import importlib.util
import sys
import types
from typing import Any

# tf_slim was written against Keras internals that have since moved to `tf_keras.src`.
_MOVED = (
    "",
    ".base",
    ".convolutional",
    ".core",
    ".normalization",
    ".pooling",
    ".variable_scope_shim",
    ".migration_utils",
)


def select_legacy_keras(environ):
    # type: (Any) -> None
    """Make `tf.keras` the Keras that has `track_tf1_style_variables`; before TensorFlow is imported."""
    environ["TF_USE_LEGACY_KERAS"] = "1"


def repair_imports():
    # type: () -> None
    """Put back the names that tf_slim imports, where the installed TensorFlow has moved them."""
    _alias_legacy_layers()
    _restore_ops_tensor()
    _stand_in_for_estimator()


def _alias_legacy_layers():
    # type: () -> None
    if importlib.util.find_spec("tf_keras") is None:
        return
    if importlib.util.find_spec("tf_keras.src.legacy_tf_layers") is None:
        return
    for suffix in _MOVED:
        old = "tf_keras.legacy_tf_layers" + suffix
        if old not in sys.modules:
            sys.modules[old] = importlib.import_module("tf_keras.src.legacy_tf_layers" + suffix)
    # `import tf_keras.legacy_tf_layers.core as core` also looks the package up as an attribute.
    sys.modules["tf_keras"].legacy_tf_layers = sys.modules["tf_keras.legacy_tf_layers"]  # type: ignore[attr-defined]


def _restore_ops_tensor():
    # type: () -> None
    from tensorflow.python.framework import ops

    if not hasattr(ops, "Tensor"):
        from tensorflow.python.framework import tensor

        ops.Tensor = tensor.Tensor


# The fields of the last `tf.estimator.EstimatorSpec`, in its order.
_SPEC = (
    "mode predictions loss train_op eval_metric_ops export_outputs training_chief_hooks training_hooks scaffold "
    "evaluation_hooks prediction_hooks"
).split()


def _stand_in_for_estimator():
    # type: () -> None
    """Put back what a model function takes from `tf.estimator`, which TensorFlow 2.16 dropped."""
    import tensorflow as tf

    if hasattr(tf, "estimator"):
        return
    spec = collections.namedtuple("EstimatorSpec", _SPEC)  # type: ignore[misc]  # noqa: PYI024 - fields from a list
    spec.__new__.__defaults__ = (None,) * (len(_SPEC) - 1)
    outputs = dict.fromkeys(("PredictOutput", "ClassificationOutput", "RegressionOutput"), _keep)
    estimator = types.SimpleNamespace(
        EstimatorSpec=spec,
        ModeKeys=types.SimpleNamespace(TRAIN="train", EVAL="eval", PREDICT="infer"),
        export=types.SimpleNamespace(**outputs),
    )
    for module in (tf, tf.compat.v1):
        module.estimator = estimator


def _keep(*args, **kwargs):
    # type: (*Any, **Any) -> Any
    return args, kwargs
