"""TF1's variables and the keys of a checkpoint that hold them: slices, moving averages, and what does not fit."""

import collections
import difflib
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from tf_equivalence.worker.checkpoint_files import KIND, Opened, shown, some
from tf_equivalence.worker.faults import CaseFault
from tf_equivalence.worker.watch import plain_name

SHADOW = "ExponentialMovingAverage"
_NEAR_ENOUGH = 300  # names; looking for the nearest among more takes long


class Wanted(NamedTuple):
    """What TF1 reads for one key.

    Attributes:
        shape: Of the whole variable.
        dtype: Name of a TensorFlow dtype.
        variables: One, or the slices of a partitioned one.
    """

    shape: Tuple[int, ...]
    dtype: str
    variables: List[Any]


def wanted_of(variables):
    # type: (Sequence[Any]) -> Dict[str, Wanted]
    """Return what TF1 wants by the name in a checkpoint: a partitioned variable as a whole.

    A variable without a static shape is left out, so that it keeps its initial value.
    """
    found = {}  # type: Dict[str, Wanted]
    for variable in variables:
        part = getattr(variable, "_save_slice_info", None)
        if part is not None:
            name, shape = str(part.full_name), tuple(int(size) for size in part.full_shape)
        elif variable.shape.is_fully_defined():
            name, shape = plain_name(variable), tuple(variable.shape.as_list())
        else:
            continue
        found.setdefault(name, Wanted(shape, variable.dtype.base_dtype.name, [])).variables.append(variable)
    return found


def slices_of(variables):
    # type: (Sequence[Any]) -> Dict[str, Any]
    """Return key, offset and shape of each slice of a partitioned variable, by the slice's own name."""
    parts = [(plain_name(v), getattr(v, "_save_slice_info", None)) for v in variables]
    return {
        name: [str(part.full_name), [int(n) for n in part.var_offset], [int(n) for n in part.var_shape]]
        for name, part in parts
        if part is not None
    }


def keys_for(opened, wanted, averages):
    # type: (Opened, Dict[str, Wanted], Any) -> Dict[str, str]
    """Return the checkpoint's key for each of TF1's names.

    Args:
        opened: The checkpoint.
        wanted: What TF1 reads, by name.
        averages: True, or the name of the ExponentialMovingAverage, to prefer its values; else they are read
            only where there are no others.

    Raises:
        CaseFault: Keys are missing, or have other shapes or dtypes; or there are no averages.
    """
    suffix = "/" + (averages if isinstance(averages, str) else SHADOW)
    found, missing, other = {}, [], []  # type: Dict[str, str], List[str], List[str]
    for name, want in wanted.items():
        names = (name + suffix, name) if averages else (name, name + suffix)
        key = next((key for key in names if key in opened.shapes), None)
        if key is None:
            missing.append(name)
        elif opened.shapes[key] != want.shape:
            other.append("{} is {} there and {} in TF1's graph".format(key, _of(opened.shapes[key]), _of(want.shape)))
        elif opened.dtypes[key] != want.dtype:
            other.append("{} is {} there and {} in TF1's graph".format(key, opened.dtypes[key], want.dtype))
        else:
            found[name] = key
    if missing or other:
        raise CaseFault(KIND, _unfit(opened, len(wanted), missing, other))
    if averages and all(name == key for name, key in found.items()):
        raise CaseFault(
            KIND,
            "`moving_averages` asks for them, and the checkpoint {} has none, no key that ends in {}. Give the name of "
            "the ExponentialMovingAverage, or leave it out.".format(shown(opened.prefix), suffix),
        )
    return found


def _of(shape):
    # type: (Tuple[int, ...]) -> str
    return str(list(shape))


def _unfit(opened, count, missing, other):
    # type: (Opened, int, Sequence[str], Sequence[str]) -> str
    message = "the checkpoint {} is not of this model".format(shown(opened.prefix))
    scope = _scope(opened, missing)
    if missing:
        message += ": it lacks {} of {} variables, {}".format(len(missing), count, some(_with_nearest(opened, missing)))
    if other:
        message += "{} {}".format(";" if missing else ":", some(other))
    return "{}. {}".format(message, scope or "Give the checkpoint that this graph was trained with.")


def _with_nearest(opened, missing):
    # type: (Opened, Sequence[str]) -> List[str]
    """Return the missing names, the first few with the key that is most like each."""
    told = []
    keys = list(opened.shapes)[:_NEAR_ENOUGH]
    for number, name in enumerate(missing):
        near = difflib.get_close_matches(name, keys, 1) if number <= _NEAR_ENOUGH // 10 else []
        told.append("{}{}".format(name, " (nearest: {})".format(near[0]) if near else ""))
    return told


def _scope(opened, missing):
    # type: (Opened, Sequence[str]) -> str
    """Return what to do where all keys are there below another variable scope; empty where they are not."""
    if not missing:
        return ""
    known = collections.Counter()  # type: Dict[str, int]
    for key in opened.shapes:
        parts = key.split("/")
        known.update({"/".join(parts[depth:]): 1 for depth in range(len(parts))})
    if all(name in known for name in missing):
        ends = "/" + missing[0]
        scope = next((key[: -len(ends)] for key in opened.shapes if key.endswith(ends)), "")
        if scope and all("{}/{}".format(scope, name) in opened.shapes for name in missing):
            return "There they are all below {0}: build tf1() inside tf.variable_scope({0!r}).".format(scope)
    scope = missing[0].split("/")[0] + "/"
    if all(name.startswith(scope) and name[len(scope) :] in opened.shapes for name in missing):
        return "There they are all without the scope {0}: build tf1() outside of it.".format(scope.rstrip("/"))
    return ""
