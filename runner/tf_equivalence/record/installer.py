"""Runs uv, which installs packages into a folder beside the environment and never into it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from tf_equivalence.errors import InfrastructureError, UsageError
from tf_equivalence.record.requirements_files import hide_credentials

# pip's variables, and uv's for the same. The older ones among uv's give way to the newer ones.
_OF_PIP = {
    "PIP_INDEX_URL": "UV_INDEX_URL",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_DEFAULT_TIMEOUT": "UV_HTTP_TIMEOUT",
    "PIP_RETRIES": "UV_HTTP_RETRIES",
    "PIP_CERT": "SSL_CERT_FILE",
}
# What of uv's own says where packages come from. The rest, such as another target, must not reach it.
_KEPT = (
    "UV_INDEX UV_DEFAULT_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_NO_INDEX UV_INSECURE_HOST UV_KEYRING UV_HTTP_ "
    "UV_REQUEST_TIMEOUT UV_OFFLINE UV_CONCURRENT_ UV_EXCLUDE_NEWER UV_PRERELEASE UV_NO_BINARY UV_NO_BUILD "
    "UV_CONFIG_FILE UV_CREDENTIALS_DIR"
).split()
REMEDY = "leave it out of what `requirements` names"
_NOT_UNDERSTOOD = re.compile(r"requirements\.txt(:\d|`)")
_UNREACHABLE = "network was disabled"
_BUILD_FAILED = ("build backend returned an error", "failed to build", "failed to prepare", "backend is invalid")
_MOST_LINES = 6
_MOST_BYTES = 1 << 16
_OURS = "tf-equivalence"


def write_stand_ins(target: Path, distributions: Sequence[metadata.Distribution]) -> None:
    """Write the metadata of installed distributions to a folder, so that the installer takes them as installed there.

    Then it needs no index for them, which no longer has old nightlies, and installs what is missing.
    Of their own requirements only those of their extras are kept: the rest is met, or was left out on purpose.
    """
    for found in distributions:
        info = target / f"{canonicalize_name(found.name).replace('-', '_')}-{found.version}.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        lines = ["Metadata-Version: 2.1", f"Name: {found.name}", f"Version: {found.version}"]
        lines += [f"Provides-Extra: {extra}" for extra in found.metadata.get_all("Provides-Extra") or ()]
        lines += [f"Requires-Dist: {text}" for text in found.requires or () if "extra" in text.partition(";")[2]]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (info / "RECORD").touch()
        (info / "INSTALLER").write_text(_OURS, encoding="utf-8")


def remove_stand_ins(target: Path) -> None:
    """Leave what was installed alone."""
    for info in target.glob("*.dist-info"):
        if (info / "INSTALLER").is_file() and (info / "INSTALLER").read_text("utf-8", "replace") == _OURS:
            for file in info.iterdir():
                file.unlink()
            info.rmdir()


def install(
    target: Path, files: Mapping[str, Sequence[str]], directory: Path, environ: Mapping[str, str], timeout_s: float
) -> None:
    """Install into a folder what is missing in it.

    Args:
        target: The folder.
        files: The lines of `requirements`, `constraints` and `excludes`.
        directory: For the installer's own files.
        environ: What builds may see.
        timeout_s: Seconds that all of it may take.

    Raises:
        UsageError: There is no solution, or a line or a download is not what it should be.
        InfrastructureError: An index cannot be reached, a build fails, or the time is up.
    """
    command = [_find_uv(), "pip", "install", "--target", str(target), "--python", sys.executable]
    command += ["--quiet", "--color=never", "--system-certs", "--no-sources", "--compile-bytecode"]
    for name, lines in files.items():
        path = directory / f"{name}.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command += [f"--{name}", str(path)]
    if environ.get("PIP_NO_INDEX", "").lower() not in ("", "0", "false", "no", "off"):
        command.append("--no-index")
    for text in environ.get("PIP_FIND_LINKS", "").split():
        if "://" in text or Path(text).is_dir():
            command += ["--find-links", text if "://" in text else str(Path(text).absolute())]
    code, said = _run(command, directory, _environment(environ, directory), timeout_s)
    if code:
        raise _failure(hide_credentials(said.replace(f"{directory}/", "")))


def _environment(environ: Mapping[str, str], directory: Path) -> dict[str, str]:
    translated = {theirs: environ[ours] for ours, theirs in _OF_PIP.items() if environ.get(ours)}
    kept = {
        name: value for name, value in environ.items() if not name.startswith("UV_") or name.startswith(tuple(_KEPT))
    }
    temporary = directory / "temporary"
    temporary.mkdir(exist_ok=True)
    return {
        **translated,
        **kept,
        "UV_CACHE_DIR": str(directory / "cache"),
        "UV_PYTHON_DOWNLOADS": "never",
        "TMPDIR": str(temporary),
        "GIT_TERMINAL_PROMPT": "0",  # nobody is there to answer
    }


def _run(command: Sequence[str], directory: Path, environ: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    """Return the exit code and the end of what was printed; whatever happens, no process of it goes on."""
    log = directory / "installer.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=environ,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise InfrastructureError(
                f"installing the requirements took longer than {timeout_s:g} s; check the package index, or put "
                "wheels in the place of what has to be built"
            ) from None
        finally:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return code, log.read_bytes()[-_MOST_BYTES:].decode("utf-8", "replace")


def _failure(said: str) -> UsageError | InfrastructureError:
    """Return what the installer's last words stand for."""
    text = " ".join(said.split())
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    first = lines[0].removeprefix("error: ") if lines else "nothing"
    if "No solution found" in text and _UNREACHABLE not in text:
        return UsageError(
            f"it cannot be installed beside the pinned packages, which stay as they are: "
            f"{text.partition('cause: ')[2] or text} Correct or loosen it, or {REMEDY}"
        )
    if "Hash mismatch" in text:
        return UsageError(f"{text.removeprefix('error: ')}; renew the hash, or find out why the file changed")
    if _NOT_UNDERSTOOD.search(first):
        return UsageError(f"a line is not understood: {text.removeprefix('error: ')}")
    is_build = any(words in text.lower() for words in _BUILD_FAILED)
    hint = "build it elsewhere and name the wheel" if is_build else "check the index and the network"
    last = " | ".join([first, *lines[1:][-_MOST_LINES:]])
    return InfrastructureError(f"installing the requirements failed; {hint}. The installer said: {last}")


def _find_uv() -> str:
    try:
        from uv import find_uv_bin  # noqa: PLC0415 - only where there is something to install

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        raise InfrastructureError(
            "`requirements` needs uv, which is missing here; install it: pip install uv"
        ) from None
