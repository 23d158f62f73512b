"""Name-based TF1 checkpoints: found, opened, and checked before anything is loaded from them."""

import ast
import inspect
import os
import textwrap
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Frame, Stack
from tf_equivalence.worker.faults import CaseFault, definition

KIND = "checkpoint"
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_MOST = 8
_LONGEST = 300  # characters of somebody else's
_SUFFIXES = (".index", ".meta", ".data-00000-of-00001")


class Opened(NamedTuple):
    """An open checkpoint.

    Attributes:
        prefix: Absolute.
        reader: TensorFlow's reader.
        shapes: By key.
        dtypes: Names of TensorFlow dtypes, by key.
    """

    prefix: str
    reader: Any
    shapes: Dict[str, Tuple[int, ...]]
    dtypes: Dict[str, str]


def locate(given, folders):
    # type: (Any, Sequence[str]) -> str
    """Return the absolute prefix of a case's `checkpoint`, which may be relative to any of the folders.

    Raises:
        CaseFault: It is no path, or there is no such file.
    """
    if not isinstance(given, (str, os.PathLike)):
        message = "`checkpoint` is {} {}: give the prefix of a checkpoint, a string or a path."
        message = message.format(type(given).__name__, repr(given)[:_LONGEST])
        raise CaseFault(KIND, message)
    text = os.path.expanduser(os.fspath(given))
    if "://" in text:
        message = "`checkpoint` names {!r}, and only files are read: copy it first, next to the case's module or into "
        raise CaseFault(KIND, (message + "the workspace.").format(text))
    for suffix in _SUFFIXES:
        if text.endswith(suffix):
            text = text[: -len(suffix)]
    tried = list(dict.fromkeys(os.path.normpath(os.path.join(folder, text)) for folder in folders))
    for prefix in tried:
        if os.path.isdir(prefix):
            latest = tf.train.latest_checkpoint(prefix)
            if latest:
                return os.path.abspath(latest)
        if os.path.exists(prefix + ".index") or os.path.isfile(prefix):
            return prefix
    raise CaseFault(
        KIND,
        "`checkpoint` names {!r}, and there is no checkpoint of this prefix: tried {}. Give what was passed to "
        "Saver.save, with the step's number, such as 'model.ckpt-1000'.{}".format(
            os.fspath(given), ", ".join(map(shown, tried)), _likely(tried)
        ),
    )


def shown(path):
    # type: (str) -> str
    """Return a path from the directory that cases run in, where it is below that."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def _likely(tried):
    # type: (Sequence[str]) -> str
    """Return a sentence on the checkpoints that are where one was looked for; empty without any."""
    for prefix in tried:
        folder = prefix if os.path.isdir(prefix) else os.path.dirname(prefix)
        names = os.listdir(folder) if os.path.isdir(folder) else []
        found = sorted(name[: -len(".index")] for name in names if name.endswith(".index"))
        if found:
            return " {} has {}.".format(shown(folder), some(found))
    return ""


def open_checkpoint(prefix):
    # type: (str) -> Opened
    """Open a checkpoint of format V1 or V2.

    Raises:
        CaseFault: It cannot be read, or is object-based.
    """
    try:
        reader = tf.compat.v1.train.NewCheckpointReader(prefix)
        shapes = {key: tuple(shape) for key, shape in reader.get_variable_to_shape_map().items()}
        dtypes = {key: tf.as_dtype(dtype).name for key, dtype in reader.get_variable_to_dtype_map().items()}
    except Exception as error:  # whatever the reader raises for what is no checkpoint
        raise _unreadable(prefix, error) from None
    if _OBJECT_GRAPH in shapes:
        raise CaseFault(
            KIND,
            "the checkpoint {} is object-based, as tf.train.Checkpoint and Keras write them: give the name-based one "
            "that TF1's Saver wrote.".format(shown(prefix)),
        )
    if not shapes:
        message = "the checkpoint {} holds nothing. Give the one that TF1's Saver wrote.".format(shown(prefix))
        raise CaseFault(KIND, message)
    return Opened(prefix, reader, shapes, dtypes)


def _unreadable(prefix, error):
    # type: (str, Exception) -> CaseFault
    said = (str(error).splitlines() or [""])[0].strip().rstrip(".?")
    said = said if len(said) <= _LONGEST else said[:_LONGEST] + " …"
    return CaseFault(
        KIND,
        "the checkpoint {} cannot be read, it may be truncated or a part of it missing: {}. Copy all of its files "
        "again.".format(shown(prefix), said or type(error).__name__),
    )


def check_values(opened, keys):
    # type: (Opened, Sequence[str]) -> None
    """Stop where variables hold NaN or infinity, which nothing can be compared with.

    Raises:
        CaseFault: Names them, or says that a value cannot be read.
    """
    bad = []  # type: List[str]
    for key in keys:
        try:
            value = np.asarray(opened.reader.get_tensor(key))
        except Exception as error:  # whatever the reader raises for a damaged file
            raise _unreadable(opened.prefix, error) from None
        dtype = tf.as_dtype(opened.dtypes[key])
        if dtype.is_floating and value.dtype.kind != "f":  # bfloat16 and its like are no floats to NumPy
            value = value.astype(np.float32)
        if (dtype.is_floating or dtype.is_complex) and not np.isfinite(value).all():
            bad.append(key)
    if bad:
        raise CaseFault(
            KIND,
            "the checkpoint {} holds NaN or infinity in {}: the training that wrote it had diverged. Give an earlier "
            "one.".format(shown(opened.prefix), some(bad)),
        )


def give(case, prefix):
    # type: (EquivalenceCase, Optional[str]) -> None
    """Let a case's own code see this checkpoint, or none."""
    try:
        case.checkpoint = prefix
    except AttributeError:  # a property; nobody else uses the class in this process
        type(case).checkpoint = prefix


def stated_at(case):
    # type: (EquivalenceCase) -> Stack
    """Return the line on which a case's class, or one that it is made from, states `checkpoint`; else its `def tf1`."""
    for kind in type(case).__mro__:
        if "checkpoint" not in vars(kind) or kind is EquivalenceCase:
            continue
        try:
            lines, first = inspect.getsourcelines(kind)
            path = str(inspect.getsourcefile(kind))
            body = ast.parse(textwrap.dedent("".join(lines))).body[0]
        except (OSError, TypeError, SyntaxError, IndexError):
            break
        for node in getattr(body, "body", ()):
            targets = getattr(node, "targets", None) or [getattr(node, "target", node)]
            names = [getattr(target, "id", getattr(target, "name", "")) for target in targets]
            if "checkpoint" in names:
                text = lines[node.lineno - 1].strip()
                return (Frame(path, first + node.lineno - 1, kind.__name__, "", text),)
    return definition(case.tf1)


def some(names):
    # type: (Sequence[str]) -> str
    """Return the first few names, and how many more there are."""
    more = " and {} more".format(len(names) - _MOST) if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
