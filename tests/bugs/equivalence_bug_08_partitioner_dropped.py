"""A partitioned TF1 variable that became a whole one: its slices in old checkpoints have no counterpart."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Sliced(tf.keras.layers.Layer):
    """Keeps one variable for each slice, under the slice's name."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net/kernel"):
            slices = [v1.get_variable("part_{}".format(i), [2, 3], initializer=v1.ones_initializer()) for i in range(2)]
        return tf.matmul(inputs, tf.concat(slices, 0))


class Whole(tf.keras.layers.Layer):
    """Drops the partitioner and does not merge the slices."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        with v1.variable_scope("net"):
            return tf.matmul(inputs, v1.get_variable("kernel", [4, 3], initializer=v1.ones_initializer()))  # BUG


class Right(EquivalenceCase):
    """Every slice has its variable."""

    inputs = ArraySpec((3, 4))

    def tf1(self, inputs, training):
        with v1.variable_scope("net", partitioner=v1.fixed_size_partitioner(2)):
            return tf.matmul(inputs, v1.get_variable("kernel", [4, 3], initializer=v1.ones_initializer()))

    def tf2(self):
        return Sliced()


class Wrong(Right):
    """The slices have none."""

    def tf2(self):
        return Whole()
