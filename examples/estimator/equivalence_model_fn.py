"""Does the Keras layer predict, and learn, what the Estimator's model function did?"""

from __future__ import annotations

from tf_equivalence import ArraySpec, EstimatorCase


class Recommender(EstimatorCase):
    """A dict of features goes in, a dict of predictions comes out."""

    features = {
        "history": ArraySpec((16, 5), "int32", high=50),
        "item": ArraySpec((16,), "int32", high=50),
        "context": ArraySpec((16, 4)),
    }
    labels = ArraySpec((16,), "int32")
    params = {"items": 50, "embedding_size": 8, "hidden_units": [32, 16], "learning_rate": 0.05}

    def model_fn(self, features, labels, mode, params):
        """Build what the Estimator built."""
        from recommender import model_fn

        return model_fn(features, labels, mode, params)

    def tf2(self):
        """Return the migrated layer; it is called with the features alone."""
        from recommender_layer import Recommender

        return Recommender(items=50, embedding_size=8, hidden_units=[32, 16])

    def loss(self, outputs, inputs):
        """What TF2 minimizes; it is compared with the loss of the model function's spec."""
        from recommender_layer import click_loss

        return click_loss(inputs["labels"], outputs["logits"])

    def tf2_optimizer(self):
        """What TF2 trains with; it is compared with the optimizer of the model function's `train_op`."""
        from recommender_layer import make_optimizer

        return make_optimizer(self.params["learning_rate"])
