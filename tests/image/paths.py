"""What the runner's machine and a container call the same folders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PathMap:
    """Paths of the runner's machine and what the container calls them, the most telling first."""

    pairs: tuple[tuple[str, str], ...] = ()

    def inside(self, path: str) -> str:
        """Return what the container calls a path, or any other value as it is."""
        return self._translate(path, self.pairs)

    def outside(self, path: str) -> str:
        """Return what the machine calls a path of the container."""
        return self._translate(path, tuple((theirs, ours) for ours, theirs in self.pairs))

    @staticmethod
    def _translate(path: str, pairs: tuple[tuple[str, str], ...]) -> str:
        for old, new in pairs:
            if path == old or path.startswith(f"{old}/"):
                return new + path.removeprefix(old)
        return path
