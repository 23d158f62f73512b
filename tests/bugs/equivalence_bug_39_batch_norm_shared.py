"""A batch normalization that two towers share: TF1 leaves the order of its two updates open."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def tower(inputs, training, name, reuse=None):
    with v1.variable_scope("net", reuse=reuse):
        return v1.layers.batch_normalization(inputs, training=training, momentum=0.7, name=name)


def shared(inputs, training):
    one = tower(inputs["left"], training, "bn")
    return {"left": one, "right": tower(inputs["right"], training, "bn", reuse=True)}


def apart(inputs, training):
    return {"left": tower(inputs["left"], training, "bn"), "right": tower(inputs["right"], training, "bn_right")}


class Towers(tf.keras.layers.Layer):
    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return self.function(inputs, bool(training))


class Right(EquivalenceCase):
    """A layer for each tower."""

    function = staticmethod(apart)
    inputs = {"left": ArraySpec((6, 3)), "right": ArraySpec((6, 3), low=1, high=4)}

    def tf1(self, inputs, training):
        return self.function(inputs, training)

    def tf2(self):
        return Towers(self.function)


class Wrong(Right):
    """One layer for both."""

    function = staticmethod(shared)
