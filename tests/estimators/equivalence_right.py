"""Right migrations of the model functions: every step passes."""

import numpy as np
import tensorflow as tf
from migrated import Images as ImagesLayer
from migrated import Tags as TagsLayer
from migrated import untrained

from tf_equivalence import ArraySpec, EstimatorCase


class Images(EstimatorCase):
    features = ArraySpec((8, 6, 6, 2))
    labels = ArraySpec((8,), "int32", high=3)
    params = {"decay": 0.01, "epsilon": 0.01, "rate": 0.1}

    def model_fn(self, features, labels, mode, params):
        from model_fns import images

        return images(features, labels, mode, params)

    def tf2(self):
        return ImagesLayer(self.params["decay"])

    def predictions(self, outputs, mode):
        return {"classes": tf.argmax(outputs, axis=1), "probabilities": tf.nn.softmax(outputs)}

    def loss(self, outputs, inputs):
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=inputs["labels"], logits=outputs)
        return tf.reduce_mean(losses) + self.regularization_loss()

    def tf2_optimizer(self):
        rate = tf.keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5, staircase=True)
        return tf.keras.optimizers.SGD(rate, momentum=0.9)


class Evaluated(Images):
    """The same in the mode `eval`."""

    inference_mode = "eval"


class Tags(EstimatorCase):
    features = {"user": {"tags": ArraySpec((6, 4), "int64", low=1, high=9)}, "context": ArraySpec((6, 2))}
    labels = ArraySpec((6,))

    @property
    def params(self):
        class HParams:
            vocabulary, size, rate, norm = 9, 3, 0.01, 0.5

        return HParams()

    def model_fn(self, features, labels, mode, params):
        import model_fns

        return model_fns.tags(features, labels, mode, params)

    def tf2(self):
        return TagsLayer(9, 3)

    def predictions(self, outputs, mode):
        return {"predictions": outputs}

    def loss(self, outputs, inputs):
        return tf.reduce_mean(tf.square(outputs - inputs["labels"]))

    def tf2_optimizer(self):
        return tf.keras.optimizers.Adam(0.01, epsilon=1e-4, global_clipnorm=0.5)


class Plain(EstimatorCase):
    features = ArraySpec((4, 3))
    labels = ArraySpec((4,), "int32")
    without_predictions = ("train", "eval")

    @staticmethod
    def model_fn(features, labels, mode):
        from model_fns import plain

        return plain(features, labels, mode)

    def tf2(self):
        return tf.keras.layers.Dense(2, name="logits")

    def loss(self, outputs, inputs):
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(inputs["labels"], 2), outputs))


class Untrained(EstimatorCase):
    """Has no loss on the TF2 side, and computes its labels from its features."""

    params = {"units": 3}

    def inputs(self, rng):
        x = rng.uniform(-1, 1, (5, 4)).astype(np.float32)
        return {"features": {"x": x}, "labels": (x.sum(axis=1) > 0).astype(np.int32)}

    def model_fn(self, **given):
        import model_fns

        del given["config"]
        return model_fns.untrained(**given)

    def tf2(self):
        return untrained(6)

    def predictions(self, outputs, mode):
        return {"logits": outputs} if mode == "train" else {"probabilities": tf.nn.softmax(outputs)}
