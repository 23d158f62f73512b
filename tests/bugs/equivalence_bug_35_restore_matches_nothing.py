"""An object-based restore of a name-based checkpoint: it matches nothing, and says nothing."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


def classifier(inputs):
    with v1.variable_scope("net"):
        hidden = v1.layers.dense(inputs, 6, tf.nn.relu, name="hidden")
        return v1.layers.dense(hidden, 3, name="logits")


class Classifier(tf.keras.layers.Layer):
    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs, training=None):
        return classifier(inputs)


def load_by_names(layer, prefix):
    reader = tf.train.load_checkpoint(prefix)
    for variable in layer.variables:
        variable.assign(reader.get_tensor(variable.name.split(":")[0]))


class Right(EquivalenceCase):
    """Loads by names."""

    inputs = ArraySpec((5, 4))

    def tf1(self, inputs, training):
        return classifier(inputs)

    def tf2(self):
        layer = Classifier()
        if self.checkpoint:
            layer(tf.zeros((5, 4)))
            load_by_names(layer, self.checkpoint)
        return layer


class Wrong(Right):
    """Restores objects."""

    def tf2(self):
        layer = Classifier()
        if self.checkpoint:
            tf.train.Checkpoint(model=layer).restore(self.checkpoint)  # BUG
        return layer
