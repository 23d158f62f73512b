"""Finds the first operation that two traces do not agree on, and says why in a sentence. No TensorFlow."""

from tf_equivalence.pinpoint.explain import describe
from tf_equivalence.pinpoint.finding import Difference, Divergence, OpSide, Worst
from tf_equivalence.pinpoint.locate import locate

__all__ = ["Difference", "Divergence", "OpSide", "Worst", "describe", "locate"]
