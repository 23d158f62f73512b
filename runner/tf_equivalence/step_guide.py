"""What each step is for, in words: the text of `tf-equivalence explain`, and of the pages on the steps.

Data alone: nothing here is imported by what runs or judges a step. What a step must hold, in one
sentence, is in `steps.py`. A page for a step that is not there yet waits for it, and is not shown.
"""

from __future__ import annotations

from tf_equivalence.step_guide_training import TRAINING
from tf_equivalence.step_page import Example, Page

LOAD = "load"  # what a module has that cannot be imported: no step to choose, but one that reports show

_STRUCTURE = (
    Page(
        "variables-once",
        "A variable that a later call makes is new: nothing has trained it, no checkpoint has it, and what it "
        "learns is lost with the call.",
        (
            (
                "The TF2 model is called once, and again with the other training flag, a third time, with another "
                "batch size, and inside a tf.function."
            ),
            "Every variable that any call after the first creates is reported with the line that creates it.",
        ),
        "A TF1 graph is built once, so a line that makes a variable runs once. In eager execution it runs in every "
        "call. Mend this step before all others: while variables come and go, no number below means anything.",
        (
            "A variable that the first call makes and the model does not track: variable-inventory sees it.",
            "A branch that none of these calls takes.",
        ),
        (
            "Make variables and Keras layers in `__init__` or `build`, and keep them on `self`.",
            "Wrap v1.layers and slim calls in a named `tf.compat.v1.variable_scope`: automatic names count up.",
            "Make a `make_template` or an ExponentialMovingAverage once, not in the call.",
            "Build every head in every call, whatever `training` says, as a TF1 graph for training does.",
        ),
        Example(
            "The variable is made in the call, so every call has another one.",
            'return x * tf.get_variable("scale", initializer=2.0)',
            'def call(self, x):\n    scale = tf.Variable(2.0, name="scale")\n    return x * scale',
            "def build(self, shape):\n"
            '    self.scale = self.add_weight(name="scale", shape=[], initializer=tf.constant_initializer(2.0))\n\n'
            "def call(self, x):\n    return x * self.scale",
        ),
        ("variable-inventory",),
    ),
    Page(
        "variable-inventory",
        "Names, shapes, dtypes and trainable flags agree, and the TF2 model tracks each variable. A name-based "
        "checkpoint loads only into such a model.",
        (
            "The variables of TF1's graph are set against the `variables` of the TF2 model, by name.",
            "A variable without a counterpart is paired with the nearest name, to tell a rename from a loss.",
            "What the forward pass creates and the model does not track is reported with the creating line.",
            "Which variables have a regularization loss is compared, too.",
        ),
        "Something is missing, superfluous, renamed, of another shape or dtype, or trained on one side alone. The "
        "other steps match variables by name, so their findings about numbers may follow from this one.",
        (
            "Which of two variables of one shape is used where: named-weights sees a swap.",
            "What values they start from: random-inference does.",
        ),
        (
            "Give each Keras layer the name of TF1's scope.",
            "Where a rename is meant, declare it in the case: `variable_names`, from TF1 name to TF2 name.",
            (
                "Assign variables and layers to attributes of the model, or wrap the forward pass in "
                "`track_tf1_style_variables`."
            ),
            "Pass the same `trainable` and `dtype`; a Keras layer casts float64 inputs unless told otherwise.",
            "Drop the `partitioner` of a scope on both sides, and merge its slices in the checkpoint once.",
        ),
        Example(
            "The layer has no name, so Keras gives it one of its own.",
            'net = tf.layers.dense(x, 8, activation=tf.nn.relu, name="hidden")',
            'self.hidden = tf.keras.layers.Dense(8, activation="relu")',
            'self.hidden = tf.keras.layers.Dense(8, activation="relu", name="hidden")',
        ),
        ("checkpoint", "constant-weights"),
    ),
)

_NUMBERS = (
    Page(
        "constant-weights",
        "With every variable at one constant there is nothing random and nothing to mix up: what differs now is the "
        "structure of the computation itself.",
        (
            "All variables of both sides are set to the case's `constant`, 0.001 unless it says otherwise.",
            (
                "Both sides run in inference on the same inputs, and all outputs and the regularization losses of "
                "every variable are compared."
            ),
        ),
        "An operation is lacking, superfluous or set up in another way, an output is not returned, or a regularizer "
        "was lost. Start here: it is the simplest of all failures to follow.",
        (
            "Which variable is which, and in which order: all hold the same.",
            "Activations and epsilons, where values are as small as the constant makes them.",
            "Everything that only training does.",
        ),
        (
            "Read both lines that the finding names, argument by argument, defaults included.",
            "Return TF1's outputs in TF1's structure: nothing dropped, renamed or reordered.",
            "Use `kernel_regularizer` or `self.add_loss`: eager execution ignores graph collections.",
            "Halve the scale of L2: `tf.nn.l2_loss` and slim carry a factor of 0.5, Keras does not.",
            "Write `//` for `tf.div` of integers.",
        ),
        Example(
            "A mean became a sum.",
            "return tf.reduce_mean(net, axis=1)",
            "return tf.reduce_sum(self.dense(x), axis=1)",
            "return tf.reduce_mean(self.dense(x), axis=1)",
        ),
        ("named-weights", "variable-inventory"),
    ),
    Page(
        "named-weights",
        "Each variable holds numbers that no other has: whatever reads the wrong one, or computes otherwise with "
        "the right one, shows. It is the sharpest check of inference there is.",
        (
            (
                "Values follow from name and shape, scaled so that a deep net stays well-conditioned; variances are "
                "positive."
            ),
            "Both sides run in inference on the same random inputs; outputs and losses are compared.",
            "Where they differ, both run again operation by operation, TF2's on TF1's own values.",
        ),
        "The finding names the first operation that computes something else although its inputs agree, with the "
        "setting that differs. Where every operation agrees by itself, the difference is rounding, and it says so.",
        (
            "Initializers: random-inference sees them.",
            "Dropout and batch statistics: random-training does.",
            "What outputs do not depend on; the step's power tells how much of that there is.",
        ),
        (
            "Pass the setting that the finding names: epsilon, axis, padding, data format, slope, `rate`.",
            "Apply the same activation in the same place.",
            "Keep `tf.compat.v1.image.resize_*` where TF1 resized: `tf.image.resize` samples elsewhere.",
            "Permute the gates of a recurrent cell once when loading; pass `reset_after=False` to a GRU.",
            "Name swapped variables as TF1 does.",
        ),
        Example(
            "Keras' leaky ReLU lets three tenths through, `tf.nn.leaky_relu` a fifth.",
            'return tf.layers.dense(tf.nn.leaky_relu(net), 3, name="output")',
            "self.leaky_relu = tf.keras.layers.LeakyReLU()",
            "self.leaky_relu = tf.keras.layers.LeakyReLU(alpha=0.2)",
        ),
        ("random-inference", "checkpoint", "execution-modes"),
    ),
    Page(
        "random-inference",
        "Initializers of one name have other defaults in v1, slim and Keras. From the same random numbers, they show.",
        (
            "Each random operation takes as its seed how many were drawn before it, on both sides.",
            "Initial values are compared variable by variable, then the outputs of a first and a second call.",
            "Random operations are counted on both sides: the first one out of order is named with both lines.",
        ),
        "An initializer has other defaults, random numbers are drawn in another order, or the second call goes on with "
        "something that the first one left behind.",
        (
            "The same distribution drawn by another algorithm looks like a difference: name the v1 initializer.",
            "Everything that only training does.",
        ),
        (
            "Write initializers out with their arguments on both sides: the defaults of v1, slim and Keras differ.",
            "Create variables in TF1's order, or set the case's `operation_seed` before the draw that is out of order.",
            "Compute tensors in the call; keep none from `__init__` or from an earlier call.",
        ),
        Example(
            "TF1 states an initializer, the Keras layer takes its own.",
            "initializer = tf.truncated_normal_initializer(stddev=0.1)\n"
            'return tf.layers.dense(x, 8, kernel_initializer=initializer, name="dense")',
            'self.dense = tf.keras.layers.Dense(8, name="dense")',
            "initializer = tf.compat.v1.truncated_normal_initializer(stddev=0.1)\n"
            'self.dense = tf.keras.layers.Dense(8, kernel_initializer=initializer, name="dense")',
        ),
        ("random-training",),
    ),
    Page(
        "random-training",
        "Dropout drops the same elements and batch normalization sees the same statistics, so that training can "
        "be compared number by number.",
        (
            "As random-inference, with `training=True` on the TF2 side and a graph for training on the TF1 side.",
            "The outputs of two calls in a row are compared.",
        ),
        "The two sides agree in inference and part in training: the flag does not reach a layer, dropout drops another "
        "share, or a random operation is lacking, superfluous or in another place.",
        (
            "What a call leaves in moving averages: state-updates sees it.",
            "What the optimizer makes of it: gradients and optimizer do.",
        ),
        (
            "Accept `training` in `call`, and pass it on to every sublayer that minds it.",
            "Turn `keep_prob` into `rate`: one minus it.",
            "Draw with `tf.random`: a graph keeps the numbers that NumPy drew while it was built.",
            "Leave `trainable` alone on Keras' batch normalization: a frozen one runs in inference mode.",
        ),
        Example(
            "The second argument of `tf.nn.dropout` has changed its meaning.",
            "net = tf.nn.dropout(x, keep_prob=keep_prob)",
            "x = tf.nn.dropout(x, 0.8)",
            "x = tf.nn.dropout(x, rate=0.2)",
        ),
        ("functional-training", "state-updates", "gradients"),
    ),
    Page(
        "functional-training",
        "A layer that works when called by hand must work inside a functional Keras model, too: it is built there from "
        "symbolic tensors, before there are numbers.",
        (
            "The TF2 layer is put between Keras inputs and outputs, and the model is called in training.",
            "Every random operation takes one and the same seed, so that their order does not matter.",
        ),
        "If random-training passes and this does not, the layer looks at values, shapes or Python state while it is "
        "being built, or cannot be embedded as it is. The first lines of the finding have the exception.",
        ("The order of random operations: they all have one seed.",),
        (
            "Stay in TensorFlow: no `.numpy()`, `float()` or `if` on a tensor.",
            "Take shapes from `tf.shape(x)`, for a batch size may be unknown.",
            "Return tensors, or nests of them, and nothing else.",
        ),
        Example(
            "A functional model is built before NumPy could take numbers out of a tensor.",
            "net = x / tf.reduce_max(tf.abs(x))",
            "largest = tf.reduce_max(tf.abs(x)).numpy()",
            "largest = tf.reduce_max(tf.abs(x))",
        ),
        ("execution-modes", "random-training"),
    ),
)

_OTHER = (
    Page(
        LOAD,
        "A module has to be imported before anything of it can run. One that cannot be is a case of its own, with this "
        "as its only step, so that it is never taken for a pass.",
        (
            "The module is imported in a process of its own, beside your packages and the pinned TensorFlow.",
            "What a case says of itself is checked, too: steps to skip, tolerances, globs of outputs.",
        ),
        "The import raised, or the case names something that is not there. Nothing was compared.",
        (),
        (
            "Mend the line that the finding names.",
            (
                "Import models inside of `tf1` and `tf2`: each side runs in a process of its own, and what one needs "
                "may break the other."
            ),
            "Name what has to be installed with `--requirements`.",
            "`tf.contrib` and `tf.estimator` left TensorFlow: take tf_slim, tf_keras, or the stand-in for estimators.",
        ),
        Example(
            "Imported at the top, TF1 code runs in the process of the TF2 side as well.",
            "from legacy import net",
            "from legacy import net\n\nclass Net(EquivalenceCase): ...",
            "class Net(EquivalenceCase):\n    def tf1(self, inputs, training):\n        from legacy import net",
        ),
        ("variables-once",),
    ),
)

PAGES: dict[str, Page] = {page.id: page for page in (*_STRUCTURE, *_NUMBERS, *TRAINING, *_OTHER)}
