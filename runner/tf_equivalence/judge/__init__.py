"""The judging stage: two recordings in, findings out. Pure NumPy."""
