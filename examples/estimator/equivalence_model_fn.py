"""Does the Keras layer predict what the Estimator's model function predicted?"""

from __future__ import annotations

from tf_equivalence import EquivalenceCase


class Recommender(EquivalenceCase):
    """A dict of features goes in, a dict of predictions comes out."""

    def inputs(self, rng):
        """Draw as many ids as there are items; `ArraySpec` would do too."""
        return {
            "history": rng.randint(0, 50, (16, 5), dtype="int32"),
            "item": rng.randint(0, 50, (16,), dtype="int32"),
            "context": rng.uniform(-1, 1, (16, 4)).astype("float32"),
        }

    def tf1(self, inputs, training):
        from recommender import PARAMS, model_fn

        spec = model_fn(inputs, labels=None, mode="train" if training else "infer", params=PARAMS)
        return spec.predictions

    def tf2(self):
        from recommender_layer import Recommender

        return Recommender(items=50, embedding_size=8, hidden_units=[32, 16])
