"""The migrated object: made once, called many times, and watched."""

import contextlib
import inspect
from typing import Any, Dict, Iterator, List, Tuple

import numpy as np
import tensorflow as tf

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.estimator import EstimatorCase
from tf_equivalence.recording import Fault, Leaf, Loss, Probe, RunRecord, Sighting
from tf_equivalence.worker import inputs as case_inputs
from tf_equivalence.worker import outputs
from tf_equivalence.worker.faults import CaseFault, StopBuild, definition, user_code
from tf_equivalence.worker.fill import fill_values
from tf_equivalence.worker.job import Job, Recorder
from tf_equivalence.worker.random_tool import AlignedRandom, Draw
from tf_equivalence.worker.sightings import cached_tensors, watch_collections, watch_numpy_random
from tf_equivalence.worker.variable_reads import Provenance
from tf_equivalence.worker.watch import CreationWatch, plain_name


class Migrated:
    """The object that `tf2()` returned, and everything seen while it was built and called.

    Attributes:
        model: The object.
        case: Its case.
        tool: Its random numbers.
        watch: The variables created so far.
        sightings: What else user code did.
        definition: The line of the model's `call`, else of `tf2`.
        forward_seeds: Seeds of the random operations of one call, without initializers.
        first_draws: The random operations of the first call.
        probes: The changes that were tried, see `worker.probes`.
    """

    def __init__(self, job, case, tool):
        # type: (Job, EquivalenceCase, AlignedRandom) -> None
        self.job = job
        self.case = case
        self.tool = tool
        self.watch = CreationWatch(tool)
        self.watch.keeps = bool(job.trace)
        self.sightings = []  # type: List[Sighting]
        self.forward_seeds = []  # type: List[int]
        self.first_draws = ()  # type: Tuple[Draw, ...]
        self.probes = []  # type: List[Probe]
        self.here = definition(case.tf2)
        with self.watch.scope("first call"), user_code("call", "tf2()", self.here):
            self.model = case.tf2()
        self._check_model()
        if isinstance(case, EstimatorCase):
            case._regularization = self._regularization_loss
        function = getattr(self.model, "call", None) or getattr(type(self.model), "__call__", self.model)  # noqa: B004
        called = definition(function)
        self.definition = called if called and not called[0].library else self.here
        self.takes_training = _takes_training(self.model)
        self.follows_calls = True
        self.provenance = Provenance()
        if not self.takes_training:
            self.sightings.append(Sighting("no-training-argument", type(self.model).__name__, self.definition))

    def _check_model(self):
        # type: () -> None
        model = self.model
        problem = ""
        if model is None:
            problem = "returned nothing: return the migrated layer, model or module"
        elif isinstance(model, type):
            problem = "returned the class {0}, not an object of it: return {0}()".format(model.__name__)
        elif not callable(model):
            problem = (
                "returned an object of type {}, which cannot be called: return the migrated layer, model or "
                "module".format(type(model).__name__)
            )
        elif not _has_variables(model):
            problem = (
                "returned an object of type {} without `variables`: return a tf.keras layer or model, a tf.Module, or "
                "an object that lists its variables".format(type(model).__name__)
            )
        if problem:
            raise StopBuild(Fault("case", "tf2() " + problem, self.here, "tf2()"))

    def call(self, arrays, training):
        # type: (Any, bool) -> Any
        """Call the model eagerly with these arrays and return the outputs to compare."""
        tensors = case_inputs.map_nest(tf.constant, arrays)
        return self.outputs_of(self.call_with(tensors, training), tensors, training)

    def call_with(self, tensors, training):
        # type: (Any, bool) -> Any
        """Call the model eagerly with these tensors, the case's inputs, and return what it returns."""
        keywords = {"training": training} if self.takes_training else {}
        with user_code("call", "calling the TF2 model", self.definition), self._following():
            return self.model(self.case._model_inputs(tensors), **keywords)

    def outputs_of(self, returned, tensors, training):
        # type: (Any, Any, bool) -> Any
        """Return the outputs to compare, of what the model returned for these inputs."""
        alone = self.case._has_loss_alone(training)
        function = self.case.loss if alone else getattr(self.case, "predictions", self.case.loss)
        with user_code("loss", "loss()" if alone else "predictions()", definition(function)):
            return self.case._outputs(returned, tensors, training)

    def _regularization_loss(self):
        # type: () -> Any
        """Return the sum of the model's losses, as a model function's loss may include it."""
        terms = [tf.convert_to_tensor(term) for term in losses_of(self.model)]
        return tf.add_n(terms) if terms else tf.constant(0.0)

    @contextlib.contextmanager
    def _following(self):
        # type: () -> Iterator[None]
        """Follow which variables each tensor comes from, where a loss may be made in the call."""
        self.provenance = Provenance()
        if self.follows_calls:
            with self.provenance.scope():
                yield
        else:
            yield

    def first_call(self, arrays):
        # type: (Any) -> Any
        """Call the model for the first time, which creates its variables."""
        with self.watch.scope("first call"), watch_collections(self.sightings):
            self._look_for_cached_tensors()
            returned = self.call(arrays, self.job.training)
        self.forward_seeds = self.tool.forward_seeds()
        self.first_draws = tuple(self.tool.draws)
        # Regularizers compute their losses when these are read; following calls costs time.
        self.follows_calls = any(self.provenance.variables_of(loss) for loss in losses_of(self.model))
        self._look_for_cached_tensors()
        if not list(self.model.variables) and not self.watch.created:
            raise StopBuild(
                Fault(
                    "case",
                    "tf2() returned a {} that owns no variables after its first call: assign its layers and "
                    "variables to attributes of `self`".format(type(self.model).__name__),
                    self.definition,
                    "tf2()",
                )
            )
        return returned

    def _look_for_cached_tensors(self):
        # type: () -> None
        known = {(item.kind, item.name) for item in self.sightings}
        for item in cached_tensors(self.model):
            if (item.kind, item.name) not in known:
                self.sightings.append(item)

    def later_call(self, phase, arrays, training, restart=True):
        # type: (str, Any, bool, bool) -> Any
        """Call the model again under the watch of `phase`, drawing the first call's random numbers.

        Args:
            phase: Its name in reports.
            arrays: Inputs.
            training: Training flag.
            restart: Whether random streams begin anew; else they go on.
        """
        with self.watch.scope(phase), watch_numpy_random(self.sightings), self.tool.replay(self.forward_seeds, restart):
            return self.call(arrays, training)

    def all_variables(self):
        # type: () -> List[Any]
        """Return the model's variables and those the calls created without tracking, once each."""
        found = {id(bare(variable)): variable for variable in list(self.model.variables)}
        for item in self.watch.created:
            found.setdefault(id(item.variable), item.variable)
        return list(found.values())

    def tf1_names(self):
        # type: () -> Dict[str, str]
        """Return the TF1 name by the TF2 name, both without `:0`, for variables that were renamed on purpose."""
        return {str(new).replace(":0", ""): str(old).replace(":0", "") for old, new in self.case.variable_names.items()}

    def fill(self, condition):
        # type: (str) -> None
        """Assign the values of a deterministic condition to all variables."""
        for variable, value in fill_values(condition, self.case, self.all_variables(), self.tf1_names()):
            with user_code("call", "assigning {}".format(plain_name(variable)), self.definition):
                variable.assign(value)


def _has_variables(model):
    # type: (Any) -> bool
    """Return whether the object lists its variables, perhaps only after its first call, as a Sequential does."""
    try:
        return hasattr(model, "variables")
    except Exception:  # what Keras raises for a model that is not built is a ValueError
        return True


def _takes_training(model):
    # type: (Any) -> bool
    target = getattr(model, "call", None) or model
    try:
        parameters = inspect.signature(target).parameters
    except (TypeError, ValueError):
        return True
    return "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def bare(variable):
    # type: (Any) -> Any
    """Return the variable within the wrapper that Keras puts around it under mixed precision."""
    return getattr(variable, "_variable", variable)


def losses_of(model):
    # type: (Any) -> List[Any]
    """Return the loss tensors of the model, also of a `tf.Module` under the shim, which has no `losses`."""
    if hasattr(model, "losses"):
        found = model.losses
        return list(found() if callable(found) else found)
    losses = []
    for module in (model,) + tuple(getattr(model, "submodules", ())):
        store = getattr(module, "_tf1_style_var_store", None)
        if hasattr(module, "losses"):
            losses.extend(module.losses)
        elif store is not None:
            losses.extend(loss() for loss in store._regularizers.values())
    return losses


def write_run(migrated, recorder, name, returned):
    # type: (Migrated, Recorder, str, Any) -> None
    """Write what a call returned, and the model's losses after it, as a run record."""
    leaves, arrays = stored_outputs(migrated, returned)
    provenance = migrated.provenance
    with provenance.scope(), user_code("call", "reading the model's losses", migrated.definition):
        tensors = [tf.convert_to_tensor(loss) for loss in losses_of(migrated.model)]
        total = tf.add_n(tensors) if tensors else None
    losses = []
    for number, tensor in enumerate(tensors):
        key = "loss.{}".format(number)
        value = np.asarray(tensor.numpy())
        variables = tuple(provenance.variables_of(tensor))
        if not variables and not value.any():
            continue  # the sum of no losses, which the shim makes for every layer that `get_or_create_layer` keeps
        arrays[key] = outputs.storable(value)
        losses.append(Loss(key, variables, key, ()))
    if losses and total is not None:
        arrays["total"] = outputs.storable(np.asarray(total.numpy()))
    seconds = recorder.lap(name)
    recorder.run(name, RunRecord(name, leaves, tuple(losses), "total" if losses else "", seconds=seconds), arrays)


def stored_outputs(migrated, returned):
    # type: (Migrated, Any) -> Tuple[Tuple[Leaf, ...], Dict[str, np.ndarray]]
    """Return what a call returned as leaves, and their arrays."""
    with user_code("outputs", "the TF2 model", migrated.definition):
        stored = []
        for leaf, value in outputs.flatten(returned):
            kind, parts = outputs.components(value)
            stored.append((leaf, kind, tuple(_to_numpy(leaf, part) for part in parts)))
        return outputs.store(stored)


def _to_numpy(leaf, part):
    # type: (str, Any) -> np.ndarray
    if isinstance(part, np.ndarray):
        return part
    if isinstance(part, tf.Variable):
        part = part.read_value()
    if not hasattr(part, "numpy"):
        raise CaseFault(
            "outputs",
            "output {} is a symbolic tensor left over from a traced function; return it from "
            "the call instead of keeping it".format(leaf),
        )
    return outputs.to_array(part.numpy())
