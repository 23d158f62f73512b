"""Every example in the documentation does what the page says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .markdown import DOCS, ROOT, Block, matches, normal, pages, read_blocks, regenerated

# Languages of blocks that are no program: a test of their own looks at those that could be wrong.
PROSE = {"text", "yaml", "groovy", "toml", "console", "diff", "json", "sh", "{toctree}"}


def runnable() -> list[Path]:
    """Return the pages that have sessions."""
    return [page for page in pages() if any(block.commands for block in read_blocks(page.read_text("utf-8")))]


def name_of(page: Path) -> str:
    """Return a page's path below docs/."""
    return str(page.relative_to(DOCS))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the command in it, as an installation has it."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "tf-equivalence"
    script.write_text(
        f'#!{sys.executable} -P\nimport sys\nsys.path.append("{ROOT / "runner"}")\n'
        "from tf_equivalence.cli import main\nsys.exit(main())\n"
    )
    script.chmod(0o755)
    return folder


@pytest.mark.parametrize("page", runnable(), ids=name_of)
def test_sessions(page: Path, tmp_path: Path, programs: Path, pytestconfig: pytest.Config) -> None:
    """Files are written in the order of the page, commands run between them, and print what is shown."""
    text = page.read_text("utf-8")
    blocks = read_blocks(text)
    (tmp_path / ".git").mkdir()
    status = 0
    for block in blocks:
        if block.path:
            path = tmp_path / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        status = run_session(block, tmp_path, programs, status)
    if pytestconfig.getoption("--regenerate-golden"):
        page.write_text(regenerated(text, blocks), encoding="utf-8")
        return
    for command in (command for block in blocks for command in block.commands):
        if not matches(command.shown, command.printed):
            assert normal(command.printed) == normal(command.shown), f"$ {command.text}\n{command.errors}"
            pytest.fail(f"$ {command.text}\n{command.printed}")


def run_session(block: Block, root: Path, programs: Path, status: int) -> int:
    """Run the commands of a block in a folder, each after the exit status of the one before."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_", "CI"))}
    environ = {**kept, "PATH": f"{programs}{os.pathsep}{kept['PATH']}", "NO_COLOR": "1"}
    environ.pop("PYTHONPATH", None)
    for command in block.commands:
        done = subprocess.run(
            ["bash", "-c", f"(exit {status}); {command.text}"],
            cwd=root,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        command.printed, command.errors, status = done.stdout, done.stderr, done.returncode
    return status


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_program_runs(page: Path) -> None:
    """A block of Python is a file, and a page that has one runs it."""
    blocks = read_blocks(page.read_text("utf-8"))
    programs = [block for block in blocks if block.language not in PROSE]
    assert all(block.path for block in programs), f"name the file of {[b.text[:60] for b in programs if not b.path]}"
    assert not programs or any(block.commands for block in blocks)


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        ("passed in 3.1 s\n", "passed in 12 s\n", True),
        ("differs by 1.5e-03 at [0, 1]\n", "differs by\n  1.4e-03 at [2, 1]\n", True),
        ("a\n...\nc\n", "a\nb\nb\nc\n", True),
        ("a\n...\nc\n", "a\nc\n", True),
        ("a\n...\nc\n", "a\nb\n", False),
        ("3 passed\n", "2 passed\n", False),
        ("", "something\n", False),
        ("nets/a.py:12: x\n", "nets/a.py:13: x\n", False),
        ("1 diverged\n", "1 passed\n", False),
        ("alpha is 0.2\n", "alpha is 0.3\n", False),
        ("differs by 0.001406\n", "differs by 0.001399\n", True),
        (
            "largest difference 0, 0 of the largest value\n",
            "largest difference 1e-8, 2e-9 of the largest value\n",
            True,
        ),
    ],
)
def test_what_counts_as_shown(shown: str, printed: str, expected: bool) -> None:
    """Times and figures may differ, and nothing else."""
    assert matches(shown, printed) is expected
