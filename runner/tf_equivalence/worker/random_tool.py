"""Aligned random numbers: the same stateful random operations draw the same values on both sides.

Does what `tf.compat.v1.keras.utils.DeterministicRandomTestTool` does, number for number (graph
seed 42; mode `num_random_ops` counts the operation seed up from 0, mode `constant` keeps it), and
besides that

- takes a census of every draw: function, shape, dtype, variable, stack;
- makes legacy Keras draw by stateful operations, which default initializers of `compat.v1.layers`
  and dropout would not;
- can replay the draws of a first call, so that a second call goes on with the same streams, as a
  session does.
"""

import contextlib
import random
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence import stacks
from tf_equivalence.recording import RandomOp

GRAPH_SEED = 42


class Draw(NamedTuple):
    """One draw, before its stack is classified."""

    op: str
    shape: Optional[Tuple[int, ...]]
    dtype: str
    seed: int
    creation: Optional[Dict[str, str]]
    raw_stack: Tuple[stacks.RawFrame, ...]

    def record(self):
        # type: () -> RandomOp
        """Return the draw as it is written."""
        variable = self.creation["name"] if self.creation else ""
        return RandomOp(self.op, self.shape, self.dtype, self.seed, variable, stacks.to_stack(self.raw_stack))


class AlignedRandom:
    """The source of operation seeds while user code runs.

    Attributes:
        mode: `num_random_ops` or `constant`.
        draws: The census, in program order.
        creation: Set by the creation watch while a variable is being created; its `name` is
            filled in when the variable has one.
    """

    def __init__(self, mode):
        # type: (str) -> None
        if mode not in ("num_random_ops", "constant"):
            raise ValueError("mode must be 'num_random_ops' or 'constant', got {!r}".format(mode))
        self.mode = mode
        self.draws = []  # type: List[Draw]
        self.creation = None  # type: Optional[Dict[str, str]]
        self.operation_seed = 0
        self._used = set()  # type: set[int]
        self._replay = None  # type: Optional[List[int]]

    def next_seed(self):
        # type: () -> int
        """Return the operation seed of the next draw.

        Raises:
            ValueError: In mode `num_random_ops`, when `operation_seed` was set to a value whose
                turn has come before.
        """
        if self.mode == "constant":
            return self.operation_seed
        if self._replay:
            return self._replay.pop(0)
        seed = self.operation_seed
        if seed in self._used and self._replay is not None:
            # A call that draws more than the first, such as one with dropout: `operation_seed` was set for the rest.
            seed = max(self._used) + 1
        if seed in self._used:
            raise ValueError(
                "operation_seed {} was used already: an eager operation would go on with its stream where a "
                "session would not. Set operation_seed to a value above {}.".format(seed, max(self._used))
            )
        self._used.add(seed)
        self.operation_seed = seed + 1
        return seed

    @contextlib.contextmanager
    def replay(self, seeds, restart):
        # type: (Sequence[int], bool) -> Iterator[None]
        """Hand out these seeds again, in order: the draws of a call without its initializers.

        Args:
            seeds: Operation seeds in program order.
            restart: Whether the streams begin anew, as in a new session, or go on, as in a second
                `session.run`.
        """
        if restart and tf.executing_eagerly():
            tf.random.set_seed(GRAPH_SEED)  # drops the cached kernels, and their state with them
        outer, self._replay = self._replay, list(seeds)
        try:
            yield
        finally:
            self._replay = outer

    def forward_seeds(self):
        # type: () -> List[int]
        """Return the seeds of the draws that no initializer made."""
        return [draw.seed for draw in self.draws if draw.creation is None]

    @contextlib.contextmanager
    def scope(self):
        # type: () -> Iterator[AlignedRandom]
        """Align everything that draws random numbers in this scope."""
        from tensorflow.python.framework import random_seed

        random.seed(GRAPH_SEED)
        np.random.seed(GRAPH_SEED)
        tf.compat.v1.set_random_seed(GRAPH_SEED)
        original = random_seed.get_seed
        random_seed.get_seed = self._get_seed
        try:
            with stateful_keras_draws():
                yield self
        finally:
            random_seed.get_seed = original

    def _get_seed(self, op_seed):
        # type: (Optional[int]) -> Tuple[int, int]
        del op_seed
        caller = sys._getframe(1)
        self._remember(caller.f_code.co_name, _static_shape(caller.f_locals), _dtype_name(caller.f_locals))
        seed = self.draws[-1].seed
        if self.mode == "constant" and tf.executing_eagerly():
            tf.random.set_seed(seed)
        return GRAPH_SEED, seed

    def _remember(self, op, shape, dtype):
        # type: (str, Optional[Tuple[int, ...]], str) -> None
        raw = stacks.capture(2)
        self.draws.append(Draw(op, shape, dtype, self.next_seed(), self.creation, raw))


@contextlib.contextmanager
def stateful_keras_draws():
    # type: () -> Iterator[None]
    """Let legacy Keras draw by stateful operations, as the same layers do in a TF1 graph.

    Left alone, its initializers use stateless operations and its dropout a `tf.random.Generator`,
    whose numbers no seed can align with TF1's.
    """
    try:
        from tf_keras.src import backend
    except ImportError:  # TensorFlow 1.15 brings its own Keras, which has only the stateful ones
        yield
        return
    generator = backend.RandomGenerator
    original = generator._set_rng_type

    def set_rng_type(self, rng_type, **kwargs):
        # type: (Any, Optional[str], **Any) -> None
        del rng_type, kwargs
        self._rng_type = generator.RNG_LEGACY_STATEFUL

    generator._set_rng_type = set_rng_type
    try:
        yield
    finally:
        generator._set_rng_type = original


def _static_shape(local_variables):
    # type: (Dict[str, Any]) -> Optional[Tuple[int, ...]]
    from tensorflow.python.framework import tensor_util

    shape = local_variables.get("shape")
    if shape is None and hasattr(local_variables.get("value"), "shape"):
        shape = local_variables["value"].shape  # random_shuffle
    try:
        if tf.is_tensor(shape):
            shape = tensor_util.constant_value(shape)
        return None if shape is None else tuple(int(size) for size in np.atleast_1d(np.asarray(shape, dtype=object)))
    except (TypeError, ValueError):
        return None


def _dtype_name(local_variables):
    # type: (Dict[str, Any]) -> str
    dtype = local_variables.get("dtype")
    try:
        return tf.as_dtype(dtype).name if dtype is not None else ""
    except TypeError:
        return ""
