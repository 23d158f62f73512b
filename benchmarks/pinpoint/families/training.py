"""What only training shows: gradients, moving averages, and the optimizer's settings, schedules and clipping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.pinpoint.model import Case, Culprit, Setting

FAMILY = "training"
GRADIENTS, STATE, OPTIMIZER = "gradients", "state-updates", "optimizer"

_INPUTS = "ArraySpec((4, 6))"
_LEGACY = """
def net_{case}(inputs, training):
    with v1.variable_scope("net"):
        hidden = v1.layers.dense(inputs, 5, activation=tf.tanh, name="hidden")
        return v1.layers.dense(hidden, 3, name="logits")
"""
_MIGRATED = """
class Net_{case}(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__(name="net")
        self.hidden = tf.keras.layers.Dense(5, activation="tanh", name="hidden")
        self.logits = tf.keras.layers.Dense(3, name="logits")

    def call(self, inputs):
        return self.logits(self.hidden(inputs))
"""
_PAIR = """
def tf1_optimizer(self):
    return {tf1}

def tf2_optimizer(self):
    return {tf2}
"""
_V1, _KERAS, _LEGACY_KERAS = "v1.train.", "tf.keras.optimizers.", "tf.keras.optimizers.legacy."

# What it is called, TF1's optimizer, TF2's, the setting, and its values on both sides.
_SETTINGS: Sequence[tuple[str, str, str, str, Sequence[tuple[object, object]]]] = (
    ("Adam epsilon", "AdamOptimizer(0.01, epsilon={a})", "Adam(0.01, epsilon={0})", "epsilon",
     ((1e-8, 1e-7), (1e-3, 1e-4), (1e-8, 1e-5))),
    ("Adam beta_1", "AdamOptimizer(0.01, beta1={a})", "Adam(0.01, beta_1={0}, epsilon=1e-8)", "beta_1",
     ((0.9, 0.95), (0.5, 0.9))),
    ("Adam beta_2", "AdamOptimizer(0.01, beta2={a})", "Adam(0.01, beta_2={0}, epsilon=1e-8)", "beta_2",
     ((0.999, 0.99), (0.98, 0.999))),
    ("momentum", "MomentumOptimizer(0.1, {a})", "SGD(0.1, momentum={0})", "momentum",
     ((0.9, 0.99), (0.5, 0.9), (0.9, 0.0))),
    ("Nesterov", "MomentumOptimizer(0.1, 0.9, use_nesterov={a})", "SGD(0.1, momentum=0.9, nesterov={0})", "nesterov",
     ((True, False), (False, True))),
    ("Adagrad accumulator", "AdagradOptimizer(0.1, {a})", "Adagrad(0.1, initial_accumulator_value={0})",
     "initial_accumulator_value", ((0.5, 0.1), (0.1, 1.0))),
    ("Adadelta rho", "AdadeltaOptimizer(1.0, rho={a}, epsilon=1e-6)", "Adadelta(1.0, rho={0}, epsilon=1e-6)", "rho",
     ((0.95, 0.9), (0.9, 0.99))),
    ("Ftrl l1", "FtrlOptimizer(0.1, l1_regularization_strength={a})", "Ftrl(0.1, l1_regularization_strength={0})",
     "l1_regularization_strength", ((0.01, 0.1), (0.05, 0.0))),
    ("weight decay", "AdamOptimizer(0.01)", "Adam(0.01, epsilon=1e-8, weight_decay={0})", "weight_decay",
     ((None, 0.01), (None, 0.1))),
)  # fmt: skip

# The same where values are told of a step, not of an argument: words that must be told.
_LINES: Sequence[tuple[str, str, str, str, Sequence[tuple[object, object]]]] = (
    ("rate", "learning rate", "GradientDescentOptimizer({a})", "SGD({0})", ((0.1, 0.01), (0.5, 0.501))),
    ("decay rate", "learning rate",
     "GradientDescentOptimizer(v1.train.exponential_decay(0.1, v1.train.get_global_step(), 100, {a}))",
     "SGD(tf.keras.optimizers.schedules.ExponentialDecay(0.1, 100, {0}))", ((0.9, 0.95), (0.5, 0.9))),
    ("decay steps", "learning rate",
     "GradientDescentOptimizer(v1.train.polynomial_decay(0.1, v1.train.get_global_step(), {a}))",
     "SGD(tf.keras.optimizers.schedules.PolynomialDecay(0.1, {0}))", ((1000, 10000), (100, 1000))),
    ("schedule lost", "learning rate",
     "GradientDescentOptimizer(v1.train.cosine_decay(0.1, v1.train.get_global_step(), 500))",
     "SGD(<<tf.keras.optimizers.schedules.CosineDecay(0.1, 500)||0.1>>)", ((None, None),)),
    ("method", "different methods", "AdamOptimizer(0.01)", "<<Adam(0.01, epsilon=1e-8)||SGD(0.01)>>", ((None, None),)),
    ("clipping added", "global_clipnorm", "GradientDescentOptimizer(0.1)",
     "SGD(0.1<<||, global_clipnorm=1.0>>)", ((None, None),)),
)  # fmt: skip

_LOSS = """
def loss(self, outputs, inputs):
    if tf.executing_eagerly():
        return {0}
    return {a}
"""
_LOSSES: Sequence[tuple[str, tuple[str, ...], str, str]] = (
    (
        "mean or sum",
        ("Mean", "Sum"),
        "tf.reduce_mean(tf.square(outputs))",
        "tf.reduce_<<mean||sum>>(tf.square(outputs))",
    ),
    (
        "factor",
        ("Mul",),
        "0.5 * tf.reduce_mean(tf.square(outputs))",
        "<<0.5||1.0>> * tf.reduce_mean(tf.square(outputs))",
    ),
    (
        "square or absolute",
        ("Square", "Abs"),
        "tf.reduce_mean(tf.square(outputs))",
        "tf.reduce_mean(tf.<<square||abs>>(outputs))",
    ),
)

_GATED = """
def net_{case}(inputs, training):
    with v1.variable_scope("net"):
        hidden = v1.layers.dense(inputs, 5, activation=tf.sigmoid, name="hidden")
        return STOPPED * v1.layers.dense(inputs, 5, name="logits")
"""
_GATED_LAYER = """
class Net_{case}(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__(name="net")
        self.hidden = tf.keras.layers.Dense(5, activation="sigmoid", name="hidden")
        self.logits = tf.keras.layers.Dense(5, name="logits")

    def call(self, inputs):
        hidden = self.hidden(inputs)
        return <<RIGHT||WRONG>> * self.logits(inputs)
"""
_AVERAGED = """
def net_{case}(inputs, training):
    with v1.variable_scope("net"):
        value = v1.layers.dense(inputs, 5, name="hidden")
        return v1.layers.batch_normalization(value, momentum={a}, training=training, name="norm")
"""
_AVERAGED_LAYER = """
class Net_{case}(tf.keras.layers.Layer):
    def __init__(self):
        super().__init__(name="net")
        self.hidden = tf.keras.layers.Dense(5, name="hidden")
        self.norm = tf.keras.layers.BatchNormalization(momentum=<<{a}||{b}>>, name="norm")

    def call(self, inputs, training=None):
        return self.norm(self.hidden(inputs), training=training)
"""


def cases(seed: int) -> list[Case]:
    """Return the cases of this family; the seed chooses nothing."""
    del seed
    return [*_optimizers(), *_losses(), *_gates(), *_averages()]


def _case(
    kind: str, step: str, culprit: Culprit, members: str = "", sides: tuple[str, str] = (_LEGACY, _MIGRATED)
) -> Case:
    return Case(FAMILY, kind, _INPUTS, sides[0], sides[1], "Net_{case}()", (culprit,), step, members=members)


def _optimizers() -> Iterator[Case]:
    for kind, tf1, tf2, name, values in _SETTINGS:
        for a, b in values:
            told = 0.0 if a is None else a
            theirs = _KERAS + tf2.replace("{0}", f"<<{told}||{b}>>")
            members = _PAIR.format(tf1=_V1 + tf1.replace("{a}", str(a)), tf2=theirs)
            yield _case(kind, OPTIMIZER, Culprit(setting=Setting((name,), told, b)), members)
    for kind, word, tf1, tf2, pairs in _LINES:
        for a, b in pairs:
            theirs = tf2.replace("{0}", f"<<{a}||{b}>>")
            theirs = theirs.replace("<<Adam", f"<<{_KERAS}Adam").replace("||SGD", f"||{_KERAS}SGD")
            theirs = theirs if theirs.startswith("<<") else _KERAS + theirs
            culprit = Culprit(setting=Setting((word,), None, None))
            yield _case(kind, OPTIMIZER, culprit, _PAIR.format(tf1=_V1 + tf1.replace("{a}", str(a)), tf2=theirs))


def _losses() -> Iterator[Case]:
    for kind, operations, tf1, tf2 in _LOSSES:
        yield _case(f"loss: {kind}", GRADIENTS, Culprit(operations), _LOSS.replace("{0}", tf2).replace("{a}", tf1))


def _gates() -> Iterator[Case]:
    plain, stopped = "hidden", "tf.stop_gradient(hidden)"
    for kind, right, wrong in (("stop_gradient added", plain, stopped), ("stop_gradient lost", stopped, plain)):
        layer = _GATED_LAYER.replace("RIGHT", right).replace("WRONG", wrong)
        sides = _GATED.replace("STOPPED", right), layer
        yield _case(kind, GRADIENTS, Culprit(("Mul", "StopGradient"), ("net/hidden/kernel",)), sides=sides)


def _averages() -> Iterator[Case]:
    for a, b in ((0.9, 0.99), (0.999, 0.99), (0.5, 0.9)):
        sides = tuple(side.replace("{a}", str(a)).replace("{b}", str(b)) for side in (_AVERAGED, _AVERAGED_LAYER))
        yield _case("momentum of averages", STATE, Culprit((), ("norm/moving_mean",)), sides=(sides[0], sides[1]))
