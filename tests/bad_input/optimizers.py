"""Optimizers that take no step, and training steps that are none."""

from __future__ import annotations

from .workspace import Hazard

OPTIMIZERS = (
    Hazard(
        "optimizer_is_none",
        """
        class Case(_Tiny):
            def tf1_optimizer(self):  # BAD
                tf.compat.v1.train.AdamOptimizer(0.1)
        """,
        ("tf1_optimizer() returned nothing", "tf.compat.v1.train.AdamOptimizer"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_is_class",
        """
        class Case(_Tiny):
            def tf1_optimizer(self):
                return tf.compat.v1.train.GradientDescentOptimizer(0.1)

            def tf2_optimizer(self):  # BAD
                return tf.keras.optimizers.SGD
        """,
        ("tf2_optimizer() returned the class SGD", "with its learning rate"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_is_name",
        """
        class Case(_Tiny):
            def tf1_optimizer(self):  # BAD
                return "Adam"
        """,
        ("tf1_optimizer() returned a str", "optimizer object"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_owns_no_step",
        """
        class Halves:
            rate = 0.5

        class Case(_Tiny):
            def tf1_optimizer(self):  # BAD
                return Halves()
        """,
        ("returned a Halves without `minimize`, which takes no step", "tf1_train_op()"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_of_keras_in_tf1",
        """
        class Case(_Tiny):
            def tf1_optimizer(self):  # BAD
                return tf.compat.v1.keras.optimizers.SGD(0.1)
        """,
        ("Keras optimizer SGD", "tf1_train_op()"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_of_tf2_alone",
        """
        class Case(_Tiny):
            def tf2_optimizer(self):  # BAD
                return tf.keras.optimizers.SGD(0.1)
        """,
        ("tf2_optimizer() and no tf1_optimizer()", "def tf1_optimizer(self)"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_kept",
        """
        KEPT = []

        class Case(_Tiny):
            def tf1_optimizer(self):
                return tf.compat.v1.train.GradientDescentOptimizer(0.1)

            def tf2_optimizer(self):  # BAD
                KEPT[:] = KEPT or [tf.keras.optimizers.SGD(0.1)]
                return KEPT[0]
        """,
        ("tf2_optimizer() returns the same object each time", "make a new optimizer"),
        kind="optimizer",
    ),
    Hazard(
        "optimizer_without_counterpart",
        """
        class Case(_Tiny):
            def tf1_optimizer(self):  # BAD
                return tf.compat.v1.train.AdagradDAOptimizer(0.1, tf.compat.v1.train.get_or_create_global_step())
        """,
        ("no default counterpart of AdagradDAOptimizer", "tf2_optimizer()"),
        kind="optimizer",
    ),
    Hazard(
        "train_op_is_none",
        """
        class Case(_Tiny):
            def tf1_train_op(self, optimizer, loss, global_step):  # BAD
                optimizer.minimize(loss)
        """,
        ("tf1_train_op() returned no operation", "return the train operation"),
        kind="optimizer",
    ),
    Hazard(
        "train_op_is_number",
        """
        class Case(_Tiny):
            def tf1_train_op(self, optimizer, loss, global_step):  # BAD
                return 3
        """,
        ("returned a int as operation 0", "no operation of this graph"),
        kind="optimizer",
    ),
    Hazard(
        "train_step_without_loss",
        """
        class Case(_Tiny):
            def tf2_train_step(self, optimizer, loss, variables):  # BAD
                pass
        """,
        ("tf2_train_step() never calls loss()", "tf.GradientTape"),
        kind="optimizer",
    ),
    Hazard(
        "train_step_raises",
        """
        class Case(_Tiny):
            def tf2_train_step(self, optimizer, loss, variables):
                optimizer.step(loss)  # BAD
        """,
        ("tf2_train_step() raised",),
        kind="optimizer",
    ),
    Hazard(
        "train_step_of_too_few_arguments",
        """
        class Case(_Tiny):
            def tf2_train_step(self, optimizer):  # BAD
                pass
        """,
        ("tf2_train_step", "optimizer, loss, variables"),
    ),
    Hazard(
        "optimizer_of_the_users_own",
        """
        class Halving(tf.compat.v1.train.GradientDescentOptimizer):
            def __init__(self):
                super().__init__(0.5)

        class Case(_Tiny):
            def tf1_optimizer(self):
                return Halving()

            def tf2_optimizer(self):
                return tf.keras.optimizers.SGD(0.5)
        """,
        outcome="passed",
    ),
)
