"""Control flow: conditions, loops, recurrent cells."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import function, kind
from benchmarks.pinpoint.model import TRAINING, Case

FAMILY = "control"

_ROW, _STEPS = "ArraySpec((5, 6))", "ArraySpec((3, 4, 6))"
_KERNEL = 'kernel = v1.get_variable("kernel", [6, 6])'

KINDS = (
    kind("branch", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
return tf.cond(
    tf.reduce_sum(tf.abs(hidden)) > 0.0,
    lambda: tf.tanh(hidden * <<{a}||{b}>>),
    lambda: hidden,
)
""", "Mul", setting="", values=((0.5, 0.25), (2.0, 3.0))),
    kind("branch", _ROW, """
def positive():
    return tf.nn.<<elu||selu>>(hidden)

def negative():
    return tf.nn.relu(hidden)

hidden = v1.layers.dense(inputs, 6, name="dense")
return tf.cond(tf.reduce_max(hidden) > -100.0, positive, negative) + 0.1
""", "Elu Selu"),
    kind("branches swapped", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
large = tf.reduce_max(hidden) > -100.0
return tf.cond(large, <<lambda: tf.tanh(hidden), lambda: tf.sigmoid(hidden)
    ||lambda: tf.sigmoid(hidden), lambda: tf.tanh(hidden)>>)
""".replace("\n    ||", "||"), "Tanh Sigmoid If Switch Merge"),
    kind("predicate", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
return tf.cond(
    tf.reduce_max(hidden) > <<{a}||{b}>>,
    lambda: tf.tanh(hidden),
    lambda: 0.3 * hidden,
)
""", "Greater If Switch Merge", setting="", values=((-100.0, 100.0),)),
    kind("loop body", _ROW, f"""
{_KERNEL}
_, hidden = tf.while_loop(
    lambda step, value: step < 4,
    lambda step, value: (step + 1, tf.tanh(tf.matmul(value, kernel) * <<{{a}}||{{b}}>>)),
    (0, inputs),
)
return hidden
""", "Mul", setting="", values=((1.5, 1.25), (2.0, 3.0))),
    kind("loop body", _ROW, f"""
def body(step, value):
    value = tf.matmul(value, kernel)
    value = tf.nn.<<elu||selu>>(value)
    return step + 1, value

{_KERNEL}
hidden = tf.while_loop(lambda step, value: step < 3, body, [0, inputs])[1]
return tf.tanh(hidden)
""", "Elu Selu"),
    kind("loop count", _ROW, f"""
{_KERNEL}
_, hidden = tf.while_loop(
    lambda step, value: step < <<{{a}}||{{b}}>>,
    lambda step, value: (step + 1, tf.tanh(tf.matmul(value, kernel))),
    (0, inputs),
)
return hidden
""", "Less While LoopCond MatMul Tanh", setting="", values=((4, 3), (3, 5))),
    kind("loop start", _ROW, f"""
{_KERNEL}
start = <<inputs||tf.zeros_like(inputs)>> + 0.1
_, hidden = tf.while_loop(
    lambda step, value: step < 3,
    lambda step, value: (step + 1, tf.tanh(tf.matmul(value, kernel) + inputs)),
    (0, start),
)
return hidden
""", "Add AddV2 ZerosLike"),
    kind("map", _STEPS, f"""
{_KERNEL}
return tf.map_fn(lambda row: tf.tanh(tf.matmul(row, kernel)) * <<{{a}}||{{b}}>>, inputs)
""", "Mul", setting="", values=((0.5, 0.25), (1.5, 2.0))),
    kind("map, normalization", _STEPS, """
def normalize(row):
    mean = tf.reduce_mean(row, axis=<<{a}||{b}>>, keepdims=True)
    return row - mean

hidden = v1.layers.dense(inputs, 6, name="dense")
return tf.map_fn(normalize, hidden)
""", "Mean", setting="axis", values=((0, 1), (1, 0))),
    kind("scan", _STEPS, f"""
{_KERNEL}
steps = tf.transpose(inputs, [1, 0, 2])
return tf.scan(lambda state, row: <<{{a}}||{{b}}>> * state + tf.matmul(row, kernel), steps, tf.zeros([3, 6]))
""", "Mul", setting="", values=((0.9, 0.8), (0.5, 0.6))),
    kind("scan start", _STEPS, f"""
{_KERNEL}
steps = tf.transpose(inputs, [1, 0, 2])
start = tf.fill([3, 6], <<{{a}}||{{b}}>>)
return tf.scan(lambda state, row: tf.tanh(tf.matmul(state, kernel) + row), steps, start)
""", "MatMul Fill", values=((0.0, 1.0), (0.5, 0.1))),
    kind("LSTM forget bias", _STEPS, """
cell = v1.nn.rnn_cell.LSTMCell(4, forget_bias=<<{a}||{b}>>, name="lstm")
outputs, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return outputs + state.h[:, None]
""", "Add AddV2 Sigmoid", variables="lstm/bias", setting="forget_bias", values=((1.0, 0.0), (0.0, 1.0))),
    kind("LSTM activation", _STEPS, """
cell = v1.nn.rnn_cell.LSTMCell(4, <<activation=tf.nn.elu, ||>>name="lstm")
outputs, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return outputs + state.c[:, None]
""", "Elu Tanh"),
    kind("GRU activation", _STEPS, """
cell = v1.nn.rnn_cell.GRUCell(4, <<activation=tf.nn.relu, ||>>name="gru")
_, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return state
""", "Relu Tanh"),
    kind("output instead of state", _STEPS, """
cell = v1.nn.rnn_cell.LSTMCell(4, name="lstm")
outputs, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return tf.tanh(state.<<c||h>>)
""", "Tanh"),
    kind("first instead of last step", _STEPS, """
cell = v1.nn.rnn_cell.GRUCell(4, name="gru")
outputs, _ = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return v1.layers.dense(outputs[:, <<-1||0>>], 3, name="head")
""", "StridedSlice", setting="", values=((-1, 0),)),
    kind("sequence length", _STEPS, """
cell = v1.nn.rnn_cell.GRUCell(4, name="gru")
lengths = tf.fill(tf.shape(inputs)[:1], <<2||4>>)
outputs, _ = v1.nn.dynamic_rnn(cell, inputs, sequence_length=lengths, dtype=tf.float32)  #~
return outputs
""", "Select SelectV2 Less GreaterEqual Max Min"),
    kind("two layers, second", _STEPS, """
with v1.variable_scope("first"):
    cell = v1.nn.rnn_cell.GRUCell(4, name="gru")
    hidden, _ = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
with v1.variable_scope("second"):
    cell = v1.nn.rnn_cell.LSTMCell(4, <<||forget_bias=0.0, >>name="lstm")
    hidden, _ = v1.nn.dynamic_rnn(cell, hidden, dtype=tf.float32)
return hidden
""", "Add AddV2 Sigmoid", variables="second/rnn/lstm/bias", setting="forget_bias", values=((1.0, 0.0),)),
    kind("before the recurrence", _STEPS, """
hidden = v1.layers.dense(inputs, 4, activation=<<tf.nn.relu||tf.nn.softplus>>, name="embed")
cell = v1.nn.rnn_cell.LSTMCell(4, name="lstm")
outputs, _ = v1.nn.dynamic_rnn(cell, hidden, dtype=tf.float32)
return outputs
""", "Relu Softplus"),
    kind("behind the recurrence", _STEPS, """
cell = v1.nn.rnn_cell.LSTMCell(4, name="lstm")
outputs, _ = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
return tf.reduce_<<max||mean>>(outputs, 1)
""", "Max Mean"),
    kind("static recurrence", _STEPS, """
cell = v1.nn.rnn_cell.BasicRNNCell(4, activation=<<tf.tanh||tf.nn.relu>>, name="cell")
outputs, _ = v1.nn.static_rnn(cell, tf.unstack(inputs, axis=1), dtype=tf.float32)
return tf.stack(outputs, 1)
""", "Tanh Relu"),
    kind("reversed sequence", _STEPS, """
cell = v1.nn.rnn_cell.GRUCell(4, name="gru")
_, state = v1.nn.dynamic_rnn(cell, <<tf.reverse(inputs, [1])||inputs>>, dtype=tf.float32)
return state
""", "ReverseV2"),
    kind("case", _ROW, """
hidden = v1.layers.dense(inputs, 6, name="dense")
return tf.switch_case(
    tf.constant(1) + tf.cast(tf.reduce_max(hidden) < -100.0, tf.int32),
    [
        lambda: hidden,
        lambda: tf.nn.<<softplus||softsign>>(hidden),
        lambda: -hidden,
    ],
)
""", "Softplus Softsign"),
)  # fmt: skip

DROPPED = (
    kind("dropout behind the recurrence", _STEPS, """
cell = v1.nn.rnn_cell.GRUCell(4, name="gru")
_, state = v1.nn.dynamic_rnn(cell, inputs, dtype=tf.float32)
if training:
    state = tf.nn.dropout(state, rate=<<{a}||{b}>>)
return state
""", "GreaterEqual Mul RealDiv SelectV2 Select", setting="rate", values=((0.25, 0.75),), step=TRAINING),
)  # fmt: skip


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, and another where values vary."""
    made = []
    for at, bug in enumerate((*KINDS, *DROPPED)):
        for again in range(1 + (len(bug.values) > 1)):
            made.append(function(FAMILY, bug, Random(f"{seed}/{FAMILY}/{at}/{again}"), "ShimmedLoop(net_{case})"))
    return made
