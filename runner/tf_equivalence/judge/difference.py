"""How two arrays differ, as figures; read by everything that words or reports it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tf_equivalence.judge.bounds import Bound

Index = tuple[int, ...]
FIRST_DECADE, DECADES = -12, 15  # of a histogram of relative differences


@dataclass(frozen=True)
class Element:
    """One element on both sides.

    Attributes:
        index: Its position.
        tf1: Its value there, as a Python value.
        tf2: Its value there.
        difference: Absolute for the worst absolute, relative to |tf1| for the worst relative.
    """

    index: Index
    tf1: Any
    tf2: Any
    difference: float


@dataclass(frozen=True)
class Difference:
    """How two arrays differ.

    Attributes:
        kind: `shape`, `dtype`, `non-finite` or `value`: the first comparison that failed.
        tf1_shape: Of TF1's array.
        tf2_shape: Of TF2's array.
        tf1_dtype: TensorFlow's name.
        tf2_dtype: TensorFlow's name.
        mismatched: Elements outside of the bound, or whose non-finite values disagree.
        total: Elements of the array.
        worst_absolute: The element that differs most; None where values were not compared.
        worst_relative: The element that differs most relative to its TF1 magnitude.
        ulps: Units in the last place between the two values of `worst_absolute`; None for exact
            dtypes, complex numbers and differing dtypes.
        relative_l2: Euclidean norm of the difference, relative to TF1's; over finite elements.
        samples: The first few mismatched elements.
        nan_count: NaNs on each side.
        bound: What was allowed; None for exact dtypes.
        smallest_atol: The smallest atol, with rtol 0, that would have passed; infinite where none would.
        smallest_rtol: The smallest rtol, with atol 0, that would have passed.
        histogram: Elements by the decade of their difference relative to the largest TF1 value, from
            `FIRST_DECADE` up; what is further out counts in the first or the last. Equal elements, and those
            where a value is not finite, are in none.
        non_finite: Elements that differ and are not finite on at least one side.
    """

    kind: str
    tf1_shape: Index
    tf2_shape: Index
    tf1_dtype: str
    tf2_dtype: str
    mismatched: int = 0
    total: int = 0
    worst_absolute: Element | None = None
    worst_relative: Element | None = None
    ulps: float | None = None
    relative_l2: float = 0.0
    samples: tuple[Element, ...] = ()
    nan_count: tuple[int, int] = (0, 0)
    bound: Bound | None = None
    smallest_atol: float = 0.0
    smallest_rtol: float = 0.0
    histogram: tuple[int, ...] = ()
    non_finite: int = 0

    @property
    def percent(self) -> float:
        """Mismatched elements in percent."""
        return 100.0 * self.mismatched / self.total if self.total else 0.0

    @property
    def severity(self) -> float:
        """How much this matters, for ordering: infinite for anything but values, else relative L2."""
        return self.relative_l2 if self.kind == "value" else float("inf")

    def to_metrics(self) -> dict[str, object]:
        """Return the figures as JSON values; non-finite numbers as text."""
        metrics: dict[str, object] = {
            "tf1_shape": list(self.tf1_shape),
            "tf2_shape": list(self.tf2_shape),
            "tf1_dtype": self.tf1_dtype,
            "tf2_dtype": self.tf2_dtype,
        }
        if self.kind == "shape":
            return metrics
        metrics |= {
            "mismatched": self.mismatched,
            "total": self.total,
            "percent": self.percent,
            "worst_absolute": _element_metrics(self.worst_absolute),
            "worst_relative": _element_metrics(self.worst_relative),
            "ulps": None if self.ulps is None else json_number(self.ulps),
            "relative_l2": json_number(self.relative_l2),
            "samples": [_element_metrics(sample) for sample in self.samples],
            "smallest_atol": json_number(self.smallest_atol),
            "smallest_rtol": json_number(self.smallest_rtol),
        }
        if sum(self.histogram) and self.bound is not None:
            metrics["histogram"] = {
                "first_decade": FIRST_DECADE,
                "counts": list(self.histogram),
                "equal": self.total - sum(self.histogram) - self.non_finite,
                "non_finite": self.non_finite,
                "scale": self.bound.scale,
            }
        if self.bound is not None:
            metrics["bound"] = {
                "rtol": self.bound.rtol,
                "atol": self.bound.atol,
                "source": self.bound.source,
            }
        return metrics


def json_number(value: Any) -> object:
    """Return a number, boolean or text as a JSON value; a non-finite or complex one as text."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, complex) or (isinstance(value, float) and not np.isfinite(value)):
        return str(value)
    return value


def _element_metrics(element: Element | None) -> dict[str, object] | None:
    if element is None:
        return None
    return {
        "index": list(element.index),
        "tf1": json_number(element.tf1),
        "tf2": json_number(element.tf2),
        "difference": json_number(element.difference),
    }
