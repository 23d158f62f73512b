"""Does a `tf.layers` model compute in TF2 what it computed in TF1?"""

from __future__ import annotations

from tf_equivalence import ArraySpec, EquivalenceCase


class Digits(EquivalenceCase):
    """Convolutions, batch norm, dropout, dense layers and L2, run by the same function on both sides."""

    inputs = ArraySpec((8, 28, 28, 1), low=0, high=1)

    def tf1(self, inputs, training):
        from digits import digits_cnn

        return digits_cnn(inputs, training)

    def tf2(self):
        from digits_layer import Digits

        return Digits()
