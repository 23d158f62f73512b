"""The TF2 side of the checkpoint step: a new model, loaded by TF1's names, or as user code restores it."""

import os
from typing import Any, Dict, List, Tuple

import numpy as np

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import CheckpointFile, Fault, Loaded, read_record, write_record
from tf_equivalence.worker import checkpoint_files
from tf_equivalence.worker.checkpoint_tf1 import CONDITION, RECORD
from tf_equivalence.worker.faults import StopBuild, user_code
from tf_equivalence.worker.job import Job, Recorder
from tf_equivalence.worker.migrated import Migrated, bare, write_run
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.random_tool import AlignedRandom
from tf_equivalence.worker.restores import Restores
from tf_equivalence.worker.watch import plain_name

LOADED = "checkpoint-loaded"


def make_migrated(job, case, tool, arrays, recorder):
    # type: (Job, EquivalenceCase, AlignedRandom, Any, Recorder) -> Migrated
    """Make the model under a watch of what it restores, load the checkpoint, and record a call."""
    file = _file(job)
    case.checkpoint = file.prefix  # for a tf2() that restores by itself
    restores = Restores()
    with restores.watched():
        migrated = Migrated(job, case, tool)
        migrated.first_call(arrays)
    recorder.lap("build")
    opened = checkpoint_files.open_checkpoint(file.prefix)
    loaded = _load(migrated, file, opened, restores)
    write_record(job.directory, LOADED, loaded)
    returned = migrated.later_call("later call", arrays, False)
    write_run(migrated, recorder, CONDITION, returned)
    probe(migrated, recorder, CONDITION, arrays, cost=2)
    return migrated


def _file(job):
    # type: (Job) -> CheckpointFile
    tf1 = os.path.join(os.path.dirname(job.directory), "tf1-inference-direct")
    file = read_record(CheckpointFile, tf1, RECORD)
    if file is None:
        fault = read_record(Fault, tf1, CONDITION + ".fault") or read_record(Fault, tf1, "fault")
        raise StopBuild(fault or Fault(checkpoint_files.KIND, "the TF1 side left no checkpoint", (), "the checkpoint"))
    return file


def _load(migrated, file, opened, restores):
    # type: (Migrated, CheckpointFile, checkpoint_files.Opened, Restores) -> Loaded
    calls = restores.calls()
    names = migrated.tf1_names()
    missing, mismatched, different = [], [], []  # type: List[str], List[str], List[str]
    taken = {}  # type: Dict[str, None]
    for variable in map(bare, migrated.all_variables()):
        name = names.get(plain_name(variable), plain_name(variable))
        # A TF2 model may keep the slices of what TF1 partitioned, or the whole.
        whole, part = _whole(file, name)
        key = file.shadows.get(whole, whole)
        if whole not in file.keys or key not in opened.shapes:
            missing.append(name)
            continue
        taken[whole] = None
        value = np.asarray(opened.reader.get_tensor(key))[part]
        if value.shape != tuple(variable.shape):
            mismatched.append("{} {} {}".format(name, list(value.shape), list(variable.shape)))
        elif not calls:
            with user_code("call", "assigning {}".format(name), migrated.definition):
                variable.assign(value)
        elif not np.array_equal(np.asarray(variable.numpy()), value):
            different.append(name)
    unexpected = tuple(name for name in file.keys if name not in taken)
    return Loaded(tuple(missing), unexpected, tuple(mismatched), tuple(different), tuple(calls))


def _whole(file, name):
    # type: (CheckpointFile, str) -> Tuple[str, Any]
    """Return the name of the variable that this one is a slice of, and which slice; itself and all of it else."""
    if name not in file.slices:
        return name, ()
    whole, offsets, shape = file.slices[name]
    return str(whole), tuple(slice(start, start + size) for start, size in zip(offsets, shape))
