"""Imports the user's module and finds the case in it."""

import contextlib
import importlib
import importlib.util
import os
import sys
from typing import Any, Iterator, List, Sequence, Tuple

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.worker import contract
from tf_equivalence.worker.faults import CaseFault, user_code


def extend_path(directories):
    # type: (Sequence[str]) -> None
    """Append directories to `sys.path`; in front they could shadow TensorFlow's own imports."""
    for directory in directories:
        if directory not in sys.path:
            sys.path.append(directory)


def import_module(path):
    # type: (str) -> Any
    """Import a user module from its file, as part of its package where it lies in one.

    Raises:
        StopBuild: When importing it raises anything.
    """
    package = []  # type: List[str]
    directory = os.path.dirname(path)
    while os.path.exists(os.path.join(directory, "__init__.py")):
        package.insert(0, os.path.basename(directory))
        directory = os.path.dirname(directory)
    extend_path([directory])
    name = ".".join(package + [os.path.basename(path)[:-3]])
    with user_code("load", "importing {}".format(os.path.basename(path))):
        if package:
            importlib.import_module(".".join(package))
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None:
            raise ImportError("not a Python source file: {}".format(path))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return module


def defined_cases(module):
    # type: (Any) -> Tuple[str, ...]
    """Return the names of all `EquivalenceCase` subclasses that the module defines itself."""
    return tuple(
        sorted(
            name
            for name, value in vars(module).items()
            if isinstance(value, type) and issubclass(value, EquivalenceCase) and value.__module__ == module.__name__
        )
    )


def make_case(module, class_name):
    # type: (Any, str) -> EquivalenceCase
    """Return the case of this name.

    Raises:
        StopBuild: When there is none, it cannot be made, or its methods or settings are of the wrong kind.
    """
    with user_code("case", "making {}".format(class_name)):
        kind = getattr(module, class_name, None)
        if not isinstance(kind, type) or not issubclass(kind, EquivalenceCase):
            raise CaseFault(
                "load",
                "{} is no EquivalenceCase once the module is imported: keep the name for the class alone".format(
                    class_name
                ),
            )
        contract.check_class(kind)
        case = kind()
        if not isinstance(case, EquivalenceCase):
            raise CaseFault("case", "making {} gave a {}, which is no case".format(class_name, type(case).__name__))
        contract.check_case(case)
        return case


@contextlib.contextmanager
def eager_execution_kept(module_path):
    # type: (str) -> Iterator[None]
    """Refuse to let user code turn TF2 behaviour off, which nothing in this process could undo.

    Args:
        module_path: Of the case's module, where the call can simply go.
    """
    import tensorflow as tf
    from tensorflow.python.framework import ops

    def refuse(*args, **kwargs):
        # type: (*Any, **Any) -> None
        del args, kwargs
        raise _refusal(module_path)

    owners = [
        (tf.compat.v1, "disable_v2_behavior"),
        (tf.compat.v1, "disable_eager_execution"),
        (ops, "disable_eager_execution"),
    ]
    v2_compat = sys.modules.get("tensorflow.python.compat.v2_compat")
    if v2_compat is not None:
        owners.append((v2_compat, "disable_v2_behavior"))
    originals = [(owner, name, getattr(owner, name)) for owner, name in owners]
    for owner, name in owners:
        setattr(owner, name, refuse)
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _refusal(module_path):
    # type: (str) -> CaseFault
    stack = stacks.here(2)
    frame = next((frame for frame in stack if not frame.library), None)
    where, remedy = "This line", "tf1() runs in a process of its own with TF2 behaviour disabled already"
    if frame is None or os.path.realpath(frame.path) == os.path.realpath(module_path):
        remedy = "Remove it: {}.".format(remedy)
    else:
        where = "Line {} of {}".format(frame.line, os.path.basename(frame.path))
        remedy = "Import that module inside tf1(), or model_fn(): {}.".format(remedy.replace("tf1()", "that"))
    return CaseFault(
        "",
        "{} turns TF2 behaviour off for the whole process, so nothing on the TF2 side would run eagerly. {}".format(
            where, remedy
        ),
        stack,
    )
