"""The run: settings → discover → plan → record → judge → pinpoint, and the result that reports read."""

from __future__ import annotations

import ast
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tf_equivalence import converted
from tf_equivalence.case import Tolerance
from tf_equivalence.discover import CaseRef, Discovery, ModuleFault, discover, select_cases
from tf_equivalence.judge.case import LOAD, check_case, fault_finding, follow_up, judge_step, load_fault, one_line
from tf_equivalence.judge.checkpoint import NOT_CONVERTED
from tf_equivalence.judge.evidence import Evidence, Preset
from tf_equivalence.judge.noise_pass import NoisePass, is_wanted
from tf_equivalence.judge.places import Places
from tf_equivalence.pinpoint.passes import IsolationPass, TracePass
from tf_equivalence.plan import CONVERTED, Plan, case_directory, make_plan
from tf_equivalence.record.environment import user_environment
from tf_equivalence.record.launcher import BuildEnded, BuildStarted, Launcher, Limits
from tf_equivalence.record.output import split_log
from tf_equivalence.record.requirements import install_requirements
from tf_equivalence.report.progress import Progress
from tf_equivalence.result import CaseResult, Finding, Location, Outcome, RunResult, StepResult
from tf_equivalence.settings import Settings
from tf_equivalence.steps import TF2_CHECKPOINT, Step

_OUTPUT_LINES = 200
# What progress calls each pass over a case.
_PHASES: Mapping[type, str] = {
    type(None): "first run",
    NoisePass: "noise",
    TracePass: "trace",
    IsolationPass: "isolation",
}


def find_cases(settings: Settings) -> Discovery:
    """Return the cases below the searched paths that the `case` globs select.

    Raises:
        UsageError: A searched path does not exist, or a glob matches no case.
    """
    return select_cases(discover(settings.paths, settings.exclude, settings.root), settings.case)


def run(settings: Settings, environ: Mapping[str, str], progress: Progress) -> RunResult:
    """Run every step on every case and return what was found out.

    Raises:
        UsageError: A searched path does not exist, or requirements contradict the pinned packages.
        InfrastructureError: No worker can be started, or requirements cannot be installed.
    """
    started = time.monotonic()
    found = find_cases(settings)
    if settings.checkpoint_dir is not None:
        converted.prepare(settings.checkpoint_dir, settings.workspace)
    scratch = Path(tempfile.mkdtemp(prefix="tf-equivalence-"))
    convert = settings.checkpoint_dir is not None
    plan = make_plan(found.cases, settings.steps, scratch, settings.probes, convert)
    recording = _Recording(settings, found, plan, scratch, progress)
    progress.started(len(found.cases) + len(found.faults), len(recording.plan.cases) * len(recording.plan.steps))
    progress.planned(
        [case.id for case in recording.plan.cases], [step.id for step in recording.plan.steps], _jobs(settings)
    )
    interrupted = False
    try:
        for fault in found.faults:
            recording.finish(_module_fault(fault))
        if found.cases:
            recording.record(environ, _install(settings, environ, scratch, progress))
    except KeyboardInterrupt:
        interrupted = True
        progress.stopped()
        recording.keep_what_was_judged()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    cases = _merge_unloadable(recording.finished)
    return RunResult(
        cases=tuple(sorted(cases, key=lambda case: case.id)),
        duration_s=time.monotonic() - started,
        environment=recording.environment,
        message="" if cases or interrupted else _nothing_found(settings, found),
        interrupted=interrupted,
    )


@dataclass
class _CaseState:
    """What is still to come for one case."""

    case: CaseRef
    evidence: Evidence
    waiting: set[Path]
    started: float = 0.0
    steps: dict[str, StepResult] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seconds: dict[Path, float] = field(default_factory=dict)  # of each process, by its directory
    current: NoisePass | TracePass | IsolationPass | None = None  # None is the first pass


class _Recording:
    """Records the planned builds and judges each step as soon as its recordings are there.

    Attributes:
        plan: What is recorded.
        finished: The cases whose steps are all judged.
        environment: Versions, from the first build that tells them.
    """

    def __init__(self, settings: Settings, found: Discovery, plan: Plan, scratch: Path, progress: Progress) -> None:
        self.plan = plan
        self.finished: list[CaseResult] = []
        self.environment: dict[str, str] = {"python": platform.python_version(), "reference": settings.reference}
        self._settings, self._found, self._scratch, self._progress = settings, found, scratch, progress
        places = Places(settings.root)
        self._states = {
            case.id: _CaseState(
                case,
                Evidence(case_directory(scratch, case), places, _preset(settings), settings.min_power),
                {planned.directory for planned in plan.builds if planned.case is case},
            )
            for case in plan.cases
        }

    def record(self, environ: Mapping[str, str], packages: Path | None) -> None:
        """Run every build, and judge; further passes follow for what diverged.

        Args:
            environ: Ours.
            packages: Where the users' requirements were installed, if anywhere.
        """
        limits = Limits(_jobs(self._settings), self._settings.timeout)
        import_path = (self._settings.working_directory, self._settings.root)
        with Launcher(import_path, limits, environ, self._scratch, packages) as launcher:
            launcher.enqueue(planned for planned in self.plan.builds if planned.after is None)
            for event in launcher.run():
                state = self._states[event.planned.case.id]
                if isinstance(event, BuildStarted):
                    self._begin(state, event)
                else:
                    self._end(state, event, launcher)

    def _begin(self, state: _CaseState, event: BuildStarted) -> None:
        if not state.started:
            state.started = time.monotonic()
            self._progress.case_started(state.case.id)
        self._progress.build_started(state.case.id, _PHASES[type(state.current)], event.planned.build)

    def _end(self, state: _CaseState, event: BuildEnded, launcher: Launcher) -> None:
        """Judge what can be judged now; when a pass is over, go on to the next."""
        self._progress.build_ended(state.case.id, event.planned.build)
        state.waiting.discard(event.planned.directory)
        state.seconds[event.planned.directory] = event.seconds
        # Ahead of other cases, so that this one ends before they begin.
        launcher.enqueue((p for p in self.plan.builds if p.after == event.planned.directory), first=True)
        if state.current is None:
            self._take_first_pass(state, event)
        while not state.waiting:
            following = self._following(state)
            if following is None:
                self._close(state)
                break
            state.current = following
            state.waiting = {planned.directory for planned in following.builds}
            launcher.enqueue(following.builds)

    def _following(self, state: _CaseState) -> NoisePass | TracePass | IsolationPass | None:
        """Finish a pass and return the next; None after the last.

        The reference's noise is measured only where values differ, for they may differ by it alone.
        What diverges all the same is traced, and then isolated.
        """
        done = state.current
        if isinstance(done, IsolationPass):
            state.steps.update(done.improve(state.evidence, state.steps, state.seconds))
            return None
        if isinstance(done, TracePass):
            return done.isolate(state.evidence)
        if isinstance(done, NoisePass):
            for step in done.steps:
                self._judge(state, step)
        noise = NoisePass.plan(state.case, state.evidence, state.steps) if done is None else None
        always = self._settings.trace is not None
        keep = always or _shows_operations(self._settings)
        return noise or TracePass.plan(state.case, state.evidence, state.steps, keep, always)

    def _take_first_pass(self, state: _CaseState, event: BuildEnded) -> None:
        printed, log = split_log(event.output)
        state.output += [printed] if printed else []
        state.log += [log] if log else []
        self._learn_environment(state)
        for step in self._judgeable(state):
            self._judge(state, step)

    def _judge(self, state: _CaseState, step: Step) -> None:
        result = judge_step(state.evidence, step, state.case, state.started)
        state.steps[step.id] = result
        if state.current is not None or not is_wanted(state.evidence, result):
            self._progress.step_finished(state.case.id, step.id, result.outcome, result.duration_s)

    def _judgeable(self, state: _CaseState) -> Iterator[Step]:
        for step in self.plan.steps:
            directories = {state.evidence.directory / need.build.directory for need in step.needs}
            if step.id not in state.steps and not directories & state.waiting:
                yield step

    def _close(self, state: _CaseState) -> None:
        self.finish(self._result(state))
        self._keep_converted(state)
        shutil.rmtree(state.evidence.directory, ignore_errors=True)
        del self._states[state.case.id]

    def _keep_converted(self, state: _CaseState) -> None:
        """Keep the converted checkpoint of a case whose step passed; one of an earlier run goes in any case."""
        folder = self._settings.checkpoint_dir
        if folder is None:
            return
        step = state.steps.get("checkpoint")
        made = state.evidence.directory / TF2_CHECKPOINT.directory / CONVERTED
        passed = step is not None and step.outcome is Outcome.PASSED
        try:
            kept = converted.keep(made if passed else None, folder, state.case, self._settings.workspace)
        except OSError as error:
            self._progress.said(f"cannot keep the checkpoint of {state.case.id} in {folder}: {error.strerror}")
            return
        if kept is not None:
            self._progress.said(f"the converted checkpoint of {state.case.id} is in {kept}")
        elif step is not None and passed:
            why = [note for note in step.notes if note.startswith(NOT_CONVERTED)] or [NOT_CONVERTED]
            self._progress.said(f"the checkpoint of {state.case.id} was {why[0]}")

    def _result(self, state: _CaseState) -> CaseResult:
        needs = [need for step in self.plan.steps for need in step.needs]
        unloadable = load_fault(state.evidence, needs)
        if unloadable is not None:
            steps: list[StepResult] = [_load_step([fault_finding(state.evidence, unloadable, state.case)])]
        else:
            steps = follow_up([state.steps[step.id] for step in self.plan.steps if step.id in state.steps])
            problems = check_case(state.evidence, state.case, _class_names(state.case.module_path))
            if problems:
                steps.insert(0, _load_step(problems))
        output = "\n".join("\n".join(dict.fromkeys(state.output)).splitlines()[-_OUTPUT_LINES:])
        log = "\n".join("\n".join(state.log).splitlines()[-_OUTPUT_LINES:])
        case = state.case
        return CaseResult(case.id, case.path, case.line, time.monotonic() - state.started, tuple(steps), output, log)

    def finish(self, case: CaseResult) -> None:
        """Keep a finished case and tell about it."""
        self.finished.append(case)
        self._progress.case_finished(case)

    def keep_what_was_judged(self) -> None:
        """Keep the steps that were judged before an interruption."""
        for state in list(self._states.values()):
            if state.steps:
                self.finish(self._result(state))

    def _learn_environment(self, state: _CaseState) -> None:
        record = state.evidence.any_build()
        if record is not None and "tensorflow" not in self.environment:
            self.environment.update(record.environment)
            self.environment["reference"] = f"graph mode of TensorFlow {record.environment['tensorflow']}"


def _install(settings: Settings, environ: Mapping[str, str], scratch: Path, progress: Progress) -> Path | None:
    """Install the users' requirements, if there are any, and return where they are."""
    if not settings.requirements:
        return None
    progress.said(f"installing {', '.join(path.name for path in settings.requirements)}")
    theirs = user_environment(environ, settings.root)
    installed = install_requirements(settings.requirements, scratch / "requirements", theirs)
    for notice in installed.notices:
        progress.said(notice)
    return installed.directory


def _shows_operations(settings: Settings) -> bool:
    """Return whether a report draws the divergence along the network of what was traced."""
    posts = settings.annotations == "checks" or settings.comment != "never"
    return posts or settings.job_summary is not None or settings.html_file is not None


def _jobs(settings: Settings) -> int:
    return settings.jobs or len(os.sched_getaffinity(0))


def _preset(settings: Settings) -> Preset:
    if settings.rtol is not None and settings.atol is not None:
        return Tolerance(settings.rtol, settings.atol)
    return settings.tolerance


def _load_step(findings: Sequence[Finding]) -> StepResult:
    return StepResult(LOAD, Outcome.ERROR, 0.0, one_line(findings), findings[0].location, tuple(findings))


def _module_fault(fault: ModuleFault) -> CaseResult:
    location = Location(fault.path, fault.line)
    return CaseResult(
        fault.id, fault.path, fault.line, 0.0, (_load_step([Finding("load", fault.path, fault.message, location)]),)
    )


def _merge_unloadable(cases: Sequence[CaseResult]) -> list[CaseResult]:
    """Return the cases with those of a module that cannot be loaded made one, named after the module."""
    merged: dict[str, CaseResult] = {}
    for case in cases:
        unloadable = [step.id for step in case.steps] == [LOAD] and case.steps[0].findings[0].kind == "load"
        if not unloadable:
            merged[case.id] = case
        elif case.path not in merged:
            line = case.steps[0].location.line if case.steps[0].location else case.line
            merged[case.path] = CaseResult(
                case.path, case.path, line, case.duration_s, case.steps, case.output, case.log
            )
    return list(merged.values())


def _class_names(module: Path) -> tuple[str, ...]:
    """Return the names of all classes that a module's source defines, at whatever depth."""
    tree = ast.parse(module.read_bytes())
    return tuple(node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def _nothing_found(settings: Settings, found: Discovery) -> str:
    where = ", ".join(str(path) for path in settings.paths)
    left_out = f"; {len(found.excluded)} were excluded" if found.excluded else ""
    chosen = f" that match --case {' '.join(settings.case)}" if settings.case else ""
    return f"No equivalence cases{chosen} in modules named equivalence_*.py under {where}{left_out}."
