"""The values that the deterministic conditions give to variables, on either side."""

from typing import Any, Iterator, Mapping, Sequence, Tuple

import numpy as np

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.worker import weights
from tf_equivalence.worker.watch import plain_name


def fill_values(condition, case, variables, tf1_names):
    # type: (str, EquivalenceCase, Sequence[Any], Mapping[str, str]) -> Iterator[Tuple[Any, np.ndarray]]
    """Yield (variable, value) for every variable that the condition fills.

    `constant` fills what has a fraction; integers, such as `global_step`, keep their initial
    value. `named` fills every number and boolean. A variable without a static shape is left.

    Args:
        condition: `constant` or `named`.
        case: For its `constant`.
        variables: Of either side.
        tf1_names: This side's name to the TF1 name, where the two differ.
    """
    for variable in variables:
        dtype = variable.dtype.base_dtype
        if variable.shape.rank is None or not variable.shape.is_fully_defined():
            continue
        shape = tuple(variable.shape.as_list())
        fractional = dtype.is_floating or dtype.is_complex
        if condition == "constant" and fractional:
            yield variable, np.full(shape, case.constant).astype(dtype.as_numpy_dtype)
        elif condition == "named" and (fractional or dtype.is_integer or dtype.is_bool):
            name = plain_name(variable)
            kind = np.dtype(dtype.as_numpy_dtype).kind
            # bfloat16 and its like are no NumPy dtypes; their values are rounded from float32.
            drawn = np.dtype(dtype.as_numpy_dtype) if kind in "fciub" else np.dtype("float32")
            yield variable, weights.named_value(tf1_names.get(name, name), shape, drawn).astype(dtype.as_numpy_dtype)
