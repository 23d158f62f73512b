"""Random operations out of order: draws swapped, one too many, one missing, of another distribution or shape."""

from __future__ import annotations

from random import Random

from benchmarks.pinpoint.blocks import IMAGE, VECTOR, kind, stacked
from benchmarks.pinpoint.model import INITIAL, TRAINING, Case

FAMILY = "census"

_DROPOUT = "RandomUniform random_uniform Mul GreaterEqual SelectV2 Select"
_NORMAL = "RandomStandardNormal random_normal"

KINDS = (
    kind("draws swapped", VECTOR, 'side = v1.layers.dense(hidden, 5, name="side{n}")\n'
         "<<hidden = v1.layers.dropout(hidden, 0.4, training=training)\n"
         "side = v1.layers.dropout(side, 0.4, training=training)||"
         "side = v1.layers.dropout(side, 0.4, training=training)\n"
         "hidden = v1.layers.dropout(hidden, 0.4, training=training)>>\n"
         "hidden = hidden + tf.reduce_mean(side, 1, keepdims=True)", _DROPOUT, step=TRAINING),
    kind("draws swapped, equal shapes", VECTOR, 'side = v1.layers.dense(hidden, 6, name="side{n}")\n'
         "<<hidden = v1.layers.dropout(hidden, 0.4, training=training)\n"
         "side = v1.layers.dropout(side, 0.4, training=training)||"
         "side = v1.layers.dropout(side, 0.4, training=training)\n"
         "hidden = v1.layers.dropout(hidden, 0.4, training=training)>>\nhidden = hidden * tf.sigmoid(side)",
         _DROPOUT, step=TRAINING),
    kind("extra draw", IMAGE, "<<||jitter = tf.random.uniform([3])>>\n"
         "hidden = v1.layers.dropout(hidden, 0.4, training=training)", _DROPOUT, step=TRAINING),
    kind("extra draw", VECTOR, "if training:\n    <<||noise = tf.random.normal([2])>>\n"
         "    hidden = hidden * tf.random.uniform([6])", f"{_DROPOUT} {_NORMAL}", step=TRAINING),
    kind("missing draw", VECTOR, "if training:\n    <<hidden = hidden + 0.3 * tf.random.normal([6])||>>\n"
         "    hidden = hidden * tf.random.uniform([6])", f"{_DROPOUT} {_NORMAL}", step=TRAINING),
    kind("distribution", VECTOR, "if training:\n"
         "    hidden = hidden + tf.random.<<normal||truncated_normal>>([5, 6])",
         f"{_NORMAL} TruncatedNormal truncated_normal", step=TRAINING),
    kind("distribution", IMAGE, "if training:\n"
         "    hidden = hidden + tf.random.<<uniform||normal>>([4])", f"{_DROPOUT} {_NORMAL}", step=TRAINING),
    kind("shape of noise", IMAGE, "if training:\n    hidden = hidden * tf.random.uniform([<<4||1>>])",
         "RandomUniform random_uniform", step=TRAINING),
    kind("shape of noise", VECTOR,
         "if training:\n    hidden = tf.nn.dropout(hidden, 0.4<<, noise_shape=[1, 6]||>>)", _DROPOUT, step=TRAINING),
    kind("bounds of noise", VECTOR, "if training:\n    hidden = hidden + tf.random.uniform([5, 6], <<-1.0||0.0>>, 1.0)",
         "Mul Add AddV2 Sub RandomUniform", setting="", values=((-1.0, 0.0),), step=TRAINING),
    kind("layers made in another order", VECTOR, '<<left = v1.layers.dense(hidden, 6, name="left{n}")\n'
         'right = v1.layers.dense(hidden, 6, name="right{n}")||right = v1.layers.dense(hidden, 6, name="right{n}")\n'
         'left = v1.layers.dense(hidden, 6, name="left{n}")>>\nhidden = left * tf.sigmoid(right)', "",
         variables="left{n}/kernel right{n}/kernel", step=INITIAL),
    kind("layers made in another order", IMAGE, '<<one = v1.layers.conv2d(hidden, 4, 1, name="one{n}")\n'
         'two = v1.layers.conv2d(hidden, 4, 3, padding="same", name="two{n}")||'
         'two = v1.layers.conv2d(hidden, 4, 3, padding="same", name="two{n}")\n'
         'one = v1.layers.conv2d(hidden, 4, 1, name="one{n}")>>\nhidden = tf.nn.relu(one + two)', "",
         variables="one{n}/kernel two{n}/kernel", step=INITIAL),
    kind("shuffle", VECTOR, "if training:\n    hidden = <<tf.random.shuffle(hidden)||hidden[::-1]>>",
         "RandomShuffle random_shuffle StridedSlice", step=TRAINING),
    kind("NumPy instead of tf.random", VECTOR, "if training:\n"
         "    hidden = hidden + <<tf.random.normal([6])||np.random.normal(size=6).astype(\"float32\")>>",
         f"{_NORMAL} numpy.random.normal", step=TRAINING),
)  # fmt: skip
_DEPTHS = (2, 5, 3, 8, 1, 4)


def cases(seed: int) -> list[Case]:
    """Return a case of each kind, in nets of one to eight blocks."""
    return [
        stacked(FAMILY, Random(f"{seed}/{FAMILY}/{at}"), (bug,), _DEPTHS[at % len(_DEPTHS)])
        for at, bug in enumerate(KINDS)
    ]
