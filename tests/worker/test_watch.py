"""The creation watch: which variables user code creates, from which line and in what manner."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tf_equivalence.recording import ORIGINS, user_frames


@pytest.fixture
def watched(tf: Any) -> Callable[[Callable[[], Any]], list[Any]]:
    """Return a function that runs code under the watch and returns the records of what it created."""
    from tf_equivalence.worker.watch import CreationWatch, variable_record

    def run(function: Callable[[], Any]) -> list[Any]:
        watch = CreationWatch(None)
        with watch.scope("first call"):
            function()
        return [variable_record(item, tracked=True) for item in watch.created]

    return run


def shim(tf: Any, function: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return a call of a layer that wraps TF1 code, as the guide does."""

    class Shim(tf.keras.layers.Layer):
        """Tracks what TF1 code creates."""

        @tf.compat.v1.keras.utils.track_tf1_style_variables
        def call(self, inputs: Any) -> Any:
            """Run the TF1 code."""
            return function(inputs)

    return lambda: Shim()(tf.ones([2, 4]))


def explicit_variable(tf: Any) -> Any:
    """Make a variable by its class."""
    tf.Variable([1.0], name="w")


def keras_object(tf: Any) -> Any:
    """Build a Keras layer in the call."""
    tf.keras.layers.Dense(3)(tf.ones([2, 4]))


def auto_named_v1_layer(tf: Any) -> Any:
    """Call a layer function without a name."""
    shim(tf, lambda x: tf.compat.v1.layers.dense(x, 3))()


def auto_named_slim_layer(tf: Any) -> Any:
    """Call a slim layer without a scope."""
    import tf_slim

    shim(tf, lambda x: tf_slim.fully_connected(x, 3))()


def named_slim_layer(tf: Any) -> Any:
    """Call a named slim layer, whose normalizer has no name of its own."""
    import tf_slim

    shim(tf, lambda x: tf_slim.fully_connected(x, 3, normalizer_fn=tf_slim.batch_norm, scope="head"))()


def unscoped_name(tf: Any) -> Any:
    """Call a named layer below a scope that gets another name with each call."""

    def code(x: Any) -> Any:
        with tf.compat.v1.variable_scope(None, default_name="block"):
            return tf.compat.v1.layers.dense(x, 3, name="head")

    shim(tf, code)()


def get_variable(tf: Any) -> Any:
    """Get a variable where nothing keeps it."""
    tf.compat.v1.get_variable("w", [3])


def template(tf: Any) -> Any:
    """Make a template anew, and call it."""

    def code(x: Any) -> Any:
        return x * tf.compat.v1.get_variable("w", [4])

    shim(tf, lambda x: tf.compat.v1.make_template("t", code)(x))()  # noqa: PLW0108 - anew in each call


def moving_average(tf: Any) -> Any:
    """Average a variable that exists already."""
    tf.train.ExponentialMovingAverage(0.9).apply([_before(tf)])


def _before(tf: Any) -> Any:
    with tf.init_scope():
        return tf.Variable(1.0)


REAL_CODE = [
    pytest.param(explicit_variable, "explicit-variable", id="explicit-variable"),
    pytest.param(keras_object, "keras-object", id="keras-object"),
    pytest.param(auto_named_v1_layer, "auto-named-v1-layer", id="auto-named-v1-layer"),
    pytest.param(auto_named_slim_layer, "auto-named-v1-layer", id="auto-named-slim-layer"),
    pytest.param(named_slim_layer, "unscoped-name", id="named-slim-layer"),
    pytest.param(unscoped_name, "unscoped-name", id="unscoped-name"),
    pytest.param(get_variable, "get-variable", id="get-variable"),
    pytest.param(template, "template", id="template"),
    pytest.param(moving_average, "moving-average", id="moving-average"),
]


@pytest.mark.parametrize(("code", "origin"), REAL_CODE)
def test_origins(tf: Any, watched: Callable[..., list[Any]], code: Callable[[Any], Any], origin: str) -> None:
    """Real code of each class is recognised, and the creating line is in that code."""
    record = watched(lambda: code(tf))[-1]
    assert record.origin == origin
    lines, first = inspect.getsourcelines(code)
    frames = [frame for frame in user_frames(record.stack) if frame.path == __file__]
    assert any(first <= frame.line < first + len(lines) for frame in frames)


def test_every_origin_is_tried() -> None:
    """The table above has real code for every origin there is."""
    assert {param.values[1] for param in REAL_CODE} == set(ORIGINS)


def test_records_say_what_was_created(tf: Any, watched: Callable[..., list[Any]]) -> None:
    """Name, shape, dtype, flag and initial values are the variable's own."""
    one, other = watched(
        lambda: (
            tf.Variable(tf.ones([2, 3]), name="a/w"),
            tf.Variable(5, name="n", trainable=False, dtype=tf.int64),
        )
    )
    assert (one.name, one.shape, one.dtype, one.trainable) == ("a/w", (2, 3), "float32", True)
    assert (other.name, other.shape, other.dtype, other.trainable) == ("n", (), "int64", False)
    assert one.initial.sample == (1.0,) * 6
    assert other.initial.mean == 5.0


def test_initial_values_are_those_before_any_update(tf: Any, watched: Callable[..., list[Any]]) -> None:
    """What the call assigns later does not count as the initial value."""
    (record,) = watched(lambda: tf.Variable(1.0).assign(9.0))
    assert record.initial.sample == (1.0,)


def test_nothing_is_seen_outside_of_the_scope(tf: Any, watched: Callable[..., list[Any]]) -> None:
    """Variables of other code are not taken for the case's."""
    assert watched(lambda: None) == []
    tf.Variable(1.0)
    assert watched(lambda: None) == []


def test_phases_are_kept_apart(tf: Any) -> None:
    """Each creation has the name of the call that made it."""
    from tf_equivalence.worker.watch import CreationWatch

    watch = CreationWatch(None)
    for phase in ("first call", "training=True"):
        with watch.scope(phase):
            tf.Variable(1.0)
    assert [item.phase for item in watch.created] == ["first call", "training=True"]
    assert watch.created[1].initial is None


def test_creation_in_a_traced_function_is_seen(tf: Any, watched: Callable[..., list[Any]]) -> None:
    """A variable that a `tf.function` makes on its first trace is seen with its user line."""

    class Lazy(tf.Module):
        """Makes its variable in the first call."""

        w: Any = None

        @tf.function
        def __call__(self) -> Any:
            """Return the variable's value."""
            if self.w is None:
                self.w = tf.Variable(2.0, name="w")
            return self.w * 1.0

    (record,) = watched(Lazy())
    assert "tf.Variable(2.0" in user_frames(record.stack)[0].text


@pytest.fixture
def digest(tf: Any) -> Callable[[np.ndarray], Any]:
    """Return the function that digests arrays."""
    from tf_equivalence.worker.watch import digest

    return digest


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "bool", "complex64"])
@pytest.mark.parametrize("size", [1, 7, 300, 100000])
def test_digest_figures(digest: Callable[[np.ndarray], Any], dtype: str, size: int) -> None:
    """Mean, deviation and norm are those of the values, whatever the precision and the size."""
    from tf_equivalence.worker.watch import SAMPLE

    values = np.random.RandomState(0).uniform(0, 4, size).astype(dtype)
    wide = np.abs(values) if values.dtype.kind == "c" else values.astype(np.float64)
    found = digest(values)
    assert len(found.sample) == min(size, SAMPLE)
    assert (found.sample[0], found.sample[-1]) == (float(wide[0]), float(wide[-1]))
    assert found.mean == pytest.approx(float(np.mean(wide, dtype=np.float64)), rel=1e-6)
    assert found.std == pytest.approx(float(np.std(wide, dtype=np.float64)), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("value", [0.1, 1.0, 60000.0])
def test_digest_of_a_constant_has_no_deviation(digest: Callable[[np.ndarray], Any], value: float) -> None:
    """Rounding is not taken for a deviation, and squares do not overflow in half precision."""
    for dtype in ("float16", "float32"):
        found = digest(np.full(1000, value, dtype))
        assert found.std < 1e-9 * value
        assert np.isfinite(found.l2)


def test_digest_tells_arrays_apart(digest: Callable[[np.ndarray], Any]) -> None:
    """One bit anywhere changes the hash; the memory's order does not."""
    values = np.random.RandomState(0).normal(size=(40, 50)).astype(np.float32)
    other = values.copy()
    other[17, 3] = np.nextafter(other[17, 3], np.float32(9))
    assert digest(values).sha256 != digest(other).sha256
    assert digest(values) == digest(np.asfortranarray(values))


def test_digest_of_odd_values(tf: Any, digest: Callable[[np.ndarray], Any]) -> None:
    """Empty and text variables, bfloat16 and infinities leave no exception."""
    assert digest(np.zeros((0, 3))).sample == ()
    assert digest(np.array([b"a"], object)) is None
    assert digest(tf.constant([1.5, 2.5], tf.bfloat16).numpy()).sample == (1.5, 2.5)
    assert digest(np.array([np.inf, 1.0])).l2 == np.inf


def test_plain_name(tf: Any) -> None:
    """A name loses its output number and nothing else."""
    from tf_equivalence.worker.watch import plain_name

    assert plain_name(tf.Variable(1.0, name="a/b")) == "a/b"
