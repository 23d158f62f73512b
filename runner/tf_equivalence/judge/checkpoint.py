"""What keeps a checkpoint from loading as it should: keys, shapes, and restores that came to nothing."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from tf_equivalence.judge.evidence import Evidence
from tf_equivalence.recording import CheckpointFile, Loaded, Restore, Stack, read_record
from tf_equivalence.result import Finding
from tf_equivalence.steps import TF1_INFERENCE, TF2_CHECKPOINT, Step

_MOST = 8


def explain_checkpoint(evidence: Evidence, step: Step, symptoms: Sequence[Finding]) -> list[Finding]:
    """Return what is wrong with the loading itself, whether or not outputs show it.

    Args:
        evidence: The case's recordings.
        step: The step `checkpoint`.
        symptoms: What differs in the outputs.
    """
    del step, symptoms
    loaded = read_record(Loaded, str(evidence.directory / TF2_CHECKPOINT.directory), "checkpoint-loaded") or Loaded()
    if loaded.restores and loaded.different:
        return [_restore(evidence, loaded)]
    reader = _Reader(evidence, loaded)
    return [*reader.missing(), *reader.unexpected(), *reader.mismatched()]


def note_checkpoint(evidence: Evidence, step: Step) -> list[str]:
    """Return which checkpoint was loaded, by whom, and what of it neither side reads."""
    del step
    file = read_record(CheckpointFile, str(evidence.directory / TF1_INFERENCE.directory), "checkpoint-file")
    loaded = read_record(Loaded, str(evidence.directory / TF2_CHECKPOINT.directory), "checkpoint-loaded") or Loaded()
    if file is None:
        return []
    notes = [
        f"{len(file.keys)} keys loaded, of a checkpoint that TF1 wrote with named weights"
        if file.made
        else f"{len(file.keys)} keys loaded from {evidence.places.relative(file.prefix)}"
    ]
    if loaded.restores:
        notes.append(f"restored by the case's own code: {', '.join(call.function for call in loaded.restores)}")
    if file.shadows:
        notes.append(f"moving averages read in the place of {len(file.shadows)} variables: {_some([*file.shadows])}")
    if file.unread:
        notes.append(f"{len(file.unread)} keys that neither side reads: {_some(file.unread)}")
    return notes


def _restore(evidence: Evidence, loaded: Loaded) -> Finding:
    """Return the finding for a restore of user code after which variables hold other values than the checkpoint's."""
    nothing = next((call for call in loaded.restores if not call.matched), None)
    call: Restore = nothing or loaded.restores[0]
    names = [f"{evidence.tf2_name(name)}:0" for name in loaded.different]
    if nothing is not None:
        kind = "restore-matches-nothing"
        why = (
            f"{call.function} matches none of the model's objects, and says nothing: a name-based checkpoint has no "
            "objects. Load it by names, or convert it, and call `assert_existing_objects_matched()` on the status."
        )
    else:
        kind = "restore-too-early"
        why = (
            f"{call.function} ran before the variables existed, so that they keep their initial values. Call the model "
            "once, or build it, and restore then."
        )
    message = f"{why} {len(names)} variables do not hold the checkpoint's values: {_some(names)}."
    place = evidence.places.location(call.stack)
    metrics = {"variables": names}
    return Finding(kind, names[0], message, place, evidence.places.lines(call.stack), metrics)


class _Reader:
    """Makes findings of keys."""

    def __init__(self, evidence: Evidence, loaded: Loaded) -> None:
        self._evidence, self._loaded = evidence, loaded
        self._tf1 = {v.name: v.stack for v in evidence.built(TF1_INFERENCE).variables}
        self._tf2 = {v.name: v.stack for v in evidence.built(TF2_CHECKPOINT).variables}

    def missing(self) -> list[Finding]:
        """Return a finding for each variable of TF2 that the checkpoint lacks."""
        free = list(self._loaded.unexpected)
        found = []
        for name in self._loaded.missing:
            shown = self._evidence.tf2_name(name)
            near = difflib.get_close_matches(name, free, 1)
            mapped = f'{{"{near[0]}": "{shown}"}}' if near else ""
            hint = f" The nearest key that TF2 does not take is {near[0]}: map it, {mapped}." if near else ""
            message = (
                f"TF1's checkpoint has no key for {shown}:0, so that a restored model begins with its initial value."
                f"{hint} Name the variable as TF1 does, or map it in `variable_names`."
            )
            found.append(self._finding("checkpoint-missing", shown, message, self._tf2.get(shown, ())))
        return found

    def unexpected(self) -> list[Finding]:
        """Return a finding for each key that TF1 reads and TF2 does not."""
        return [
            self._finding(
                "checkpoint-unexpected",
                name,
                f"TF1 reads {name} from the checkpoint, and no variable of TF2 takes it: what was trained is lost.",
                self._tf1.get(name, ()),
            )
            for name in self._loaded.unexpected
        ]

    def mismatched(self) -> list[Finding]:
        """Return a finding for each variable whose shape is not the key's."""
        found = []
        for text in self._loaded.mismatched:
            name, _, shapes = text.partition(" ")
            shown = self._evidence.tf2_name(name)
            one, _, other = shapes.partition("] ")
            message = f"{name} is {one}] in the checkpoint and {other} in TF2, so that it cannot be loaded."
            found.append(self._finding("checkpoint-shape", shown, message, self._tf2.get(shown, ())))
        return found

    def _finding(self, kind: str, name: str, message: str, stack: Stack) -> Finding:
        places = self._evidence.places
        stack = stack or self._evidence.built(TF2_CHECKPOINT).definition
        return Finding(kind, f"{name}:0", message, places.location(stack), places.lines(stack))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"
