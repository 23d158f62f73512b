"""The image to run in: whether it is there, and fetching it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from docker.errors import APIError, ImageNotFound

from tf_equivalence.container.engine import Client, Facts, engine_errors, explain
from tf_equivalence.errors import InfrastructureError, UsageError

_REPORT_SECONDS = 5.0
_LAYER_DONE = ("Already exists", "Pull complete")
_PUBLIC = "check the name in --image, or log in with docker login"
_NETWORK = "check the network, or load the image from a file with docker load"
_PULL_REMEDIES = {
    "no matching manifest": "the image is built for linux/amd64: try docker pull --platform linux/amd64 with its name",
    "denied": _PUBLIC,
    "unauthorized": _PUBLIC,
    "not found": _PUBLIC,
    "manifest unknown": _PUBLIC,
    "does not exist": _PUBLIC,
    "no space left": "make room with docker system prune",
    "x509": "let the engine trust the certificate of your registry or proxy",
    "no such host": _NETWORK,
    "dial tcp": _NETWORK,
    "timeout": _NETWORK,
    "connection refused": _NETWORK,
    "network is unreachable": _NETWORK,
}

Say = Callable[[str], None]


def ensure_image(client: Client, name: str, pull: str, say: Say) -> str:
    """Return the architecture of the image, which is there afterwards.

    Args:
        client: Of the engine.
        name: The image's, with or without tag or digest.
        pull: `missing`, `always` or `never`.
        say: Takes a line about how far it is.

    Raises:
        InfrastructureError: It is not there and cannot be pulled.
        UsageError: The name is none.
    """
    image = None if pull == "always" else _find(client, name)
    if image is None:
        if pull == "never":
            raise InfrastructureError(
                f"there is no image {name!r} on this machine and --pull never; "
                "use --pull missing, or build or load it first"
            )
        _pull(client, name, say)
        image = _find(client, name)
    if image is None:
        raise InfrastructureError(f"image {name!r} was pulled and is not there; try --pull always once more")
    return str(image.attrs.get("Architecture", ""))


def warn_of_emulation(architecture: str, facts: Facts, say: Say) -> None:
    """Say so if the image is for another kind of processor."""
    if architecture and facts.architecture and architecture != facts.architecture:
        say(f"the image is for {architecture} and the engine runs on {facts.architecture}: emulated, if at all")


def _find(client: Client, name: str) -> Any:
    """Return the image; None where it is not there."""
    with engine_errors(f"cannot look for the image {name!r}"):
        try:
            return client.images.get(name)
        except ImageNotFound:
            return None
        except APIError as error:
            if error.status_code == 400:
                raise UsageError(f"--image: {name!r} is no name of an image: {error.explanation}") from error
            raise


def _pull(client: Client, name: str, say: Say) -> None:
    """Pull, and tell about it."""
    doing = f"cannot pull the image {name!r}"
    say(f"pulling {name}")
    with engine_errors(doing, _PULL_REMEDIES):
        lines = client.api.pull(name, stream=True, decode=True)
        error = follow_pull(lines, say)
    if error:
        raise InfrastructureError(f"{doing}: {explain(error, _PULL_REMEDIES)}")


def follow_pull(lines: Iterable[Mapping[str, Any]], say: Say, clock: Callable[[], float] = time.monotonic) -> str:
    """Read what the engine says while it pulls, tell now and then how far it is, and return its error, if any.

    Layers are many and change often, so a total stands for them.
    """
    sizes: dict[str, tuple[int, int]] = {}
    done: set[str] = set()
    said = clock()
    for line in lines:
        if "error" in line:
            return str(line["error"])
        layer, status, detail = line.get("id", ""), line.get("status", ""), line.get("progressDetail") or {}
        if status == "Downloading" and "total" in detail:
            sizes[layer] = (detail["current"], detail["total"])
        elif layer in sizes and status == "Download complete":
            sizes[layer] = (sizes[layer][1], sizes[layer][1])
        if status in _LAYER_DONE:
            done.add(layer)
        if clock() - said >= _REPORT_SECONDS:
            said = clock()
            current, total = (sum(numbers) / 1e6 for numbers in zip(*sizes.values(), strict=True)) if sizes else (0, 0)
            say(f"pulled {current:.0f} of {total:.0f} MB, {len(done)} layers done")
    return ""
