"""From the settings to the exit code, with an engine in memory."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tf_equivalence.container.run import run_in_container
from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.settings import Settings, read_settings
from tf_equivalence.steps import STEPS

from .fakes import INFO, FakeContainer, FakeEngine, answer


def settings(workspace: Path, *words: str) -> Settings:
    """Return the settings of a run of the image that is there."""
    return read_settings(["docker", "--image", "ours", *words], {}, workspace, tuple(STEPS))


def run(engine: FakeEngine, given: Settings) -> tuple[int, str, str]:
    """Return the exit code and what was printed."""
    stdout, stderr = io.StringIO(), io.StringIO()
    code = run_in_container(given, {}, stdout, stderr, engine)
    return code, stdout.getvalue(), stderr.getvalue()


@pytest.fixture
def interrupt() -> Iterator[threading.Timer]:
    """Ctrl-C in a moment, once the timer is started."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    yield timer
    timer.cancel()
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 5])
def test_exit_codes_are_the_commands_own(tmp_path: Path, code: int) -> None:
    """What the command inside decides is decided."""
    engine = FakeEngine(FakeContainer(code=code))
    assert run(engine, settings(tmp_path)) == (code, "", "")
    assert engine.container.calls == ["attach", "start"]
    assert engine.removed == [engine.created["name"]]


def test_the_streams_stay_apart(tmp_path: Path) -> None:
    """Also where a character is cut in two."""
    check = "✓".encode()
    frames = ((b"out ", None), (None, b"progress\n"), (check[:1], None), (None, b"more"), (check[1:], None))
    code, stdout, stderr = run(FakeEngine(FakeContainer(frames)), settings(tmp_path))
    assert (code, stdout, stderr) == (0, "out ✓", "progress\nmore")


def test_a_stream_that_lacks_characters(tmp_path: Path) -> None:
    """They are spelled out."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    engine = FakeEngine(FakeContainer((("✓".encode(), None),)))
    run_in_container(settings(tmp_path), {}, stdout, io.StringIO(), engine)
    assert stdout.buffer.getvalue() == b"\\u2713"


@pytest.mark.parametrize(("github", "annotations"), [("true", "commands"), ("", "none")])
def test_nothing_is_posted_from_a_container(tmp_path: Path, github: str, annotations: str) -> None:
    """It gets no token, so that the users' code cannot have it; what was asked for is said once and not done."""
    (tmp_path / "pyproject.toml").write_text('[tool.tf-equivalence]\nannotations = "checks"\n')
    token = "ghs_0123456789abcdef"
    environ = {"GITHUB_ACTIONS": github, "GITHUB_TOKEN": token, "INPUT_TOKEN": token}
    words = ["docker", "--image", "ours", "--comment", "always"]
    given = read_settings(words, environ, tmp_path, tuple(STEPS))
    engine, stderr = FakeEngine(), io.StringIO()
    run_in_container(given, environ, io.StringIO(), stderr, engine)
    assert given.token == token
    assert token not in repr(engine.created)
    assert {f"--annotations={annotations}", "--comment=never", "--max-annotations=10"} <= set(engine.created["command"])
    assert stderr.getvalue().count("annotations checks and comment always: the container gets no token") == 1


def test_a_reader_that_goes(tmp_path: Path) -> None:
    """`| head` ends the run, and the container with it."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    engine = FakeEngine(FakeContainer(((b"out", None),), endless=True))
    with pytest.raises(BrokenPipeError):
        run_in_container(settings(tmp_path), {}, Closed(), io.StringIO(), engine)
    assert engine.removed


@pytest.mark.parametrize(("code", "said"), [(130, ""), (137, "killed before it could write reports")])
def test_an_interruption_stops_the_container(tmp_path: Path, interrupt: threading.Timer, code: int, said: str) -> None:
    """It gets the time to write reports, and is removed."""
    engine = FakeEngine(FakeContainer(((b"so far", None),), code=code, endless=True))
    interrupt.start()
    found, stdout, stderr = run(engine, settings(tmp_path))
    assert (found, stdout) == (130, "so far")
    assert said in stderr
    assert bool(said) == bool(stderr)
    assert engine.container.calls == ["attach", "start", "stop"]
    assert engine.removed


def test_a_second_interruption_kills_the_container(tmp_path: Path, interrupt: threading.Timer) -> None:
    """Whoever asks twice does not want to wait."""
    engine = FakeEngine(FakeContainer(endless=True, stubborn=True))
    interrupt.start()
    assert run(engine, settings(tmp_path))[0] == 130
    assert engine.container.calls == ["attach", "start", "stop", "kill"]
    assert engine.removed


def test_a_terminal_that_is_closed_is_an_interruption(tmp_path: Path) -> None:
    """Or the container would go on without anyone to read it."""
    before = signal.getsignal(signal.SIGHUP)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGHUP))
    engine = FakeEngine(FakeContainer(code=130, endless=True))
    timer.start()
    assert run(engine, settings(tmp_path))[0] == 130
    assert engine.removed
    assert signal.getsignal(signal.SIGHUP) is before


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (FakeContainer(code=137, oom=True), "needed more memory than 9216 MiB; raise --memory, or use fewer --jobs"),
        (FakeContainer(code=137), "ended with code 137, not by itself"),
        (FakeContainer(code=143), "ended with code 143"),
        (FakeContainer(code=127), "ended with code 127"),
        (FakeContainer(((None, b"exec /opt/x: exec format error\n"),), code=1), "another kind of processor"),
    ],
    ids=["memory", "killed", "stopped", "unknown", "processor"],
)
def test_ends_that_are_no_verdict(tmp_path: Path, container: FakeContainer, said: str) -> None:
    """An exit code that the command did not choose is never taken for one of its own."""
    engine = FakeEngine(container)
    with pytest.raises(InfrastructureError, match=said):
        run(engine, settings(tmp_path))
    assert engine.removed


def test_a_worker_that_ran_out_of_memory(tmp_path: Path) -> None:
    """The command reports it as an error of the case; the limit is ours to name."""
    code, _, stderr = run(FakeEngine(FakeContainer(code=3, oom=True)), settings(tmp_path, "--memory", "2g"))
    assert code == 3
    assert "needed more memory than 2048 MiB; raise --memory" in stderr


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        (
            FakeEngine(
                create_error=answer(400, 'invalid mount config for type "bind": bind source path does not exist')
            ),
            "cannot create the container: .*does not exist; is the engine on another machine",
        ),
        (
            FakeEngine(create_error=answer(500, "Mounts denied: The path /x is not shared from the host")),
            "add the directory to those that Docker Desktop shares",
        ),
        (
            FakeEngine(FakeContainer(start_error=answer(404, "network nope not found"))),
            "cannot start the container: network nope not found; check --network",
        ),
        (
            FakeEngine(FakeContainer(start_error=answer(400, 'exec: "/opt/tf-equivalence/bin/tf-equivalence": stat'))),
            "the image is none of tf-equivalence-action; check --image",
        ),
        (FakeEngine(images_there={}), "cannot pull the image 'ours'"),
        (FakeEngine(facts={**INFO, "OSType": "windows"}), "switch Docker Desktop to Linux"),
    ],
    ids=["remote", "unshared", "network", "foreign-image", "no-image", "windows"],
)
def test_no_container(tmp_path: Path, engine: FakeEngine, said: str) -> None:
    """What keeps it from starting is one message, and nothing is left behind."""
    with pytest.raises(InfrastructureError, match=said):
        run(engine, settings(tmp_path, "--json-file", "out/r.json"))
    assert engine.removed == [name for name in [engine.created.get("name")] if name]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["--requirements", "r.txt"], ["/elsewhere"], ["--cpus", "5"], ["--json-file", "/dev/fd/7"]], ids=" ".join
)
def test_what_a_container_cannot_do(tmp_path: Path, words: list[str]) -> None:
    """The mistake is named before anything is created."""
    engine = FakeEngine()
    with pytest.raises(UsageError):
        run(engine, settings(tmp_path, *words))
    assert engine.created == {}


def test_a_container_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    """The engine may be gone by then; that takes nothing from the result."""
    engine = FakeEngine(FakeContainer(code=1))

    def refuse(*_: object, **__: object) -> None:
        raise answer(500, "driver failed to remove root filesystem")

    engine.api.remove_container = refuse
    code, _, stderr = run(engine, settings(tmp_path))
    assert code == 1
    assert f"docker rm --force {engine.created['name']}" in stderr


def test_quiet(tmp_path: Path) -> None:
    """At the level of errors, pulling is not told."""
    for level, said in (("error", ""), ("warning", "tf-equivalence: pulling ours\n")):
        engine = FakeEngine(images_there={}, images_to_pull={"ours": "amd64"})
        assert run(engine, settings(tmp_path, "--log-level", level))[2] == said
