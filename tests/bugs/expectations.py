"""What the product must say about each seeded bug: the step that diverges, and where its finding points."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
MARKER = "# BUG"


class Where(enum.Enum):
    """What a finding has to name for a person to find the bug."""

    LINE = "L"
    VARIABLE = "V"
    OPERATION = "O"
    ARGUMENT = "A"
    OUTPUT = "output"


@dataclass(frozen=True)
class Expectation:
    """What must be found in a module's case `Wrong`.

    A finding of the step answers to it when it meets all of the conditions at once.

    Attributes:
        bug: The module's name without `equivalence_bug_`, a number first: the kind of bug.
        step: The step that must diverge.
        where: What the finding names.
        marker: Whether its location must be a line that ends in `# BUG`.
        names: Variables or outputs that it must all name.
        operations: Operation types of which it must name one.
        arguments: Attributes or call arguments of which it must name one.
        tells: Words of the remedy, all of which it must hold: the class of the bug.
    """

    bug: str
    step: str
    where: Where
    marker: bool = True
    names: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module's file name."""
        return f"equivalence_bug_{self.bug}.py"

    def marked_lines(self) -> tuple[int, ...]:
        """Return the numbers of the lines a person should look at."""
        lines = (HERE / self.module).read_text("utf-8").splitlines()
        return tuple(number for number, line in enumerate(lines, 1) if line.rstrip().endswith(MARKER))


def _created(bug: str, name: str, *tells: str, where: Where = Where.LINE) -> Expectation:
    return Expectation(bug, "variables-once", where, names=(name,), tells=tells)


def _line(bug: str, step: str, *tells: str) -> Expectation:
    return Expectation(bug, step, Where.LINE, tells=tells)


def _variable(bug: str, step: str, *names: str, marker: bool = False, tells: tuple[str, ...] = ()) -> Expectation:
    return Expectation(bug, step, Where.VARIABLE, marker, names=names, tells=tells)


def _operation(bug: str, *operations: str) -> Expectation:
    return Expectation(bug, "named-weights", Where.OPERATION, operations=operations)


def _argument(bug: str, step: str, *arguments: str) -> Expectation:
    return Expectation(bug, step, Where.ARGUMENT, arguments=arguments)


def _output(bug: str, *names: str) -> Expectation:
    return Expectation(bug, "constant-weights", Where.OUTPUT, marker=False, names=names)


EXPECTATIONS = (
    _created("01_variable_in_call", "scale", "tf.Variable", "self"),
    _created("02_layer_in_call", "head/kernel", "__init__", "get_or_create_layer"),
    _created("03_auto_named_layer", "dense_1/kernel", "variable_scope"),
    _created("03_auto_named_slim", "fully_connected_1/weights", "variable_scope"),
    _created("04_template_each_call", "head_1/dense/kernel", "make_template", "__init__"),
    _created(
        "05_moving_average_in_call",
        "scale/ExponentialMovingAverage",
        "ExponentialMovingAverage.apply",
        where=Where.VARIABLE,
    ),
    _created("06_head_only_in_training", "auxiliary/kernel", "training=True"),
    _variable("07_layer_in_global", "variable-inventory", "net/head/kernel", marker=True, tells=("self",)),
    _variable("08_partitioner_dropped", "variable-inventory", "net/kernel/part_0", tells=("partitioner",)),
    _variable("09_keras_names", "variable-inventory", "net/logits/kernel", "net/dense/kernel"),
    _variable("09_suffixed_names", "variable-inventory", "net/block_1/dense/kernel"),
    _variable(
        "10_float64_cast",
        "variable-inventory",
        "net/logits/kernel",
        tells=("float64", "float32", "input", "autocast"),
    ),
    _variable("11_lstm_gate_order", "named-weights", "rnn/lstm_cell/"),
    _variable("11_lstm_gate_order", "checkpoint", "rnn/lstm_cell/"),
    _variable("12_forget_bias_lost", "named-weights", "rnn/lstm_cell/bias"),
    _argument("13_gru_reset_after", "variable-inventory", "reset_after"),
    _operation("13_gru_gates_swapped", "Split", "Mul"),
    _variable("14_l2_without_half", "named-weights", "net/logits/kernel"),
    _line("15_loss_in_collection", "constant-weights", "add_loss"),
    _line("15_loss_by_losses_module", "constant-weights", "add_loss"),
    _variable("16_losses_not_added", "gradients", "net/hidden/kernel", marker=True, tells=("model.losses",)),
    _operation("17_activation_missing", "Relu"),
    _operation("17_activation_changed", "Elu"),
    _argument("18_resize_bilinear", "named-weights", "half_pixel_centers"),
    _operation("19_resize_dtype", "ResizeBilinear"),
    _argument("20_softmax_axis", "named-weights", "axis"),
    _argument("21_batch_norm_epsilon", "named-weights", "epsilon"),
    _operation("22_channel_order", "ReverseV2"),
    _operation("22_height_width_swapped", "Transpose"),
    _operation("22_input_scaling", "RealDiv"),
    _operation("23_feature_order", "ConcatV2"),
    _line("24_integer_division", "constant-weights"),
    _argument("25_ctc_blank", "gradients", "blank_index"),
    _line("26_cached_tensor", "random-inference"),
    _line("26_tensor_from_init", "random-inference"),
    _operation("28_log_of_zero", "Maximum", "Log"),
    _line("29_no_training_argument", "random-training", "training"),
    _argument("30_keep_prob_as_rate", "random-training", "rate"),
    _variable("31_frozen_batch_norm", "random-training", "net/bn/"),
    _variable("32_truncated_normal_default", "random-inference", "logits/kernel", tells=("initializer",)),
    _variable("32_variance_scaling_default", "random-inference", "logits/kernel", tells=("initializer",)),
    _line("33_numpy_random", "random-training", "tf.random"),
    _variable("34_variables_swapped", "named-weights", "inner/kernel", "outer/kernel"),
    _variable(
        "35_restore_matches_nothing",
        "checkpoint",
        "net/hidden/kernel",
        marker=True,
        tells=("assert_existing_objects_matched",),
    ),
    _line("36_restore_too_early", "checkpoint", "before the variables existed"),
    _variable("37_batch_norm_momentum", "state-updates", "net/bn/moving_mean", marker=True, tells=("momentum",)),
    _variable("38_updates_never_run", "state-updates", "net/bn/moving_mean", tells=("UPDATE_OPS",)),
    _variable("39_batch_norm_shared", "state-updates", "net/bn/moving_mean", tells=("order",)),
    _variable("40_num_updates_lost", "state-updates", "net/average", marker=True, tells=("num_updates",)),
    _line("41_gradient_into_labels", "gradients", "stop_gradient"),
    _line("42_loss_reduction", "gradients", "count_nonzero"),
    _line("43_cosine_similarity", "gradients", "Add one"),
    _variable("34_variables_swapped", "checkpoint", "inner/kernel", "outer/kernel"),
    _argument("44_adam_epsilon", "optimizer", "epsilon"),
    _variable("45_rmsprop_slot", "optimizer", "mean-square", marker=True, tells=("slot",)),
    _argument("46_sparse_momentum", "optimizer", "SGD"),
    _argument("47_clipnorm", "optimizer", "global_clipnorm"),
    _line("48_rate_frozen", "optimizer", "schedule"),
    _line("49_no_global_step", "optimizer", "global_step", "constant rate"),
    _argument("50_adagrad_accumulator", "optimizer", "initial_accumulator_value"),
    _argument("50_adadelta_epsilon", "optimizer", "epsilon"),
    _line("51_two_train_operations", "optimizer", "all gradients first"),
    _operation("52_mixed_precision", "MatMul", "Cast"),
    _operation("53_nan_on_both_sides", "RealDiv"),
    _output("54_output_dropped", "probabilities"),
    _output("54_output_renamed", "probabilities"),
    _output("54_outputs_reordered", "0"),
    _line("55_python_state_in_function", "execution-modes", "tf.Variable", "factor"),
    _line("56_numpy_in_function", "execution-modes", "tf.function", "numpy"),
    _line("57_eager_branch", "execution-modes", "tf.function", "Python values"),
)
