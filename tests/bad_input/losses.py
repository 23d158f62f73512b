"""Losses that cannot be minimized, and some that can only just."""

from __future__ import annotations

from .workspace import Hazard

LOSSES = (
    Hazard(
        "loss_not_scalar",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return tf.square(outputs)
        """,
        ("loss() returned a tensor of shape", "tf.reduce_mean"),
        kind="loss",
    ),
    Hazard(
        "loss_of_integers",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return tf.cast(tf.reduce_sum(outputs), tf.int32)
        """,
        ("dtype int32", "floating"),
        kind="loss",
    ),
    Hazard(
        "loss_is_none",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                tf.reduce_mean(outputs)
        """,
        ("loss() returned nothing", "scalar"),
        kind="loss",
    ),
    Hazard(
        "loss_is_text",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return {"loss": tf.reduce_mean(outputs)}
        """,
        ("loss() returned a dict", "scalar"),
        kind="loss",
    ),
    Hazard(
        "loss_not_finite",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return tf.reduce_mean(tf.math.log(-tf.abs(outputs) - 1.0))
        """,
        ("the loss is nan on the TF1 side", "choose inputs"),
        kind="loss",
    ),
    Hazard(
        "loss_of_nothing",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return tf.reduce_mean(tf.ones_like(inputs))
        """,
        ("depends on no trainable variable", "outputs"),
        kind="loss",
    ),
    Hazard(
        "loss_raises",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):
                return tf.reduce_mean(outputs["logits"])  # BAD
        """,
        ("loss() raised",),
        kind="loss",
    ),
    Hazard(
        "loss_without_gradient",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):  # BAD
                return tf.cast(tf.reduce_sum(tf.argmax(outputs, 1)), tf.float32)
        """,
        ("depends on no trainable variable",),
        kind="loss",
    ),
    Hazard(
        "loss_of_numpy",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):
                return tf.reduce_mean(outputs.numpy())  # BAD
        """,
        ("loss() raised", "numpy"),
        kind="loss",
    ),
    Hazard(
        "loss_of_its_own",
        """
        class Case(_Tiny):
            def loss(self, outputs, inputs):
                return tf.reduce_sum(tf.abs(outputs))
        """,
        outcome="passed",
    ),
)
