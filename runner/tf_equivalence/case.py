"""The contract with user modules: `EquivalenceCase`, `ArraySpec` and `Tolerance`.

Runs on Python 3.7 with NumPy 1.18 too, and never imports TensorFlow.
"""

import operator
from typing import Any, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np


class CaseError(ValueError):
    """What a function of a case returned cannot be used; the message says why and what to do."""


class Tolerance(NamedTuple("_Tolerance", [("rtol", float), ("atol", float)])):
    """An explicit bound: a TF2 value passes when ``|tf1 - tf2| <= atol + rtol * |tf1|``.

    Attributes:
        rtol: Relative to the magnitude of the TF1 element; dimensionless.
        atol: In the unit of the output.
    """

    __slots__ = ()

    def __new__(cls, rtol, atol):
        # type: (float, float) -> Tolerance
        """Check both: a bound that is negative, infinite or NaN would let anything or nothing pass."""
        for name, value in (("rtol", rtol), ("atol", atol)):
            if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
                raise TypeError("Tolerance: {} must be a number, got {!r}".format(name, value))
            if not np.isfinite(value) or value < 0:
                raise ValueError("Tolerance: {} must be finite and not negative, got {!r}".format(name, value))
        return super().__new__(cls, float(rtol), float(atol))


class ArraySpec:
    """Describes one input; the runner draws its values, the same ones on both sides.

    Floating and complex values are uniform in ``[low, high)``, by default ``[-1, 1)``.
    Integers are uniform in ``[low, high)``, by default ``[0, 2)``, so that they are valid
    as indices into anything; give `high` for token ids. Booleans are fair coin flips.

    Attributes:
        shape: Fully known, the batch dimension included.
        dtype: A NumPy dtype name.
        low: Smallest value.
        high: Bound above the largest value.
    """

    def __init__(self, shape, dtype="float32", low=None, high=None):
        # type: (Any, Any, Optional[float], Optional[float]) -> None
        try:
            self.shape = tuple(operator.index(size) for size in shape)  # type: Tuple[int, ...]
        except TypeError:
            raise TypeError("ArraySpec: shape must be a sequence of integers, got {!r}".format(shape)) from None
        if any(size < 0 for size in self.shape):
            raise ValueError("ArraySpec: shape must be fully known, got {!r}".format(shape))
        self.dtype = np.dtype(dtype)
        if self.dtype.kind not in "fciub":
            raise TypeError("ArraySpec: dtype must be numeric or bool, got {!r}; pass a NumPy array".format(dtype))
        default = (0, 2) if self.dtype.kind in "iub" else (-1, 1)
        self.low = default[0] if low is None else low
        self.high = default[1] if high is None else high
        if not self.low < self.high:
            raise ValueError("ArraySpec: low must be below high, got {} and {}".format(self.low, self.high))

    def __repr__(self):
        # type: () -> str
        return "ArraySpec({}, {!r}, low={}, high={})".format(self.shape, self.dtype.name, self.low, self.high)

    def draw(self, rng):
        # type: (np.random.RandomState) -> np.ndarray
        """Return an array of this shape and dtype drawn from `rng`, a `numpy.random.RandomState`.

        `RandomState` is used for its promise never to change a stream between NumPy versions.
        """
        if self.dtype.kind == "b":
            return rng.randint(0, 2, self.shape).astype(bool)
        if self.dtype.kind in "iu":
            return rng.randint(int(self.low), int(self.high), self.shape, np.dtype(np.int64)).astype(self.dtype)
        values = rng.uniform(self.low, self.high, self.shape)
        if self.dtype.kind == "c":
            values = values + 1j * rng.uniform(self.low, self.high, self.shape)
        # Rounding to a narrower dtype may reach `high` itself; that is harmless here.
        return np.asarray(values).astype(self.dtype)


class EquivalenceCase:
    """One migrated model: its TF1 function, its TF2 object, and how to compare the two.

    Subclass it in a module named ``equivalence_*.py``. Only `inputs`, `tf1` and `tf2` are required.

    Attributes:
        inputs: A nest of `ArraySpec` and NumPy arrays, or a method ``inputs(self, rng)`` that
            returns a nest of arrays, `rng` being a `numpy.random.RandomState`.
        variable_names: TF1 name to TF2 name, for deliberate renames; `:0` may be left out.
        constant: The value of every floating variable in the `constant-weights` step.
        tolerance: `"measured"`, `"guide"`, a `Tolerance`, or a mapping from output glob to `Tolerance`;
            None takes the run's own setting, which is `"measured"` unless configured.
        nan_equal: Globs of the outputs in which NaN at the same place on both sides agrees; elsewhere NaN fails.
        skip: Step id to reason; the reason is shown in every report.
        checkpoint: Prefix of an existing name-based TF1 checkpoint, relative to the module's folder or the
            workspace. Without one, the `checkpoint` step sets it to the one that its TF1 side wrote, for
            a `tf2()` that restores by itself; in all other steps it is None there.
        moving_averages: Whether `checkpoint`'s moving averages are read in the place of the variables, as
            `ExponentialMovingAverage.variables_to_restore` does; or the name that was given to that object.
        reference: `"graph"` (TF1 graph mode of the pinned nightly) or `"tf1.15"`; None takes the
            run's own setting.
    """

    inputs = None  # type: Any
    variable_names = {}  # type: Mapping[str, str]
    constant = 0.001  # type: float
    tolerance = None  # type: Union[None, str, Tolerance, Mapping[str, Tolerance]]
    nan_equal = ()  # type: Sequence[str]
    skip = {}  # type: Mapping[str, str]
    checkpoint = None  # type: Optional[str]
    moving_averages = False  # type: Union[bool, str]
    reference = None  # type: Optional[str]

    _random_tool = None  # type: Any
    # Of an `EstimatorCase`: what its model function returned, and the optimizers that it made.
    _spec = None  # type: Any
    _training = None  # type: Any

    def tf1(self, inputs, training):
        # type: (Any, bool) -> Any
        """Build the TF1 forward pass in the current graph and return a nest of tensors."""
        raise NotImplementedError("{}.tf1(self, inputs, training) is not defined".format(type(self).__name__))

    def tf2(self):
        # type: () -> Any
        """Return the migrated layer, model or module; it is called as ``model(inputs, training=...)``."""
        raise NotImplementedError("{}.tf2(self) is not defined".format(type(self).__name__))

    def loss(self, outputs, inputs):
        # type: (Any, Any) -> Any
        """Return the training loss, a scalar tensor, from what the model returned and the case's inputs.

        It is called on both sides. Without one of the case's own, it is the mean square of all
        floating outputs. Regularization losses are compared beside it.
        """
        raise NotImplementedError("{} has no loss of its own".format(type(self).__name__))

    def tf1_optimizer(self):
        # type: () -> Any
        """Return the optimizer of the TF1 code, one of `tf.compat.v1.train`, in the current graph.

        Without one, and without `tf2_optimizer`, both sides take gradient descent with a learning rate of 0.01.
        """
        raise NotImplementedError("{} has no optimizer of its own".format(type(self).__name__))

    def tf2_optimizer(self):
        # type: () -> Any
        """Return the optimizer of the migrated code: a Keras one, or one of `tf.compat.v1.train` used eagerly.

        Without one, TF1's is compared with its counterpart in `tf.keras.optimizers`. It is called several
        times, and has to return a new optimizer each time.
        """
        raise NotImplementedError("{} has no optimizer of its own".format(type(self).__name__))

    def tf1_train_op(self, optimizer, loss, global_step):
        # type: (Any, Any, Any) -> Any
        """Return what TF1's training loop runs in each step: an operation, or a list of those of one `session.run`.

        Write it where that is more than ``optimizer.minimize(loss, global_step=global_step)``, which is taken
        without it: where gradients are clipped, for example, or variables have several optimizers.
        """
        raise NotImplementedError("{} has no train operation of its own".format(type(self).__name__))

    def tf2_train_step(self, optimizer, loss, variables):
        # type: (Any, Any, Any) -> None
        """Take one step of the migrated training loop.

        Write it where that is more than ``optimizer.minimize(loss, variables)``, which is done without it.
        `loss` is a function: it takes no arguments, calls the model, and returns the scalar to minimize.
        """
        raise NotImplementedError("{} has no training step of its own".format(type(self).__name__))

    def _model_inputs(self, inputs):
        # type: (Any) -> Any
        """Return what of the inputs the TF2 model is called with."""
        return inputs

    def _has_loss_alone(self, training):
        # type: (bool) -> bool
        """Tell whether the loss is the only output to compare."""
        del training
        return False

    def _outputs(self, returned, inputs, training):
        # type: (Any, Any, bool) -> Any
        """Return the outputs to compare, of what the TF2 model returned."""
        del inputs, training
        return returned

    @property
    def operation_seed(self):
        # type: () -> int
        """The seed that the next stateful random operation takes in the random steps.

        It counts up by itself. Set it to align two programs that draw in another order; a seed
        that was used already raises `ValueError`, because eager execution would go on with the
        operation's stream where a session would not. In the `functional-training` step it is
        constant.
        """
        return int(self._tool().operation_seed)

    @operation_seed.setter
    def operation_seed(self, value):
        # type: (int) -> None
        self._tool().operation_seed = value

    def _tool(self):
        # type: () -> Any
        if self._random_tool is None:
            raise RuntimeError("operation_seed exists only while tf1(), tf2() or the returned model runs")
        return self._random_tool
