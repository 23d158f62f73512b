"""The steps: what each must hold, and which recordings it reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Build:
    """One process: a side of a case for one training flag and one call form.

    Attributes:
        side: `tf1` or `tf2`.
        training: The training flag of the first call, or of the graph.
        form: `direct`, or `functional` for a layer inside a functional Keras model.
    """

    side: str
    training: bool
    form: str = "direct"

    @property
    def directory(self) -> str:
        """The name of its directory within the case's."""
        return f"{self.side}-{'training' if self.training else 'inference'}-{self.form}"


@dataclass(frozen=True)
class Need:
    """A recording: one run of a build under one condition; condition `build` is the build itself."""

    build: Build
    condition: str = "build"


@dataclass(frozen=True)
class Step:
    """One check.

    Attributes:
        id: As in every report and option.
        holds: What must hold, one sentence.
        needs: Every recording that its judgement reads.
        pairs: The needs that are compared with each other, TF1 first.
    """

    id: str
    holds: str
    needs: tuple[Need, ...]
    pairs: tuple[tuple[Need, Need], ...] = ()


TF1_INFERENCE = Build("tf1", training=False)
TF2_INFERENCE = Build("tf2", training=False)
TF1_TRAINING = Build("tf1", training=True)
TF2_TRAINING = Build("tf2", training=True)
TF2_FUNCTIONAL = Build("tf2", training=True, form="functional")
TF2_MODES = Build("tf2", training=False, form="modes")
TF2_MODES_TRAINING = Build("tf2", training=True, form="modes")
TF2_CHECKPOINT = Build("tf2", training=False, form="checkpoint")
TF1_OPTIMIZER = Build("tf1", training=True, form="optimizer")
TF2_OPTIMIZER = Build("tf2", training=True, form="optimizer")
ALL_BUILDS = (
    TF1_INFERENCE,
    TF2_INFERENCE,
    TF1_TRAINING,
    TF2_TRAINING,
    TF2_FUNCTIONAL,
    TF2_MODES,
    TF2_MODES_TRAINING,
    TF2_CHECKPOINT,
    TF1_OPTIMIZER,
    TF2_OPTIMIZER,
)


_MODES = (TF2_MODES, TF2_MODES_TRAINING)


def _comparing(step_id: str, holds: str, *pairs: tuple[Need, Need], also: tuple[Need, ...] = ()) -> Step:
    needs = [*(need for pair in pairs for need in pair), *also]
    if any(need.build.training for need in needs):
        # To tell whether TF1 minds the training flag, when the TF2 side takes none.
        needs += [Need(TF1_INFERENCE, "random"), Need(TF1_TRAINING, "random")]
    needs += [Need(build) for build in dict.fromkeys(need.build for need in needs)]
    return Step(step_id, holds, tuple(dict.fromkeys(needs)), pairs)


def _pair(tf1: Build, tf2: Build, condition: str) -> tuple[Need, Need]:
    return Need(tf1, condition), Need(tf2, condition)


STEPS: dict[str, Step] = {
    step.id: step
    for step in (
        Step(
            "variables-once",
            "After the first call, further calls create no variables.",
            (Need(TF2_INFERENCE), Need(TF2_INFERENCE, "once")),
        ),
        Step(
            "variable-inventory",
            "Both sides have the same variables, with the same regularization losses.",
            (
                Need(TF1_INFERENCE),
                Need(TF2_INFERENCE),
                Need(TF1_INFERENCE, "constant"),
                Need(TF2_INFERENCE, "constant"),
            ),
        ),
        _comparing(
            "constant-weights",
            "With every variable at one constant, inference gives the same outputs and regularization loss.",
            _pair(TF1_INFERENCE, TF2_INFERENCE, "constant"),
        ),
        _comparing(
            "named-weights",
            "With every variable filled from its TF1 name, inference gives the same outputs and losses.",
            _pair(TF1_INFERENCE, TF2_INFERENCE, "named"),
        ),
        _comparing(
            "random-inference",
            "With aligned random seeds, initial values and two inference calls agree.",
            _pair(TF1_INFERENCE, TF2_INFERENCE, "random"),
            _pair(TF1_INFERENCE, TF2_INFERENCE, "random-second"),
        ),
        _comparing(
            "random-training",
            "With aligned random seeds, initial values and two training calls agree.",
            _pair(TF1_TRAINING, TF2_TRAINING, "random"),
            _pair(TF1_TRAINING, TF2_TRAINING, "random-second"),
        ),
        _comparing(
            "functional-training",
            "Inside a functional Keras model, with one constant seed, a training call agrees.",
            _pair(TF1_TRAINING, TF2_FUNCTIONAL, "functional"),
        ),
        _comparing(
            "checkpoint",
            "TF1's name-based checkpoint loads into the TF2 model, key by key, and gives the same outputs.",
            _pair(TF1_INFERENCE, TF2_CHECKPOINT, "checkpoint"),
        ),
        _comparing(
            "gradients",
            "In training, the loss and its gradient by every trainable variable agree, regularization included.",
            _pair(TF1_TRAINING, TF2_TRAINING, "gradients"),
            also=(Need(TF1_TRAINING, "gradients-optimized"),),
        ),
        _comparing(
            "state-updates",
            "After training calls, every variable that is not trainable holds what TF1's UPDATE_OPS make of it.",
            _pair(TF1_TRAINING, TF2_TRAINING, "updates"),
            also=(Need(TF1_TRAINING, "no-updates"),),
        ),
        _comparing(
            "optimizer",
            "Both optimizers take the same steps: loss, trainable variables and slots agree after each.",
            _pair(TF1_OPTIMIZER, TF2_OPTIMIZER, "optimizer"),
            _pair(TF1_OPTIMIZER, TF2_OPTIMIZER, "optimizer-alone"),
        ),
        Step(
            "execution-modes",
            "Eagerly, as a tf.function, without graph optimization and compiled, the model computes the same.",
            tuple(Need(build, condition) for build in _MODES for condition in ("build", "eager", "eager-second")),
            tuple(
                (Need(build, f"eager{call}"), Need(build, f"{mode}{call}"))
                for build in _MODES
                for mode, call in (("function", ""), ("function", "-second"), ("function-plain", ""))
            ),
        ),
    )
}
