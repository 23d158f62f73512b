"""Name-based TF1 checkpoints: found, opened, and checked before anything is loaded from them."""

import difflib
import os
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.worker.faults import CaseFault

KIND = "checkpoint"
SHADOW = "/ExponentialMovingAverage"
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_MOST = 8
_SUFFIXES = (".index", ".meta", ".data-00000-of-00001")


class Opened(NamedTuple):
    """An open checkpoint.

    Attributes:
        prefix: Absolute.
        reader: TensorFlow's reader.
        shapes: By key.
    """

    prefix: str
    reader: Any
    shapes: Dict[str, Tuple[int, ...]]


def locate(given, folders):
    # type: (str, Sequence[str]) -> str
    """Return the absolute prefix of a case's `checkpoint`, which may be relative to any of the folders.

    Raises:
        CaseFault: There is no such file.
    """
    text = os.fspath(given)
    for suffix in _SUFFIXES:
        if text.endswith(suffix):
            text = text[: -len(suffix)]
    tried = [os.path.normpath(os.path.join(folder, text)) for folder in dict.fromkeys(folders)]
    for prefix in tried:
        if os.path.isdir(prefix):
            latest = tf.train.latest_checkpoint(prefix)
            if latest:
                return str(latest)
        if os.path.exists(prefix + ".index") or os.path.isfile(prefix):
            return prefix
    raise CaseFault(
        KIND,
        "`checkpoint` names {!r}, and there is no checkpoint of this prefix: tried {}. Give what was passed to "
        "Saver.save, with the step's number, such as 'model.ckpt-1000'.".format(given, ", ".join(tried)),
    )


def open_checkpoint(prefix):
    # type: (str) -> Opened
    """Open a checkpoint of format V1 or V2.

    Raises:
        CaseFault: It cannot be read, or is object-based.
    """
    try:
        reader = tf.compat.v1.train.NewCheckpointReader(prefix)
        shapes = {key: tuple(shape) for key, shape in reader.get_variable_to_shape_map().items()}
    except Exception as error:  # whatever the reader raises for what is no checkpoint
        raise _unreadable(prefix, error) from None
    if _OBJECT_GRAPH in shapes:
        raise CaseFault(
            KIND,
            "the checkpoint {} is object-based, as tf.train.Checkpoint and Keras write them: give the name-based one "
            "that TF1's Saver wrote.".format(prefix),
        )
    return Opened(prefix, reader, shapes)


def _unreadable(prefix, error):
    # type: (str, Exception) -> CaseFault
    return CaseFault(
        KIND,
        "the checkpoint {} cannot be read, it may be truncated or a part of it missing: {}. Copy all of its files "
        "again.".format(prefix, (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")),
    )


def keys_for(opened, wanted):
    # type: (Opened, Dict[str, Tuple[int, ...]]) -> Dict[str, str]
    """Return the checkpoint's key for each of TF1's names: the name itself, else its moving average.

    Args:
        opened: The checkpoint.
        wanted: The full shape of each of TF1's variables, by name.

    Raises:
        CaseFault: Keys are missing, or have other shapes.
    """
    found, missing, other = {}, [], []  # type: Dict[str, str], List[str], List[str]
    for name, shape in wanted.items():
        key = next((key for key in (name, name + SHADOW) if key in opened.shapes), None)
        if key is None:
            near = difflib.get_close_matches(name, opened.shapes, 1)
            missing.append("{}{}".format(name, " (nearest: {})".format(near[0]) if near else ""))
        elif opened.shapes[key] != shape:
            other.append("{} is {} there and {} in TF1's graph".format(key, list(opened.shapes[key]), list(shape)))
        else:
            found[name] = key
    if missing or other:
        message = "the checkpoint {} is not of this model".format(opened.prefix)
        if missing:
            message += ": it lacks {} of {} variables, {}".format(len(missing), len(wanted), _some(missing))
        if other:
            message += ": other shapes: {}".format(_some(other))
        raise CaseFault(KIND, message + ". Give the checkpoint that this graph was trained with.")
    return found


def check_finite(opened, keys):
    # type: (Opened, Sequence[str]) -> None
    """Stop where variables hold NaN or infinity, which nothing can be compared with.

    Raises:
        CaseFault: Names them, or says that a value cannot be read.
    """
    bad = []
    for key in keys:
        try:
            value = np.asarray(opened.reader.get_tensor(key))
        except Exception as error:  # whatever the reader raises for a damaged file
            raise _unreadable(opened.prefix, error) from None
        if value.dtype.kind in "fc" and not np.isfinite(value).all():
            bad.append(key)
    if bad:
        raise CaseFault(
            KIND,
            "the checkpoint {} holds NaN or infinity in {}: the training that wrote it had diverged. Give an earlier "
            "one.".format(opened.prefix, _some(bad)),
        )


def _some(names):
    # type: (Sequence[str]) -> str
    more = " and {} more".format(len(names) - _MOST) if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
