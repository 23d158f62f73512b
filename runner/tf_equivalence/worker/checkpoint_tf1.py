"""The TF1 side of the checkpoint step: the case's checkpoint restored, or one of named weights written and restored."""

import os
from typing import Any, Dict, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import CheckpointFile, write_record
from tf_equivalence.worker import checkpoint_files
from tf_equivalence.worker.faults import definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder
from tf_equivalence.worker.reference_runs import Call, record_calls
from tf_equivalence.worker.sessions import Sessions, load, read
from tf_equivalence.worker.watch import plain_name

CONDITION, RECORD = "checkpoint", "checkpoint-file"
PHASE = "loading the checkpoint"


def record_tf1(job, case, reference, sessions, recorder, arrays):
    # type: (Job, EquivalenceCase, Any, Sessions, Recorder, Any) -> None
    """Restore the checkpoint by names, as TF1 does, and record what the graph returns with it."""
    session = sessions.get()
    with reference.graph.as_default():
        saver = tf.compat.v1.train.Saver(list(reference.variables), save_relative_paths=True)
    wanted = _full_shapes(reference)
    if case.checkpoint:
        with user_code(checkpoint_files.KIND, PHASE, definition(case.tf1)):
            folders = (os.path.dirname(job.module), job.root) + tuple(job.sys_path)
            opened = checkpoint_files.open_checkpoint(checkpoint_files.locate(case.checkpoint, folders))
            keys = checkpoint_files.keys_for(opened, wanted)
            checkpoint_files.check_finite(opened, list(keys.values()))
    else:
        load(session, dict(fill_values("named", case, reference.variables, {})))
        prefix = saver.save(session, os.path.join(recorder.directory, "named"), write_meta_graph=False)
        opened = checkpoint_files.open_checkpoint(prefix)
        keys = {name: name for name in wanted}
    shadows = {name: key for name, key in keys.items() if key != name}
    if shadows:
        with reference.graph.as_default():
            saver = tf.compat.v1.train.Saver({keys[plain_name(v)]: v for v in reference.variables})
    with user_code(checkpoint_files.KIND, PHASE, definition(case.tf1)):
        saver.restore(session, opened.prefix)
    taken = set(keys.values())
    write_record(
        recorder.directory,
        RECORD,
        CheckpointFile(
            opened.prefix,
            not case.checkpoint,
            tuple(keys),
            tuple(sorted(key for key in opened.shapes if key not in taken)),
            shadows,
            _slices(reference),
        ),
    )
    values = read(session, reference.variables)  # type: Dict[Any, np.ndarray]
    record_calls(reference, sessions, recorder, session, values, (Call(CONDITION, arrays),))


def _full_shapes(reference):
    # type: (Any) -> Dict[str, Tuple[int, ...]]
    """Return the shape of each variable by its name in a checkpoint, slices of a partitioned one as the whole."""
    shapes = {}  # type: Dict[str, Tuple[int, ...]]
    for variable in reference.variables:
        part = getattr(variable, "_save_slice_info", None)
        if part is not None:
            shapes[str(part.full_name)] = tuple(int(size) for size in part.full_shape)
        elif variable.shape.is_fully_defined():
            shapes[plain_name(variable)] = tuple(variable.shape.as_list())
    return shapes


def _slices(reference):
    # type: (Any) -> Dict[str, Any]
    """Return key, offset and shape of each slice of a partitioned variable, by the slice's own name."""
    parts = [(plain_name(v), getattr(v, "_save_slice_info", None)) for v in reference.variables]
    return {
        name: [str(part.full_name), [int(n) for n in part.var_offset], [int(n) for n in part.var_shape]]
        for name, part in parts
        if part is not None
    }
