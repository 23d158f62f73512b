"""The contract with user modules for model functions of an Estimator: `EstimatorCase`.

Runs on Python 3.7 with NumPy 1.18 too, and never imports TensorFlow.
"""

import copy
import inspect
from typing import Any, Dict, Mapping, Sequence

from tf_equivalence.case import CaseError, EquivalenceCase

TRAIN, EVAL, PREDICT = "train", "eval", "infer"  # the strings of tf.estimator.ModeKeys
FEATURES, LABELS = "features", "labels"
ARGUMENTS = (FEATURES, LABELS, "mode", "params", "config")  # of a model function, by name
LOSS = "loss"  # the output in a mode without predictions


class EstimatorCase(EquivalenceCase):
    """A model function of an Estimator, and the TF2 model that takes its place.

    The TF1 side calls `model_fn` as an Estimator does: in the mode `train` for training, else in
    `infer`, with a global step in the graph. The spec's `predictions` are the outputs. What its
    `train_op` depends on among the UPDATE_OPS is what the step `state-updates` runs; variables that
    the optimizer makes are no part of the model.

    The TF2 model is called with the features alone. Define `loss(self, outputs, inputs)` for all
    that the TF2 side minimizes, of ``inputs["features"]`` and ``inputs["labels"]``: it is compared
    with the `loss` of the spec. If that one includes regularization losses, add
    ``self.regularization_loss()``.

    The optimizer of the step `optimizer` is the one whose step the spec's `train_op` is, unless the
    case has a `tf1_optimizer`.

    Attributes:
        features: A nest of `ArraySpec` and NumPy arrays.
        labels: The same; None for a model function that needs none.
        params: What `model_fn` gets as `params`, a copy each time.
        inference_mode: `"infer"`, without labels, or `"eval"`, with them.
        without_predictions: Modes in which `model_fn` returns a loss and no predictions, often
            `("train",)`. There, the loss is the only output that is compared.
    """

    _regularization = None  # type: Any

    features = None  # type: Any
    labels = None  # type: Any
    params = {}  # type: Mapping[str, Any]
    inference_mode = PREDICT  # type: str
    without_predictions = ()  # type: Sequence[str]

    def model_fn(self, features, labels, mode, params):
        # type: (Any, Any, str, Any) -> Any
        """Build the model in the current graph and return its `EstimatorSpec`.

        Whatever has `predictions`, `loss` and `train_op` is taken for one. `labels`, `mode`,
        `params` and `config` may be left out of the arguments, as with an Estimator.
        """
        raise NotImplementedError("{}.model_fn is not defined".format(type(self).__name__))

    def predictions(self, outputs, mode):
        # type: (Any, str) -> Any
        """Return what is compared with the spec's `predictions`, of what the TF2 model returned.

        Write it where the model does not return them under the same names, or where `model_fn`
        returns other ones in another mode: `"train"`, `"eval"` or `"infer"`.
        """
        del mode
        return outputs

    def regularization_loss(self):
        # type: () -> Any
        """Return the sum of the regularization losses, for `loss`: of the TF2 model, or of TF1's graph."""
        if self._regularization is None:
            raise RuntimeError("regularization_loss() exists only while loss() runs")
        return self._regularization()

    @property
    def inputs(self):
        # type: () -> Any
        """Features and labels by their names; override it where labels are computed from features."""
        if self.features is None:
            return None
        given = {FEATURES: self.features}  # type: Dict[str, Any]
        if self.labels is not None:
            given[LABELS] = self.labels
        return given

    def tf1(self, inputs, training):
        # type: (Any, bool) -> Any
        """Call `model_fn`, keep the spec, and return its predictions, or its loss where there are none."""
        self._spec = None
        mode = self._mode(training)
        labels = None if mode == PREDICT else inputs.get(LABELS)
        spec = self.model_fn(**self._arguments(self._model_inputs(inputs), labels, mode))
        self._spec = _checked(spec, mode)
        if mode in self.without_predictions:
            if spec.loss is None:
                raise CaseError("model_fn() returned no loss in the mode {!r}, and there is nothing else".format(mode))
            return {LOSS: spec.loss}
        if spec.predictions is None and spec.loss is None:
            raise CaseError(
                "model_fn() returned neither predictions nor a loss in the mode {!r}, so that there is nothing to "
                "compare: return an EstimatorSpec with predictions".format(mode)
            )
        if spec.predictions is None:
            raise CaseError(
                "model_fn() returned no predictions in the mode {0!r}: return them in every mode, or have the loss "
                "alone compared there, by `without_predictions = ({0!r},)` and a `loss` of the case".format(mode)
            )
        return spec.predictions

    def _mode(self, training):
        # type: (bool) -> str
        return TRAIN if training else self.inference_mode

    def _arguments(self, features, labels, mode):
        # type: (Any, Any, str) -> Dict[str, Any]
        """Return what `model_fn` takes of the arguments that an Estimator has, by name."""
        given = {
            FEATURES: features,
            LABELS: labels,
            "mode": mode,
            "params": self._copied_params(),
            "config": None,
        }
        parameters = inspect.signature(self.model_fn).parameters.values()
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return given
        return {name: given[name] for name in given if name in {parameter.name for parameter in parameters}}

    def _copied_params(self):
        # type: () -> Any
        try:
            return copy.deepcopy(self.params)
        except Exception as error:  # noqa: BLE001 - an object of the user's that does not mean to be copied
            raise CaseError(
                "`params` cannot be copied ({}: {}), and model_fn may change what it gets: give plain values".format(
                    type(error).__name__, error
                )
            ) from None

    def _model_inputs(self, inputs):
        # type: (Any) -> Any
        if not isinstance(inputs, Mapping) or FEATURES not in inputs:
            raise CaseError("`inputs` of an EstimatorCase must be a dict with `features`, and `labels` if any")
        return inputs[FEATURES]

    def _outputs(self, returned, inputs, training):
        # type: (Any, Any, bool) -> Any
        if self._has_loss_alone(training):
            return {LOSS: self.loss(returned, inputs)}
        return self.predictions(returned, self._mode(training))

    def _has_loss_alone(self, training):
        # type: (bool) -> bool
        return self._mode(training) in self.without_predictions


def _checked(spec, mode):
    # type: (Any, str) -> Any
    """Return a spec that has what is read of it.

    Raises:
        CaseError: It is none, or another object.
    """
    if spec is None:
        raise CaseError("model_fn() returned nothing in the mode {!r}: return an EstimatorSpec".format(mode))
    for name in ("predictions", "loss", "train_op"):
        if not hasattr(spec, name):
            raise CaseError(
                "model_fn() returned a {} without `{}` in the mode {!r}: return an EstimatorSpec".format(
                    type(spec).__name__, name, mode
                )
            )
    return spec
