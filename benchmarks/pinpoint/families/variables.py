"""Variables that are made anew, misnamed, missing, too many, of another shape, or initialized otherwise."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import IMAGE, VECTOR, kind, stacked
from benchmarks.pinpoint.model import INITIAL, INVENTORY, ONCE, Case

FAMILY = "variables"

_ONES = "initializer=v1.ones_initializer()"

KINDS = (
    kind("tf.Variable in the call", IMAGE, f'hidden = hidden * <<v1.get_variable("scale{{n}}", [4], {_ONES})||'
         'tf.Variable(tf.ones([4]), name="scale{n}")>>', variables="scale{n}", step=ONCE),
    kind("tf.Variable in the call", VECTOR, f'<<offset = v1.get_variable("offset{{n}}", [6], {_ONES})||'
         'offset = tf.Variable(tf.ones([6]), name="offset{n}")>>\nhidden = tf.tanh(hidden + offset)',
         variables="offset{n}", step=ONCE),
    kind("Keras layer in the call", VECTOR, 'hidden = <<v1.layers.dense(hidden, 6, name="dense{n}")||'
         'tf.keras.layers.Dense(6, name="dense{n}")(hidden)>>', variables="dense{n}/kernel dense{n}/bias", step=ONCE),
    kind("Keras layer in the call", IMAGE, 'hidden = <<v1.layers.conv2d(hidden, 4, 1, name="conv{n}")||'
         'tf.keras.layers.Conv2D(4, 1, name="conv{n}")(hidden)>>', variables="conv{n}/kernel conv{n}/bias", step=ONCE),
    kind("automatic name", IMAGE, 'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same"<<, name="conv{n}"||>>)',
         variables="conv2d_1/kernel conv2d_1/bias conv2d/kernel", step=ONCE, bare=True),
    kind("automatic name", VECTOR, 'hidden = v1.layers.dense(hidden, 6<<, name="dense{n}"||>>)',
         variables="dense_1/kernel dense_1/bias dense/kernel", step=ONCE, bare=True),
    kind("automatic slim name", VECTOR, 'hidden = slim.fully_connected(hidden, 6<<, scope="dense{n}"||>>)',
         variables="fully_connected_1/weights fully_connected_1/biases fully_connected/weights", step=ONCE, bare=True),
    kind("automatic scope", VECTOR, 'with v1.variable_scope(<<"inner{n}"||None, default_name="inner{n}">>):\n'
         '    hidden = v1.layers.dense(hidden, 6, name="dense")  #~',
         variables="inner{n}_1/dense/kernel inner{n}_1/dense/bias", step=ONCE, bare=True),
    kind("head only in training", VECTOR, '<<v1.layers.dense(hidden, 2, name="auxiliary{n}")||if training:\n'
         '    v1.layers.dense(hidden, 2, name="auxiliary{n}")>>', variables="auxiliary{n}/kernel auxiliary{n}/bias",
         step=ONCE),
    kind("misnamed layer", IMAGE,
         'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", name="<<block||blocks>>{n}")',
         variables="block{n}/kernel block{n}/bias blocks{n}/kernel", step=INVENTORY),
    kind("misnamed scope", VECTOR, 'with v1.variable_scope("<<encoder||Encoder>>{n}"):\n'
         '    hidden = v1.layers.dense(hidden, 6, activation=tf.nn.relu, name="dense")',
         variables="encoder{n}/dense/kernel Encoder{n}/dense/kernel encoder{n}/dense/bias", step=INVENTORY),
    kind("off by one", VECTOR, "for number in range(3):\n    hidden = v1.layers.dense(\n"
         '        hidden, 6, tf.tanh, name="unit{n}_%d" % <<number||(number + 1)>>\n    )',
         variables="unit{n}_0/kernel unit{n}_3/kernel unit{n}_0/bias unit{n}_3/bias", step=INVENTORY),
    kind("surplus variable", IMAGE, '<<||hidden = hidden + v1.get_variable("extra{n}", [4])>>',
         variables="extra{n}", step=INVENTORY),
    kind("surplus layer", VECTOR, '<<||hidden = v1.layers.dense(hidden, 6, name="extra{n}")>>',
         variables="extra{n}/kernel extra{n}/bias", step=INVENTORY),
    kind("missing variable", VECTOR, 'hidden = hidden * <<v1.get_variable("scale{n}", [6])||0.5>>',
         variables="scale{n}", step=INVENTORY),
    kind("missing layer", IMAGE, '<<hidden = v1.layers.conv2d(hidden, 4, 1, name="lost{n}")||>>',
         variables="lost{n}/kernel lost{n}/bias", step=INVENTORY),
    kind("kernel size", IMAGE, 'hidden = v1.layers.conv2d(hidden, 4, <<3||1>>, padding="same", name="conv{n}")',
         variables="conv{n}/kernel", step=INVENTORY),
    kind("units", VECTOR, 'wide = v1.layers.dense(hidden, <<8||7>>, activation=tf.nn.relu, name="wide{n}")\n'
         'hidden = v1.layers.dense(wide, 6, name="back{n}")', variables="wide{n}/kernel wide{n}/bias", step=INVENTORY),
    kind("dtype", VECTOR,
         'hidden = hidden * tf.cast(v1.get_variable("scale{n}", [6], <<tf.float32||tf.float64>>), tf.float32)',
         variables="scale{n}", step=INVENTORY),
    kind("trainable", IMAGE, 'hidden = hidden + v1.get_variable("offset{n}", [4]<<, trainable=False||>>)',
         variables="offset{n}", step=INVENTORY),
    kind("same name twice", VECTOR, 'with v1.variable_scope("pair{n}", reuse=v1.AUTO_REUSE):\n'
         '    hidden = v1.layers.dense(hidden, 6, tf.tanh, name="one")\n'
         '    hidden = v1.layers.dense(hidden, 6, name="<<two||one>>")',
         variables="pair{n}/two/kernel pair{n}/two/bias", step=INVENTORY),
    kind("initializer", IMAGE, 'hidden = v1.layers.conv2d(hidden, 4, 3, padding="same", '
         'kernel_initializer=v1.truncated_normal_initializer(stddev=<<0.1||0.2>>), name="conv{n}")',
         variables="conv{n}/kernel", step=INITIAL),
    kind("initializer", VECTOR, "hidden = v1.layers.dense(hidden, 6, kernel_initializer="
         "v1.<<random_normal||random_uniform>>_initializer(), name=\"dense{n}\")", variables="dense{n}/kernel",
         step=INITIAL),
    kind("initializer", VECTOR, 'hidden = hidden * v1.get_variable("scale{n}", [6], '
         "initializer=v1.constant_initializer(<<0.5||0.25>>))", variables="scale{n}", step=INITIAL),
    kind("bias initializer", VECTOR,
         "hidden = v1.layers.dense(hidden, 6, <<||bias_initializer=v1.ones_initializer(), >>"
         'name="dense{n}")', variables="dense{n}/bias", step=INITIAL),
)  # fmt: skip
_DEPTHS = (3, 6, 4, 1, 9, 2, 5)


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, in nets of one to nine blocks."""
    return [
        stacked(FAMILY, Random(f"{seed}/{FAMILY}/{at}"), (bug,), _DEPTHS[at % len(_DEPTHS)])
        for at, bug in enumerate(KINDS)
    ]
