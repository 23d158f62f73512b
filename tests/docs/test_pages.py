"""The documentation is whole: generated pages follow the code, recipes name what exists, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from tf_equivalence.init.workflow import PATH, workflow_text
from tf_equivalence.options import OPTIONS
from tf_equivalence.result import ExitCode
from tf_equivalence.settings import read_settings
from tf_equivalence.steps import STEPS

from .markdown import DOCS, ROOT, read_blocks


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """Return scripts/docs_pages.py."""
    spec = importlib.util.spec_from_file_location("docs_pages", ROOT / "scripts" / "docs_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date(generator: ModuleType) -> None:
    """After a change of what they follow from: `python scripts/docs_pages.py`."""
    pages: dict[str, str] = generator.pages()
    stale = [name for name, text in pages.items() if (DOCS / name).read_text("utf-8") != text]
    assert stale == []
    # A page of a step that is no more would stay behind.
    assert {path.name for path in (DOCS / "steps").glob("*.md")} == {"index.md", *(f"{step}.md" for step in STEPS)}


def test_every_step_has_an_example() -> None:
    """A step that nobody has seen fail is not explained: docs/steps/examples/ID.md shows it red and then green."""
    examples = {path.stem: path.read_text("utf-8") for path in (DOCS / "steps" / "examples").glob("*.md")}
    assert set(examples) == set(STEPS)
    for step, text in examples.items():
        commands = [command for block in read_blocks(text) for command in block.commands]
        assert [command.text for command in commands] == [f"tf-equivalence run --step {step}"] * 2
        assert not re.search(r": 1 passed", commands[0].shown)
        assert re.search(r": 1 passed", commands[1].shown)


def test_reference_pages_are_complete(generator: ModuleType) -> None:
    """Every option, every exit code and every key of the JSON report has its entry."""
    options = generator.options_page()
    assert all(f"`{option.name}`" in options or not option.in_action for option in OPTIONS)
    assert all(f"`{option.flags[0]}" in options.replace("[no-]", "") for option in OPTIONS if option.flags)
    assert all(f"| {int(code)} |" in generator.exit_codes_page() for code in ExitCode)
    golden = (ROOT / "tests" / "report" / "golden" / "report.json").read_text("utf-8")
    keys = set(re.findall(r'^ {2,10}"([a-z_]+)": ', golden, re.MULTILINE)) - {"tensorflow", "python", "reference"}
    documented = set(re.findall(r"^\| `(\w+)`", generator.json_page(), re.MULTILINE))
    assert {key for key in keys if key in documented} >= {"cases", "steps", "findings", "environment", "notes"}


def test_a_stale_page_is_told(generator: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` fails on a page that is not as it should be, and writes nothing."""
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    monkeypatch.setattr(generator, "pages", lambda: {"causes.md": "new\n"})
    assert generator.main(["--check"]) == 1
    assert not (tmp_path / "docs").exists()
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0


def links() -> list[tuple[Path, str]]:
    """Return every relative link of every page, and of the README."""
    found = []
    for page in (*sorted(DOCS.rglob("*.md")), ROOT / "README.md"):
        base = DOCS / "steps" / "x.md" if page.parent.name == "examples" else page  # part of a page on a step
        text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        found += [(base, target) for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    return found


@pytest.mark.parametrize(("page", "target"), links(), ids=lambda value: str(value)[-40:])
def test_links_lead_somewhere(page: Path, target: str) -> None:
    """A relative link names a file that is there, and a heading that is in it."""
    name, _, anchor = target.partition("#")
    path = (page.parent / name).resolve() if name else page
    assert path.exists()
    if anchor and path.suffix == ".md":
        headings = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
        assert anchor in [re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings]


def recipes() -> dict[str, str]:
    """Return the files that the page on CI shows, by their names."""
    blocks = read_blocks((DOCS / "ci.md").read_text("utf-8"))
    return {block.path: block.text for block in blocks if block.path}


def test_the_workflow_is_the_one_that_init_writes() -> None:
    """The recipe for GitHub is word for word what `init` writes."""
    assert recipes()[PATH] == workflow_text("requirements.txt")


def test_recipes_are_read_by_their_ci() -> None:
    """What is YAML parses, and hands the report on that the command writes."""
    job = yaml.safe_load(recipes()[".gitlab-ci.yml"])["equivalence"]
    assert job["artifacts"]["reports"]["junit"] in job["script"][0]
    assert "junit 'equivalence.xml'" in recipes()["Jenkinsfile"]


def shown_commands() -> list[str]:
    """Return every call of the command on every page, in text or in a recipe."""
    found = set()
    for page in (*DOCS.rglob("*.md"), ROOT / "README.md"):
        text = page.read_text("utf-8")
        found |= {
            match[1] for match in re.finditer(r"(?:^|[ `'$])tf-equivalence ((?:run|list|init|docker)[^`'\n#]*)", text)
        }
    return sorted(command.strip() for command in found if not command.strip().endswith("..."))


@pytest.mark.parametrize("command", shown_commands())
def test_shown_commands_exist(command: str, tmp_path: Path) -> None:
    """Every option of a command that is shown is one that it takes."""
    words = shlex.split(command.split("  ", maxsplit=1)[0])
    flags = [word for index, word in enumerate(words) if index == 0 or word.startswith("-")]
    known = {flag for option in OPTIONS if words[0] in option.commands for flag in option.flags}
    known |= {f"--no-{flag[2:]}" for flag in known} | {"--help"}
    assert set(flags[1:]) <= known
    read_settings([words[0]], {}, tmp_path, tuple(STEPS))


@pytest.mark.image
def test_it_builds(tmp_path: Path) -> None:
    """Sphinx builds every page without a warning, and no page loads anything from elsewhere."""
    done = subprocess.run([ROOT / "scripts" / "docs", tmp_path / "html"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    built = {str(path.relative_to(tmp_path / "html")) for path in (tmp_path / "html").rglob("*.html")}
    assert {f"steps/{step}.html" for step in STEPS} | {"getting-started.html", "reference/options.html"} <= built
    for path in (tmp_path / "html").rglob("*.html"):
        assert not re.search(r'<(script|link|img)[^>]+(src|href)="https?://', path.read_text("utf-8"))


@pytest.mark.image
def test_a_broken_link_fails_the_build(tmp_path: Path) -> None:
    """A warning is an error."""
    for name in ("docs", "scripts"):
        (tmp_path / name).mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Page\n\n[nowhere](nowhere.md)\n")
    for name in ("docs/conf.py", "pyproject.toml", "scripts/docs"):
        text = (ROOT / name).read_text("utf-8").replace("scripts/install_lock docs\n", "")
        (tmp_path / name).write_text(text)
    (tmp_path / "build").symlink_to(ROOT / "build")
    done = subprocess.run(["bash", tmp_path / "scripts" / "docs"], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
