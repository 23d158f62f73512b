"""The TF2 side of the checkpoint step: a new model, loaded by TF1's names, or as user code restores it."""

import hashlib
import os
from dataclasses import replace
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import CheckpointFile, Fault, Loaded, read_record, write_record
from tf_equivalence.worker import checkpoint_convert, checkpoint_files
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
    checkpoint_files.give(case, file.prefix)  # for a tf2() that restores by itself
    restores = Restores()
    with restores.watched():
        migrated = Migrated(job, case, tool)
        migrated.first_call(arrays)
    recorder.lap("build")
    opened = checkpoint_files.open_checkpoint(file.prefix)
    loaded, mapping = _Loading(migrated, file, opened, restores).load()
    if checkpoint_convert.CONDITION in job.conditions:
        loaded = checkpoint_convert.convert(migrated, file, loaded, mapping, recorder)
    write_record(job.directory, LOADED, loaded)
    returned = migrated.later_call("later call", arrays, False)
    write_run(migrated, recorder, CONDITION, returned)
    probe(migrated, recorder, CONDITION, arrays, cost=2)
    return migrated


def _file(job):
    # type: (Job) -> CheckpointFile
    """Return what the TF1 side left.

    Raises:
        StopBuild: It left nothing; with its own reason where it told one.
    """
    tf1 = os.path.join(os.path.dirname(job.directory), "tf1-inference-direct")
    file = read_record(CheckpointFile, tf1, RECORD)
    if file is None:
        fault = read_record(Fault, tf1, CONDITION + ".fault") or read_record(Fault, tf1, "fault")
        raise StopBuild(fault or Fault(checkpoint_files.KIND, "the TF1 side left no checkpoint", (), "the checkpoint"))
    return file


class _Value(NamedTuple):
    """A variable of the model and what the checkpoint holds for it.

    Attributes:
        variable: Without Keras' wrapper.
        name: TF1's; of a slice, its own.
        whole: The name in the checkpoint.
        value: None where the checkpoint has no such key.
        dtype: The key's.
    """

    variable: Any
    name: str
    whole: str
    value: Optional[np.ndarray]
    dtype: str


class _Loading:
    """The variables of a model set against the keys of a checkpoint."""

    def __init__(self, migrated, file, opened, restores):
        # type: (Migrated, CheckpointFile, checkpoint_files.Opened, Restores) -> None
        self._migrated, self._file, self._opened, self._restores = migrated, file, opened, restores
        names = migrated.tf1_names()
        self._values = [
            self._value(variable, names.get(plain_name(variable), plain_name(variable)))
            for variable in map(bare, migrated.all_variables())
        ]
        self._initial = {id(bare(created.variable)): created.initial for created in migrated.watch.created}
        self._digests = None  # type: Optional[Dict[Any, List[str]]]
        self._shapes, self._dtypes = {}, {}  # type: Dict[str, Any], Dict[str, Any]
        self._missing, self._late, self._untouched = [], [], []  # type: List[str], List[str], List[str]
        self._other, self._mapping = {}, {}  # type: Dict[str, str], Dict[str, str]

    def load(self):
        # type: () -> Tuple[Loaded, Dict[str, str]]
        """Load by names, or look at what user code has loaded; return what came of it, and each variable's key."""
        own, elsewhere = self._restores.of(self._file.prefix, self._opened.shapes)
        if elsewhere and not all(self._is_initial(item.variable) for item in self._values):
            elsewhere = [replace(call, nothing=False) for call in elsewhere]
        for item in self._values:
            if item.value is None:
                self._look_for_key(item, bool(own))
            elif self._fits(item, item.value):
                if not own:
                    with user_code("call", "assigning {}".format(item.name), self._migrated.definition):
                        item.variable.assign(_as(item.value, item.variable))
                elif not np.array_equal(item.variable.numpy(), _as(item.value, item.variable)):
                    self._note_other(item)
        taken = set(self._mapping.values())
        loaded = Loaded(
            len(self._mapping) - len(self._shapes) - len(self._late) - len(self._untouched) - len(self._other),
            tuple(self._missing),
            tuple(name for name in self._file.keys if name not in taken),
            self._shapes,
            self._dtypes,
            tuple(own),
            tuple(self._late),
            tuple(self._untouched),
            self._other,
            tuple(elsewhere),
        )
        return loaded, self._mapping

    def _look_for_key(self, item, restored):
        # type: (_Value, bool) -> None
        """Note a variable whose name has no key; user code may map names as it likes: then values tell which."""
        keys = self._keys_of(item.variable) if restored else []
        free = [key for key in keys if key not in self._mapping.values()]
        if keys:
            self._mapping[plain_name(item.variable)] = (free or keys)[0]
        else:
            self._missing.append(item.name)

    def _fits(self, item, value):
        # type: (_Value, np.ndarray) -> bool
        """Note what differs between a variable and its key, and return whether the one can hold the other."""
        self._mapping[plain_name(item.variable)] = item.whole
        if value.shape != tuple(item.variable.shape):
            self._shapes[item.name] = [list(value.shape), list(item.variable.shape)]
            return False
        dtype = item.variable.dtype.base_dtype.name
        if item.dtype != dtype:
            self._dtypes[item.name] = [item.dtype, dtype]
        return True

    def _note_other(self, item):
        # type: (_Value) -> None
        """Note a variable that does not hold its key's value after user code has restored."""
        if not self._is_initial(item.variable):
            self._other[item.name] = next(iter(self._keys_of(item.variable)), "")
        elif self._restores.is_late(item.variable, self._file.prefix):
            self._late.append(item.name)
        else:
            self._untouched.append(item.name)

    def _value(self, variable, name):
        # type: (Any, str) -> _Value
        # A TF2 model may keep the slices of what TF1 partitioned, or the whole.
        whole, part = self._whole(name)
        key = self._file.shadows.get(whole, whole)
        if key not in self._opened.shapes:
            return _Value(variable, name, whole, None, "")
        return _Value(variable, name, whole, self._read(key)[part], self._opened.dtypes[key])

    def _whole(self, name):
        # type: (str) -> Tuple[str, Any]
        """Return the name of the variable that this one is a slice of, and which slice; itself and all of it else."""
        if name not in self._file.slices:
            return name, ()
        whole, offsets, shape = self._file.slices[name]
        return str(whole), tuple(slice(start, start + size) for start, size in zip(offsets, shape))

    def _read(self, key):
        # type: (str) -> np.ndarray
        return np.asarray(self._opened.reader.get_tensor(key))

    def _is_initial(self, variable):
        # type: (Any) -> bool
        """Return whether a variable holds what it was created with."""
        initial = self._initial.get(id(variable))
        return initial is not None and initial.sha256 == _digest(np.asarray(variable.numpy()))

    def _keys_of(self, variable):
        # type: (Any) -> List[str]
        """Return TF1's names of the keys whose value a variable holds, or that transposed."""
        if self._digests is None:
            self._digests = {}
            for transposed in (False, True):
                for name in self._file.keys:
                    value = self._read(self._file.shadows.get(name, name))
                    if not transposed or value.ndim == 2:
                        self._digests.setdefault(_identity(value.T if transposed else value), []).append(name)
        return self._digests.get(_identity(np.asarray(variable.numpy())), [])


def _as(value, variable):
    # type: (np.ndarray, Any) -> np.ndarray
    return value.astype(variable.dtype.base_dtype.as_numpy_dtype)


def _identity(array):
    # type: (np.ndarray) -> Tuple[Any, ...]
    return array.shape, array.dtype.name, _digest(array)


def _digest(array):
    # type: (np.ndarray) -> str
    """Return what equal arrays have in common; of an ordinary dtype, the digest that creation is noted with."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return hashlib.sha256(flat.view(np.uint8).data if flat.size and flat.dtype.kind != "O" else b"").hexdigest()
