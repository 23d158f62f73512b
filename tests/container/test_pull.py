"""The image is there, or is pulled, or the message says why not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tf_equivalence.container.engine import read_facts
from tf_equivalence.container.image import ensure_image, follow_pull, warn_of_emulation
from tf_equivalence.errors import InfrastructureError, UsageError

from .fakes import INFO, FakeEngine


@pytest.mark.parametrize(
    ("there", "pull", "pulled"),
    [(True, "missing", 0), (False, "missing", 1), (True, "always", 1), (False, "always", 1), (True, "never", 0)],
)
def test_when_to_pull(there: bool, pull: str, pulled: int) -> None:
    """Missing, always, never."""
    engine = FakeEngine(images_there={"ours": "amd64"} if there else {}, images_to_pull={"ours": "amd64"})
    lines: list[str] = []
    assert ensure_image(engine, "ours", pull, lines.append) == "amd64"
    assert len(engine.pulled) == pulled
    assert lines == ["pulling ours"] * pulled


def test_never_pulled() -> None:
    """The message says what to do instead."""
    with pytest.raises(InfrastructureError, match="no image 'theirs' on this machine and --pull never; use --pull mis"):
        ensure_image(FakeEngine(), "theirs", "never", print)


def test_no_name() -> None:
    """A name that none can have is a mistake in the call."""
    with pytest.raises(UsageError, match="--image: 'Foo Bar' is no name of an image: invalid reference format"):
        ensure_image(FakeEngine(), "Foo Bar", "missing", print)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("manifest for theirs:v1 not found: manifest unknown", "check the name in --image, or log in"),
        ("unauthorized: authentication required", "docker login"),
        ('Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host', "check the network"),
        ("x509: certificate signed by unknown authority", "certificate of your registry"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "--platform linux/amd64"),
        ("write /var/lib/docker/x: no space left on device", "docker system prune"),
    ],
)
def test_a_pull_that_fails(error: str, remedy: str) -> None:
    """The engine's answer, and what to do."""
    engine = FakeEngine(pull_lines=({"status": "Pulling from x"}, {"error": error, "errorDetail": {"message": error}}))
    with pytest.raises(InfrastructureError) as caught:
        ensure_image(engine, "theirs", "missing", lambda _: None)
    assert str(caught.value).startswith(f"cannot pull the image 'theirs': {error}; ")
    assert remedy in str(caught.value)


def test_a_pull_that_is_refused() -> None:
    """The engine may refuse before it begins."""
    with pytest.raises(InfrastructureError, match=r"pull access denied for theirs.*docker login"):
        ensure_image(FakeEngine(), "theirs", "missing", lambda _: None)


def test_progress_is_told_now_and_then() -> None:
    """One line for five seconds, with totals; the layers' own bars are many and change often."""

    def layer(name: str, status: str, current: int = 0, total: int = 0) -> Mapping[str, Any]:
        detail = {"current": current, "total": total} if total else {}
        return {"id": name, "status": status, "progressDetail": detail}

    lines = [
        {"id": "v1", "status": "Pulling from ours"},
        layer("a", "Already exists"),
        layer("b", "Downloading", 10_000_000, 100_000_000),
        layer("c", "Downloading", 50_000_000, 300_000_000),
        layer("b", "Download complete"),
        layer("b", "Pull complete"),
        {"status": "Status: Downloaded newer image"},
    ]
    ticks: Iterator[float] = iter([0, 1, 2, 3, 6, 6, 7, 12, 12, 13, 14])
    said: list[str] = []
    assert follow_pull(lines, said.append, lambda: next(ticks)) == ""
    assert said == ["pulled 60 of 400 MB, 1 layers done", "pulled 150 of 400 MB, 2 layers done"]


def test_another_processor_is_told() -> None:
    """Emulation is slow, and may lack the instructions that TensorFlow needs."""
    said: list[str] = []
    warn_of_emulation("amd64", read_facts(FakeEngine()), said.append)
    assert said == []
    warn_of_emulation("amd64", read_facts(FakeEngine(facts={**INFO, "Architecture": "aarch64"})), said.append)
    assert said == ["the image is for amd64 and the engine runs on arm64: emulated, if at all"]
