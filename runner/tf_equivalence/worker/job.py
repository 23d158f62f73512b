"""What a worker is asked to record, and the writing of it."""

import os
import platform
import time
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from tf_equivalence.case import EquivalenceCase, Tolerance
from tf_equivalence.recording import Fault, RunRecord, write_arrays, write_record
from tf_equivalence.worker.faults import StopBuild


class Job(NamedTuple):
    """One build: a side of a case in a process of its own.

    Attributes:
        module: Absolute path of the user's module.
        class_name: The case's class.
        root: The directory to run in.
        sys_path: Directories to append to `sys.path`.
        packages: Where packages were installed for user modules alone; empty for none.
        side: `tf1` or `tf2`.
        form: See `steps.Build`.
        training: The training flag of the build.
        conditions: The runs to record, in this order.
        directory: Where the recording goes.
        trace: Condition to trace operation by operation; empty for none.
        probes: Changes at most that show how much a step would have caught.
        optimized: Whether TF1's graph optimizers run; without them the reference shows its noise.
    """

    module: str
    class_name: str
    root: str
    sys_path: Tuple[str, ...]
    packages: str
    side: str
    form: str
    training: bool
    conditions: Tuple[str, ...]
    directory: str
    trace: str = ""
    probes: int = 0
    optimized: bool = True


class Recorder:
    """Writes runs and faults of one job, and its timings.

    Attributes:
        seconds: Wall time by phase.
        notes: For the build record.
    """

    def __init__(self, directory):
        # type: (str) -> None
        self.directory = directory
        self.seconds = {}  # type: Dict[str, float]
        self.notes = []  # type: List[str]
        self._since = time.monotonic()

    def lap(self, phase):
        # type: (str) -> float
        """Book the time since the last lap on `phase` and return it."""
        now = time.monotonic()
        passed, self._since = now - self._since, now
        self.seconds[phase] = self.seconds.get(phase, 0.0) + passed
        return passed

    def run(self, name, record, arrays):
        # type: (str, RunRecord, Dict[str, np.ndarray]) -> None
        """Write one run: the arrays first, so that a record never lacks them."""
        write_arrays(self.directory, name, arrays)
        write_record(self.directory, name, record)

    def fault(self, fault, condition=None):
        # type: (Fault, Optional[str]) -> None
        """Write why the build, or one condition of it, could not be recorded."""
        write_record(self.directory, "{}.fault".format(condition) if condition else "fault", fault)

    def attempt(self, condition, function):
        # type: (str, Any) -> None
        """Record one condition; a fault in it leaves the others unharmed."""
        try:
            function()
        except StopBuild as stop:
            self.fault(stop.fault, condition)
        self.lap(condition)


def environment():
    # type: () -> Dict[str, str]
    """Return the versions that decide about numbers."""
    import tensorflow as tf

    return {
        "tensorflow": str(tf.__version__),
        "keras": _keras_version(),
        "numpy": str(np.__version__),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cpus": str(os.cpu_count()),
    }


def _keras_version():
    # type: () -> str
    """Return the version of legacy Keras; TensorFlow 1.15 brings its own."""
    try:
        import tf_keras
    except ImportError:
        return "in TensorFlow"
    return str(tf_keras.__version__)


def case_settings(case):
    # type: (EquivalenceCase) -> Dict[str, Any]
    """Return the case's own settings as JSON values."""
    tolerance = case.tolerance
    if isinstance(tolerance, Tolerance):
        written = list(tolerance)  # type: Any
    elif isinstance(tolerance, str) or tolerance is None:
        written = tolerance
    else:
        written = {str(glob): list(bound) for glob, bound in tolerance.items()}
    return {
        "variable_names": {str(k): str(v) for k, v in case.variable_names.items()},
        "constant": float(case.constant),
        "tolerance": written,
        "nan_equal": [str(glob) for glob in case.nan_equal],
        "skip": {str(k): str(v) for k, v in case.skip.items()},
        "reference": case.reference,
    }
