"""Raw `variable_scope`, `get_variable` and `tf.nn`: nested scopes, and weights that are used twice."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import function, kind
from benchmarks.pinpoint.model import INVENTORY, Case

FAMILY = "scopes"

_IMAGE, _ROW, _SQUARE = "ArraySpec((3, 8, 8, 3))", "ArraySpec((5, 6))", "ArraySpec((4, 6, 6))"
_ZEROS = "initializer=v1.zeros_initializer()"
_DENSE = f"""
def dense(value, width, name, activation=tf.identity):
    with v1.variable_scope(name, reuse=v1.AUTO_REUSE):
        kernel = v1.get_variable("kernel", [value.shape[-1], width])
        bias = v1.get_variable("bias", [width], {_ZEROS})
    return activation(tf.nn.bias_add(tf.matmul(value, kernel), bias))
"""
_CONV = f"""
with v1.variable_scope("net"):
    with v1.variable_scope("first"):
        kernel = v1.get_variable("kernel", [3, 3, 3, 4])
        bias = v1.get_variable("bias", [4], {_ZEROS})
        hidden = tf.nn.relu(tf.nn.conv2d(inputs, kernel, 1, "SAME") + bias)
    with v1.variable_scope("second"):
        kernel = v1.get_variable("kernel", [3, 3, 4, 4])
        bias = v1.get_variable("bias", [4], {_ZEROS})
"""
_TAIL = "\nreturn tf.reduce_mean(hidden, [1, 2])"

KINDS = (
    kind("strides", _IMAGE, _CONV + "        hidden = tf.nn.conv2d(hidden, kernel, <<{a}||{b}>>, \"SAME\") + bias"
         + _TAIL, "Conv2D", setting="strides", values=((1, 2), (2, 1))),
    kind("padding", _IMAGE, _CONV + '        hidden = tf.nn.conv2d(hidden, kernel, 2, "<<{a}||{b}>>") + bias' + _TAIL,
         "Conv2D", setting="padding", values=(("SAME", "VALID"), ("VALID", "SAME"))),
    kind("dilation", _IMAGE, _CONV + '        hidden = tf.nn.conv2d(\n            hidden,\n            kernel,\n'
         '            strides=1,\n            padding="SAME",\n            dilations=<<{a}||{b}>>,\n        ) + bias'
         + _TAIL, "Conv2D SpaceToBatchND BatchToSpaceND", setting="dilation_rate dilations",
         values=((2, 1), (1, 2))),
    kind("bias unused", _IMAGE, _CONV + '        hidden = tf.nn.conv2d(hidden, kernel, 1, "SAME")<< + bias||>>' + _TAIL,
         "Add AddV2", variables="net/second/bias"),
    kind("bias subtracted", _IMAGE, _CONV + '        hidden = tf.nn.conv2d(hidden, kernel, 1, "SAME") <<+||->> bias'
         + _TAIL, "Add AddV2 Sub"),
    kind("depthwise strides", _IMAGE, """
with v1.variable_scope("net"):
    kernel = v1.get_variable("kernel", [3, 3, 3, 2])
    hidden = tf.nn.depthwise_conv2d(inputs, kernel, <<[1, 1, 1, 1]||[1, 2, 2, 1]>>, "SAME")
""" + _TAIL, "DepthwiseConv2dNative", setting="strides", values=((1, 2),)),
    kind("variance epsilon", _IMAGE, """
with v1.variable_scope("net/norm"):
    gamma = v1.get_variable("gamma", [3], initializer=v1.ones_initializer())
    beta = v1.get_variable("beta", [3], initializer=v1.zeros_initializer())
mean, variance = tf.nn.moments(inputs, [0, 1, 2])
hidden = tf.nn.batch_normalization(inputs, mean, variance, beta, gamma, <<{a}||{b}>>)
return tf.nn.elu(hidden)
""", "Add AddV2 Rsqrt", setting="epsilon variance_epsilon", values=((1e-3, 1e-2), (1e-5, 1e-3))),
    kind("offset and scale swapped", _IMAGE, """
with v1.variable_scope("net/norm"):
    gamma = v1.get_variable("gamma", [3], initializer=v1.ones_initializer())
    beta = v1.get_variable("beta", [3], initializer=v1.zeros_initializer())
mean, variance = tf.nn.moments(inputs, [0, 1, 2])
return tf.nn.batch_normalization(inputs, mean, variance, <<beta, gamma||gamma, beta>>, 1e-3)
""", "Mul", variables="net/norm/gamma net/norm/beta"),
    kind("moments axes", _IMAGE, """
with v1.variable_scope("net/norm"):
    gamma = v1.get_variable("gamma", [3], initializer=v1.ones_initializer())
mean, variance = tf.nn.moments(inputs, <<[1, 2]||[2]>>, keepdims=True)
return tf.nn.batch_normalization(inputs, mean, variance, None, gamma, 1e-3)
""", "Mean", setting="axis axes", values=(("[1, 2]", "[2]"),)),
    kind("matmul transposed", _SQUARE, """
with v1.variable_scope("net"):
    kernel = v1.get_variable("kernel", [6, 6])
hidden = tf.tanh(tf.matmul(inputs, kernel<<||, transpose_b=True>>))
return hidden
""", "MatMul BatchMatMulV2", setting="transpose_b adj_y", values=(("False", "True"),)),
    kind("matmul transposed", _ROW, _DENSE + """
with v1.variable_scope("tied"):
    kernel = v1.get_variable("kernel", [6, 6])
code = tf.sigmoid(tf.matmul(dense(inputs, 6, "in", tf.tanh), kernel))
return dense(tf.matmul(code, kernel, transpose_b=<<{a}||{b}>>), 3, "out")
""", "MatMul", setting="transpose_b", values=(("True", "False"), ("False", "True"))),
    kind("wrong variable", _ROW, """
with v1.variable_scope("net"):
    first = v1.get_variable("first", [6, 6])
    second = v1.get_variable("second", [6, 6])
hidden = tf.nn.relu(tf.matmul(inputs, first))
return tf.matmul(hidden, <<second||first>>)
""", "MatMul", variables="net/first net/second"),
    kind("swapped variables", _ROW, """
with v1.variable_scope("net"):
    first = v1.get_variable("<<first||second>>", [6, 6])
    second = v1.get_variable("<<second||first>>", [6, 6])
hidden = tf.nn.relu(tf.matmul(inputs, first))  #~
return tf.matmul(hidden, second)
""", "MatMul", variables="net/first net/second"),
    kind("reuse, second activation", _ROW, _DENSE + """
hidden = dense(inputs, 6, "shared", tf.tanh)
return dense(hidden, 6, "shared", <<tf.tanh||tf.sigmoid>>)
""", "Tanh Sigmoid"),
    kind("reuse, second activation", _ROW, """
def tower(value, reuse, slope):
    with v1.variable_scope("tower", reuse=reuse):
        kernel = v1.get_variable("kernel", [6, 6])
        return tf.nn.leaky_relu(tf.matmul(value, kernel), slope)

left = tower(inputs, False, 0.2)
right = tower(tf.reverse(inputs, [1]), True, <<{a}||{b}>>)
return left + right
""", "LeakyRelu", setting="alpha", values=((0.2, 0.3), (0.1, 0.2))),
    kind("reuse, second input", _ROW, _DENSE + """
one, other = tf.tanh(inputs), inputs[:, ::-1]
left = dense(one, 6, "shared")
right = dense(<<other||one>>, 6, "shared")
return left * right
""", "MatMul StridedSlice Mul"),
    kind("reuse, second scale", _ROW, """
with v1.variable_scope("net") as scope:
    kernel = v1.get_variable("kernel", [6, 6])
hidden = tf.nn.softplus(tf.matmul(inputs, kernel) * 0.5)
with v1.variable_scope(scope, reuse=True):
    kernel = v1.get_variable("kernel", [6, 6])
return tf.nn.softplus(tf.matmul(hidden, kernel) * <<{a}||{b}>>)
""", "Mul", setting="", values=((0.5, 0.25), (0.5, 0.7))),
    kind("reuse, recurrent", _ROW, _DENSE + """
state = tf.zeros_like(inputs)
for step in range(3):
    state = dense(tf.concat([inputs, state], 1), 6, "cell", <<tf.tanh||tf.tanh if step < 2 else tf.sigmoid>>)
return state
""", "Tanh Sigmoid"),
    kind("reuse lost", _ROW, _DENSE + """
left = dense(inputs, 6, "shared")
right = dense(tf.tanh(inputs), 6, <<"shared"||"shared_1">>)
return left + right
""", "", variables="shared_1/kernel shared_1/bias", step=INVENTORY),
    kind("scope misnamed", _ROW, _DENSE + """
with v1.variable_scope("a"):
    with v1.variable_scope("b"):
        with v1.variable_scope("<<c||d>>"):
            hidden = dense(inputs, 6, "inner", tf.nn.relu)
    return dense(hidden, 3, "outer")
""", "", variables="a/b/c/inner/kernel a/b/c/inner/bias a/b/d/inner/kernel a/b/d/inner/bias", step=INVENTORY),
    kind("scope lost", _ROW, _DENSE + """
with v1.variable_scope("a"):
    hidden = dense(inputs, 6, "inner", tf.nn.relu)
return dense(hidden, 3, <<"b/outer"||"outer">>)
""", "", variables="b/outer/kernel b/outer/bias outer/kernel outer/bias", step=INVENTORY),
    kind("five scopes deep", _ROW, _DENSE + """
hidden = inputs
with v1.variable_scope("a"), v1.variable_scope("b"), v1.variable_scope("c"):
    hidden = dense(hidden, 6, "one", tf.tanh)
    with v1.variable_scope("d"), v1.variable_scope("e"):
        hidden = dense(hidden, 6, "two", tf.tanh) * <<{a}||{b}>>
return dense(hidden, 3, "three")
""", "Mul", setting="", values=((1.5, 1.25), (0.5, 2.0))),
    kind("five scopes deep", _ROW, _DENSE + """
def block(value, depth):
    with v1.variable_scope("level%d" % depth):
        if depth:
            value = block(value, depth - 1)
        return dense(value, 6, "dense", <<tf.nn.relu||tf.nn.relu if depth != {a} else tf.nn.elu>>)

return block(inputs, 4)
""", "Relu Elu", values=((0, 0), (2, 2), (4, 4))),
    kind("embedding", "np.array([[0, 3, 2], [1, 4, 4]])", """
with v1.variable_scope("net"):
    table = v1.get_variable("table", [5, 4])
rows = tf.nn.embedding_lookup(table, inputs)
return tf.reduce_<<sum||mean>>(rows, 1)
""", "Sum Mean"),
    kind("embedding ids", "np.array([[0, 3, 2], [1, 3, 3]])", """
with v1.variable_scope("net"):
    table = v1.get_variable("table", [5, 4])
rows = tf.nn.embedding_lookup(table, inputs<<|| + 1>>)
return tf.tanh(rows)
""", "GatherV2 ResourceGather Gather Add AddV2"),
    kind("scope regularizer", _ROW, """
with v1.variable_scope("net", regularizer=slim.l2_regularizer(<<0.2||0.4>>)):
    kernel = v1.get_variable("kernel", [6, 3])
return tf.matmul(inputs, kernel)
""", "", variables="net/kernel"),
    kind("custom getter", _ROW, """
def normalized(getter, name, *args, **kwargs):
    value = getter(name, *args, **kwargs)
    return tf.nn.l2_normalize(value, <<{a}||{b}>>) if name.endswith("kernel") else value

with v1.variable_scope("net", custom_getter=normalized):
    kernel = v1.get_variable("kernel", [6, 6])
return tf.matmul(inputs, kernel)
""", "Sum", setting="axis", values=((0, 1), (1, 0))),
    kind("gates", _ROW, _DENSE + """
gate = <<tf.sigmoid||tf.nn.softplus>>(dense(inputs, 6, "gate"))
value = tf.tanh(dense(inputs, 6, "value"))
return gate * value + (1.0 - gate) * inputs
""", "Sigmoid Softplus"),
)  # fmt: skip


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, and another where values vary."""
    made = []
    for at, bug in enumerate(KINDS):
        for again in range(1 + (len(bug.values) > 1)):
            made.append(function(FAMILY, bug, Random(f"{seed}/{FAMILY}/{at}/{again}")))
    return made
