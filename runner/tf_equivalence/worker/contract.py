"""What a case must be like before it is worth running: methods that can be called, settings that can be read."""

import inspect
import numbers
from collections.abc import Mapping
from typing import Any

from tf_equivalence.case import EquivalenceCase, Tolerance
from tf_equivalence.worker.faults import CaseFault, definition

_SIGNATURES = (("tf1", "inputs, training"), ("tf2", ""), ("loss", "outputs, inputs"))


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
