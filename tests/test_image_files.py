"""What the image is built from: the Dockerfiles, the scripts they start, and the check that builds are the same."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import subprocess
import tarfile
import tomllib
from pathlib import Path
from typing import Any

import pytest

from load_script import load_script

ROOT = Path(__file__).resolve().parents[1]
DOCKERFILES = ("Dockerfile", "tests/image/Dockerfile")
SCRIPTS = ("base_image", "engine", "image", "same_times", "trim_packages")


images = load_script("compare_images")

Instruction = tuple[str, str]


def instructions(name: str) -> list[Instruction]:
    """Return the instructions of a Dockerfile and their arguments, without comments, each on one line."""
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in whole if line.strip())]


def stages(name: str) -> dict[str, list[Instruction]]:
    """Return the instructions of each stage by its name, the last stage last; what precedes all is under ''."""
    found: dict[str, list[Instruction]] = {"": []}
    for word, rest in instructions(name):
        if word == "FROM":
            found[rest.split()[-1]] = []
        found[next(reversed(found))].append((word, rest))
    return found


def published() -> list[Instruction]:
    """Return what makes the image that is published: its last stage, and the one that it is based on."""
    found = stages("Dockerfile")
    last = found[next(reversed(found))]
    return [*found[last[0][1].split()[0]], *last]


def defaults(name: str) -> dict[str, set[str]]:
    """Return the default values of each build argument of a Dockerfile."""
    found: dict[str, set[str]] = {}
    for word, rest in instructions(name):
        if word == "ARG":
            argument, _, value = rest.partition("=")
            found.setdefault(argument, set()).add(value.strip('"'))
    return found


def test_entrypoint() -> None:
    """The exec form, since a shell loses inputs with hyphens; and without arguments it runs."""
    words = dict(published())
    assert json.loads(words["ENTRYPOINT"]) == ["/opt/tf-equivalence/bin/tf-equivalence"]
    assert json.loads(words["CMD"]) == ["run"]


def test_the_runner_decides_user_and_folder() -> None:
    """GitHub mounts folders that only root may write to, and sets the working directory."""
    assert not {"USER", "WORKDIR", "VOLUME"} & {word for word, _ in published()}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_any_builder_builds_it(name: str) -> None:
    """The builder of old engines knows no mounts, no here-documents, and fetches no syntax."""
    assert not re.search(r"^#\s*(syntax|escape)\s*=", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    for word, rest in instructions(name):
        assert not re.search(r"--(mount|link|chmod|parents|exclude|network|security)\b", rest) or word == "RUN"
        assert word != "RUN" or not rest.startswith("--"), rest
        assert "<<" not in rest


@pytest.mark.parametrize("name", DOCKERFILES)
def test_nothing_is_resolved(name: str) -> None:
    """Packages come from a lock by their hashes, or from this repository without an index."""
    commands = pip_commands(name)
    assert commands
    for command in commands:
        assert "--no-deps" in command
        assert "--require-hashes" in command or "--no-index" in command, command


def pip_commands(name: str) -> list[str]:
    """Return every command of a Dockerfile that starts pip."""
    commands = [part.strip() for word, rest in instructions(name) if word == "RUN" for part in rest.split("&&")]
    return [command for command in commands if re.match(r"(\S*/)?(pip|uv)3?\s", command)]


def test_sources_come_last() -> None:
    """A change of the sources leaves the layers of packages as they are: those stages never see them."""
    found = stages("Dockerfile")
    for stage in ("system", "packages"):
        copied = [rest for word, rest in found[stage] if word in {"COPY", "ADD"}]
        assert copied
        assert not any(re.search(r"\b(runner|pyproject\.toml|README\.md)\b|^\. ", rest) for rest in copied), copied
    last = [rest for word, rest in published() if word == "COPY" and "--from=" in rest]
    assert last[-1].startswith("--from=command ")


def test_labels(project: dict[str, Any]) -> None:
    """The annotations that registries and scanners read; the license is the project's."""
    text = next(rest for word, rest in published() if word == "LABEL")
    labels = dict(part.split("=", 1) for part in shlex.split(text))
    names = "title description source documentation licenses version revision created base.name base.digest"
    assert {f"org.opencontainers.image.{name}" for name in names.split()} <= set(labels)
    assert labels["org.opencontainers.image.licenses"] == project["project"]["license"]
    assert labels["org.opencontainers.image.description"] == project["project"]["description"]
    assert set(re.findall(r"\$\{(\w+)\}", text)) <= set(defaults("Dockerfile"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_arguments_have_one_default() -> None:
    """An argument is repeated in the stages that use it, always with the same value."""
    found = defaults("Dockerfile")
    assert {name: values for name, values in found.items() if len(values) > 1} == {}
    assert (ROOT / "locks" / f"{next(iter(found['TENSORFLOW']))}.txt").exists()


def test_a_change_of_time_or_name_is_no_build_argument_of_packages() -> None:
    """What differs between releases of the same packages comes after them, so that layers are shared."""
    for stage in ("system", "packages", "tensorflow1"):
        used = {rest.partition("=")[0] for word, rest in stages("Dockerfile")[stage] if word == "ARG"}
        assert not used & {"VERSION", "REVISION", "CREATED"}


def test_the_context_holds_what_is_copied() -> None:
    """The context is a list of what is let in, and each file that the Dockerfiles copy is on it."""
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    allowed = {line[1:] for line in lines if line.startswith("!")}
    assert all((ROOT / path).exists() for path in allowed)
    for name in DOCKERFILES:
        for word, rest in instructions(name):
            if word == "COPY" and "--from=" not in rest:
                for path in rest.split()[:-1]:
                    assert path in allowed or path.partition("/")[0] in allowed, path


def test_test_packages_are_locked() -> None:
    """Each package that the test image takes from the lock is in it: a name without an entry brings nothing."""
    run = next(rest for word, rest in instructions("tests/image/Dockerfile") if word == "RUN" and "names=" in rest)
    wanted = re.search(r"names='([^']+)'", run)
    assert wanted is not None
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "locks/develop.txt").read_text("utf-8"), re.MULTILINE)
    assert set(wanted[1].split("|")) <= set(locked)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_stop_at_the_first_error(script: str) -> None:
    """A script is executable, parses, and does not go on after a failure."""
    path = ROOT / "scripts" / script
    assert os.access(path, os.X_OK)
    text = path.read_text("utf-8")
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    subprocess.run(["bash", "-n", path], check=True)


def test_an_unknown_image_is_a_usage_error() -> None:
    """The name of what to build is checked before anything is built."""
    done = subprocess.run([ROOT / "scripts/image", "gpu"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "usage: scripts/image [cpu | full | test]" in done.stderr


@pytest.mark.parametrize("answers", [True, False])
def test_engine(answers: bool, tmp_path: Path) -> None:
    """The client that reaches an engine is named; without one, the message says what to do."""
    client = tmp_path / "docker"
    client.write_text(f"#!/bin/sh\n[ $1 = info ] && exit {0 if answers else 1}\n", "utf-8")
    client.chmod(0o755)
    # No other client can reach an engine either, whatever this machine has.
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "DOCKER": str(client), "DOCKER_HOST": f"unix://{tmp_path}/none"}
    done = subprocess.run([ROOT / "scripts/engine"], capture_output=True, text=True, check=False, env=environ)
    assert done.returncode == (0 if answers else 1)
    assert done.stdout.strip() == (str(client) if answers else "")
    assert ("scripts/engine --start" in done.stderr) is not answers


def test_trim_packages(tmp_path: Path) -> None:
    """What no run reads goes, what a run may import stays, and all that stays has one time."""
    packages = tmp_path / "lib/python3.13/site-packages"
    gone = ["tensorflow/include/a.h", "clang/native/libclang.so", "tensorflow/b.a", "numpy/tests/test_c.py"]
    kept = ["tensorflow/python/d.py", "tensorflow/_api/v2/test/__init__.py", "grpc/e.py", "h5py/f.py", "numpy/g.py"]
    for name in [*gone, *kept]:
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text("")
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    tools = tmp_path.parent / f"{tmp_path.name}-tools"
    tools.mkdir()
    (tools / "strip").symlink_to("/bin/true")  # there is nothing to strip here
    environ = {"PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run([ROOT / "scripts/trim_packages", tmp_path, "1767225600"], check=True, env=environ)
    left = {str(path.relative_to(packages)) for path in packages.rglob("*") if path.is_file()}
    assert left == set(kept)
    assert {path.stat().st_mtime for path in tmp_path.rglob("*")} == {1767225600}


def test_trim_packages_that_do_not_compile(tmp_path: Path) -> None:
    """Byte-code that is missing would be compiled at each start: the build fails."""
    packages = tmp_path / "lib/python3.13/site-packages"
    for name in ("tensorflow", "numpy", "h5py", "grpc"):
        (packages / name).mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin/python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    done = subprocess.run([ROOT / "scripts/trim_packages", tmp_path, "0"], capture_output=True, check=False)
    assert done.returncode != 0


def save(path: Path, *layers: dict[str, dict[str, Any]]) -> Path:
    """Write an image like `docker save` does; each layer gives the changed attributes of its files."""
    with tarfile.open(path, "w") as image:
        for number, files in enumerate(layers):
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as layer:
                for name, changed in files.items():
                    member = tarfile.TarInfo(name)
                    content = changed.get("content", b"same")
                    member.size = len(content)
                    for key in changed.keys() - {"content"}:
                        setattr(member, key, changed[key])
                    layer.addfile(member, io.BytesIO(content))
            add(image, f"{number}/layer.tar", packed.getvalue())
        names = [f"{number}/layer.tar" for number in range(len(layers))]
        add(image, "manifest.json", json.dumps([{"Layers": names}]).encode())
    return path


def add(image: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file to an archive."""
    member = tarfile.TarInfo(name)
    member.size = len(content)
    image.addfile(member, io.BytesIO(content))


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"a": {}, "b": {}}, []),
        ({"a": {}, "b": {"mtime": 1}}, ["layer 1: b: time"]),
        ({"a": {}, "b": {"content": b"same but longer"}}, ["layer 1: b: content"]),
        ({"a": {"mode": 0o755, "uid": 7}, "b": {}}, ["layer 1: a: mode, owner"]),
        ({"a": {}, "b": {"pax_headers": {"SCHILY.xattr.user.x": "1"}}}, ["layer 1: b: content"]),
        ({"a": {}}, ["layer 1: b: only in the first"]),
        ({"a": {}, "b": {}, "c": {}}, ["layer 1: c: only in the second"]),
        ({"b": {}, "a": {}}, ["layer 1: the order of its files"]),
    ],
    ids=["same", "time", "content", "owner", "attribute", "missing", "more", "order"],
)
def test_compare_images(other: dict[str, dict[str, Any]], expected: list[str], tmp_path: Path) -> None:
    """Everything that goes into a layer's digest is compared."""
    first = images.read_image(save(tmp_path / "first.tar", {"base": {}}, {"a": {}, "b": {}}))
    second = images.read_image(save(tmp_path / "second.tar", {"base": {}}, other))
    assert images.find_differences(first, second) == expected


def test_compare_images_of_other_layers(tmp_path: Path) -> None:
    """Layers that only one of the images has are a difference."""
    first = images.read_image(save(tmp_path / "first.tar", {"a": {}}))
    second = images.read_image(save(tmp_path / "second.tar", {"a": {}}, {}))
    assert images.find_differences(first, second) == ["1 layers, and 2"]


def test_compare_images_needs_two(capsys: pytest.CaptureFixture[str]) -> None:
    """One image cannot be compared."""
    assert images.main(["one"]) == 2
    assert "usage: compare_images.py IMAGE IMAGE" in capsys.readouterr().err
