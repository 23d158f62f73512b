"""The same layer as in equivalence_broken_scaling.py, repaired."""

from __future__ import annotations

from tf_equivalence import ArraySpec, EquivalenceCase


class FixedScaling(EquivalenceCase):
    """Keras prefixes a variable's name with its layer's, so the layer is called as TF1's variable scope."""

    inputs = ArraySpec((4, 8))

    def tf1(self, inputs, training):
        from legacy_scaling import scaling

        return scaling(inputs)

    def tf2(self):
        from scaling import FixedScalingLayer

        return FixedScalingLayer(name="scaling")
