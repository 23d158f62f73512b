"""What optimizers are tried on apart from any model: small variables, and the gradients of each step."""

from typing import Any, Dict, NamedTuple, Sequence, Tuple

import numpy as np

STEPS = 4
# Where learning rates are read: schedules decay over many more steps than are worth taking.
COUNTS = (0, 1, 2, 3, 10, 100, 1000, 10000, 100000, 1000000)
_SEED = 20101


class Scene(NamedTuple):
    """Variables to optimize.

    Attributes:
        name: As findings name it, without spaces.
        start: Initial values by the variable's name.
        gradients: For each step and each variable the gradient; of a sparse one, the rows and the slices of each.
        sparse: Whether gradients are sparse.
    """

    name: str
    start: Dict[str, np.ndarray]
    gradients: Tuple[Tuple[Any, ...], ...]
    sparse: bool = False


PLAIN, TINY, SPARSE, LARGE = "plain", "tiny-gradients", "sparse-gradients", "large-gradients"


def scenes():
    # type: () -> Sequence[Scene]
    """Return the scenes, the same ones everywhere: `RandomState` promises its streams."""
    rng = np.random.RandomState(_SEED)
    plain = {"weights": _uniform(rng, (4, 3), 1.0), "offsets": np.zeros(5, np.float32)}
    # From zero, so that updates of whatever size are told apart.
    tiny = {"weights": np.zeros(12, np.float32)}
    sparse = {"embedding": _uniform(rng, (6, 3), 0.5)}
    large = {"weights": np.zeros((3, 2), np.float32), "offsets": np.zeros(2, np.float32)}
    return (
        Scene(PLAIN, plain, _dense(rng, plain, [1.0, 0.3])),
        Scene(TINY, tiny, tuple((_tiny(rng, 12),) for _ in range(STEPS))),
        Scene(SPARSE, sparse, tuple((_slices(rng, step),) for step in range(STEPS)), sparse=True),
        Scene(LARGE, large, _dense(rng, large, [60.0, 7.0])),
    )


def _uniform(rng, shape, width):
    # type: (np.random.RandomState, Tuple[int, ...], float) -> np.ndarray
    return np.asarray(rng.uniform(-width, width, shape)).astype(np.float32)


def _dense(rng, start, sizes):
    # type: (np.random.RandomState, Dict[str, np.ndarray], Sequence[float]) -> Tuple[Tuple[np.ndarray, ...], ...]
    shapes = [value.shape for value in start.values()]
    return tuple(tuple(_uniform(rng, shape, size) for shape, size in zip(shapes, sizes)) for _ in range(STEPS))


def _tiny(rng, count):
    # type: (np.random.RandomState, int) -> np.ndarray
    """Return gradients between 1e-8 and 1e-6, next to the epsilons of adaptive optimizers."""
    sizes = 10.0 ** np.linspace(-8, -6, count) * rng.uniform(0.7, 1.3, count)
    return np.asarray(sizes * rng.choice([-1.0, 1.0], count)).astype(np.float32)


def _slices(rng, step):
    # type: (np.random.RandomState, int) -> Tuple[np.ndarray, np.ndarray]
    """Return rows and slices: one row twice in a step, and rows that the next step leaves alone."""
    rows = ([0, 2, 2], [1, 2, 5], [0, 0, 4], [3, 2, 1])[step % 4]
    return np.asarray(rows, np.int64), _uniform(rng, (3, 3), 1.0)
