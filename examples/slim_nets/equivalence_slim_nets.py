"""Do nets straight from `tf_slim.nets` compute in TF2 what they computed in TF1?

A further net takes six lines: what goes in, and which function builds it below which arg scope.
"""

from __future__ import annotations

from tf_equivalence import ArraySpec, EquivalenceCase

NUM_CLASSES = 10


class _SlimNet(EquivalenceCase):
    """Both sides of a slim net; a subclass defines `inputs` and `net`."""

    def net(self):
        """Return the function that builds the net, and its arg scope."""
        raise NotImplementedError

    def tf1(self, inputs, training):
        import tf_slim as slim

        net, arg_scope = self.net()
        with slim.arg_scope(arg_scope):
            return net(inputs, NUM_CLASSES, is_training=training)

    def tf2(self):
        from slim_layer import SlimNet

        return SlimNet(*self.net(), NUM_CLASSES)


class ResnetV1(_SlimNet):
    """ResNet-50 on small images."""

    inputs = ArraySpec((2, 64, 64, 3))

    def net(self):
        from tf_slim.nets import resnet_v1

        return resnet_v1.resnet_v1_50, resnet_v1.resnet_arg_scope()


class InceptionV3(_SlimNet):
    """Inception v3 on the smallest images that reach its auxiliary head."""

    inputs = ArraySpec((2, 107, 107, 3))
    constant = 1e-5  # with 0.001 everywhere, even TF1 overflows: batch norm divides by the variance

    def net(self):
        from inception_arg_scope import inception_arg_scope
        from tf_slim.nets import inception_v3

        return inception_v3.inception_v3, inception_arg_scope()
