"""Blocks between layers: operations of `tf` and `tf.nn` with a wrong argument, or in a wrong place."""

from __future__ import annotations

from benchmarks.pinpoint.blocks import IMAGE, SEQUENCE, VECTOR, kind

_CLIP = "Minimum Maximum ClipByValue"
_REDUCED = "Mean Sum Max"

OPERATIONS = (
    kind("data order", IMAGE, "<<||hidden = tf.transpose(hidden, [0, 2, 1, 3])>>", "Transpose"),
    kind("data order", SEQUENCE, "hidden = tf.reshape(<<hidden||tf.transpose(hidden, [0, 2, 1])>>, tf.shape(hidden))",
         "Transpose"),
    kind("channels reversed", IMAGE, "<<||hidden = tf.reverse(hidden, [-1])>>", "ReverseV2"),
    kind("resize flags", IMAGE, "hidden = v1.image.resize_bilinear(hidden, [7, 7], align_corners=<<{a}||{b}>>)",
         "ResizeBilinear", setting="align_corners", values=(("True", "False"), ("False", "True"))),
    kind("resize half pixels", IMAGE, "hidden = <<v1.image.resize_bilinear(hidden, [9, 9])||"
         "tf.image.resize(hidden, [9, 9])>>", "ResizeBilinear", setting="half_pixel_centers",
         values=(("False", "True"),)),
    kind("resize method", IMAGE, "hidden = v1.image.resize_<<bilinear||nearest_neighbor>>(hidden, [9, 9])",
         "ResizeBilinear ResizeNearestNeighbor"),
    kind("concat order", IMAGE,
         'left = v1.layers.conv2d(hidden, 2, 3, padding="same", name="left{n}")\n'
         'right = v1.layers.conv2d(hidden, 2, 1, activation=tf.nn.relu, name="right{n}")\n'
         "hidden = tf.concat(<<[left, right]||[right, left]>>, axis=-1)", "ConcatV2"),
    kind("concat axis", IMAGE, "hidden = tf.reduce_max(tf.concat([hidden, hidden[:, ::-1]], <<{a}||{b}>>), <<{a}||{b}>>"
         ", keepdims=True) + hidden", "ConcatV2", setting="axis", values=((1, 2),)),
    kind("scaling", IMAGE, "hidden = hidden / <<{a}||{b}>>", "RealDiv", setting="", values=((2.0, 4.0), (0.5, 0.25))),
    kind("shift", IMAGE, "hidden = hidden * 2.0 <<- 1.0||>>", "Sub"),
    kind("wrong constant", VECTOR, "hidden = <<{a}||{b}>> * hidden", "Mul", setting="",
         values=((0.5, 0.25), (1.5, 1.05), (0.1, 0.17))),
    kind("wrong constant", IMAGE, "hidden = tf.tanh(hidden * <<{a}||{b}>> + 0.1)", "Mul", setting="",
         values=((0.9, 0.8), (2.0, 3.0))),
    kind("clip bounds", IMAGE, "hidden = tf.clip_by_value(hidden - 0.3, <<{a}||{b}>>, 0.5)", _CLIP, setting="",
         values=((-0.5, -0.05), (-0.1, -0.01))),
    kind("clip bounds", VECTOR, "hidden = tf.clip_by_value(hidden + 0.2, -0.1, <<{a}||{b}>>)", _CLIP, setting="",
         values=((0.2, 0.02), (0.05, 0.5))),
    kind("leaky slope", IMAGE, "hidden = tf.nn.leaky_relu(hidden - 0.3, alpha=<<{a}||{b}>>)", "LeakyRelu",
         setting="alpha", values=((0.2, 0.1), (0.3, 0.2), (0.01, 0.3))),
    kind("leaky slope", VECTOR, "hidden = tf.nn.leaky_relu(hidden - 0.3<<||, {b}>>)", "LeakyRelu", setting="alpha",
         values=((0.2, 0.1), (0.2, 0.3))),
    kind("mean or sum", IMAGE, "hidden = hidden + tf.reduce_<<mean||sum>>(hidden, [1, 2], keepdims=True)", _REDUCED),
    kind("mean or max", SEQUENCE, "hidden = hidden - tf.reduce_<<mean||max>>(hidden, 1, keepdims=True)", _REDUCED),
    kind("axis of reduction", IMAGE, "hidden = hidden * tf.reduce_mean(hidden, axis=<<{a}||{b}>>, keepdims=True)",
         "Mean", setting="axis", values=((1, 2), (3, 1), ("[1, 2]", "[1, 3]"))),
    kind("axis of reduction", SEQUENCE, "hidden = hidden - tf.reduce_max(hidden, <<{a}||{b}>>, True)", "Max",
         setting="axis", values=((1, 2), (-1, 1))),
    kind("axis, equal shapes", SEQUENCE, "hidden = hidden - tf.reduce_mean(hidden, axis=<<1||2>>)[:, None]", "Mean",
         setting="axis", values=((1, 2),), size=6),
    kind("one-hot values", VECTOR,
         "hidden = tf.one_hot(tf.argmax(hidden, 1), 6, on_value=<<{a}||{b}>>, off_value=0.05) + 0.1 * hidden",
         "OneHot", setting="on_value", values=((1.0, 0.9), (0.8, 1.0))),
    kind("one-hot values", VECTOR, "hidden = hidden * tf.one_hot(tf.argmax(hidden, 1), 6, 2.0, <<{a}||{b}>>)",
         "OneHot", setting="off_value", values=((0.5, 0.1), (0.0, 0.3))),
    kind("gather axis", IMAGE, "hidden = tf.gather(hidden, [2, 0, 3, 1], axis=<<{a}||{b}>>)", "GatherV2",
         setting="axis", values=((1, 2), (3, 1))),
    kind("gather indices", VECTOR, "hidden = tf.gather(hidden, <<[2, 0, 5, 1, 3, 4]||[2, 0, 5, 1, 4, 3]>>, axis=1)",
         "GatherV2", setting="", values=(("[2, 0, 5, 1, 3, 4]", "[2, 0, 5, 1, 4, 3]"),)),
    kind("matmul transposed", SEQUENCE, "scores = tf.matmul(hidden, hidden, transpose_a=True)\n"
         "hidden = tf.matmul(hidden, tf.nn.softmax(scores)<<||, transpose_b=True>>)", "BatchMatMulV2 MatMul",
         setting="transpose_b adj_y", values=(("False", "True"),)),
    kind("top-k", SEQUENCE, "hidden = hidden + tf.reduce_sum(tf.math.top_k(hidden, k=<<{a}||{b}>>).values, -1, True)",
         "TopKV2", setting="k", values=((3, 2), (2, 4))),
    kind("normalize axis", IMAGE, "hidden = tf.nn.l2_normalize(hidden, axis=<<{a}||{b}>>)", "Sum", setting="axis",
         values=((3, 1), (-1, 2))),
    kind("normalize epsilon", VECTOR, "hidden = tf.nn.l2_normalize(hidden, 1, epsilon=<<{a}||{b}>>)", "Maximum",
         setting="epsilon", values=((1e-12, 5.0),)),
    kind("cumsum flags", SEQUENCE, "hidden = 0.2 * tf.cumsum(hidden, axis=1, <<||exclusive=True>>)", "Cumsum",
         setting="exclusive", values=(("False", "True"),)),
    kind("operands swapped", IMAGE, 'shortcut = v1.layers.conv2d(hidden, 4, 1, name="shortcut{n}")\n'
         "hidden = <<hidden - shortcut||shortcut - hidden>>", "Sub"),
    kind("split order", IMAGE, "<<value, gate||gate, value>> = tf.split(hidden, 2, axis=-1)\n"
         "hidden = tf.concat([tf.tanh(value) * tf.sigmoid(gate), value], -1)  #~", "Split Mul Tanh Sigmoid ConcatV2"),
    kind("precision", VECTOR, "hidden = <<hidden||tf.cast(tf.cast(hidden, tf.float16), tf.float32)>> * 0.7", "Cast"),
    kind("condition", IMAGE, "hidden = tf.where(hidden > <<{a}||{b}>>, hidden, 0.1 * hidden)", "Greater", setting="",
         values=((0.0, 0.1), (0.0, -0.2))),
    kind("maximum or minimum", VECTOR, "hidden = tf.<<maximum||minimum>>(hidden, 0.3 * hidden[:, ::-1])",
         "Maximum Minimum"),
    kind("logarithm epsilon", IMAGE, "hidden = tf.math.log(tf.abs(hidden) + <<{a}||{b}>>)", "Add AddV2",
         setting="epsilon", values=((1e-2, 1e-1), (0.1, 0.2))),
    kind("exponent", VECTOR, "hidden = tf.pow(tf.abs(hidden) + 0.1, <<{a}||{b}>>)", "Pow", setting="",
         values=((2.0, 3.0), (0.5, 0.4))),
    kind("residual missing", IMAGE, 'deeper = v1.layers.conv2d(hidden, 4, 3, padding="same", name="deep{n}")\n'
         "hidden = <<hidden + ||>>deeper", "Add AddV2"),
    kind("residual scale", IMAGE,
         'deeper = v1.layers.conv2d(hidden, 4, 3, padding="same", activation=tf.tanh, name="deep{n}")\n'
         "hidden = hidden + <<{a}||{b}>> * deeper", "Mul", setting="", values=((0.17, 0.1), (0.2, 0.3))),
    kind("pad mode", IMAGE, 'hidden = tf.pad(hidden, [[0, 0], [1, 1], [1, 1], [0, 0]], "<<{a}||{b}>>")\n'
         'hidden = v1.layers.conv2d(hidden, 4, 3, name="conv{n}")', "MirrorPad Pad", setting="mode",
         values=(("REFLECT", "SYMMETRIC"),)),
    kind("pad amounts", IMAGE, "hidden = tf.pad(hidden, [[0, 0], [<<0, 1||1, 0>>], [1, 0], [0, 0]])\n"
         'hidden = v1.layers.conv2d(hidden, 4, 3, strides=2, name="conv{n}")', "Pad", setting="paddings", size=10,
         values=(("[[0, 0], [0, 1], [1, 0], [0, 0]]", "[[0, 0], [1, 0], [1, 0], [0, 0]]"),)),
    kind("slice", SEQUENCE, "hidden = hidden * hidden[:, <<{a}||{b}>>][:, None]", "StridedSlice", setting="",
         values=((0, -1), (1, 2))),
    kind("roll", SEQUENCE, "hidden = hidden + tf.roll(hidden, <<{a}||{b}>>, axis=1)", "Roll", setting="shift",
         values=((1, -1), (1, 2))),
    kind("local response", IMAGE, "hidden = tf.nn.lrn(hidden, depth_radius=<<{a}||{b}>>, alpha=0.5)", "LRN",
         setting="depth_radius", values=((1, 2), (2, 1))),
    kind("local response", IMAGE, "hidden = tf.nn.lrn(hidden, 2, <<bias=1.0||bias=2.0>>, beta=0.75)", "LRN",
         setting="bias", values=((1.0, 2.0),)),
)  # fmt: skip
