"""What keeps a checkpoint from loading as it should: keys, shapes, and restores that came to nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.judge.inventory import nearest_pairs
from tf_equivalence.recording import CheckpointFile, Loaded, Restore, Stack, VariableRecord, read_record
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_INFERENCE, TF2_CHECKPOINT, Step

NOT_CONVERTED = "not converted"  # begins the note that says why
_MOST = 8
_MATCH = "`assert_existing_objects_matched()`"
# What TF1's training leaves in a checkpoint beside the model.
_BOOKKEEPING = ("global_step", "beta1_power", "beta2_power", "learning_rate")
_SLOTS = (
    *("Momentum", "Adam", "Adam_1", "RMSProp", "RMSProp_1", "RMSProp_2", "Adagrad", "Adadelta", "Adadelta_1", "Ftrl"),
    *("Ftrl_1", "ExponentialMovingAverage"),
)


def explain_checkpoint(evidence: Evidence, step: Step, symptoms: Sequence[Finding]) -> list[Finding]:
    """Return what is wrong with the loading itself, whether or not outputs show it.

    Args:
        evidence: The case's recordings.
        step: The step `checkpoint`.
        symptoms: What differs in the outputs.
    """
    del step, symptoms
    reader = _Reader(evidence, _loaded(evidence))
    return [*reader.restores(), *reader.elsewhere(), *reader.keys(), *reader.properties()]


def note_checkpoint(evidence: Evidence, step: Step) -> list[str]:
    """Return which checkpoint was loaded, by whom, and what of it neither side reads."""
    del step
    file = read_record(CheckpointFile, str(evidence.directory / TF1_INFERENCE.directory), "checkpoint-file")
    loaded = _loaded(evidence)
    if file is None:
        return []
    notes = [
        f"{_count(len(file.keys), 'key')} loaded, of a checkpoint that TF1 wrote with named weights"
        if file.made
        else f"{_count(len(file.keys), 'key')} loaded from {evidence.places.relative(file.prefix)}"
    ]
    if loaded.restores:
        notes.append(f"restored by the case's own code: {', '.join(_functions(loaded.restores))}")
    if loaded.elsewhere:
        paths = ", ".join(dict.fromkeys(evidence.places.relative(call.path) for call in loaded.elsewhere if call.path))
        notes.append(
            f"the case's own code restores {paths or 'something else'}: the checkpoint was loaded over that. To have "
            "that code checked, let it restore `self.checkpoint`"
        )
    if file.shadows:
        notes.append(f"moving averages read in the place of {len(file.shadows)} variables: {_some([*file.shadows])}")
    training = [key for key in file.unread if _is_of_training(key)]
    others = [key for key in file.unread if key not in training]
    if training:
        notes.append(f"{_count(len(training), 'key')} of training that neither side reads: {_some(training)}")
    if others:
        notes.append(
            f"{_count(len(others), 'key')} that neither side reads: {_some(others)}. TF1's graph for inference has no "
            "such variable"
        )
    if loaded.converted:
        notes.append(f"converted: {_count(loaded.converted, 'variable')}, kept where this step passes")
    return notes + ([f"{NOT_CONVERTED}: {loaded.unconverted}"] if loaded.unconverted else [])


def _loaded(evidence: Evidence) -> Loaded:
    return read_record(Loaded, str(evidence.directory / TF2_CHECKPOINT.directory), "checkpoint-loaded") or Loaded()


def _is_of_training(key: str) -> bool:
    last = key.rsplit("/", 1)[-1]
    return last in _SLOTS or last.rsplit("_", 1)[0] in _BOOKKEEPING or last in _BOOKKEEPING


class _Reader:
    """Makes findings of what the TF2 side made of the checkpoint."""

    def __init__(self, evidence: Evidence, loaded: Loaded) -> None:
        self._evidence, self._loaded = evidence, loaded
        self._tf1 = {v.name: v for v in evidence.built(TF1_INFERENCE).variables}
        self._tf2 = {v.name: v for v in evidence.built(TF2_CHECKPOINT).variables}

    def restores(self) -> list[Finding]:
        """Return what is wrong after user code has restored the checkpoint."""
        loaded = self._loaded
        if not loaded.restores:
            return []
        call = loaded.restores[-1]
        found = []
        if loaded.late or loaded.untouched:
            found.append(self._lost(call))
        for name, key in loaded.other.items():
            shown = self._evidence.tf2_name(name)
            held = f"the value of {key}" if key else "other values than any of the checkpoint's keys"
            message = (
                f"After {call.function}, {shown}:0 holds {held}; TF1 reads {name} there. Compare the names that this "
                "code pairs, and what it does to the value on the way, such as a transposition."
            )
            metrics = {"holds": key, "tf2_line": self._line(self._tf2.get(shown))}
            found.append(self._at("checkpoint-value", f"{shown}:0", message, call.stack, metrics))
        return found

    def _lost(self, call: Restore) -> Finding:
        """Return the finding for variables that user code did not reach."""
        loaded = self._loaded
        shown = [f"{self._evidence.tf2_name(name)}:0" for name in (*loaded.late, *loaded.untouched)]
        count = len(shown) + loaded.taken + len(loaded.other)
        left = f"{len(shown)} of {count} variables keep their initial values: {_some(shown)}."
        if call.deferred and not loaded.taken and not loaded.other:
            kind = "restore-matches-nothing"
            why = (
                f"{call.function} restores nothing, and says nothing: of TF1's checkpoint, which knows names and no "
                "objects, it takes what the model has by then, or tracks by attributes."
            )
            remedy = f"Call the model once before, and {_MATCH} on what is returned."
        elif loaded.late and not loaded.untouched:
            kind = "restore-too-early"
            some = "" if not loaded.taken else "some of "
            why = f"{call.function} ran before {some}the variables existed."
            remedy = "Call the model once, or build it, and restore then."
        else:
            kind = "restore-incomplete"
            why = f"{call.function} leaves variables out."
            check = f", and call {_MATCH} on what is returned" if call.deferred else ""
            remedy = (
                f"Restore all that TF1 reads{check}. Where only a part is meant, leave the restoring to this step, "
                "which loads all of them."
            )
        return self._at(kind, shown[0], f"{why} {left} {remedy}", call.stack, {"variables": shown})

    def elsewhere(self) -> list[Finding]:
        """Return a finding for each object-based restore of another file that matched nothing."""
        return [
            self._at(
                "restore-matches-nothing",
                self._evidence.places.relative(call.path),
                f"{call.function} of {self._evidence.places.relative(call.path)} matches no object of the model, and "
                f"says nothing: the model keeps its initial values. Call {_MATCH} on what it returns, and save and "
                "restore with the same attributes.",
                call.stack,
            )
            for call in self._loaded.elsewhere
            if call.nothing
        ]

    def keys(self) -> list[Finding]:
        """Return a finding for each variable without a key, and for each key that TF1 reads without a variable."""
        found = []
        missing, unexpected = list(self._loaded.missing), list(self._loaded.unexpected)
        absent = [(name, record) for name in unexpected if (record := self._record(name)) is not None]
        shown = {self._evidence.tf2_name(name): name for name in missing}
        pairs = nearest_pairs(absent, [self._tf2[name] for name in shown if name in self._tf2])
        nearest = {other.name: one for one, other in pairs}
        for name in shown:
            variable = self._tf2.get(name)
            one = nearest.get(name)
            message = f"TF1's checkpoint has no key for {name}:0: restored, the model keeps its initial value."
            if one is None:
                message += " Name the variable as TF1 does, or map it in `variable_names`."
                found.append(self._at("checkpoint-missing", f"{name}:0", message, self._stack(variable)))
                continue
            line = self._line(one)
            made = f", which TF1 makes at {line}" if line else ""
            message += (
                f" The nearest key that no variable takes is {one.name}{made}. "
                f'Name the variable so, or map it: variable_names = {{"{one.name}": "{name}"}}.'
            )
            metrics = {"tf1": one.name, "tf1_line": line}
            found.append(self._at("checkpoint-missing", f"{name}:0", message, self._stack(variable), metrics))
        paired = {one.name for one, _ in pairs}
        for name in unexpected:
            if name not in paired:
                found.append(self._unexpected(name))
        return found

    def _unexpected(self, name: str) -> Finding:
        record = self._record(name)
        line = self._line(record)
        where = f", and makes it at {line}" if line else ""
        message = (
            f"TF1 reads {name} from the checkpoint{where}; no variable of TF2 takes it, so that what was trained is "
            "lost. Create it on the TF2 side, or map its name in `variable_names`."
        )
        return self._at("checkpoint-unexpected", f"{name}:0", message, (), {"tf1_line": line})

    def _record(self, name: str) -> VariableRecord | None:
        """Return TF1's variable of a key: of a partitioned one, its first slice, under the key's name."""
        if name in self._tf1:
            return self._tf1[name]
        part = next((v for v in self._tf1.values() if v.name.startswith(f"{name}/part_")), None)
        return replace(part, name=name) if part is not None else None

    def properties(self) -> list[Finding]:
        """Return a finding for each variable whose shape or dtype is not the key's."""
        found = []
        for what, differing, why in (
            ("shape", self._loaded.shapes, "so that it cannot be loaded. Make the two layers the same size."),
            ("dtype", self._loaded.dtypes, "so that its value changes on the way. Create it with the key's dtype."),
        ):
            for name, (one, other) in differing.items():
                shown = self._evidence.tf2_name(name)
                line = self._line(self._record(name))
                made = f" (TF1 makes it at {line})" if line else ""
                message = f"{name} is {one} in the checkpoint{made} and {other} in TF2, {why}"
                metrics = {"tf1": str(one), "tf2": str(other), "tf1_line": line}
                stack = self._stack(self._tf2.get(shown))
                found.append(self._at(f"checkpoint-{what}", f"{shown}:0", message, stack, metrics))
        return found

    def _line(self, variable: VariableRecord | None) -> str:
        location = self._evidence.places.location(variable.stack) if variable is not None else None
        return str(location) if location is not None else ""

    def _stack(self, variable: VariableRecord | None) -> Stack:
        return variable.stack if variable is not None else ()

    def _at(
        self, kind: str, name: str, message: str, stack: Stack, metrics: Mapping[str, object] | None = None
    ) -> Finding:
        places = self._evidence.places
        if places.location(stack) is None:
            stack = self._evidence.built(TF2_CHECKPOINT).definition
        return Finding(kind, name, message, places.location(stack), places.lines(stack), metrics or {})


def _functions(calls: Sequence[Restore]) -> list[str]:
    return list(dict.fromkeys(call.function for call in calls))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"
