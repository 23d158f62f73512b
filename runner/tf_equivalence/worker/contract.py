"""What a case must be like before it is worth running: methods that can be called, settings that can be read."""

import inspect
import numbers
from collections.abc import Mapping
from typing import Any

from tf_equivalence.case import EquivalenceCase, Tolerance
from tf_equivalence.estimator import ARGUMENTS, EVAL, PREDICT, TRAIN, EstimatorCase
from tf_equivalence.worker.faults import CaseFault, definition

_SIGNATURES = (
    ("tf1", "inputs, training"),
    ("tf2", ""),
    ("loss", "outputs, inputs"),
    ("predictions", "outputs, mode"),
    ("tf1_optimizer", ""),
    ("tf2_optimizer", ""),
    ("tf1_train_op", "optimizer, loss, global_step"),
    ("tf2_train_step", "optimizer, loss, variables"),
)


def check_class(kind):
    # type: (Any) -> None
    """Check that a class defines both sides and can be made without arguments.

    Raises:
        CaseFault: When it does not.
    """
    for member, arguments in _SIGNATURES[:2]:
        if getattr(kind, member) is getattr(EquivalenceCase, member):
            raise CaseFault(
                "case", "{} does not define {}: add `def {}`".format(kind.__name__, member, _header(member, arguments))
            )
    if issubclass(kind, EstimatorCase) and kind.tf1 is EstimatorCase.tf1 and kind.model_fn is EstimatorCase.model_fn:
        raise CaseFault(
            "case",
            "{} does not define model_fn: add `def {}`".format(
                kind.__name__, _header("model_fn", "features, labels, mode, params")
            ),
        )
    if type(kind) is type and not _takes(kind, 0):
        raise CaseFault(
            "case",
            "{0} cannot be made without arguments, as the runner does: give those of `__init__` a default".format(
                kind.__name__
            ),
            definition(getattr(kind, "__init__", None)),
        )


def check_case(case):
    # type: (EquivalenceCase) -> None
    """Check the methods and the settings of a case.

    Raises:
        CaseFault: When one of them is of the wrong kind.
    """
    signatures = _SIGNATURES + ((("inputs", "rng"),) if callable(case.inputs) else ())
    for member, arguments in signatures:
        method = getattr(case, member, None)
        if method is None and member not in ("tf1", "tf2"):
            continue
        if not callable(method) or not _takes(method, len(arguments.split())):
            raise CaseFault(
                "case",
                "{}.{} cannot be called as `{}({})`: write `def {}`".format(
                    type(case).__name__, member, member, arguments, _header(member, arguments)
                ),
                definition(method),
            )
    _check_settings(case)
    if isinstance(case, EstimatorCase):
        _check_estimator(case)


def _check_estimator(case):
    # type: (EstimatorCase) -> None
    if inspect.ismethod(case.features):
        raise CaseFault(
            "case",
            "{0}.features is a method: write `def {1}`, and return a dict with `features` and `labels`".format(
                type(case).__name__, _header("inputs", "rng")
            ),
            definition(case.features),
        )
    if not callable(case.inputs):
        case._model_inputs(case.inputs)
    if case.inputs is None:
        raise CaseFault(
            "inputs", "`features` is not defined: give what model_fn gets, a nest of ArraySpec and NumPy arrays"
        )
    if type(case).tf1 is EstimatorCase.tf1 and not _takes_keyword(case.model_fn, "features"):
        raise CaseFault(
            "case",
            "{0}.model_fn takes no `features`: write `def {1}`, or `model_fn = staticmethod(...)`".format(
                type(case).__name__, _header("model_fn", "features, labels, mode, params")
            ),
            definition(case.model_fn),
        )
    if type(case).tf1 is EstimatorCase.tf1:
        _check_needs(case)
    mode = case.inference_mode  # type: Any
    if mode not in (PREDICT, EVAL):
        raise _refuse(case, "inference_mode", mode, "{!r} or {!r}".format(PREDICT, EVAL))
    modes = case.without_predictions  # type: Any
    if not isinstance(modes, (tuple, list)) or not set(modes) <= {TRAIN, EVAL}:
        raise _refuse(case, "without_predictions", modes, "a tuple of modes, such as ({!r},)".format(TRAIN))
    if modes and type(case).loss is EquivalenceCase.loss:
        raise CaseFault(
            "case",
            "{}.without_predictions leaves the loss alone to compare: add `def {}` for the TF2 side".format(
                type(case).__name__, _header("loss", "outputs, inputs")
            ),
        )


def _check_needs(case):
    # type: (EstimatorCase) -> None
    """Check that a model function needs no arguments that an Estimator does not give."""
    try:
        parameters = inspect.signature(case.model_fn).parameters.values()
    except (TypeError, ValueError):
        return
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    needed = [p.name for p in parameters if p.kind in kinds and p.default is p.empty and p.name not in ARGUMENTS]
    if needed:
        raise CaseFault(
            "case",
            "{0}.model_fn needs `{1}`, which an Estimator does not give: write `def {2}` that passes it, or "
            "`model_fn = functools.partial(..., {1}=...)`".format(
                type(case).__name__, needed[0], _header("model_fn", "features, labels, mode, params")
            ),
            definition(case.model_fn),
        )


def _header(member, arguments):
    # type: (str, str) -> str
    return "{}(self{})".format(member, ", " + arguments if arguments else "")


def _takes(function, count):
    # type: (Any, int) -> bool
    """Tell whether a function can be called with this many arguments; true where nothing is known."""
    try:
        inspect.signature(function).bind(*([None] * count))
    except TypeError:
        return False
    except ValueError:  # built in, without a signature
        return True
    return True


def _takes_keyword(function, name):
    # type: (Any, str) -> bool
    """Tell whether a function can be called with an argument of this name."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return callable(function)
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _check_settings(case):
    # type: (EquivalenceCase) -> None
    mappings = (("variable_names", "a TF1 variable name to a TF2 one"), ("skip", "a step id to the reason"))
    for name, meaning in mappings:
        value = getattr(case, name)  # type: Any
        if not isinstance(value, Mapping):
            raise _refuse(case, name, value, "a mapping from {}".format(meaning))
    globs = case.nan_equal  # type: Any
    if not isinstance(globs, (tuple, list)) or not all(isinstance(glob, str) for glob in globs):
        raise _refuse(case, "nan_equal", globs, "a tuple of output globs, such as ('logits',)")
    constant = case.constant  # type: Any
    if not isinstance(constant, numbers.Real) or isinstance(constant, bool):
        raise _refuse(case, "constant", constant, "a number")
    tolerance = case.tolerance  # type: Any
    bounds = tolerance.values() if isinstance(tolerance, Mapping) else (tolerance,)
    allowed = (Tolerance,) if isinstance(tolerance, Mapping) else (Tolerance, str, type(None))  # type: Any
    for bound in bounds:
        if not isinstance(bound, allowed):
            raise _refuse(
                case,
                "tolerance",
                tolerance,
                "'measured', 'guide', a Tolerance(rtol, atol), or a mapping from output glob to Tolerance(rtol, atol)",
            )


def _refuse(case, name, value, expected):
    # type: (EquivalenceCase, str, Any, str) -> CaseFault
    return CaseFault("case", "{}.{} = {!r} must be {}".format(type(case).__name__, name, value, expected))
