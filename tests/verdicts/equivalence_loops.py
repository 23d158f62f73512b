"""Loops, embeddings and dropout; each class's name is the seed of its inputs."""

import functools

import tensorflow as tf
from shims import Shimmed, ShimmedLoop

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class _Recurrent(EquivalenceCase):
    """An LSTM over all steps of its input, by `dynamic_rnn`."""

    units = 8
    inputs = ArraySpec((2, 200, 4))

    def cell(self):
        return v1.nn.rnn_cell.LSTMCell(self.units, name="cell")

    def net(self, inputs, training):
        outputs, state = v1.nn.dynamic_rnn(self.cell(), inputs, dtype=tf.float32)
        return {"outputs": outputs, "state": state}

    def tf1(self, inputs, training):
        return self.net(inputs, training)

    def tf2(self):
        return ShimmedLoop(self.net)


class Lstm200(_Recurrent):
    """200 steps."""


class Lstm200OtherSeed(_Recurrent):
    """200 steps."""


class Lstm200Wide(_Recurrent):
    units = 32
    inputs = ArraySpec((3, 200, 16))


class Gru50(_Recurrent):
    inputs = ArraySpec((2, 50, 4))

    def cell(self):
        return v1.nn.rnn_cell.GRUCell(self.units, name="cell")


class WhileLoop(_Recurrent):
    """A power iteration of fifty steps in `tf.while_loop`."""

    inputs = ArraySpec((4, 6))

    def net(self, inputs, training):
        kernel = v1.get_variable("kernel", [6, 6])

        def step(number, hidden):
            return number + 1, tf.nn.l2_normalize(tf.matmul(hidden, kernel) + 0.1 * hidden, -1)

        return tf.while_loop(lambda number, _: number < 50, step, [0, inputs])[1]

    def tf2(self):
        return Shimmed(self.net)


class _Embedding(_Recurrent):
    """Token ids to logits."""

    vocabulary = 100

    def net(self, inputs, training):
        table = v1.get_variable("table", [self.vocabulary, 8])
        mean = tf.reduce_mean(tf.nn.embedding_lookup(table, inputs), 1)
        return v1.layers.dense(mean, 4, name="logits")

    def tf2(self):
        return Shimmed(self.net)


class EmbeddingSmall(_Embedding):
    inputs = ArraySpec((3, 5), "int32", high=100)


class EmbeddingLarge(_Embedding):
    vocabulary = 2000
    inputs = ArraySpec((8, 50), "int64", high=2000)


class _Dropout(_Recurrent):
    """Two layers with dropout."""

    def net(self, inputs, training):
        hidden = v1.layers.dense(inputs, 32, activation=tf.nn.relu, name="hidden")
        hidden = v1.layers.dropout(hidden, 0.4, training=training)
        hidden = v1.layers.dense(hidden, 16, activation=tf.nn.relu, name="second")
        drop = functools.partial(v1.layers.dropout, rate=0.2, training=training)
        return v1.layers.dense(drop(hidden), 4, name="logits")

    def tf2(self):
        return Shimmed(self.net)


class DropoutSmall(_Dropout):
    inputs = ArraySpec((3, 6))


class DropoutLarge(_Dropout):
    inputs = ArraySpec((32, 64))


class DropoutLargeOtherSeed(_Dropout):
    inputs = ArraySpec((32, 64))
