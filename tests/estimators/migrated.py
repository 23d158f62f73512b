"""What took the place of the model functions: plain Keras."""

import tensorflow as tf

layers = tf.keras.layers


class Images(layers.Layer):
    def __init__(self, decay, epsilon=0.01):
        super().__init__(name="images")
        regularizer = tf.keras.regularizers.l2(decay)
        self.conv = layers.Conv2D(4, 3, use_bias=False, kernel_regularizer=regularizer, name="conv")
        self.bn = layers.BatchNormalization(epsilon=epsilon, name="bn")
        self.logits = layers.Dense(3, kernel_regularizer=regularizer, name="logits")

    def call(self, inputs, training=None):
        net = tf.nn.relu(self.bn(self.conv(inputs), training=training))
        return self.logits(tf.reduce_mean(net, axis=[1, 2]))


class Tags(layers.Layer):
    def __init__(self, vocabulary, size):
        super().__init__(name="tags")
        self.vocabulary, self.size = vocabulary, size
        self.logits = layers.Dense(1, name="logits")

    def build(self, shapes):
        self.table = self.add_weight(name="table", shape=[self.vocabulary, self.size])

    def call(self, features):
        net = tf.nn.embedding_lookup_sparse(self.table, tf.sparse.from_dense(features["user"]["tags"]), None, "mean")
        return self.logits(tf.concat([net, features["context"]], axis=1))[:, 0]


def untrained(units):
    x = tf.keras.Input([4], name="x")
    net = layers.Dense(units, activation="tanh", name="hidden")(x)
    return tf.keras.Model({"x": x}, layers.Dense(2, name="logits")(net))
