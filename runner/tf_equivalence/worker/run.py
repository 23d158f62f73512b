"""One job from start to end, in a process of its own."""

import os
from typing import Any, Tuple

from tf_equivalence.case import EquivalenceCase
from tf_equivalence.recording import Fault
from tf_equivalence.worker import load, repair
from tf_equivalence.worker.faults import StopBuild
from tf_equivalence.worker.job import Job, Recorder


def run_job(job):
    # type: (Job) -> None
    """Load the case and record the job's conditions; what cannot be recorded is written as a fault."""
    recorder = Recorder(job.directory)
    cases = ()  # type: Tuple[str, ...]
    try:
        _limit_threads(job.threads)
        repair.repair_imports()
        if job.side == "tf1":
            from tf_equivalence.worker import tf1 as side

            side.disable_v2_behavior()
            module = _load(job)
            cases = load.defined_cases(module)
            _record(side, job, load.make_case(module, job.class_name), recorder, cases)
        else:
            from tf_equivalence.worker import tf2 as side

            with load.eager_execution_kept():
                module = _load(job)
                cases = load.defined_cases(module)
                _record(side, job, load.make_case(module, job.class_name), recorder, cases)
    except StopBuild as stop:
        fault = stop.fault
        recorder.fault(Fault(fault.kind, fault.message, fault.stack, fault.phase, cases))


def _record(side, job, case, recorder, cases):
    # type: (Any, Job, EquivalenceCase, Recorder, Tuple[str, ...]) -> None
    if job.trace:
        side.trace(job, case, recorder)
    else:
        side.record(job, case, recorder, cases)


def _load(job):
    # type: (Job) -> object
    os.chdir(job.root)
    load.extend_path((os.path.dirname(job.module),) + job.sys_path)
    return load.import_module(job.module)


def _limit_threads(threads):
    # type: (int) -> None
    if threads:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
