"""The TF1 side of the checkpoint step: the case's checkpoint restored, or one of named weights written and restored."""

import os
from typing import Any, Dict, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import CheckpointFile, Fault, write_record
from tf_equivalence.worker import checkpoint_files, checkpoint_names
from tf_equivalence.worker.checkpoint_files import Opened
from tf_equivalence.worker.checkpoint_names import Wanted
from tf_equivalence.worker.faults import StopBuild, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder
from tf_equivalence.worker.reference_runs import Call, record_calls
from tf_equivalence.worker.sessions import Sessions, load, read

CONDITION, RECORD = "checkpoint", "checkpoint-file"
PHASE = "loading the checkpoint"


def record_tf1(job, case, reference, sessions, recorder, arrays):
    # type: (Job, EquivalenceCase, Any, Sessions, Recorder, Any) -> None
    """Restore the checkpoint by names, as TF1 does, and record what the graph returns with it."""
    wanted = checkpoint_names.wanted_of(reference.variables)
    if not wanted:
        message = "TF1's graph has no variables, so that there is no checkpoint of it"
        raise StopBuild(Fault("not-applicable", message, (), CONDITION))
    session = sessions.get()
    if case.checkpoint is None:
        opened, keys = _write(case, reference, session, recorder), {name: name for name in wanted}
    else:
        opened, keys = _open(job, case, wanted)
    with user_code(checkpoint_files.KIND, PHASE, checkpoint_files.stated_at(case)):
        _saver(reference, {keys[name]: want for name, want in wanted.items()}).restore(session, opened.prefix)
    taken = set(keys.values())
    file = CheckpointFile(
        opened.prefix,
        case.checkpoint is None,
        tuple(keys),
        tuple(sorted(key for key in opened.shapes if key not in taken)),
        {name: key for name, key in keys.items() if key != name},
        checkpoint_names.slices_of(reference.variables),
    )
    write_record(recorder.directory, RECORD, file)
    values = read(session, reference.variables)  # type: Dict[Any, np.ndarray]
    record_calls(reference, sessions, recorder, session, values, (Call(CONDITION, arrays),))


def _open(job, case, wanted):
    # type: (Job, EquivalenceCase, Dict[str, Wanted]) -> Tuple[Opened, Dict[str, str]]
    """Return the case's checkpoint and its key for each name."""
    folders = (os.path.dirname(job.module), job.root) + job.sys_path
    with user_code(checkpoint_files.KIND, PHASE, checkpoint_files.stated_at(case)):
        opened = checkpoint_files.open_checkpoint(checkpoint_files.locate(case.checkpoint, folders))
        keys = checkpoint_names.keys_for(opened, wanted, case.moving_averages)
        checkpoint_files.check_values(opened, list(keys.values()))
    return opened, keys


def _write(case, reference, session, recorder):
    # type: (EquivalenceCase, Any, Any, Recorder) -> Opened
    """Fill the variables from their names, and save them as TF1 would."""
    load(session, dict(fill_values("named", case, reference.variables, {})))
    with user_code(checkpoint_files.KIND, "saving TF1's variables", definition(case.tf1)):
        wanted = checkpoint_names.wanted_of(reference.variables)
        saver = _saver(reference, wanted)
        prefix = saver.save(session, os.path.join(recorder.directory, "named"), write_meta_graph=False)
        return checkpoint_files.open_checkpoint(prefix)


def _saver(reference, wanted):
    # type: (Any, Dict[str, Wanted]) -> Any
    """Return a Saver of TF1's variables by key, the slices of a partitioned one together."""
    named = {key: want.variables if len(want.variables) > 1 else want.variables[0] for key, want in wanted.items()}
    with reference.graph.as_default():
        return tf.compat.v1.train.Saver(named, save_relative_paths=True)
