"""Makes tf_slim, legacy Keras and model functions work with the pinned nightly; the user does nothing for it."""

import collections
import importlib
import importlib.util
import sys
import types
from typing import Any, List

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


# The fields of the last `tf.estimator.EstimatorSpec` and of `TPUEstimatorSpec`, in their order.
_SPEC = (
    "mode predictions loss train_op eval_metric_ops export_outputs training_chief_hooks training_hooks scaffold "
    "evaluation_hooks prediction_hooks"
)
_TPU_SPEC = (
    "mode predictions loss train_op eval_metrics export_outputs scaffold_fn host_call training_hooks "
    "evaluation_hooks prediction_hooks"
)
_ROOTS = ("tensorflow", "tensorflow.compat.v1")


def _stand_in_for_estimator():
    # type: () -> None
    """Put back what a model function takes from `tf.estimator`, which TensorFlow 2.16 dropped."""
    import tensorflow as tf

    if hasattr(tf, "estimator"):
        return
    estimator, export, tpu = _StandIn("estimator"), _StandIn("estimator.export"), _StandIn("estimator.tpu")
    for hook in [name for name in dir(tf.compat.v1.train) if name.endswith("Hook")]:
        setattr(estimator, hook, getattr(tf.compat.v1.train, hook))
    estimator.EstimatorSpec = _fields("EstimatorSpec", _SPEC)
    estimator.ModeKeys = type("ModeKeys", (), {"TRAIN": "train", "EVAL": "eval", "PREDICT": "infer"})
    for name in ("PredictOutput", "ClassificationOutput", "RegressionOutput"):
        setattr(export, name, _keep)
    tpu.TPUEstimatorSpec = _fields("TPUEstimatorSpec", _TPU_SPEC)
    estimator.export, estimator.tpu = export, tpu
    for root, module in zip(_ROOTS, (tf, tf.compat.v1)):
        module.estimator = estimator
        for part in (estimator, export, tpu):  # for `from tensorflow.compat.v1.estimator import ModeKeys`
            sys.modules["{}.{}".format(root, part.name)] = part


def _fields(name, fields):
    # type: (str, str) -> Any
    """Return a class with these fields, of which all but the first may be left out."""
    kind = collections.namedtuple(name, fields.split())  # type: ignore[misc]  # noqa: PYI024 - fields from a list
    kind.__new__.__defaults__ = (None,) * (len(kind._fields) - 1)
    return kind


class _StandIn(types.ModuleType):
    """A module that says what has become of all else that users know it for."""

    EstimatorSpec = None  # type: Any
    ModeKeys = None  # type: Any
    TPUEstimatorSpec = None  # type: Any
    export = None  # type: Any
    tpu = None  # type: Any

    def __init__(self, name):
        # type: (str) -> None
        super().__init__("tensorflow." + name)
        self.name = name
        self.__path__ = []  # type: List[str]

    def __getattr__(self, name):
        # type: (str) -> Any
        raise AttributeError(
            "module 'tensorflow.{}' has no attribute {!r}: TensorFlow dropped it, and the stand-in has no more than "
            "a model function needs; import what trains and serves elsewhere".format(self.name, name)
        )


def _keep(*args, **kwargs):
    # type: (*Any, **Any) -> Any
    return args, kwargs
