"""The TF2 side inside a functional Keras model."""

from typing import Any, Optional

import numpy as np
import tensorflow as tf

from tf_equivalence.recording import Fault
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import StopBuild, user_code
from tf_equivalence.worker.job import Recorder
from tf_equivalence.worker.migrated import Migrated, write_run
from tf_equivalence.worker.probes import probe
from tf_equivalence.worker.variable_reads import Provenance


def record_functional(migrated, recorder, arrays):
    # type: (Migrated, Recorder, Any) -> None
    """Embed the layer in a functional Keras model and record one training call of that model."""
    if not isinstance(migrated.model, tf.keras.layers.Layer):
        raise StopBuild(
            Fault(
                "not-applicable",
                "tf2() returns a {}, which is no Keras layer and so has no place in a functional Keras model".format(
                    type(migrated.model).__name__
                ),
                migrated.here,
                "functional-training",
            )
        )
    if migrated.case._has_loss_alone(True):
        raise StopBuild(
            Fault(
                "not-applicable",
                "model_fn returns no predictions in training, so that there are no outputs to compare",
                migrated.here,
                "functional-training",
            )
        )
    given = migrated.case._model_inputs(arrays)
    if any(array.ndim == 0 for array in case_inputs.leaves(given)):
        raise StopBuild(
            Fault(
                "not-applicable", "a functional Keras model takes no scalar input", migrated.here, "functional-training"
            )
        )
    if isinstance(given, (dict, list, tuple)) and any(isinstance(part, (dict, list, tuple)) for part in _parts(given)):
        raise StopBuild(
            Fault(
                "not-applicable",
                "a functional Keras model takes no inputs that are nested more than once",
                migrated.here,
                "functional-training",
            )
        )
    try:
        model = _functional(migrated, given, None)
    except StopBuild as stop:
        batch = case_inputs.common_batch(given)
        if batch is None or stop.fault.kind == "exit":
            raise
        del migrated.watch.created[:]
        migrated.__init__(migrated.job, migrated.case, migrated.tool)  # type: ignore[misc]
        model = _functional(migrated, given, batch)
        recorder.notes.append(
            "the functional model has a fixed batch size of {}: with an unknown one {}".format(
                batch, stop.fault.message
            )
        )
    recorder.lap("build")
    tensors = case_inputs.map_nest(tf.constant, given)
    migrated.first_draws = tuple(migrated.tool.draws)
    migrated.provenance = Provenance()
    with migrated.provenance.scope(), user_code("call", "calling the functional model", migrated.definition):
        returned = model(tensors, training=True)
    migrated.model, migrated.takes_training = model, True
    write_run(migrated, recorder, "functional", returned)
    probe(migrated, recorder, "functional", arrays)


def _parts(nest):
    # type: (Any) -> Any
    return nest.values() if isinstance(nest, dict) else nest


def _functional(migrated, arrays, batch):
    # type: (Migrated, Any, Optional[int]) -> Any
    def symbolic(array):
        # type: (np.ndarray) -> Any
        return tf.keras.Input(shape=array.shape[1:], batch_size=batch, dtype=tf.as_dtype(array.dtype))

    placeholders = case_inputs.map_nest(symbolic, arrays)
    phase = "embedding the TF2 layer in a functional Keras model"
    with migrated.watch.scope("first call"), user_code("call", phase, migrated.definition):
        named = outputs.flatten(migrated.case._outputs(migrated.model(placeholders), None, True))
        tensors = {name: value for name, value in named if value is not None}
        return tf.keras.Model(inputs=placeholders, outputs=tensors)
