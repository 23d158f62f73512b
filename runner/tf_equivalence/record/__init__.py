"""The recording stage: runs the planned builds in worker processes."""
