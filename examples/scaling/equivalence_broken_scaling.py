"""Fails on purpose: the migrated layer makes new variables in every call."""

from __future__ import annotations

from tf_equivalence import ArraySpec, EquivalenceCase


class BrokenScaling(EquivalenceCase):
    """The finding points at the two lines of `BrokenScalingLayer.call` that make them."""

    inputs = ArraySpec((4, 8))

    def tf1(self, inputs, training):
        from legacy_scaling import scaling

        return scaling(inputs)

    def tf2(self):
        from scaling import BrokenScalingLayer

        return BrokenScalingLayer(name="scaling")
