"""Every net of `tf_slim.nets`, on the smallest images that it takes to its logits.

The shim runs the ResNets as they are. The Inception nets need an arg scope that leaves out the
collection of moving averages; with their own (the `...OwnArgScope` cases) eager execution cannot
search that collection. AlexNet, OverFeat and VGG collect their end points under the alias of a
name scope, which eager execution does not have. These have to end in an error that points here.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from tf_equivalence import ArraySpec, EquivalenceCase

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "slim_nets"))

NUM_CLASSES = 5


class _SlimNet(EquivalenceCase):
    """Both sides of the net `tf_slim.nets.<module>.<function>`."""

    module = ""
    function = ""
    arg_scope = ""

    def net(self):
        """Return the function that builds the net, and its arg scope."""
        module = importlib.import_module("tf_slim.nets." + self.module)
        return getattr(module, self.function), getattr(module, self.arg_scope)()

    def tf1(self, inputs, training):
        import tf_slim as slim

        net, arg_scope = self.net()
        with slim.arg_scope(arg_scope):
            return net(inputs, NUM_CLASSES, is_training=training)

    def tf2(self):
        from slim_layer import SlimNet

        return SlimNet(*self.net(), NUM_CLASSES)


class _Inception(_SlimNet):
    """An Inception net in an arg scope that runs eagerly."""

    def net(self):
        from inception_arg_scope import inception_arg_scope

        module = importlib.import_module("tf_slim.nets." + self.module)
        return getattr(module, self.function), inception_arg_scope()


class _Resnet(_SlimNet):
    """A ResNet, as it is."""

    inputs = ArraySpec((2, 64, 64, 3))
    arg_scope = "resnet_arg_scope"


class _Vgg(_SlimNet):
    """A VGG net, as it is."""

    inputs = ArraySpec((1, 224, 224, 3))
    module = "vgg"
    arg_scope = "vgg_arg_scope"


class InceptionV1(_Inception):
    """Passes."""

    inputs = ArraySpec((2, 193, 193, 3))
    module = "inception_v1"
    function = "inception_v1"


class InceptionV2(_Inception):
    """Passes."""

    inputs = ArraySpec((2, 64, 64, 3))
    module = "inception_v2"
    function = "inception_v2"


class InceptionV3(_Inception):
    """Passes."""

    constant = 1e-5  # with 0.001 everywhere, even TF1 overflows
    inputs = ArraySpec((2, 107, 107, 3))
    module = "inception_v3"
    function = "inception_v3"


class InceptionV1OwnArgScope(_SlimNet):
    """An error: its arg scope collects the moving averages."""

    inputs = ArraySpec((2, 193, 193, 3))
    module = "inception_v1"
    function = "inception_v1"
    arg_scope = "inception_v1_arg_scope"


class InceptionV2OwnArgScope(_SlimNet):
    """An error: its arg scope collects the moving averages."""

    inputs = ArraySpec((2, 64, 64, 3))
    module = "inception_v2"
    function = "inception_v2"
    arg_scope = "inception_v2_arg_scope"


class InceptionV3OwnArgScope(_SlimNet):
    """An error: its arg scope collects the moving averages."""

    inputs = ArraySpec((2, 107, 107, 3))
    module = "inception_v3"
    function = "inception_v3"
    arg_scope = "inception_v3_arg_scope"


class ResnetV1x50(_Resnet):
    """Passes."""

    module = "resnet_v1"
    function = "resnet_v1_50"


class ResnetV1x101(_Resnet):
    """Passes."""

    module = "resnet_v1"
    function = "resnet_v1_101"


class ResnetV1x152(_Resnet):
    """Passes."""

    module = "resnet_v1"
    function = "resnet_v1_152"


class ResnetV1x200(_Resnet):
    """Passes."""

    module = "resnet_v1"
    function = "resnet_v1_200"


class ResnetV2x50(_Resnet):
    """Passes."""

    module = "resnet_v2"
    function = "resnet_v2_50"


class ResnetV2x101(_Resnet):
    """Passes."""

    module = "resnet_v2"
    function = "resnet_v2_101"


class ResnetV2x152(_Resnet):
    """Passes."""

    module = "resnet_v2"
    function = "resnet_v2_152"


class ResnetV2x200(_Resnet):
    """Passes."""

    module = "resnet_v2"
    function = "resnet_v2_200"


class AlexnetV2(_SlimNet):
    """An error: its end points are collected under an alias."""

    inputs = ArraySpec((2, 195, 195, 3))
    module = "alexnet"
    function = "alexnet_v2"
    arg_scope = "alexnet_v2_arg_scope"


class Overfeat(_SlimNet):
    """An error: its end points are collected under an alias."""

    inputs = ArraySpec((1, 231, 231, 3))
    module = "overfeat"
    function = "overfeat"
    arg_scope = "overfeat_arg_scope"


class VggA(_Vgg):
    """An error: its end points are collected under an alias."""

    function = "vgg_a"


class Vgg16(_Vgg):
    """An error: its end points are collected under an alias."""

    function = "vgg_16"


class Vgg19(_Vgg):
    """An error: its end points are collected under an alias."""

    function = "vgg_19"
