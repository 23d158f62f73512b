"""Does the migrated model not only compute, but learn what the TF1 model learned?"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from tf_equivalence import EquivalenceCase


class Sentiment(EquivalenceCase):
    """An embedding, batch norm, a weighted loss, and Adam with clipping and a schedule."""

    def inputs(self, rng):
        return {
            "tokens": rng.randint(0, 500, (6, 9)).astype(np.int32),
            "labels": np.array([0, 1, 1, 0, 1, 0], np.int32),
            "weights": np.array([1, 1, 0, 2, 1, 0], np.float32),
        }

    def tf1(self, inputs, training):
        from sentiment import sentiment

        return sentiment(inputs["tokens"], training)

    def tf2(self):
        from sentiment_model import Sentiment

        return Sentiment()

    def loss(self, outputs, inputs):
        """Each side's own: that they agree is checked, too."""
        if tf.executing_eagerly():
            from sentiment_model import weighted_loss
        else:
            from sentiment import weighted_loss

        return weighted_loss(outputs, inputs["labels"], inputs["weights"])

    def tf1_optimizer(self):
        from sentiment import optimizer

        return optimizer()

    def tf1_train_op(self, optimizer, loss, global_step):
        from sentiment import train_op

        return train_op(optimizer, loss, global_step)

    def tf2_optimizer(self):
        from sentiment_model import optimizer

        return optimizer()
