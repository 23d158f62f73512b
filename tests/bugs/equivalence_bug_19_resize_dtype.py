"""A resize to the size an image has: TF1 returns the bytes as they are, TF2 floats."""

import tensorflow as tf

from tf_equivalence import ArraySpec, EquivalenceCase

v1 = tf.compat.v1


class Bytes(tf.keras.layers.Layer):
    """Casts back to the image's dtype."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        image = tf.cast(tf.image.resize(inputs, [4, 4]), inputs.dtype)
        hidden = tf.cast(image, tf.float32) / 255.0
        return {"image": image, "features": v1.layers.conv2d(hidden, 2, 3, name="conv")}


class Floats(tf.keras.layers.Layer):
    """Takes what TF2 returns."""

    @v1.keras.utils.track_tf1_style_variables
    def call(self, inputs):
        image = tf.image.resize(inputs, [4, 4])  # BUG
        hidden = tf.cast(image, tf.float32) / 255.0
        return {"image": image, "features": v1.layers.conv2d(hidden, 2, 3, name="conv")}


class Right(EquivalenceCase):
    """The image stays an image of bytes."""

    inputs = ArraySpec((2, 4, 4, 3), dtype="uint8", high=256)

    def tf1(self, inputs, training):
        image = v1.image.resize_images(inputs, [4, 4])
        hidden = tf.cast(image, tf.float32) / 255.0
        return {"image": image, "features": v1.layers.conv2d(hidden, 2, 3, name="conv")}

    def tf2(self):
        return Bytes()


class Wrong(Right):
    """The image becomes one of floats."""

    def tf2(self):
        return Floats()
