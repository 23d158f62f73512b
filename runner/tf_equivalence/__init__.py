"""Proves that TensorFlow 1 code migrated to TF2 still computes the same numbers.

The names below are what a module `equivalence_*.py` imports. They are looked up when they are
used, so that the command answers `--help` and `list` without NumPy; none of them imports
TensorFlow before it is called.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tf_equivalence.case import ArraySpec, EquivalenceCase, Tolerance
    from tf_equivalence.estimator import EstimatorCase
    from tf_equivalence.guards import assert_no_variable_creations, catch_and_raise_created_variables

__version__ = "0.1.0"

__all__ = [
    "ArraySpec",
    "EquivalenceCase",
    "EstimatorCase",
    "Tolerance",
    "assert_no_variable_creations",
    "catch_and_raise_created_variables",
]

_HOMES = {
    "ArraySpec": "case",
    "EquivalenceCase": "case",
    "EstimatorCase": "estimator",
    "Tolerance": "case",
    "assert_no_variable_creations": "guards",
    "catch_and_raise_created_variables": "guards",
}


def __getattr__(name):
    # type: (str) -> Any
    if name not in _HOMES:
        raise AttributeError("module 'tf_equivalence' has no attribute {!r}".format(name))
    return getattr(importlib.import_module("tf_equivalence." + _HOMES[name]), name)
