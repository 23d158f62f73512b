"""A `make_template` made in `call`: every call makes a template of its own, with new variables."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def make_head():
    return v1.make_template("head", v1.layers.dense, units=3, name="dense")


class TemplateOnce(tf.keras.layers.Layer):
    """Makes its template in `__init__`."""

    def __init__(self):
        super().__init__()
        self.head = make_head()

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return self.head(inputs)


class TemplateEachTime(tf.keras.layers.Layer):
    """Makes its template anew in each call."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        return make_head()(inputs)  # BUG


class Right(EquivalenceCase):
    """The template is made once."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        return make_head()(inputs)

    def tf2(self):
        return TemplateOnce()


class Wrong(Right):
    """The template is made in `call`."""

    def tf2(self):
        return TemplateEachTime()
