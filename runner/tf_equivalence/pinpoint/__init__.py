"""Finds the first operation that two traces do not agree on, and says why in a sentence. No TensorFlow."""
