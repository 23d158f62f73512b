"""Discovery: what counts as a case, what is a fault, and what no file system can do to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tf_equivalence.discover import Discovery, discover, select_cases
from tf_equivalence.errors import UsageError

CASE = "from tf_equivalence import EquivalenceCase\n\n\nclass {name}(EquivalenceCase):\n    inputs = 1\n"

Write = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes files into a workspace and returns it."""

    def write_files(files: Mapping[str, str | bytes]) -> Path:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write_files


def ids(found: Discovery) -> list[str]:
    """Return the ids of the cases."""
    return [case.id for case in found.cases]


def names(found: Discovery) -> list[str]:
    """Return the class names of the cases."""
    return [case.class_name for case in found.cases]


def test_finds_modules_below_the_paths(write: Write) -> None:
    """Modules are found at any depth and sorted by id; other files and hidden places are passed over."""
    skipped = (".git", ".venv", "venv", "node_modules", "__pycache__", "lib/site-packages", ".hidden")
    workspace = write(
        {
            "nets/deep/equivalence_b.py": CASE.format(name="B"),
            "equivalence_a.py": CASE.format(name="A"),
            "equivalence_a.pyc": b"\0",
            "test_equivalence_c.py": CASE.format(name="C"),
            "Equivalence_c.py": CASE.format(name="C"),
            **{f"{name}/equivalence_d.py": CASE.format(name="D") for name in skipped},
        }
    )
    found = discover([workspace], [], workspace)
    assert ids(found) == ["equivalence_a.py::A", "nets/deep/equivalence_b.py::B"]
    assert found.faults == ()
    first = found.cases[0]
    assert (first.path, first.line, first.class_name) == ("equivalence_a.py", 4, "A")
    assert first.module_path == workspace / "equivalence_a.py"


def test_a_hidden_directory_that_was_asked_for_is_searched(write: Write) -> None:
    """Only what lies below a searched path is passed over by its name."""
    workspace = write({".hidden/equivalence_a.py": CASE.format(name="A")})
    assert ids(discover([workspace / ".hidden"], [], workspace)) == [".hidden/equivalence_a.py::A"]


def test_overlapping_paths_find_a_module_once(write: Write) -> None:
    """A file reached three ways is one module, under its own path."""
    workspace = write({"z/equivalence_a.py": CASE.format(name="A")})
    (workspace / "a").symlink_to("z")
    (workspace / "equivalence_link.py").symlink_to("z/equivalence_a.py")
    module = workspace / "z" / "equivalence_a.py"
    found = discover([workspace / "a", module, workspace, workspace / "equivalence_link.py"], [], workspace)
    assert ids(found) == ["z/equivalence_a.py::A"]


def test_links_that_loop(write: Write) -> None:
    """A link to its own parent, and links to each other, end the search no later."""
    workspace = write({"a/equivalence_a.py": CASE.format(name="A")})
    (workspace / "a" / "up").symlink_to("..")
    (workspace / "x").symlink_to("y")
    (workspace / "y").symlink_to("x")
    (workspace / "equivalence_self.py").symlink_to("equivalence_self.py")
    found = discover([workspace], [], workspace)
    assert ids(found) == ["a/equivalence_a.py::A"]
    assert [fault.id for fault in found.faults] == ["equivalence_self.py"]


def test_a_link_out_of_the_workspace(write: Write) -> None:
    """A linked directory is searched, and its modules are named by the link."""
    workspace = write({"w/readme": "", "elsewhere/equivalence_a.py": CASE.format(name="A")}) / "w"
    (workspace / "link").symlink_to("../elsewhere")
    assert ids(discover([workspace], [], workspace)) == ["link/equivalence_a.py::A"]


def test_outside_of_the_workspace(write: Write) -> None:
    """A module outside of the workspace has its absolute path for an id."""
    root = write({"w/readme": "", "elsewhere/equivalence_a.py": CASE.format(name="A")})
    found = discover([root / "elsewhere"], [], root / "w")
    assert ids(found) == [f"{root}/elsewhere/equivalence_a.py::A"]


def test_workspace_behind_a_link(write: Write) -> None:
    """A workspace known by another name than its paths still gives relative ids."""
    root = write({"real/equivalence_a.py": CASE.format(name="A")})
    (root / "link").symlink_to("real")
    assert ids(discover([root / "real"], [], root / "link")) == ["equivalence_a.py::A"]


@pytest.mark.parametrize(
    ("glob", "left"),
    [
        ("nets", ["equivalence_a.py", "old/nets/equivalence_c.py"]),
        ("./nets/", ["equivalence_a.py", "old/nets/equivalence_c.py"]),
        ("**/nets", ["equivalence_a.py"]),
        ("*.py", ["nets/equivalence_b.py", "old/nets/equivalence_c.py"]),
        ("**/*_[bc].py", ["equivalence_a.py"]),
        ("**/*_[!bc].py", ["nets/equivalence_b.py", "old/nets/equivalence_c.py"]),
        ("old/**", ["equivalence_a.py", "nets/equivalence_b.py"]),
        ("n?ts/*", ["equivalence_a.py", "old/nets/equivalence_c.py"]),
        ("net", ["equivalence_a.py", "nets/equivalence_b.py", "old/nets/equivalence_c.py"]),
        ("[", ["equivalence_a.py", "nets/equivalence_b.py", "old/nets/equivalence_c.py"]),
    ],
)
def test_exclude(write: Write, glob: str, left: list[str]) -> None:
    """Globs match whole paths from the workspace, or a directory above."""
    workspace = write(
        {
            "equivalence_a.py": CASE.format(name="A"),
            "nets/equivalence_b.py": CASE.format(name="A"),
            "old/nets/equivalence_c.py": CASE.format(name="A"),
        }
    )
    found = discover([workspace], [glob], workspace)
    assert [case.path for case in found.cases] == left


def test_excluded_modules_are_told(write: Write) -> None:
    """A module that was asked for by name and left out by a glob is not forgotten."""
    workspace = write({"equivalence_a.py": CASE.format(name="A")})
    found = discover([workspace / "equivalence_a.py"], ["equivalence_*"], workspace)
    assert found == Discovery((), (), ("equivalence_a.py",))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("net", "path 'net' does not exist; did you mean 'nets'?"),
        ("zzz/y", "path 'zzz/y' does not exist; the workspace is"),
        ("broken", "path 'broken' is a link that leads nowhere"),
        ("nets/model.py", "path 'nets/model.py' is not a directory, so its name must be equivalence_*.py"),
    ],
)
def test_wrong_paths(write: Write, path: str, expected: str) -> None:
    """A path that cannot be searched stops the run before anything is read."""
    workspace = write({"nets/model.py": ""})
    (workspace / "broken").symlink_to("nowhere")
    with pytest.raises(UsageError) as caught:
        discover([workspace / path], [], workspace)
    assert expected in str(caught.value)


HEAD = "import tf_equivalence\nfrom tf_equivalence import EquivalenceCase, EquivalenceCase as Renamed\n"

# Source after HEAD, and the classes that are cases.
CASES = [
    ("direct", "class A(EquivalenceCase): pass", "A"),
    ("renamed", "class A(Renamed): pass", "A"),
    ("attribute", "class A(tf_equivalence.EquivalenceCase): pass", "A"),
    ("module renamed", "import tf_equivalence as t\nclass A(t.EquivalenceCase): pass", "A"),
    ("its module", "import tf_equivalence.case as t\nclass A(t.EquivalenceCase): pass", "A"),
    ("star", "from tf_equivalence import *\nclass A(EquivalenceCase): pass", "A"),
    ("estimator", "from tf_equivalence import EstimatorCase\nclass A(EstimatorCase): pass", "A"),
    (
        "estimator and heir",
        (
            "from tf_equivalence.estimator import EstimatorCase\n"
            "class A(EstimatorCase):\n    features = model_fn = tf2 = 1\nclass B(A):\n    params = 1"
        ),
        "A B",
    ),
    (
        "incomplete estimator",
        (
            "from tf_equivalence import EstimatorCase\n"
            "class A(EstimatorCase):\n    features = tf2 = 1\nclass B(A):\n    model_fn = 1"
        ),
        "B",
    ),
    ("unknown estimator", "from missing import Base\nclass A(Base):\n    model_fn = 1", "A"),
    ("chain", "class A(EquivalenceCase):\n    inputs = tf1 = tf2 = 1\nclass B(A): pass", "A B"),
    ("alias", "Base = EquivalenceCase\nOther: type = Base\nclass A(Other): pass", "A"),
    ("mixin", "class M: pass\nclass A(M, EquivalenceCase): pass", "A"),
    ("generic", "class A(EquivalenceCase[int]): pass", "A"),
    ("decorated", "@object\nclass A(EquivalenceCase): pass", "A"),
    ("underscore", "class _A(EquivalenceCase): pass\nclass B(_A): pass", "B"),
    ("ABC", "import abc\nclass A(EquivalenceCase, abc.ABC): pass\nclass B(A): pass", "B"),
    ("ABC by name", "from abc import ABC as X\nclass A(X, EquivalenceCase): pass\nclass B(A): pass", "B"),
    ("metaclass", "import abc\nclass A(EquivalenceCase, metaclass=abc.ABCMeta): pass\nclass B(A): pass", "B"),
    (
        "abstract method",
        (
            "import abc\nclass A(EquivalenceCase):\n    @abc.abstractmethod\n    def tf1(self): ...\n"
            "class B(A): pass\nclass C(B):\n    tf1 = 1"
        ),
        "C",
    ),
    ("incomplete base", "class A(EquivalenceCase):\n    inputs = 1\nclass B(A): pass", "B"),
    ("incomplete", "class A(EquivalenceCase):\n    inputs = 1", "A"),
    ("base behind if", "if 1:\n    X = EquivalenceCase\nelse:\n    X = object\nclass A(X): pass", "A"),
    ("class behind if", "if 1:\n    class A(EquivalenceCase): pass\nelse:\n    class B(EquivalenceCase): pass", "A B"),
    ("alternatives", "if 1:\n    class A(EquivalenceCase): pass\nelse:\n    class A(EquivalenceCase): pass", "A"),
    (
        "try",
        "try:\n    from missing import X\nexcept ImportError:\n    X = EquivalenceCase\nclass A(X): pass",
        "A",
    ),
    ("with", "with open('x'):\n    class A(EquivalenceCase): pass", "A"),
    ("rebinding its base", "from tf_equivalence import EquivalenceCase as A\nclass A(A): pass", "A"),
    ("base defined later", "class A(EquivalenceCase): pass\nclass EquivalenceCase: pass", "A"),
    ("unknown base, members", "from missing import X\nclass A(X):\n    def tf1(self): ...", "A"),
    ("unknown base, name", "import missing\nclass A(missing.NetCase): pass", "A"),
    ("helper beside a case", "class A(EquivalenceCase): pass\nclass H(dict):\n    inputs = 1", "A"),
]

# Source without HEAD, and what the message says about why there is no case.
NO_CASES = [
    ("nothing", "x = 1", "it has no class at all"),
    ("no base", "class A:\n    inputs = 1", "class A in line 1 has no base class"),
    ("other base", "class A(dict):\n    tf1 = 1", "class A in line 1 derives from dict, which is no EquivalenceCase"),
    ("unit test", "from unittest import TestCase\nclass A(TestCase): pass", "derives from TestCase, which is no"),
    ("other test", "import missing\nclass A(missing.test.TestCase): pass", "derives from missing.test.TestCase"),
    ("unknown base", "from missing import X\nclass A(X): pass", "derives from X, which is no EquivalenceCase"),
    (
        "own namesake",
        "class EquivalenceCase: pass\nclass A(EquivalenceCase):\n    tf1 = 1",
        "class A in line 2 derives",
    ),
    ("itself", "class A(A):\n    tf1 = 1", "class A in line 1 derives from A"),
    ("underscore", HEAD + "class _A(EquivalenceCase): pass", "class _A in line 3 is abstract by the underscore"),
    ("ABC", HEAD + "import abc\nclass A(Renamed, abc.ABC): pass", "class A in line 4 is abstract by its base ABC"),
    (
        "abstract",
        HEAD + "import abc\nclass A(Renamed):\n    @abc.abstractmethod\n    def tf2(self): ...",
        "class A in line 4 is abstract: nothing defines tf2",
    ),
    (
        "base only",
        HEAD + "class A(Renamed):\n    inputs = 1\nclass _B(A): pass",
        "class A in line 3 is the base of _B and lacks tf1, tf2",
    ),
    ("in a function", HEAD + "def f():\n    class A(Renamed): pass", "class A in line 4 is inside a function or class"),
    ("in a class", HEAD + "class _A:\n    class B(Renamed): pass", "class B in line 4 is inside a function or class"),
    ("imported", "from other import Net", "Net is imported, not defined here"),
]


@pytest.mark.parametrize(("source", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_what_is_a_case(write: Write, source: str, expected: str) -> None:
    """Every concrete subclass of EquivalenceCase that the module defines is a case."""
    workspace = write({"equivalence_a.py": HEAD + source})
    found = discover([workspace], [], workspace)
    assert names(found) == expected.split()
    assert found.faults == ()


@pytest.mark.parametrize(("source", "expected"), [row[1:] for row in NO_CASES], ids=[row[0] for row in NO_CASES])
def test_why_there_is_no_case(write: Write, source: str, expected: str) -> None:
    """A module without a case says which classes were seen and why none of them counts."""
    workspace = write({"equivalence_a.py": source, "other.py": CASE.format(name="Net")})
    found = discover([workspace], [], workspace)
    assert names(found) == []
    (fault,) = found.faults
    assert fault.message.startswith("equivalence_a.py:1: defines no EquivalenceCase: ")
    assert expected in fault.message
    assert fault.message.endswith("Define a subclass of tf_equivalence.EquivalenceCase in it")


BASE = "from tf_equivalence import EquivalenceCase\nclass Base(EquivalenceCase):\n    tf1 = tf2 = inputs = 1\n"

IMPORTS = [
    ("beside", "nets/base.py", "from base import Base as B\nclass A(B): pass"),
    ("from the workspace", "lib/base.py", "from lib.base import Base\nclass A(Base): pass"),
    ("dotted", "lib/base.py", "import lib.base\nclass A(lib.base.Base): pass"),
    ("dotted, renamed", "lib/base.py", "import lib.base as b\nclass A(b.Base): pass"),
    ("module from package", "lib/base.py", "from lib import base\nclass A(base.Base): pass"),
    ("relative", "nets/base.py", "from .base import Base\nclass A(Base): pass"),
    ("relative module", "nets/base.py", "from . import base\nclass A(base.Base): pass"),
    ("relative, up", "base.py", "from ..base import Base\nclass A(Base): pass"),
    ("star", "nets/base.py", "from base import *\nclass A(Base): pass"),
    ("package", "lib/__init__.py", "import lib\nclass A(lib.Base): pass"),
]


@pytest.mark.parametrize(("path", "source"), [row[1:] for row in IMPORTS], ids=[row[0] for row in IMPORTS])
def test_bases_from_other_modules(write: Write, path: str, source: str) -> None:
    """A base that a user module defines is followed to it; the imported class itself does not count."""
    workspace = write({path: BASE, "nets/equivalence_a.py": source})
    assert names(discover([workspace], [], workspace)) == ["A"]
    write({path: BASE.replace("(EquivalenceCase)", "")})
    assert names(discover([workspace], [], workspace)) == []


def test_bases_through_a_package(write: Write) -> None:
    """A name that a package passes on is followed, and a module of the package's own root is found."""
    workspace = write(
        {
            "src/nets/__init__.py": "from .base import Base\nfrom . import base as same",
            "src/nets/base.py": BASE,
            "src/nets/equivalence_a.py": "import nets\nclass A(nets.Base): pass\nclass B(nets.same.Base): pass",
        }
    )
    assert names(discover([workspace], [], workspace)) == ["A", "B"]


def test_imports_in_a_circle(write: Write) -> None:
    """Modules that import each other, or a name from themselves, end the search no later."""
    workspace = write(
        {
            "equivalence_a.py": "from b import X\nfrom equivalence_a import Y\nclass A(X, Y):\n    tf1 = 1",
            "b.py": "from c import X",
            "c.py": "from b import X",
        }
    )
    assert names(discover([workspace], [], workspace)) == ["A"], "a base that cannot be found, and a member"


def test_a_base_in_a_broken_module(write: Write) -> None:
    """A base in a module that cannot be parsed is one that cannot be found."""
    workspace = write({"b.py": "def", "equivalence_a.py": "from b import X\nclass A(X):\n    tf1 = 1"})
    found = discover([workspace], [], workspace)
    assert (names(found), found.faults) == (["A"], ())


FAULTS: list[tuple[str, str | bytes, int, str]] = [
    ("syntax error", "x = 1\ndef f(:\n", 2, "syntax error: invalid syntax"),
    ("indentation", "if 1:\nx = 1\n", 2, "syntax error: expected an indented block"),
    ("bytes", b"x = 1\ny = '\xff'\n", 2, "cannot be decoded: utf-8 cannot decode byte 0xff; save it as UTF-8"),
    ("bytes in line 1", b"'\xff'\n", 1, "cannot be decoded: utf-8 cannot decode byte 0xff"),
    ("declared bytes", b"# coding: ascii\n'\xff'\n", 2, "ascii cannot decode byte 0xff"),
    ("unknown encoding", "# coding: klingon\n", 1, "cannot be decoded: unknown encoding: klingon"),
    ("null byte", b"x = 1\n\ny = '\0'\n", 3, "contains null bytes"),
    ("UTF-16", "class A: pass".encode("utf-16"), 1, "save it as UTF-8 text"),
    ("empty", "", 1, "is empty; define a subclass"),
    ("comment", "# nothing\n", 1, "is empty; define a subclass"),
    ("docstring", '"""Nothing."""\n', 1, "is empty; define a subclass"),
    ("deep", "x = " + "-" * 100_000 + "1", 1, "is nested too deeply"),
    ("long", "x = " + "+".join("1" * 100_000), 1, "is nested too deeply"),
]


@pytest.mark.parametrize(("content", "line", "expected"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_faults(write: Write, content: str | bytes, line: int, expected: str) -> None:
    """A module that cannot be read is a fault with its line, and harms no other."""
    workspace = write({"equivalence_a.py": content, "equivalence_b.py": CASE.format(name="B")})
    found = discover([workspace], [], workspace)
    assert names(found) == ["B"]
    (fault,) = found.faults
    assert (fault.id, fault.path, fault.line) == ("equivalence_a.py", "equivalence_a.py", line)
    assert fault.message.startswith(f"equivalence_a.py:{line}: ")
    assert expected in fault.message


@pytest.mark.parametrize(
    ("encoding", "head"), [("utf-8-sig", ""), ("latin-1", "# -*- coding: latin-1 -*-\n")], ids=["BOM", "declared"]
)
def test_encodings(write: Write, encoding: str, head: str) -> None:
    """What Python reads is read."""
    workspace = write({"equivalence_a.py": (head + "x = 'é'\n" + CASE.format(name="A")).encode(encoding)})
    assert names(discover([workspace], [], workspace)) == ["A"]


def test_two_classes_of_one_name(write: Write) -> None:
    """A name that stands for two classes is a fault with both lines; the module's other cases stay."""
    source = (
        HEAD + "class A(Renamed): pass\nclass B(Renamed): pass\nif 1:\n    class A: pass\nclass H: pass\nclass H: pass"
    )
    workspace = write({"equivalence_a.py": source})
    found = discover([workspace], [], workspace)
    assert names(found) == ["B"]
    (fault,) = found.faults
    assert fault.line == 6
    assert "defines two classes of one name: A in lines 3 and 6." in fault.message


def test_unreadable_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may not be read is a fault with the system's reason."""
    workspace = write({"equivalence_a.py": CASE.format(name="A")})

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    (fault,) = discover([workspace], [], workspace).faults
    assert fault.message == "equivalence_a.py:1: cannot be read: Permission denied"


def test_unreadable_directory(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that may not be searched is a fault, and the others are searched."""
    workspace = write({"shut/equivalence_a.py": CASE.format(name="A"), "equivalence_b.py": CASE.format(name="B")})
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = discover([workspace], [], workspace)
    assert names(found) == ["B"]
    (fault,) = found.faults
    assert (fault.id, fault.message) == ("shut", "shut: cannot be searched: Permission denied; exclude it")


def test_what_is_no_file(write: Write) -> None:
    """A pipe, a directory and a dead link of a module's name block nothing."""
    workspace = write({"equivalence_d.py/equivalence_a.py": CASE.format(name="A")})
    os.mkfifo(workspace / "equivalence_pipe.py")
    (workspace / "equivalence_dead.py").symlink_to("nowhere")
    found = discover([workspace], [], workspace)
    assert ids(found) == ["equivalence_d.py/equivalence_a.py::A"]
    assert [fault.message for fault in found.faults] == [
        "equivalence_dead.py:1: is a link to a file that does not exist",
        "equivalence_pipe.py:1: is not a regular file",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_in_other_encodings(write: Write) -> None:
    """An id is text that every report can hold, whatever bytes the file's name has."""
    workspace = write({"a": ""})
    name = os.path.join(os.fsencode(workspace), b"equivalence_\xff.py")
    with open(name, "wb") as stream:
        stream.write(CASE.format(name="A").encode())
    (case,) = discover([workspace], [], workspace).cases
    assert case.id == r"equivalence_\xff.py::A"
    assert os.fsencode(case.module_path) == name


def test_nothing_is_imported(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    """User code does not run, and its warnings are not shown."""
    workspace = write({"equivalence_a.py": "print('ran')\nraise SystemExit(0)\nx = '\\d'\n" + CASE.format(name="A")})
    program = (
        "import sys, pathlib; from tf_equivalence.discover import discover; w = pathlib.Path(sys.argv[1]);"
        "print([case.id for case in discover([w], [], w).cases], 'tensorflow' in sys.modules)"
    )
    runner = Path(__file__).resolve().parents[1] / "runner"
    environ = {**os.environ, "PYTHONPATH": str(runner)}
    subprocess.run([sys.executable, "-c", program, str(workspace)], env=environ, check=True)
    assert capfd.readouterr() == ("['equivalence_a.py::A'] False\n", "")


@pytest.mark.parametrize(
    ("globs", "cases", "faults"),
    [
        ([], ["a/equivalence_a.py::One", "equivalence_b.py::Two"], ["a/equivalence_c.py"]),
        (["One"], ["a/equivalence_a.py::One"], []),
        (["*::T*"], ["equivalence_b.py::Two"], ["a/equivalence_c.py"]),
        (["a/*"], ["a/equivalence_a.py::One"], ["a/equivalence_c.py"]),
        (["One", "Tw?"], ["a/equivalence_a.py::One", "equivalence_b.py::Two"], []),
        (["a/equivalence_c.py::Any"], [], ["a/equivalence_c.py"]),
    ],
    ids=["all", "name", "id", "directory", "two", "broken module"],
)
def test_select_cases(write: Write, globs: list[str], cases: list[str], faults: list[str]) -> None:
    """Globs choose cases by id or class name; a broken module stays where it may hold what was asked for."""
    workspace = write(
        {
            "a/equivalence_a.py": CASE.format(name="One"),
            "equivalence_b.py": CASE.format(name="Two"),
            "a/equivalence_c.py": "",
        }
    )
    found = select_cases(discover([workspace], [], workspace), globs)
    assert ids(found) == cases
    assert [fault.id for fault in found.faults] == faults


def test_a_glob_that_matches_nothing(write: Write) -> None:
    """A glob without a match is a mistake, not an empty run."""
    workspace = write({"equivalence_b.py": CASE.format(name="Inception")})
    with pytest.raises(UsageError, match=r"'Inceptoin' matches none of 1 cases; did you mean 'Inception'\?"):
        select_cases(discover([workspace], [], workspace), ["Inceptoin"])
