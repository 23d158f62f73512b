"""Does Inception-ResNet-v2 compute in TF2 what it computed in TF1?"""

from __future__ import annotations

import numpy as np

from tf_equivalence import ArraySpec, EquivalenceCase

NUM_CLASSES = 1000


class _InceptionResnetV2(EquivalenceCase):
    """Both sides; the cases below say with which input."""

    def tf1(self, inputs, training):
        import tf_slim as slim
        from inception_resnet_v2 import inception_resnet_v2, inception_resnet_v2_arg_scope

        with slim.arg_scope(inception_resnet_v2_arg_scope(batch_norm_scale=True)):
            return inception_resnet_v2(inputs, NUM_CLASSES, is_training=training)

    def tf2(self):
        from inception_resnet_v2_layer import InceptionResnetV2

        return InceptionResnetV2(NUM_CLASSES)


class OnesInput(_InceptionResnetV2):
    """One white image, as in TensorFlow's migration guide; it hides bugs that RandomInput shows."""

    inputs = np.ones((1, 299, 299, 3), np.float32)


class RandomInput(_InceptionResnetV2):
    """Two images of noise."""

    inputs = ArraySpec((2, 299, 299, 3))
