"""The environment for code that is not ours: users' models, and the builds of their requirements."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

# What a workflow's step is handed and user code has no business with: tokens, inputs, and where the engine answers.
_PRIVATE_PREFIXES = ("INPUT_", "ACTIONS_", "DOCKER_", "GITHUB_TOKEN", "GH_TOKEN")
# The runner obeys what is written to these files.
_COMMAND_FILES = ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")


def user_environment(environ: Mapping[str, str], root: Path) -> dict[str, str]:
    """Return the environment without tokens, inputs, command files and the engine's address.

    Args:
        environ: Ours.
        root: The repository. Git refuses to read one that another user owns, as it is in a
            container that runs as root, unless it is told that this one is safe.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(_PRIVATE_PREFIXES) and name not in _COMMAND_FILES
    }
    count = kept.get("GIT_CONFIG_COUNT", "0")
    number = int(count) if count.isdecimal() else 0
    kept |= {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": "safe.directory",
        f"GIT_CONFIG_VALUE_{number}": str(root),
    }
    # The workspace is not ours to write to, and in a container what root leaves there nobody else can delete.
    kept["PYTHONDONTWRITEBYTECODE"] = "1"
    return kept
