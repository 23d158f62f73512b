"""Graphs that are no chains: custom gradients, control dependencies, one tensor for many, several outputs."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import function, kind
from benchmarks.pinpoint.model import TRAINING, Case

FAMILY = "graphs"

_ROW, _IMAGE = "ArraySpec((5, 6))", "ArraySpec((3, 8, 8, 3))"

KINDS = (
    kind("custom gradient", _ROW, """
@tf.custom_gradient
def swish(value):
    gate = tf.sigmoid(<<{a}||{b}>> * value)
    return value * gate, lambda upstream: upstream * gate

return swish(v1.layers.dense(inputs, 6, name="dense"))
""", "Mul", setting="", values=((1.5, 1.25), (2.0, 0.5))),
    kind("custom gradient", _ROW, """
@tf.custom_gradient
def clipped(value):
    result = tf.clip_by_value(value, -0.4, <<{a}||{b}>>)
    return result, lambda upstream: upstream

hidden = clipped(v1.layers.dense(inputs, 6, name="one"))
return v1.layers.dense(hidden, 3, name="two")
""", "Minimum Maximum ClipByValue", setting="", values=((0.4, 0.2), (0.1, 0.3))),
    kind("custom gradient", _ROW, """
@tf.custom_gradient
def norm(value):
    return tf.nn.l2_normalize(value, <<{a}||{b}>>), lambda upstream: upstream

return norm(v1.layers.dense(inputs, 6, name="dense"))
""", "Sum", setting="axis", values=((1, 0), (0, 1))),
    kind("stopped gradient", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
frozen = tf.stop_gradient(tf.nn.<<softplus||elu>>(hidden))
return frozen + hidden
""", "Softplus Elu"),
    kind("control dependency", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
check = v1.assert_equal(tf.shape(hidden)[1], 6)
with tf.control_dependencies([] if check is None else [check]):
    hidden = tf.identity(hidden) * <<{a}||{b}>>
return tf.tanh(hidden)
""", "Mul", setting="", values=((0.5, 0.25), (2.0, 3.0))),
    kind("control dependency", _IMAGE, """
hidden = v1.layers.conv2d(inputs, 4, 3, name="one")
with tf.control_dependencies([hidden]):
    other = v1.layers.conv2d(inputs, 4, 3, padding="<<valid||same>>", name="two")
return tf.reduce_mean(hidden, [1, 2]) * tf.reduce_mean(other, [1, 2])
""", "Conv2D", setting="padding", values=(("VALID", "SAME"),)),
    kind("one of many users", _ROW, """
hidden = v1.layers.dense(inputs, 6, activation=tf.tanh, name="dense")
first = tf.nn.relu(hidden)
second = tf.exp(hidden)
third = tf.square(<<hidden||first>>)
fourth = tf.sigmoid(hidden)
return tf.concat([first, second, third, fourth], 1)
""", "Square"),
    kind("one of many users", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
heads = []
for number in range(5):
    heads.append(v1.layers.dense(hidden, 3, name="head%d" % number) * <<0.5||(0.5 if number != {a} else 0.25)>>)
return tf.add_n(heads)
""", "Mul", values=((0, 0), (2, 2), (4, 4))),
    kind("one of many users", _IMAGE, """
stem = v1.layers.conv2d(inputs, 4, 3, padding="same", activation=tf.nn.relu, name="stem")
one = v1.layers.conv2d(stem, 2, 1, name="one")
two = v1.layers.conv2d(stem, 2, 3, padding="same", name="two")
three = v1.layers.conv2d(tf.nn.<<max||avg>>_pool2d(stem, 3, 1, "SAME"), 2, 1, name="three")
return tf.reduce_mean(tf.concat([one, two, three], -1), [1, 2])
""", "MaxPool AvgPool"),
    kind("dense connections", _IMAGE, """
seen = [inputs]
for number in range(4):
    value = tf.concat(seen<<||[:-1] if number == {a} else seen>>, -1)
    seen.append(v1.layers.conv2d(value[..., :3], 2, 1, activation=tf.tanh, name="conv%d" % number))
return tf.reduce_mean(tf.concat(seen, -1), [1, 2])
""".replace("seen<<||[:-1] if number == {a} else seen>>", "<<seen||seen[::-1] if number == {a} else seen>>"),
         "ConcatV2", values=((2, 2), (3, 3))),
    kind("second output", _ROW, """
hidden = v1.layers.dense(inputs, 6, activation=tf.nn.relu, name="dense")
logits = v1.layers.dense(hidden, 3, name="logits")
return {"features": hidden, "logits": logits, "probabilities": tf.nn.<<softmax(logits)||softmax(2.0 * logits)>>}
""", "Mul Softmax"),
    kind("second output", _ROW, """
hidden = v1.layers.dense(inputs, 6, activation=tf.tanh, name="dense")
left = v1.layers.dense(hidden, 3, name="left")
right = v1.layers.dense(hidden, 3, name="right")
return left, tf.nn.leaky_relu(right, <<{a}||{b}>>)
""", "LeakyRelu", setting="alpha", values=((0.2, 0.1), (0.1, 0.3))),
    kind("outputs swapped", _ROW, """
hidden = v1.layers.dense(inputs, 6, activation=tf.tanh, name="dense")
left = v1.layers.dense(hidden, 3, name="left")
right = v1.layers.dense(hidden, 3, name="right")
return <<left, right||right, left>>
""", "BiasAdd", variables="left/kernel right/kernel left/bias right/bias"),
    kind("diamond", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
left, right = tf.tanh(hidden), tf.sigmoid(hidden)
both = left * right
return both - <<left||right>> * 0.5
""", "Mul Sub"),
    kind("cancelled twice", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
hidden = tf.reverse(hidden, [1])
hidden = tf.tanh(hidden)
<<hidden = tf.reverse(hidden, [1])||>>
return v1.layers.dense(hidden, 3, name="head")
""", "ReverseV2"),
    kind("batch statistics by hand", _IMAGE, """
hidden = v1.layers.conv2d(inputs, 4, 3, use_bias=False, name="conv")
if <<training||False>>:
    mean, variance = tf.nn.moments(hidden, [0, 1, 2])
else:
    mean, variance = 0.1, 0.5  #~
return tf.tanh((hidden - mean) / tf.sqrt(variance + 0.001))  #~
""", "Mean SquaredDifference Sub Square", step=TRAINING),
    kind("additive noise", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
if training:
    hidden = hidden + tf.random.normal(tf.shape(hidden), stddev=<<{a}||{b}>>)
return tf.tanh(hidden)
""", "Mul RandomStandardNormal", setting="", values=((0.5, 0.25), (0.1, 1.0)), step=TRAINING),
    kind("complex numbers", _ROW, """
hidden = v1.layers.dense(inputs, 8, name="dense")
spectrum = tf.signal.rfft(hidden)
return tf.<<abs(spectrum)||math.real(spectrum)>>
""", "ComplexAbs Real"),
    kind("einsum", "ArraySpec((2, 4, 6))", """
query = v1.layers.dense(inputs, 6, name="query")
key = v1.layers.dense(inputs, 6, name="key")
scores = tf.nn.softmax(tf.einsum("<<btd,bsd->bts||btd,bsd->bst>>", query, key))
return tf.matmul(scores, inputs)
""", "Einsum BatchMatMulV2 Transpose"),
    kind("attention scale", "ArraySpec((2, 4, 6))", """
query = v1.layers.dense(inputs, 6, name="query")
key = v1.layers.dense(inputs, 6, name="key")
scores = tf.matmul(query, key, transpose_b=True)
scores = tf.nn.softmax(scores<< / 6.0 ** 0.5||>>)
return tf.matmul(scores, inputs)
""", "RealDiv"),
    kind("attention mask", "ArraySpec((2, 4, 6))", """
scores = tf.matmul(v1.layers.dense(inputs, 6, name="query"), inputs, transpose_b=True)
mask = tf.linalg.band_part(tf.ones([4, 4]), <<-1, 0||0, -1>>)
scores = tf.nn.softmax(scores - 1e9 * (1.0 - mask))  #~
return tf.matmul(scores, inputs)  #~
""", "MatrixBandPart Mul Sub"),
)  # fmt: skip


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, and another where values vary."""
    made = []
    for at, bug in enumerate(KINDS):
        for again in range(1 + (len(bug.values) > 1)):
            made.append(function(FAMILY, bug, Random(f"{seed}/{FAMILY}/{at}/{again}")))
    return made
