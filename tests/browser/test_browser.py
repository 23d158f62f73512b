"""The page of a real run in a real browser: light and dark, wide and narrow, with script and without."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CHECKERS = ROOT / "build" / "checkers" / "bin" / "python"

pytestmark = [pytest.mark.image, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with failures of every kind."""
    folder = tmp_path_factory.mktemp("page")
    cases = ["09_keras_names", "21_batch_norm_epsilon", "41_gradient_into_labels", "56_numpy_in_function"]
    modules = [str(ROOT / "tests" / "bugs" / f"equivalence_bug_{name}.py") for name in cases]
    modules.append(str(ROOT / "examples" / "scaling"))
    command = [sys.executable, "-P", "-m", "tf_equivalence", "run", *modules, "--html-file", str(folder / "page.html")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (folder / "page.html").exists(), done.stderr[-2000:]
    return folder / "page.html"


@pytest.fixture(scope="module")
def seen(page: Path) -> dict[str, dict[str, Any]]:
    """What a visitor meets on it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "no browser; scripts/install_browser installs one"
    looked = subprocess.run(
        [CHECKERS, str(Path(__file__).with_name("look.py")), chromium, str(page), str(page.parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert looked.returncode == 0, looked.stderr[-3000:]
    found: dict[str, dict[str, Any]] = json.loads(looked.stdout)
    return found


def test_quiet_and_alone(seen: dict[str, dict[str, Any]]) -> None:
    """No message in the console, no request to anywhere."""
    assert {name: (view["console"], view["requests"]) for name, view in seen.items()} == dict.fromkeys(seen, ([], []))


def test_accessible(seen: dict[str, dict[str, Any]]) -> None:
    """The accessibility checker finds nothing, contrast in both schemes included; the first tab stop skips ahead."""
    assert {name: view["violations"] for name, view in seen.items()} == {name: [] for name in seen}
    assert all(view["skip_link"] for name, view in seen.items() if not name.endswith("plain"))


def test_fits_the_window(seen: dict[str, dict[str, Any]]) -> None:
    """Only tables and sources scroll sideways, not the page."""
    assert max(view["too_wide"] for view in seen.values()) <= 0


def test_readable_without_script(seen: dict[str, dict[str, Any]]) -> None:
    """All text is there; only the copy buttons are not."""
    assert seen["light-400-plain"]["text"] > 3000
    assert not seen["light-400-plain"]["button"]
    assert seen["light-1280"]["button"]


def test_copies_by_keyboard(seen: dict[str, dict[str, Any]]) -> None:
    """The button says what it did; where there is no clipboard, the command is selected."""
    said = {view["copied"] for name, view in seen.items() if not name.endswith("plain")}
    assert said <= {"Copied", "Selected: press Ctrl+C"}


def test_prints_what_is_folded(seen: dict[str, dict[str, Any]]) -> None:
    """Paper cannot be clicked: stacks, notes and values are open on it."""
    assert {view["printed"] for view in seen.values()} == {0}


def test_real_pages_are_small(page: Path) -> None:
    """A few cases take a few hundred kilobytes, and nothing of them is left out."""
    text = page.read_text("utf-8")
    assert len(text.encode()) < 600_000
    assert "Shortened" not in text
    assert text.count("<svg") > 3
