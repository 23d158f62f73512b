"""TF1 nets migrated to plain Keras models: Sequential, functional, subclassed, and layers kept by the shim."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1
L2 = 0.01


def net(inputs, training):
    hidden = v1.layers.conv2d(
        inputs,
        4,
        3,
        activation=tf.nn.relu,
        kernel_regularizer=tf.keras.regularizers.l2(L2),
        bias_regularizer=tf.keras.regularizers.l2(L2),
        name="conv",
    )
    hidden = v1.layers.batch_normalization(hidden, training=training, name="bn")
    return v1.layers.dense(v1.layers.flatten(hidden), 3, name="logits")


def conv():
    l2 = tf.keras.regularizers.l2(L2)
    return tf.keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=l2, bias_regularizer=l2, name="conv")


def norm():
    return tf.keras.layers.BatchNormalization(name="bn")


def logits():
    return tf.keras.layers.Dense(3, name="logits")


class Sequential(EquivalenceCase):
    """A model that has no variables before its first call."""

    inputs = ArraySpec((4, 6, 6, 3))

    def tf1(self, inputs, training):
        return net(inputs, training)

    def tf2(self):
        return tf.keras.Sequential([conv(), norm(), tf.keras.layers.Flatten(), logits()])


class Functional(Sequential):
    """A model that counts its batches in variables that it does not track."""

    def tf2(self):
        inputs = tf.keras.Input((6, 6, 3))
        hidden = tf.keras.layers.Flatten()(norm()(conv()(inputs)))
        return tf.keras.Model(inputs, logits()(hidden))


class Subclassed(Sequential):
    """A model of its own class, whose name its variables carry."""

    variable_names = {
        f"{layer}/{name}": f"net/{layer}/{name}"
        for layer, names in (
            ("conv", ("kernel", "bias")),
            ("bn", ("gamma", "beta", "moving_mean", "moving_variance")),
            ("logits", ("kernel", "bias")),
        )
        for name in names
    }

    def tf2(self):
        class Net(tf.keras.Model):
            def __init__(self):
                super().__init__()
                self.conv, self.norm, self.flatten = conv(), norm(), tf.keras.layers.Flatten()
                self.logits = logits()

            def call(self, inputs, training=None):
                return self.logits(self.flatten(self.norm(self.conv(inputs), training=training)))

        return Net()


class Kept(Subclassed):
    """Layers that the shim keeps; it makes one loss of each, of however many regularizers."""

    def tf2(self):
        class Net(tf.keras.layers.Layer):
            @v1.keras.utils.track_tf1_style_variables
            def call(self, inputs, training=None):
                keep = v1.keras.utils.get_or_create_layer
                hidden = keep("bn", norm)(keep("conv", conv)(inputs), training=training)
                return keep("logits", logits)(tf.reshape(hidden, [-1, 64]))

        return Net()
