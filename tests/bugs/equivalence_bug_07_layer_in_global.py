"""A Keras layer kept in a global: nothing tracks its variables, so no checkpoint and no optimizer sees them."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
LAYERS = {}


class OwnsHead(tf.keras.layers.Layer):
    """Keeps both sublayers as attributes."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.body = tf.keras.layers.Dense(4, name="body")
        self.head = tf.keras.layers.Dense(3, name="head")

    def call(self, inputs):
        return self.head(self.body(inputs))


class BorrowsHead(tf.keras.layers.Layer):
    """Keeps one sublayer in a global."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.body = tf.keras.layers.Dense(4, name="body")

    def call(self, inputs):
        hidden = self.body(inputs)
        if "head" not in LAYERS:
            LAYERS["head"] = tf.keras.layers.Dense(3, name="head")  # BUG
        return LAYERS["head"](hidden)


class Right(EquivalenceCase):
    """The layer owns all of its sublayers."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net"):
            return v1.layers.dense(v1.layers.dense(inputs, 4, name="body"), 3, name="head")

    def tf2(self):
        return OwnsHead(name="net")


class Wrong(Right):
    """One sublayer is tracked by nobody."""

    def tf2(self):
        return BorrowsHead(name="net")
