"""Pages on the steps about checkpoints, training and execution: data, gathered in `step_guide`."""

from __future__ import annotations

from tf_equivalence.step_page import Example, Page

TRAINING = (
    Page(
        "checkpoint",
        "What you trained before the migration is what you deploy after it.",
        (
            "The case's `checkpoint`, or else one that TF1 writes with named weights, is read on both sides.",
            "Keys without a variable, variables without a key, and shapes that do not match are listed.",
            "The outputs in inference are compared after loading.",
        ),
        "Names or shapes have parted, or a restore came to nothing: `tf.train.Checkpoint.restore` matches by name what "
        "it can, and is silent about variables that keep their initial values.",
        (
            "Slots of optimizers.",
            "With a checkpoint of our own making, what only your trained one has: give the case its prefix.",
        ),
        (
            "Name layers as TF1's scopes are named, or map the names in `variable_names`.",
            "Call the model once before you rely on what was restored: until then it may have no variables.",
            "Call `assert_existing_objects_matched()` on what `restore()` returns.",
            "Merge the slices of a partitioned variable into one tensor.",
        ),
        Example(
            "Without TF1's name the layer finds no key, keeps its initial values, and nothing is said.",
            'tf.layers.dense(x, 2, name="logits")\ntf.train.Saver().save(session, prefix)',
            "self.logits = tf.keras.layers.Dense(2)\n\ntf.train.Checkpoint(model=model).restore(prefix)",
            'self.logits = tf.keras.layers.Dense(2, name="logits")\n\n'
            "status = tf.train.Checkpoint(model=model).restore(prefix)\n"
            "model(x)  # makes the variables\nstatus.assert_existing_objects_matched()",
        ),
        ("variable-inventory", "named-weights"),
    ),
    Page(
        "gradients",
        "What the model learns next is the same: outputs may agree although something behind them is no longer "
        "trained.",
        (
            (
                "The case's `loss`, or the mean square of all floating outputs, is differentiated on both sides in "
                "training."
            ),
            "Gradients are compared variable by variable; one that consists of rounding alone is recognized.",
            "Where they differ, both sides go back from the loss, operation by operation.",
        ),
        "The outputs may be right all the same: a gradient is stopped, lost on its way through NumPy or an integer, or "
        "let through where TF1 stopped it; or the loss is reduced in another way.",
        (
            "What the optimizer does with a gradient: the step optimizer.",
            "Variables that the loss of this case does not depend on.",
        ),
        (
            "Put `tf.stop_gradient` where TF1 has it, as around the labels of v1's softmax_cross_entropy_with_logits.",
            "Add `model.losses` to the loss.",
            "Divide by the number of weights that are not zero, as v1.losses does.",
            "Write `1 + CosineSimilarity(...)` for v1's cosine_distance; pass `blank_index=-1` to CTC.",
        ),
        Example(
            "The outputs are right, and the gate never learns.",
            'gate = tf.layers.dense(x, 4, activation=tf.sigmoid, name="gate")',
            "return tf.stop_gradient(self.gate(x)) * self.value(x)",
            "return self.gate(x) * self.value(x)",
        ),
        ("optimizer", "state-updates"),
    ),
    Page(
        "state-updates",
        "Predictions take the moving averages that training leaves behind, and no output of a training call shows "
        "them.",
        (
            "Both sides run several training calls; TF1 runs its UPDATE_OPS with each.",
            "TF1 also runs without them, to tell an update that nothing runs.",
            "State is compared after the first call and after the last.",
        ),
        "Outputs in training do not depend on moving averages, so that training looks right. Every later prediction "
        "takes them, and drifts.",
        ("State of which a call in training computes nothing, such as a global step that the loop advances.",),
        (
            "Pass TF1's momentum: `decay` of slim is `momentum` of Keras, with 0.999 and 0.99 as defaults.",
            "Pass `training=True` down to the layer.",
            "Keep `num_updates` of an ExponentialMovingAverage: with it, decay begins smaller.",
            "Where nothing ran the update in TF1, decide which of the two is meant.",
            "Give a normalization that is shared within a step statistics of its own for each use.",
        ),
        Example(
            "The default momentum of Keras is not the one that TF1 states.",
            'return tf.layers.batch_normalization(x, momentum=0.9, training=training, name="norm")',
            'self.norm = tf.keras.layers.BatchNormalization(name="norm")',
            'self.norm = tf.keras.layers.BatchNormalization(momentum=0.9, name="norm")',
        ),
        ("random-training", "checkpoint"),
    ),
    Page(
        "optimizer",
        "With the right gradients a model still learns something else where the optimizer makes another step of them, "
        "and no output of a single call shows it.",
        (
            (
                "Both sides train the model from the same values for several steps with fixed data: losses, variables "
                "and slots are compared after each."
            ),
            "Apart from the model, both optimizers get the same gradients: of usual size, tiny, large, and sparse.",
            "Learning rates are read up to step 1,000,000, and TF2's training step is traced while its rate changes.",
            (
                "Without `tf2_optimizer()` TF1's optimizer is compared with its counterpart in Keras; without either, "
                "both sides take gradient descent at a rate of 0.01."
            ),
        ),
        "Gradients agree and what is made of them does not: a hyperparameter, a slot's initial value, the form of "
        "sparse updates or of clipping, or when a learning rate is read.",
        (
            "What only shows after more steps than were taken.",
            "Sparse updates of a model that has no sparse gradients: a note tells where they would differ.",
        ),
        (
            "Pass epsilon: 1e-8 in v1's Adam, 1e-7 in Keras'.",
            "Set the slots of RMSProp and Adagrad as TF1 starts them.",
            "Write `global_clipnorm` for `clip_by_global_norm`; `clipnorm` clips each gradient by itself.",
            "Give the optimizer a schedule: a Python number is frozen when a function is traced.",
            "Take the legacy optimizer where momentum meets sparse gradients.",
            "Write `tf1_train_op` and `tf2_train_step` where a step is more than `minimize`, as with clipping by hand.",
        ),
        Example(
            "With gradients near zero, the two epsilons make two different optimizers.",
            "return tf.train.AdamOptimizer(1e-3)",
            "return tf.keras.optimizers.Adam(1e-3)",
            "return tf.keras.optimizers.Adam(1e-3, epsilon=1e-8)",
        ),
        ("gradients",),
    ),
    Page(
        "execution-modes",
        "`fit` and a saved model run a graph, not what you debugged.",
        (
            "The TF2 model runs in each mode, in inference and in training, twice where it is traced.",
            "Modes are compared with eager execution; TF1 has no part in it.",
            "A difference is narrowed down to tracing, or to one pass of the graph optimizer.",
        ),
        "Something is decided while the function is traced and kept from then on, or an optimization changes rounding "
        "by more than is allowed.",
        ("Modes of other devices: what runs here is the CPU.",),
        (
            "Keep what changes in a tf.Variable, or pass it as an argument: a trace keeps Python values.",
            "Draw with `tf.random`; NumPy draws once for a trace.",
            "Compute the same whatever `tf.executing_eagerly()` says.",
            "Where an optimizer pass is named, switch it off, or give the case a `tolerance`.",
        ),
        Example(
            "The branch is taken in eager execution alone.",
            "net = net / tf.reduce_max(tf.abs(net))",
            "if tf.executing_eagerly():\n    net = net / tf.reduce_max(tf.abs(net))",
            "net = net / tf.reduce_max(tf.abs(net))",
        ),
        ("functional-training", "variables-once"),
    ),
)
