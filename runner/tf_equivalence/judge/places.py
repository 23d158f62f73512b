"""Turns recorded stacks into the lines that a person is sent to."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tf_equivalence.recording import Frame, Stack, user_frames
from tf_equivalence.result import Location


@dataclass(frozen=True)
class Places:
    """The workspace that paths are relative to.

    Attributes:
        root: Absolute.
    """

    root: Path

    def relative(self, path: str) -> str:
        """Return a path relative to the workspace; unchanged where it is outside."""
        absolute = os.path.realpath(path)
        root = os.path.realpath(self.root)
        return os.path.relpath(absolute, root).replace(os.sep, "/") if absolute.startswith(root + os.sep) else path

    def frame(self, stack: Stack) -> Frame | None:
        """Return the innermost user frame inside the workspace, else the innermost user frame."""
        frames = user_frames(stack)
        inside = (frame for frame in frames if not os.path.isabs(self.relative(frame.path)))
        return next(inside, frames[0] if frames else None)

    def location(self, stack: Stack) -> Location | None:
        """Return the line to look at first; None where the stack has no user code."""
        frame = self.frame(stack)
        return Location(self.relative(frame.path), frame.line) if frame else None

    def lines(self, stack: Stack) -> tuple[str, ...]:
        """Return the user's frames, innermost first, then one line that counts the libraries'."""
        shown = [
            f"{self.relative(frame.path)}:{frame.line} in {frame.function}: {frame.text}"
            for frame in user_frames(stack)
        ]
        folded: Counter[str] = Counter()
        for frame in stack:
            if frame.library:
                folded[frame.library] += int(frame.text.split()[0]) if frame.text[:1].isdigit() else 1
        if shown and folded:
            counts = ", ".join(f"{count} {library}" for library, count in sorted(folded.items()))
            shown.append(f"(library frames folded: {counts})")
        return tuple(shown)
