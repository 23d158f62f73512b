"""Makes the optimizer of each side, and learns what it is: its family, its settings, and where it was made."""

import contextlib
import functools
import inspect
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Stack
from tf_equivalence.worker.faults import CaseFault, definition, user_code

v1 = tf.compat.v1

KIND = "optimizer"
RATE = 0.01  # of gradient descent, where the case names no optimizer
V1, LEGACY, KERAS = "v1", "legacy", "keras"

# A class, by its name and that of its bases -> the family; what only settings tell apart is told apart below.
_FAMILIES = {
    "GradientDescentOptimizer": "sgd",
    "MomentumOptimizer": "momentum",
    "AdamOptimizer": "adam",
    "RMSPropOptimizer": "rmsprop",
    "AdagradOptimizer": "adagrad",
    "AdadeltaOptimizer": "adadelta",
    "FtrlOptimizer": "ftrl",
    "SGD": "sgd",
    "Adam": "adam",
    "RMSprop": "rmsprop",
    "Adagrad": "adagrad",
    "Adadelta": "adadelta",
    "Ftrl": "ftrl",
}
# The setting -> the attributes that v1, legacy Keras and Keras keep it under.
_SETTINGS = {
    "momentum": ("_momentum", "momentum"),
    "nesterov": ("_use_nesterov", "nesterov"),
    "beta_1": ("_beta1", "beta_1"),
    "beta_2": ("_beta2", "beta_2"),
    "epsilon": ("_epsilon", "epsilon"),
    "rho": ("_rho", "_decay", "rho"),
    "centered": ("_centered", "centered"),
    "amsgrad": ("amsgrad",),
    "initial_accumulator_value": ("_initial_accumulator_value", "initial_accumulator_value"),
    "learning_rate_power": ("_learning_rate_power", "learning_rate_power"),
    "l1_regularization_strength": ("_l1_regularization_strength", "l1_regularization_strength"),
    "l2_regularization_strength": ("_l2_regularization_strength", "l2_regularization_strength"),
    "l2_shrinkage_regularization_strength": (
        "_l2_shrinkage_regularization_strength",
        "l2_shrinkage_regularization_strength",
    ),
    "beta": ("_beta", "beta"),
    "weight_decay": ("weight_decay",),
    "clipnorm": ("clipnorm",),
    "clipvalue": ("clipvalue",),
    "global_clipnorm": ("global_clipnorm",),
    "use_ema": ("use_ema",),
}
_UNSET = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "amsgrad")


class Maker(NamedTuple):
    """An optimizer object, and where it was made."""

    optimizer: Any
    stack: Stack


class Made(NamedTuple):
    """The optimizer of one side.

    Attributes:
        optimizer: What the case returned, or the runner's own.
        makers: Every optimizer that was made on the way, an inner one before what wraps it.
        own: Whether the case gives it.
        note: What was taken in its place; empty where the case gives it, or gives none on either side.
        counts: Whether training with it advances the global step, where that is known.
        changes: Why its steps are not those of training; empty where they are.
    """

    optimizer: Any
    makers: List[Maker]
    own: bool
    note: str = ""
    counts: Optional[bool] = None
    changes: str = ""

    @property
    def inner(self):
        # type: () -> Any
        """The optimizer that makes the update: the innermost of a kind that is known, else the object itself."""
        known = [maker.optimizer for maker in self.makers if family_of(maker.optimizer)]
        return known[0] if known else (self.makers[0].optimizer if self.makers else self.optimizer)

    @property
    def stack(self):
        # type: () -> Stack
        """Where that optimizer was made; empty where that was not seen."""
        inner = self.inner
        return next((maker.stack for maker in self.makers if maker.optimizer is inner), ())


def gives(case, member):
    # type: (EquivalenceCase, str) -> bool
    """Tell whether the case has a method of its own."""
    return getattr(type(case), member) is not getattr(EquivalenceCase, member)


def make_tf1(case):
    # type: (EquivalenceCase) -> Made
    """Return TF1's optimizer, in the current graph.

    Raises:
        StopBuild: The method raised or returned no optimizer, or the case gives TF2's alone.
    """
    if not gives(case, "tf1_optimizer"):
        from tf_equivalence.worker import model_fn_optimizer

        made = model_fn_optimizer.made_of(case)
        if made is not None:
            return made
        if gives(case, "tf2_optimizer"):
            with user_code(KIND, "tf1_optimizer()", definition(case.tf2_optimizer)):
                raise CaseFault(
                    KIND,
                    "{0} gives tf2_optimizer() and no tf1_optimizer(), so that there is nothing to compare it with: "
                    "add `def tf1_optimizer(self)` that returns the optimizer of the TF1 code, such as "
                    "tf.compat.v1.train.AdamOptimizer(0.001)".format(type(case).__name__),
                )
        return _watched(case, None, lambda: v1.train.GradientDescentOptimizer(RATE))
    return _watched(case, "tf1_optimizer", case.tf1_optimizer)


def make_tf2(case):
    # type: (EquivalenceCase) -> Made
    """Return TF2's optimizer; without one of the case's own, the counterpart of TF1's.

    Raises:
        StopBuild: The method raised or returned no optimizer, or TF1's has no counterpart.
    """
    if gives(case, "tf2_optimizer"):
        return _watched(case, "tf2_optimizer", case.tf2_optimizer)
    if not gives(case, "tf1_optimizer"):
        from tf_equivalence.worker import model_fn_optimizer

        made = model_fn_optimizer.counterpart_of(case)
        if made is not None:
            return made
        return _watched(case, None, lambda: tf.keras.optimizers.legacy.SGD(RATE))
    from tf_equivalence.worker.optimizer_pairs import counterpart, described

    tf1 = _watched(case, "tf1_optimizer", case.tf1_optimizer)
    with user_code(KIND, "tf1_optimizer()", definition(case.tf1_optimizer)):
        optimizer = counterpart(tf1.inner)
    note = "the case gives no tf2_optimizer(): compared with its counterpart {}".format(described(optimizer))
    return Made(optimizer, [Maker(optimizer, definition(case.tf1_optimizer))], False, note)


def check_new(case):
    # type: (EquivalenceCase) -> None
    """Refuse a `tf2_optimizer` that returns one optimizer again and again: what it learned would stay in it.

    Raises:
        StopBuild: It does, or raises.
    """
    if not gives(case, "tf2_optimizer"):
        return
    here = definition(case.tf2_optimizer)
    with user_code(KIND, "tf2_optimizer()", here):
        optimizer = case.tf2_optimizer()
        _check(optimizer, "tf2_optimizer", gives(case, "tf2_train_step"))
        if case.tf2_optimizer() is optimizer:
            raise CaseFault(
                KIND,
                "tf2_optimizer() returns the same object each time: make a new optimizer in each call, for each run "
                "of steps begins anew",
                here,
            )


def _watched(case, member, make):
    # type: (EquivalenceCase, Optional[str], Any) -> Made
    makers = []  # type: List[Maker]
    if member is None:
        optimizer = make()
        return Made(optimizer, [Maker(optimizer, definition(case.tf2))], False)
    here = definition(getattr(case, member))
    with user_code(KIND, "{}()".format(member), here), watched(makers):
        optimizer = make()
        _check(optimizer, member, gives(case, "tf1_train_op" if member == "tf1_optimizer" else "tf2_train_step"))
    if all(maker.optimizer is not optimizer for maker in makers):
        makers.append(Maker(optimizer, here))
    return Made(optimizer, makers, True)


def _check(optimizer, member, steps_itself):
    # type: (Any, str, bool) -> None
    """Refuse what no step can be taken with.

    Raises:
        CaseFault: It is none, a class, a name, or has no `minimize`.
    """
    example = "tf.compat.v1.train.AdamOptimizer(0.001)" if member == "tf1_optimizer" else "tf.keras.optimizers.Adam()"
    problem = ""
    if optimizer is None:
        problem = "returned nothing: return an optimizer, such as {}".format(example)
    elif isinstance(optimizer, type):
        problem = "returned the class {0}, not an object of it: return {0}(...) with its learning rate".format(
            optimizer.__name__
        )
    elif isinstance(optimizer, (str, bytes, dict)):
        problem = "returned a {} where an optimizer object is needed: return one, such as {}".format(
            type(optimizer).__name__, example
        )
    elif not steps_itself and not _takes_steps(optimizer, member):
        problem = (
            "returned a {} without `{}`, which takes no step: return an optimizer, such as {}, or say in "
            "{}() how a step is taken with it".format(
                type(optimizer).__name__,
                "minimize" if member == "tf1_optimizer" else "apply_gradients",
                example,
                "tf1_train_op" if member == "tf1_optimizer" else "tf2_train_step",
            )
        )
    elif member == "tf1_optimizer" and not steps_itself and api_of(optimizer) in (LEGACY, KERAS):
        problem = (
            "returned the Keras optimizer {}, whose `minimize` takes no loss of a TF1 graph: return one of "
            "tf.compat.v1.train, or give the train operation in tf1_train_op()".format(type(optimizer).__name__)
        )
    if problem:
        raise CaseFault(KIND, "{}() {}".format(member, problem))


def _takes_steps(optimizer, member):
    # type: (Any, str) -> bool
    names = ("minimize",) if member == "tf1_optimizer" else ("minimize", "apply_gradients")
    return any(callable(getattr(optimizer, name, None)) for name in names)


@contextlib.contextmanager
def watched(makers):
    # type: (List[Maker]) -> Iterator[None]
    """Note every optimizer that is made in this scope, and where."""
    with contextlib.ExitStack() as scopes:
        for base in _bases():
            scopes.enter_context(_noting(base, makers))
        yield


def _bases():
    # type: () -> List[Any]
    if not tf.executing_eagerly():  # Keras would be imported for nothing
        return [v1.train.Optimizer]
    keras = [getattr(tf.keras.optimizers, "Optimizer", None)]
    keras += [getattr(getattr(tf.keras.optimizers, "legacy", None), "Optimizer", None)]
    return [v1.train.Optimizer] + [base for base in keras if base is not None]


@contextlib.contextmanager
def _noting(base, makers):
    # type: (Any, List[Maker]) -> Iterator[None]
    original = base.__init__

    @functools.wraps(original)
    def noting(self, *args, **kwargs):
        # type: (Any, *Any, **Any) -> None
        if all(maker.optimizer is not self for maker in makers):
            makers.append(Maker(self, stacks.here(1)))
        original(self, *args, **kwargs)

    base.__init__ = noting
    try:
        yield
    finally:
        base.__init__ = original


def api_of(optimizer):
    # type: (Any) -> str
    """Return which of the three kinds of optimizers an object is; empty for any other."""
    if isinstance(optimizer, v1.train.Optimizer):
        return V1
    modules = [kind.__module__ for kind in type(optimizer).__mro__]
    if any("optimizer_v2" in module for module in modules):
        return LEGACY
    if any(module.startswith(("tf_keras.", "keras.")) and ".optimizers" in module for module in modules):
        return KERAS
    return ""


def family_of(optimizer):
    # type: (Any) -> str
    """Return the family, such as `adam`; empty for one that is not known."""
    if not api_of(optimizer):
        return ""
    names = [kind.__name__ for kind in type(optimizer).__mro__]
    family = next((_FAMILIES[name] for name in names if name in _FAMILIES), "")
    if family == "sgd" and settings_of(optimizer).get("momentum"):
        return "momentum"
    return family


def name_of(optimizer):
    # type: (Any) -> str
    """Return the name that a person knows the class by."""
    kind = type(optimizer)
    library = stacks.library_of(inspect.getsourcefile(kind) or "") if _has_source(kind) else "?"
    if not library:
        return str(kind.__name__)  # the user's own
    prefix = {V1: "tf.compat.v1.train.", LEGACY: "tf.keras.optimizers.legacy.", KERAS: "tf.keras.optimizers."}
    return prefix.get(api_of(optimizer), "") + str(kind.__name__)


def _has_source(kind):
    # type: (Any) -> bool
    try:
        return inspect.getsourcefile(kind) is not None
    except TypeError:
        return False


def settings_of(optimizer):
    # type: (Any) -> Dict[str, float]
    """Return the settings that are plain numbers, by one name for all kinds; one that is off is 0."""
    found = {}  # type: Dict[str, float]
    for name, attributes in _SETTINGS.items():
        value = number(_first(optimizer, attributes))
        if value is not None:
            found[name] = value
    if api_of(optimizer):
        for name in _UNSET:
            found.setdefault(name, 0.0)
    if "AdagradOptimizer" in [kind.__name__ for kind in type(optimizer).__mro__]:
        found["epsilon"] = 0.0  # its kernel has none
    return found


def _first(optimizer, attributes):
    # type: (Any, Sequence[str]) -> Any
    if api_of(optimizer) != V1:  # `_momentum` of legacy Keras is a flag, and `decay` one of the learning rate
        kept = ("_initial_accumulator_value", "_l2_shrinkage_regularization_strength")
        attributes = [name for name in attributes if not name.startswith("_") or name in kept][::-1]
    for name in attributes:
        value = getattr(optimizer, name, None)
        if value is not None:
            return value
    return None


def number(value):
    # type: (Any) -> Optional[float]
    """Return a value as a float where it is a number now: a Python one, or a tensor of an eager process."""
    try:
        if tf.is_tensor(value) or isinstance(value, tf.Variable):
            value = value.numpy()
        return float(np.asarray(value).reshape(()))
    except Exception:  # symbolic, callable, or no number at all
        return None


def plain_sequence(value):
    # type: (Any) -> Tuple[Any, ...]
    """Return the parts of a nest of lists, tuples and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return tuple(part for each in value for part in plain_sequence(each))
    return (value,)
