"""The only package that imports TensorFlow and user code. Runs on Python 3.7 and NumPy 1.18 too."""
