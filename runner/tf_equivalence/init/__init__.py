"""`tf-equivalence init`: finds TF1 code and its migration in a repository and writes a first case for them.

Everything is read from syntax trees; no user code and no TensorFlow is imported.
"""
