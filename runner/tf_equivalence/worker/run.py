"""One job from start to end, in a process of its own."""

import os
import site
from dataclasses import replace
from typing import Any, Tuple

from tf_equivalence import stacks
from tf_equivalence.case import EquivalenceCase
from tf_equivalence.worker import load, repair
from tf_equivalence.worker.faults import StopBuild, fault_of
from tf_equivalence.worker.job import Job, Recorder


def run_job(job):
    # type: (Job) -> None
    """Load the case and record the job's conditions; what cannot be recorded is written as a fault."""
    recorder = Recorder(job.directory)
    cases = ()  # type: Tuple[str, ...]
    try:
        repair.repair_imports()
        if job.side == "tf1":
            from tf_equivalence.worker import tf1

            tf1.disable_v2_behavior()
            module = _load(job)
            cases = load.defined_cases(module)
            _record(tf1, job, load.make_case(module, job.class_name), recorder, cases)
        else:
            from tf_equivalence.worker import layer_lines, random_tool, tf2

            # Layers and initializers that the module makes while it is imported draw aligned numbers later, too.
            with load.eager_execution_kept(job.module), random_tool.stateful_keras_draws(), layer_lines.remembered():
                module = _load(job)
                cases = load.defined_cases(module)
                _record(tf2, job, load.make_case(module, job.class_name), recorder, cases)
    except StopBuild as stop:
        recorder.fault(replace(stop.fault, module_cases=cases))
    except Exception as error:
        stack = stacks.of_exception(error)
        if not stack or stack[0].library:  # ours, and not a property or a method of the user's objects
            raise
        recorder.fault(replace(fault_of(error, "call", "reading what the case returned"), module_cases=cases))


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
    if job.packages:
        site.addsitedir(job.packages)
    return load.import_module(job.module)
