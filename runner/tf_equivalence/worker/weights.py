"""The variable values of the deterministic steps: a function of the TF1 name, shape and dtype alone.

Both sides fill their variables without seeing each other, so a swap or a missing rename shows.
"""

import hashlib
import re
from typing import Any, Tuple

import numpy as np

_POSITIVE = re.compile(
    r"(variance|(^|_)var$|stddev|(^|_)std$|sigma|gamma|scale|alpha|temperature|accumulator)", re.IGNORECASE
)
_SMALL = re.compile(r"(bias|beta|offset|mean|shift|^b$|_b$)", re.IGNORECASE)
_DEPTHWISE = re.compile(r"depthwise", re.IGNORECASE)
_EMBEDDING = re.compile(r"embedd?ing", re.IGNORECASE)


def _stream(name, shape):
    # type: (str, Tuple[int, ...]) -> np.random.RandomState
    digest = hashlib.sha256("{}|{}".format(name, "x".join(map(str, shape))).encode("utf-8")).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype=np.uint32))


def half_width(name, shape):
    # type: (str, Tuple[int, ...]) -> Tuple[float, float]
    """Return centre and half-width of the uniform distribution for a floating variable.

    Kernels get variance 1/fan_in (LeCun et al., "Efficient BackProp", 1998), which keeps a deep
    net out of the chaotic regime where it would amplify rounding: uniform on ``±sqrt(3/fan_in)``.
    Variances and scales stay positive and near one, offsets small.
    """
    last = name.rsplit("/", 1)[-1]
    if _SMALL.search(last):
        return 0.0, 0.1
    if _POSITIVE.search(last):
        return 1.0, 0.5
    if len(shape) >= 2:
        if _EMBEDDING.search(last):
            return 0.0, 1.0
        fan_in = np.prod(shape[:2] if _DEPTHWISE.search(name) and len(shape) == 4 else shape[:-1])
        return 0.0, float(np.sqrt(3.0 / max(1.0, float(fan_in))))
    # A vector or scalar of unknown meaning may be a divisor or the argument of a logarithm.
    return 1.0, 0.5


def named_value(name, shape, dtype):
    # type: (str, Tuple[int, ...], np.dtype[Any]) -> np.ndarray
    """Return the value of the variable that TF1 calls `name` (without `:0`).

    Args:
        name: The TF1 name.
        shape: Fully known.
        dtype: A NumPy dtype of floating, complex, integer or boolean kind.

    Returns:
        An array of that shape and dtype, the same one on every platform and NumPy version:
        `RandomState` promises its streams.
    """
    rng = _stream(name, shape)
    kind = np.dtype(dtype).kind
    if kind == "b":
        return np.asarray(rng.random_sample(shape) < 0.5)
    if kind in "iu":
        return np.asarray(rng.randint(0, 4, shape)).astype(dtype)
    centre, width = half_width(name, shape)
    values = rng.random_sample(shape)
    values *= 2.0 * width
    values += centre - width
    if kind == "c":
        values = values + 1j * (rng.random_sample(shape) - 0.5)
    return np.asarray(values).astype(dtype)
