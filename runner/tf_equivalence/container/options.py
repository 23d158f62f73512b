"""What a container is created with: mounts, user, limits, and as few rights as do."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from docker.types import LogConfig, Mount

from tf_equivalence.container.arguments import run_arguments
from tf_equivalence.container.engine import Facts
from tf_equivalence.container.image import Say
from tf_equivalence.container.mounts import Shared, seen_at, step_output
from tf_equivalence.errors import UsageError
from tf_equivalence.report.annotations import MOST_SHOWN
from tf_equivalence.settings import Settings

# By name, so that an image that is not ours cannot end with a code that looks like a verdict.
ENTRYPOINT = "/opt/tf-equivalence/bin/tf-equivalence"
_MEMORY_SHARE = 0.9
_LEAST_CPUS = 0.01  # the engine's own bound
_HOME = "/tmp"  # noqa: S108 - the container's, which nobody else sees
_TERMINAL_VARIABLES = ("COLORTERM", "NO_COLOR", "TERM")
# What reports of a workflow's step are made from; no tokens, and no inputs, which are arguments by now.
_WORKFLOW_VARIABLES = ("GITHUB_ACTIONS", "GITHUB_REPOSITORY", "GITHUB_SERVER_URL", "GITHUB_SHA")


@dataclass(frozen=True)
class Caller:
    """Whose files these are.

    Attributes:
        user: Number of the user.
        group: Number of the user's group.
        groups: Numbers of all groups.
    """

    user: int
    group: int
    groups: tuple[int, ...]

    @classmethod
    def current(cls) -> Caller:
        """Return whoever runs this process."""
        return cls(os.geteuid(), os.getegid(), tuple(os.getgroups()))


def check_network(settings: Settings) -> None:
    """Refuse what cannot work without a network.

    Raises:
        UsageError: There are requirements to install, and no network.
    """
    if settings.requirements and settings.network == "none":
        raise UsageError(
            f"requirements: {settings.requirements[0].name!r} cannot be installed in a container without network; "
            "add --network bridge"
        )


def post_nothing(settings: Settings, say: Say) -> Settings:
    """Return the settings without what needs a token: a container, which runs the users' code, never gets one."""
    asked = [f"annotations {settings.annotations}"] if settings.annotations == "checks" else []
    asked += [f"comment {settings.comment}"] if settings.comment != "never" else []
    if not asked:
        return settings
    say(f"{' and '.join(asked)}: the container gets no token, so nothing is posted to GitHub; use tf-equivalence run")
    offline = replace(settings, comment="never", token="")
    if settings.annotations != "checks":
        return offline
    instead = "commands" if settings.github else "none"
    return replace(offline, annotations=instead, max_annotations=min(settings.max_annotations, MOST_SHOWN))


def fit_jobs(settings: Settings, facts: Facts) -> Settings:
    """Return the settings with no more processes at a time than the container has processors.

    Inside, all of the machine's are seen, whatever the limit.

    Raises:
        UsageError: The engine does not have as many, or cannot give as few.
    """
    if settings.cpus is None:
        return settings
    if not _LEAST_CPUS <= settings.cpus <= facts.cpus:
        raise UsageError(f"cpus: must be from {_LEAST_CPUS} to the engine's {facts.cpus}, got {settings.cpus:g}")
    return replace(settings, jobs=settings.jobs or math.ceil(settings.cpus))


def memory_limit(settings: Settings, facts: Facts) -> int | None:
    """Return the limit in bytes; None where the engine knows no limits.

    Raises:
        UsageError: One was asked for, and the engine knows none.
    """
    if settings.memory is not None and not facts.memory:
        raise UsageError("memory: this Docker engine cannot limit memory, as its cgroups are not set up; leave it out")
    return settings.memory or int(facts.memory * _MEMORY_SHARE) or None


def container_options(
    settings: Settings, shared: Sequence[Shared], environ: Mapping[str, str], facts: Facts, terminal: bool
) -> dict[str, Any]:
    """Return the options to create the container with, as the SDK calls them.

    Args:
        settings: With paths as they are inside.
        shared: What it sees of this machine.
        environ: Ours.
        facts: About the engine.
        terminal: Whether it gets one.
    """
    memory = memory_limit(settings, facts)
    jobs = settings.jobs or facts.cpus
    return {
        "image": settings.image,
        "entrypoint": [ENTRYPOINT],
        "command": run_arguments(settings),
        "environment": _environment(settings, environ, terminal),
        "working_dir": str(settings.workspace),
        "mounts": [Mount(str(each.target), str(each.source), "bind", read_only=each.read_only) for each in shared],
        "tty": terminal,
        "network_mode": settings.network,
        "use_config_proxy": settings.network != "none",
        "mem_limit": memory,
        "memswap_limit": memory if facts.limits_swap else None,
        "nano_cpus": None if settings.cpus is None else round(settings.cpus * 1e9),
        # Each process starts a few pools of a thread for each processor; what exceeds this is a runaway.
        "pids_limit": (jobs + 1) * (8 * facts.cpus + 128) + 512,
        "log_config": LogConfig(type="none"),
        **_rights(Caller.current(), facts),
    }


def _environment(settings: Settings, environ: Mapping[str, str], terminal: bool) -> dict[str, str]:
    names = (*(_TERMINAL_VARIABLES if terminal else ()), *(_WORKFLOW_VARIABLES if settings.github else ()))
    kept = {name: environ[name] for name in names if name in environ}
    if settings.github:
        kept["GITHUB_WORKSPACE"] = str(settings.workspace)
    output = step_output(settings, environ)
    if output is not None:
        kept["GITHUB_OUTPUT"] = str(seen_at(output, settings.workspace))
    # The user has no entry in the image's table of users, where Python would look for the name.
    return {"HOME": _HOME, "USER": "user", **kept}


def _rights(caller: Caller, facts: Facts) -> dict[str, Any]:
    """Return who the container is: whoever runs the command, without the rights of root."""
    user, groups = f"{caller.user}:{caller.group}", [str(number) for number in caller.groups]
    if facts.rootless:
        user, groups = "0:0", []  # that is the caller
    root = user.startswith("0:")
    return {
        "user": user,
        "group_add": groups,
        "userns_mode": "host" if facts.remaps_users and not facts.rootless else None,
        "cap_drop": ["ALL"],
        # Root reads and writes the files of others, here as without a container.
        "cap_add": ["DAC_OVERRIDE"] if root else [],
        "security_opt": ["no-new-privileges", *(["label=disable"] if facts.labels_files else [])],
    }
