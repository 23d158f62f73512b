"""The loaded model as an object-based checkpoint, with a text on which variable came from which key."""

import os
from dataclasses import replace
from typing import Any, Dict, List

import tensorflow as tf

from tf_equivalence.recording import CheckpointFile, Loaded
from tf_equivalence.worker.faults import StopBuild, user_code
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, bare
from tf_equivalence.worker.watch import plain_name

CONDITION = "converted"
_TEXT = "mapping.txt"
_HEAD = """\
An object-based checkpoint of {kind}, converted from {source}.

    model = ...                       # as tf2() makes it
    model(inputs)                     # once, so that its variables exist
    status = tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(this_directory))
    status.assert_existing_objects_matched()

TensorFlow {version}; {count} variables: TF2's name, the key of TF1's checkpoint, shape, dtype.

"""


def convert(migrated, file, loaded, mapping, recorder):
    # type: (Migrated, CheckpointFile, Loaded, Dict[str, str], Recorder) -> Loaded
    """Save the model as tf.train.Checkpoint(model=...) does, below the recording; return what was loaded with that.

    Args:
        migrated: The model, loaded.
        file: What it was loaded from.
        loaded: What came of it.
        mapping: TF1's name by TF2's.
        recorder: Where to.
    """
    if file.made:
        return replace(loaded, unconverted="the case names no `checkpoint`, and made-up weights are of no use")
    folder = os.path.join(recorder.directory, CONDITION)
    try:
        with user_code("checkpoint", "saving the TF2 model", migrated.definition):
            checkpoint = tf.train.Checkpoint(model=migrated.model)
            checkpoint.save(os.path.join(folder, "model"))
            lost = _untracked(checkpoint, migrated)
    except StopBuild as stop:
        return replace(loaded, unconverted=stop.fault.message)
    lines = [_row(bare(variable), mapping, file) for variable in migrated.all_variables()]
    head = _HEAD.format(
        kind=type(migrated.model).__name__,
        source=os.path.basename(file.prefix),
        version=tf.__version__,
        count=len(lines) - len(lost),
    )
    with open(os.path.join(folder, _TEXT), "w", encoding="utf-8", errors="backslashreplace") as stream:
        stream.write(head + "\n".join(sorted(lines)) + "\n")
    recorder.lap(CONDITION)
    problem = "" if not lost else "tf.train.Checkpoint does not track {}".format(", ".join(lost))
    return replace(loaded, converted=len(lines) - len(lost), unconverted=problem)


def _untracked(checkpoint, migrated):
    # type: (Any, Migrated) -> List[str]
    """Return the names of the variables that no object of the checkpoint leads to."""
    tracked = {id(node) for node in tf.train.TrackableView(checkpoint).descendants()}
    return [
        plain_name(variable)
        for variable in migrated.all_variables()
        if id(variable) not in tracked and id(bare(variable)) not in tracked
    ]


def _row(variable, mapping, file):
    # type: (Any, Dict[str, str], CheckpointFile) -> str
    name = plain_name(variable)
    key = mapping.get(name, "")
    key = file.shadows.get(key, key) or "-"
    return "{}\t{}\t{}\t{}".format(name, key, list(variable.shape), variable.dtype.base_dtype.name)
