"""Model functions and specs that cannot be used, and some that can only just."""

from __future__ import annotations

from .workspace import Hazard

_HEAD = """
from tf_equivalence import ArraySpec, EstimatorCase
from tensorflow.compat.v1.estimator import EstimatorSpec


def logits_of(features):
    w = tf.compat.v1.get_variable("w", [2, 2], initializer=tf.compat.v1.ones_initializer())
    return tf.matmul(features, w)


class _Model(EstimatorCase):
    features = ArraySpec((3, 2))
    labels = ArraySpec((3, 2))
    variable_names = {"w": "scale/w"}

    def tf2(self):
        return Scale(name="scale")

    def loss(self, outputs, inputs):
        return tf.reduce_mean(tf.square(outputs - inputs["labels"]))
"""


def _hazard(name: str, body: str, *says: str, outcome: str = "error", kind: str = "") -> Hazard:
    return Hazard(f"model_fn_{name}", body, says, outcome, kind=kind, files={"model.py": _MODULE})


_MODULE = "import tensorflow as tf\nfrom tiny import Scale\n" + _HEAD
_IMPORT = "from model import EstimatorSpec, _Model, logits_of\n"

MODEL_FUNCTIONS = tuple(
    _hazard(name, _IMPORT + body, *says, kind=kind)
    for name, body, says, kind in (
        (
            "missing",
            """
class Case(_Model):  # BAD
    pass
""",
            ("Case does not define model_fn", "def model_fn(self, features, labels, mode, params)"),
            "case",
        ),
        (
            "without_features",
            """
def model_fn(x, labels, mode):  # BAD
    return EstimatorSpec(mode, logits_of(x))
class Case(_Model):
    model_fn = staticmethod(model_fn)
""",
            ("Case.model_fn takes no `features`",),
            "case",
        ),
        (
            "without_staticmethod",
            """
def model_fn(features, labels, mode):  # BAD
    return EstimatorSpec(mode, logits_of(features))
class Case(_Model):
    model_fn = model_fn
""",
            ("Case.model_fn takes no `features`", "model_fn = staticmethod("),
            "case",
        ),
        (
            "needs_more",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode, hparams):  # BAD
        return EstimatorSpec(mode, logits_of(features))
""",
            ("Case.model_fn needs `hparams`", "functools.partial"),
            "case",
        ),
        (
            "returns_none",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):  # BAD
        EstimatorSpec(mode, logits_of(features))
""",
            ("model_fn() returned nothing in the mode 'infer'", "return an EstimatorSpec"),
            "case",
        ),
        (
            "returns_tensor",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):  # BAD
        return logits_of(features)
""",
            ("Tensor without `predictions` in the mode 'infer'", "return an EstimatorSpec"),
            "case",
        ),
        (
            "predicts_nothing",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):  # BAD
        logits_of(features)
        return EstimatorSpec(mode)
""",
            ("neither predictions nor a loss in the mode 'infer'",),
            "case",
        ),
        (
            "loss_alone",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):  # BAD
        logits = logits_of(features)
        if mode == "infer":
            return EstimatorSpec(mode, logits)
        return EstimatorSpec(mode, loss=tf.reduce_mean(logits))
""",
            ("returned no predictions in the mode 'train'", "without_predictions = ('train',)"),
            "case",
        ),
        (
            "raises_in_eval",
            """
class Case(_Model):
    inference_mode = "eval"
    def model_fn(self, features, labels, mode):
        logits = logits_of(features)
        if mode == tf.estimator.ModeKeys.EVAL:
            raise KeyError("no metrics")  # BAD
        return EstimatorSpec(mode, logits)
""",
            ("model_fn() raised KeyError", "no metrics"),
            "call",
        ),
        (
            "loss_of_vectors",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):
        logits = logits_of(features)
        if labels is None:
            return EstimatorSpec(mode, logits)
        losses = tf.reduce_sum(logits, axis=1)  # BAD
        return EstimatorSpec(mode, logits, losses)
""",
            ("the loss of model_fn()'s spec is a tensor of shape [3]", "tf.reduce_mean"),
            "loss",
        ),
        (
            "params_not_copied",
            """
import threading
class Case(_Model):
    params = {"lock": threading.Lock()}
    def model_fn(self, features, labels, mode, params):  # BAD
        return EstimatorSpec(mode, logits_of(features))
""",
            ("`params` cannot be copied", "plain values"),
            "case",
        ),
        (
            "unknown_mode",
            """
class Case(_Model):  # BAD
    inference_mode = "predict"
    def model_fn(self, features, labels, mode):
        return EstimatorSpec(mode, logits_of(features))
""",
            ("inference_mode", "'infer' or 'eval'"),
            "case",
        ),
        (
            "loss_not_given",
            """
from tf_equivalence import EquivalenceCase
class Case(_Model):  # BAD
    without_predictions = ("train",)
    loss = EquivalenceCase.loss
    def model_fn(self, features, labels, mode):
        return EstimatorSpec(mode, logits_of(features))
""",
            ("leaves the loss alone to compare", "def loss(self, outputs, inputs)"),
            "case",
        ),
        (
            "inputs_without_features",
            """
from tf_equivalence import ArraySpec
class Case(_Model):  # BAD
    inputs = ArraySpec((3, 2))
    def model_fn(self, features, labels, mode):
        return EstimatorSpec(mode, logits_of(features))
""",
            ("`inputs` of an EstimatorCase must be a dict with `features`",),
            "case",
        ),
        (
            "features_method",
            """
class Case(_Model):
    def features(self, rng):  # BAD
        return rng.uniform(-1, 1, (3, 2))
    def model_fn(self, features, labels, mode):
        return EstimatorSpec(mode, logits_of(features))
""",
            ("Case.features is a method", "def inputs(self, rng)"),
            "case",
        ),
        (
            "whole_estimator",
            """
class Case(_Model):
    def model_fn(self, features, labels, mode):
        logits = logits_of(features)
        return tf.estimator.Estimator(lambda: logits)  # BAD
""",
            ("no attribute 'Estimator'", "the stand-in has no more than a model function needs"),
            "call",
        ),
    )
) + tuple(
    Hazard(f"model_fn_{name}", _IMPORT + body, outcome="passed", files={"model.py": _MODULE})
    for name, body in (
        (
            "changes_params",
            """
class Case(_Model):
    params = {"factor": 0.5, "nested": {"tags": []}}
    def model_fn(self, features, labels, mode, params):
        params["factor"] *= 2
        params["nested"]["tags"].append(mode)
        assert params["nested"]["tags"] == [mode]
        logits = logits_of(features) * params.pop("factor")
        loss = None if labels is None else tf.compat.v1.losses.mean_squared_error(labels, logits)
        return EstimatorSpec(mode, logits, loss)
""",
        ),
        (
            "by_keywords",
            """
import functools
def model_fn(features, labels, mode, params, config, factor):
    logits = logits_of(features) * factor
    return EstimatorSpec(mode, logits, None if labels is None else tf.reduce_mean(tf.square(logits - labels))[None])
class Case(_Model):
    params = {}
    model_fn = functools.partial(model_fn, factor=1.0)
""",
        ),
        (
            "own_spec",
            """
import collections
Spec = collections.namedtuple("Spec", "predictions loss train_op")
class Case(_Model):
    def model_fn(self, features, mode):
        return Spec(logits_of(features), None, None)
""",
        ),
    )
)
