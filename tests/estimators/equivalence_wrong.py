"""Migrations of the model functions with one bug each; what is right is that of `equivalence_right`."""

import equivalence_right as right
import tensorflow as tf
from migrated import Images as ImagesLayer


class Epsilon(right.Images):
    """Batch norm with Keras' own epsilon."""

    def tf2(self):
        return ImagesLayer(self.params["decay"], epsilon=0.001)  # BUG


class UpdatesForgotten(right.Images):
    """TF1's train operation leaves the moving averages alone."""

    def model_fn(self, features, labels, mode, params):
        from model_fns import images_forgotten

        return images_forgotten(features, labels, mode, params)


class Rate(right.Images):
    """Another learning rate."""

    def tf2_optimizer(self):
        rate = tf.keras.optimizers.schedules.ExponentialDecay(0.2, 10, 0.5, staircase=True)
        return tf.keras.optimizers.SGD(rate, momentum=0.9)  # BUG


class Decay(right.Images):
    """A learning rate that never decays."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.1, momentum=0.9)  # BUG


class NotRegularized(right.Images):
    """A loss without the regularization."""

    def loss(self, outputs, inputs):  # BUG
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=inputs["labels"], logits=outputs)
        return tf.reduce_mean(losses)


class AdamEpsilon(right.Tags):
    """Adam with Keras' own epsilon."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.01, global_clipnorm=0.5)  # BUG


class NotClipped(right.Tags):
    """No clipping."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.01, epsilon=1e-4)  # BUG


class LossScale(right.Plain):
    """A sum in the place of a mean."""

    def loss(self, outputs, inputs):  # BUG
        return 4 * super().loss(outputs, inputs)


class OtherRate(right.Plain):
    """Another rate of gradient descent."""

    def tf2_optimizer(self):
        return tf.keras.optimizers.SGD(0.01)  # BUG
