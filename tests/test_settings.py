"""Settings: one table, three sources, and a clear line for everything that is wrong."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tf_equivalence import __version__
from tf_equivalence.errors import UsageError
from tf_equivalence.options import COMMANDS, OPTIONS
from tf_equivalence.settings import Settings, read_settings

STEPS = ("variables-once", "variable-inventory", "named-weights")
RUNNER = Path(__file__).resolve().parents[1] / "runner"


def read(cwd: Path, *argv: str, **environ: str) -> Settings:
    """Read `run` with these arguments."""
    return read_settings(("run", *argv), environ, cwd, STEPS)


def configure(directory: Path, text: str) -> Path:
    """Write a pyproject.toml with this table."""
    path = directory / "pyproject.toml"
    path.write_text(f"[tool.tf-equivalence]\n{text}\n", encoding="utf-8")
    return path


def refusal(cwd: Path, *argv: str, **environ: str) -> str:
    """Return the one line that these arguments are refused with."""
    with pytest.raises(UsageError) as caught:
        read(cwd, *argv, **environ)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_every_row_of_the_table_is_a_field() -> None:
    """A row without a field, or a field without a row, would be lost in silence."""
    own = {"command", "workspace", "root", "github"}
    assert {field.name for field in dataclasses.fields(Settings)} == {option.field for option in OPTIONS} | own


def test_defaults(tmp_path: Path) -> None:
    """With nothing written anywhere, the working directory is searched for every step."""
    assert read(tmp_path) == Settings(
        command="run",
        workspace=tmp_path,
        root=tmp_path,
        github=False,
        paths=(tmp_path,),
        exclude=(),
        steps=STEPS,
        case=(),
        working_directory=tmp_path,
        config=None,
        requirements=(),
        jobs=0,
        timeout=600.0,
        log_level="warning",
        reference="graph",
        tolerance="measured",
        rtol=None,
        atol=None,
        probes=24,
        min_power=0.0,
        junit_file=None,
        junit_flavor="github",
        json_file=None,
        trace=None,
        sarif_file=None,
        html_file=None,
        checkpoint_dir=None,
        annotations="none",
        max_annotations=10,
        job_summary=None,
        comment="never",
        token="",
        path_prefix="",
        fail_on="failures",
        fail_on_empty=True,
        image=f"ghcr.io/org/tf-equivalence-action:v{__version__}",
        pull="missing",
        network="none",
        memory=None,
        cpus=None,
        tf1=None,
        tf2=None,
        input=(),
        output=None,
        layer=None,
        workflow=None,
        force=False,
        yes=False,
        topics=(),
    )


# Option, the same value as flags, as an action input and in TOML, and what it is read as; paths
# are given below the one directory that all three start from.
SAME = [
    ("paths", ["a", "b"], "a\nb", '["a", "b"]', ("a", "b")),
    ("exclude", ["--exclude", "x/*", "--exclude", "**/y"], "x/*\n**/y\n", '["x/*", "**/y"]', ("x/*", "**/y")),
    (
        "steps",
        ["--steps", "named-weights,variables-once"],
        "named-weights, variables-once",
        '["named-weights", "variables-once"]',
        ("variables-once", "named-weights"),
    ),
    (
        "steps",
        ["--step", "named-weights", "--step", "named-weights"],
        "named-weights",
        '"named-weights"',
        ("named-weights",),
    ),
    ("case", ["--case", "*::A"], "*::A", '"*::A"', ("*::A",)),
    ("jobs", ["--jobs", "3"], "3", "3", 3),
    ("timeout", ["--timeout=1.5"], " 1.5 ", "1.5", 1.5),
    ("timeout", ["--timeout", "90"], "90", "90", 90.0),
    ("log-level", ["--log-level", "debug"], "debug", '"debug"', "debug"),
    ("reference", ["--reference", "tf1.15"], "tf1.15", '"tf1.15"', "tf1.15"),
    ("tolerance", ["--tolerance", "guide"], "guide", '"guide"', "guide"),
    ("probes", ["--probes", "0"], "0", "0", 0),
    ("min-power", ["--min-power", "0.5"], "0.5", "0.5", 0.5),
    ("junit-file", ["--junit-file", "out/j.xml"], "out/j.xml", '"out/j.xml"', "out/j.xml"),
    ("junit-flavor", ["--junit-flavor", "jenkins"], "jenkins", '"jenkins"', "jenkins"),
    ("json-file", ["--json-file", "r.json"], "r.json", '"r.json"', "r.json"),
    ("trace", ["--trace", "t.txt"], "t.txt", '"t.txt"', "t.txt"),
    ("sarif-file", ["--sarif-file", "r.sarif"], "r.sarif", '"r.sarif"', "r.sarif"),
    ("html-file", ["--html-file", "r.html"], "r.html", '"r.html"', "r.html"),
    ("checkpoint-dir", ["--checkpoint-dir", "kept"], "kept", '"kept"', "kept"),
    ("annotations", ["--annotations", "commands"], "commands", '"commands"', "commands"),
    ("annotations", ["--annotations", "checks"], "checks", '"checks"', "checks"),
    ("comment", ["--comment", "on-failure"], "on-failure", '"on-failure"', "on-failure"),
    ("max-annotations", ["--max-annotations", "5"], "5", "5", 5),
    ("job-summary", ["--job-summary", "s.md"], "s.md", '"s.md"', "s.md"),
    ("job-summary", ["--job-summary", "false"], "false", "false", None),
    ("path-prefix", ["--path-prefix", "services/ml/"], "./services/ml", '"services/ml"', "services/ml/"),
    (
        "requirements",
        ["--requirements", "r.txt", "--requirements", "pyproject.toml[a,b]"],
        "r.txt\npyproject.toml[a,b]",
        '["r.txt", "pyproject.toml[a,b]"]',
        ("r.txt", "pyproject.toml[a,b]"),
    ),
    ("fail-on", ["--fail-on", "errors"], "errors", '"errors"', "errors"),
    ("fail-on-empty", ["--no-fail-on-empty"], "False", "false", False),
    ("fail-on-empty", ["--fail-on-empty"], "true", "true", True),
]


@pytest.mark.parametrize(("name", "flags", "text", "toml", "expected"), SAME, ids=lambda value: str(value)[:24])
def test_sources_agree(tmp_path: Path, name: str, flags: list[str], text: str, toml: str, expected: object) -> None:
    """A value means the same wherever it is written."""
    option = next(option for option in OPTIONS if option.name == name)
    files = ("junit-file", "json-file", "trace", "sarif-file", "html-file", "checkpoint-dir", "job-summary")
    if expected is not None and name in ("paths", "requirements", *files):
        expected = (
            tuple(tmp_path / part for part in expected) if isinstance(expected, tuple) else tmp_path / str(expected)
        )
    by_flag = getattr(read(tmp_path, *flags), option.field)
    by_input = getattr(read(tmp_path, **{f"INPUT_{name.upper()}": text}), option.field)
    configure(tmp_path, f"{name} = {toml}")
    by_file = getattr(read(tmp_path), option.field)
    assert by_flag == by_input == by_file == expected
    assert type(by_flag) is type(by_input) is type(by_file)


def test_sources_cover_the_table() -> None:
    """The table above leaves out only what is tested by itself."""
    inputs = {option.name for option in OPTIONS if option.in_action}
    assert inputs - {row[0] for row in SAME} == {"config", "working-directory", "rtol", "atol", "token"}


def test_precedence(tmp_path: Path) -> None:
    """The command line wins over the input, the input over the file, the file over the default."""
    configure(tmp_path, "jobs = 1")
    assert read(tmp_path).jobs == 1
    assert read(tmp_path, INPUT_JOBS="2").jobs == 2
    assert read(tmp_path, "--jobs", "3", INPUT_JOBS="2").jobs == 3
    assert read(tmp_path, INPUT_JOBS="").jobs == 1, "an empty input is one that was not given"
    assert read(tmp_path, INPUT_JOBS=" \n").jobs == 1


def test_empty_list_in_the_file_is_the_default(tmp_path: Path) -> None:
    """`steps = []` must not mean that no step runs."""
    configure(tmp_path, "steps = []")
    assert read(tmp_path).steps == STEPS


def test_paths_and_flags_alternate(tmp_path: Path) -> None:
    """Paths may stand before, between and after flags; behind `--` everything is a path."""
    found = read(tmp_path, "a", "--jobs", "2", "b", "--", "--jobs")
    assert found.paths == (tmp_path / "a", tmp_path / "b", tmp_path / "--jobs")


def test_relative_paths_start_where_they_are_written(tmp_path: Path) -> None:
    """Arguments start at the working directory, inputs at the workspace, keys at their file."""
    inner = tmp_path / "inner" / "deep"
    inner.mkdir(parents=True)
    configure(tmp_path / "inner", 'json-file = "a.json"')
    environ = {"GITHUB_WORKSPACE": str(tmp_path), "INPUT_JUNIT-FILE": "b.xml"}
    found = read(inner, "../c", **environ)
    assert found.json_file == tmp_path / "inner" / "a.json"
    assert found.junit_file == tmp_path / "b.xml"
    assert found.paths == (tmp_path / "inner" / "c",)


def test_nearest_file_with_the_table(tmp_path: Path) -> None:
    """A pyproject.toml without the table hides none above it, and none above the workspace is read."""
    workspace, inner = tmp_path / "w", tmp_path / "w" / "a"
    inner.mkdir(parents=True)
    configure(tmp_path, "jobs = 9")
    (inner / "pyproject.toml").write_text("[tool.other]\n", encoding="utf-8")
    assert read(inner, GITHUB_WORKSPACE=str(workspace)).config is None
    config = configure(workspace, "jobs = 2")
    found = read(inner, GITHUB_WORKSPACE=str(workspace))
    assert (found.jobs, found.config) == (2, config)


def test_config(tmp_path: Path) -> None:
    """A file that was asked for is read in place of the nearest."""
    configure(tmp_path, "jobs = 2")
    other = tmp_path / "other.toml"
    other.write_text("[tool.tf-equivalence]\njobs = 7\n", encoding="utf-8")
    assert read(tmp_path, "--config", "other.toml").jobs == 7
    assert read(tmp_path, INPUT_CONFIG="other.toml").jobs == 7


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "cannot read"),
        ("[tool.other]\n", "has no table [tool.tf-equivalence]"),
        ("[tool\n", "is not valid TOML"),
        ("tool = 3\n", "has no table"),
        ("[tool]\ntf-equivalence = 3\n", "must be a table"),
    ],
    ids=["missing", "no table", "not TOML", "tool is a number", "table is a number"],
)
def test_wrong_config(tmp_path: Path, text: str | None, expected: str) -> None:
    """A file that was asked for and cannot serve stops the run."""
    if text is not None:
        (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    message = refusal(tmp_path, "--config", "c.toml")
    assert expected in message
    assert message.startswith("--config on the command line: ")


def test_config_in_bytes(tmp_path: Path) -> None:
    """A file in another encoding is refused with its name."""
    (tmp_path / "pyproject.toml").write_bytes(b'[tool.tf-equivalence]\njunit-file = "\xff"\n')
    assert "pyproject.toml: " in refusal(tmp_path)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--jobs", "many"], "--jobs on the command line: must be a whole number of at least 0, got 'many'"),
        (["--jobs", "-1"], "must be a whole number of at least 0, got '-1'"),
        (["--jobs", "1.5"], "must be a whole number"),
        (["--timeout", "0"], "--timeout on the command line: must be a finite number above 0, got '0'"),
        (["--timeout", "nan"], "above 0, got 'nan'"),
        (["--timeout", "inf"], "above 0, got 'inf'"),
        (["--max-annotations", "0"], "of at least 1"),
        (["--reference", "tf1"], "must be one of graph, tf1.15, got 'tf1'"),
        (["--fail-on", "failure"], "must be one of failures, errors, never"),
        (["--annotations", "check"], "must be one of commands, checks, none"),
        (["--comment", "true"], "must be one of never, on-failure, always"),
        (["--step", "named-weihgts"], "unknown step 'named-weihgts'; did you mean 'named-weights'? (steps: variables"),
        (["--step", "zzz"], "unknown step 'zzz' (steps: variables-once, variable-inventory, named-weights)"),
        (["--step", ","], "--step on the command line: must not be empty"),
        (["--json-file", ""], "--json-file on the command line: must not be empty"),
        (["--config", ""], "--config on the command line: must not be empty"),
        (["a\0b"], "PATH on the command line: 'a\\x00b' contains a null character"),
        (["--job", "2"], "has no option '--job'; did you mean --jobs?"),
        (["--zzz=2"], "has no option '--zzz'; see tf-equivalence run --help"),
        (["--jobs"], "--jobs: expected one argument"),
        (["--rtol", "1e-3"], "--rtol on the command line: needs atol too"),
        (["--atol", "1e-3"], "--atol on the command line: needs rtol too"),
        (["--rtol", "-1", "--atol", "0"], "of at least 0, got '-1'"),
        (["--rtol", "1", "--atol", "0", "--tolerance", "guide"], "contradicts --rtol on the command line"),
        (["--junit-file", "a", "--json-file", "./a"], "json-file and junit-file both name"),
    ],
    ids=lambda value: " ".join(value).replace("\0", "null") if isinstance(value, list) else "",
)
def test_wrong_arguments(tmp_path: Path, argv: list[str], expected: str) -> None:
    """A wrong argument is named with the flag, the allowed values and the nearest right one."""
    assert expected in refusal(tmp_path, *argv)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"INPUT_JOBS": "x"}, "INPUT_JOBS: must be a whole number of at least 0, got 'x'"),
        ({"INPUT_FAIL-ON-EMPTY": "yes"}, "INPUT_FAIL-ON-EMPTY: must be true or false, got 'yes'"),
        ({"INPUT_STEPS": "named_weights"}, "INPUT_STEPS: unknown step 'named_weights'; did you mean 'named-weights'?"),
        ({"INPUT_RTOL": "0"}, "INPUT_RTOL: needs atol too"),
        ({"GITHUB_WORKSPACE": "/nowhere/at/all"}, "GITHUB_WORKSPACE: '/nowhere/at/all' is not a directory"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_inputs(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    """A wrong action input is named as the variable that it is."""
    assert expected in refusal(tmp_path, **environ)


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("job = 1", "pyproject.toml [tool.tf-equivalence]: unknown key 'job'; did you mean 'jobs'? (keys: paths,"),
        ("config = 'a'", "unknown key 'config'"),
        ("jobs = true", "pyproject.toml [tool.tf-equivalence] jobs: must be a whole number, got True"),
        ("jobs = '2'", "jobs: must be a whole number, got '2'"),
        ("jobs = [2]", "jobs: must be a whole number, got [2]"),
        ("timeout = 'x'", "timeout: must be a number, got 'x'"),
        ("timeout = nan", "timeout: must be a finite number above 0, got 'nan'"),
        ("exclude = [1]", "exclude: must be a string or an array of them, got 1"),
        ("exclude = ['']", "exclude: must not be empty"),
        ("fail-on-empty = 1", "fail-on-empty: must be true or false, got 1"),
        ("fail-on = 'x'", "fail-on: must be one of failures, errors, never, got 'x'"),
        ("steps = 'x'", "[tool.tf-equivalence] steps: unknown step 'x'"),
    ],
    ids=lambda value: value if " = " in value else "",
)
def test_wrong_keys(tmp_path: Path, toml: str, expected: str) -> None:
    """A wrong key or value in pyproject.toml is named with its table."""
    configure(tmp_path, toml)
    assert expected in refusal(tmp_path)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        ([], "no command; write tf-equivalence run"),
        (["rn"], f"unknown command 'rn'; did you mean 'run'? (commands: {', '.join(COMMANDS)})"),
        (["nets"], "to check it, write tf-equivalence run 'nets'"),
        (["--jobs", "2"], "options come after the command"),
        (["list", "--jobs", "2"], "tf-equivalence list has no option '--jobs'"),
    ],
    ids=["nothing", "misspelt", "a path", "a flag", "another command's flag"],
)
def test_wrong_commands(tmp_path: Path, argv: list[str], expected: str) -> None:
    """A missing or unknown command is answered with what to write."""
    with pytest.raises(UsageError) as caught:
        read_settings(argv, {}, tmp_path, STEPS)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("file", "environ", "argv", "expected"),
    [
        ("", {}, ["--rtol", "1e-3", "--atol", "0"], ("measured", 1e-3, 0.0)),
        ("tolerance = 'guide'", {}, ["--rtol", "1", "--atol", "2"], ("guide", 1.0, 2.0)),
        ("rtol = 1\natol = 2", {}, ["--tolerance", "measured"], ("measured", None, None)),
        ("rtol = 1\natol = 2", {"INPUT_ATOL": "3"}, [], ("measured", 1.0, 3.0)),
    ],
    ids=["pair", "pair over preset", "preset over pair", "pair from two sources"],
)
def test_tolerance(tmp_path: Path, file: str, environ: dict[str, str], argv: list[str], expected: object) -> None:
    """A preset and a pair of numbers override each other like any two values."""
    configure(tmp_path, file)
    found = read(tmp_path, *argv, **environ)
    assert (found.tolerance, found.rtol, found.atol) == expected


@pytest.mark.parametrize(
    ("environ", "argv", "annotations", "summary"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "/s.md"}, [], "commands", "/s.md"),
        ({"GITHUB_ACTIONS": "true"}, ["--annotations", "none"], "none", None),
        ({"GITHUB_ACTIONS": "false", "GITHUB_STEP_SUMMARY": ""}, [], "none", None),
        ({"GITHUB_STEP_SUMMARY": "/s.md"}, ["--job-summary", "false"], "none", None),
        ({"GITHUB_STEP_SUMMARY": "/s.md"}, ["--job-summary", "/t.md"], "none", "/t.md"),
    ],
    ids=["workflow", "annotations off", "not a workflow", "summary off", "summary elsewhere"],
)
def test_github(
    tmp_path: Path, environ: dict[str, str], argv: list[str], annotations: str, summary: str | None
) -> None:
    """In a workflow, annotations and the summary go where GitHub reads them."""
    found = read(tmp_path, *argv, **environ)
    assert found.annotations == annotations
    assert found.job_summary == (Path(summary) if summary else None)
    assert found.github is (environ.get("GITHUB_ACTIONS") == "true")


@pytest.mark.parametrize("argv", [["--help"], ["-h"], ["run", "--help"], ["list", "-h"]], ids=" ".join)
def test_help(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, argv: list[str]
) -> None:
    """Help ends with code 0 and names every option that the command takes, in lines that fit."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as caught:
        read_settings(argv, {}, tmp_path, STEPS)
    text = capsys.readouterr().out
    assert caught.value.code == 0
    assert max(map(len, text.splitlines())) <= 80
    assert argv[0] not in COMMANDS or all(
        (option.flags or (option.metavar,))[0] in text
        for option in OPTIONS
        if argv[0] in option.commands and not option.secret
    )
    assert argv[0] in COMMANDS or all(command in text for command in COMMANDS)
    assert not any(option.help.split(":")[0] in text for option in OPTIONS if option.secret)


TOKEN = "ghs_0123456789abcdef"


def test_token(tmp_path: Path) -> None:
    """It comes from the environment alone, the input before the variable of other tools, and only where needed."""
    wanted = ("--annotations", "checks")
    assert read(tmp_path, *wanted, INPUT_TOKEN=f" {TOKEN}\n", GITHUB_TOKEN="other").token == TOKEN
    assert read(tmp_path, "--comment", "always", GITHUB_TOKEN=TOKEN).token == TOKEN
    assert read(tmp_path, *wanted).token == ""
    assert read(tmp_path, INPUT_TOKEN=TOKEN).token == ""
    assert TOKEN not in repr(read(tmp_path, *wanted, INPUT_TOKEN=TOKEN))


def test_a_token_is_not_taken_where_others_can_read_it(tmp_path: Path) -> None:
    """The process list shows command lines, and a file is committed; the refusal does not repeat the token."""
    for argv in (["--token", TOKEN], [f"--token={TOKEN}"]):
        text = refusal(tmp_path, *argv)
        assert "set the variable INPUT_TOKEN instead" in text
        assert TOKEN not in text
    configure(tmp_path, f'token = "{TOKEN}"')
    text = refusal(tmp_path)
    assert "unknown key 'token'" in text
    assert TOKEN not in text


@pytest.mark.parametrize("name", ["INPUT_TOKEN", "GITHUB_TOKEN"])
@pytest.mark.parametrize("text", ["two words", "line\nbreak", "sécret"])
def test_wrong_token(tmp_path: Path, name: str, text: str) -> None:
    """What cannot be a token is refused before anything runs, without being shown."""
    found = refusal(tmp_path, "--comment", "always", **{name: text})
    assert found.startswith(f"{name}: is no token")
    assert text not in found
    assert read(tmp_path, **{name: text}).token == ""


def test_how_many_annotations(tmp_path: Path) -> None:
    """A check run takes more of them than a workflow's step."""
    assert read(tmp_path, "--annotations", "checks").max_annotations == 1000
    assert read(tmp_path, "--annotations", "checks", "--max-annotations", "7").max_annotations == 7
    assert read(tmp_path, "--annotations", "commands").max_annotations == 10


def test_help_names_the_steps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The ids that --step takes stand in the help of `run`."""
    with pytest.raises(SystemExit):
        read_settings(["run", "--help"], {}, tmp_path, STEPS)
    assert "  named-weights\n" in capsys.readouterr().out


def test_version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The version is the package's."""
    with pytest.raises(SystemExit) as caught:
        read_settings(["--version"], {}, tmp_path, STEPS)
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"tf-equivalence {__version__}\n"


def test_imports_stay_cheap() -> None:
    """Neither settings nor discovery loads NumPy or TensorFlow, whatever the package itself loads."""
    program = (
        "import sys, types\n"
        "package = types.ModuleType('tf_equivalence')\n"
        f"package.__path__, package.__version__ = [{str(RUNNER / 'tf_equivalence')!r}], '0'\n"
        "sys.modules['tf_equivalence'] = package\n"
        "import tf_equivalence.settings, tf_equivalence.discover\n"
        "print([name for name in ('numpy', 'tensorflow', 'rich') if name in sys.modules])\n"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_help_is_fast(tmp_path: Path) -> None:
    """Help answers in less than 0.3 seconds of processor time, in the best of three runs."""
    program = (
        "import pathlib; from tf_equivalence.settings import read_settings\n"
        "read_settings(['run', '-h'], {}, pathlib.Path.cwd(), ())\n"
    )
    environ = {**os.environ, "PYTHONPATH": str(RUNNER), "OPENBLAS_NUM_THREADS": "1"}
    taken = []
    for _ in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environ, stdout=subprocess.DEVNULL, check=True
        )
        after = os.times()
        taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(taken) < 0.3, f"{taken} seconds, measured at {time.asctime()}"


def test_working_directory(tmp_path: Path) -> None:
    """It is where paths start that are written beside it, where the table is looked for, and what is searched."""
    models = tmp_path / "models"
    (models / "nets").mkdir(parents=True)
    configure(models, "jobs = 2")
    by_flag = read(tmp_path, "nets", "--working-directory", "models", "--json-file", "r.json")
    assert (by_flag.working_directory, by_flag.paths) == (models, (models / "nets",))
    assert (by_flag.json_file, by_flag.jobs, by_flag.workspace) == (models / "r.json", 2, tmp_path)
    by_input = read(tmp_path, **{"INPUT_WORKING-DIRECTORY": "models", "INPUT_JUNIT-FILE": "r.xml"})
    assert (by_input.working_directory, by_input.paths) == (models, (models,))
    assert by_input.junit_file == models / "r.xml"


def test_working_directory_in_the_file(tmp_path: Path) -> None:
    """There it says where code runs; what is typed at a prompt still starts at the prompt's directory."""
    (tmp_path / "models").mkdir()
    configure(tmp_path, 'working-directory = "models"')
    assert read(tmp_path).paths == (tmp_path / "models",)
    found = read(tmp_path, "nets")
    assert (found.working_directory, found.paths) == (tmp_path / "models", (tmp_path / "nets",))


@pytest.mark.parametrize("text", ["missing", "file"])
def test_wrong_working_directory(tmp_path: Path, text: str) -> None:
    """What is no directory is refused where it was written."""
    (tmp_path / "file").touch()
    assert f"--working-directory on the command line: '{text}' is not a directory" in refusal(
        tmp_path, "--working-directory", text
    )
    assert "INPUT_WORKING-DIRECTORY" in refusal(tmp_path, **{"INPUT_WORKING-DIRECTORY": text})


def test_root_is_the_repository_below_the_workspace(tmp_path: Path) -> None:
    """A checkout into a folder of the workspace has its paths in the diff without that folder."""
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    repository = workspace / "checkout"
    for directory in (repository / ".git", repository / "nets", workspace / "plain", outside / ".git"):
        directory.mkdir(parents=True)
    environ = {"GITHUB_WORKSPACE": str(workspace)}
    assert read(repository / "nets", **environ).root == repository
    assert read(workspace, "--working-directory", "checkout", **environ).root == repository
    assert read(workspace / "plain", **environ).root == workspace
    assert read(outside, **environ).root == workspace


@pytest.mark.parametrize("prefix", ["/abs", "../up", "a/../b"])
def test_wrong_prefix(tmp_path: Path, prefix: str) -> None:
    """A prefix that leads out of the repository would link to nothing."""
    assert "relative to its root" in refusal(tmp_path, "--path-prefix", prefix)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("/home/runner/work/repo/repo/nets", "nets"),
        ("/home/runner/work/repo/repo", "."),
        ("nets", "nets"),
        ("/home/runner/work/repo/other", "/home/runner/work/repo/other"),
    ],
    ids=["below", "itself", "relative", "elsewhere"],
)
def test_paths_of_the_runner_are_mapped(tmp_path: Path, given: str, expected: str) -> None:
    """`${{ github.workspace }}` is a path of the runner's, which a container sees under another name."""
    environ = {
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_REPOSITORY": "owner/repo",
        "RUNNER_WORKSPACE": "/home/runner/work/repo",
        "INPUT_PATHS": given,
        "INPUT_JSON-FILE": f"{given}/r.json",
    }
    found = read(tmp_path, **environ)
    assert (found.paths, found.json_file) == ((tmp_path / expected,), tmp_path / expected / "r.json")


def test_paths_of_the_runner_stay_outside_of_a_container(tmp_path: Path) -> None:
    """Where the workspace is the runner's own, there is nothing to map."""
    workspace = tmp_path / "repo" / "repo"
    workspace.mkdir(parents=True)
    environ = {
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_REPOSITORY": "owner/repo",
        "RUNNER_WORKSPACE": str(tmp_path / "repo"),
    }
    assert read(workspace, INPUT_PATHS=str(workspace / "a"), **environ).paths == (workspace / "a",)


def read_docker(cwd: Path, *argv: str, **environ: str) -> Settings:
    """Read `docker` with these arguments."""
    return read_settings(("docker", *argv), environ, cwd, STEPS)


CONTAINER = [
    ("image", ["--image", "mine:1"], '"mine:1"', "mine:1"),
    ("pull", ["--pull", "never"], '"never"', "never"),
    ("network", ["--network", "bridge"], '"bridge"', "bridge"),
    ("memory", ["--memory", "8G"], '"8g"', 8 * 2**30),
    ("memory", ["--memory", "512m"], '"512m"', 512 * 2**20),
    ("cpus", ["--cpus", "1.5"], "1.5", 1.5),
]


@pytest.mark.parametrize(("name", "flags", "toml", "expected"), CONTAINER, ids=lambda value: str(value)[:24])
def test_container_options(tmp_path: Path, name: str, flags: list[str], toml: str, expected: object) -> None:
    """They may be written as flags of `docker` and in the file, and are no inputs of the action."""
    assert getattr(read_docker(tmp_path, *flags), name) == expected
    default = getattr(read_docker(tmp_path), name)
    assert getattr(read_docker(tmp_path, **{f"INPUT_{name.upper()}": flags[1]}), name) == default
    configure(tmp_path, f"{name} = {toml}")
    assert getattr(read_docker(tmp_path), name) == expected
    assert "has no option" in refusal(tmp_path, *flags)


def test_container_options_are_complete() -> None:
    """The table above has every option of `docker` that is no input."""
    assert {row[0] for row in CONTAINER} == {option.name for option in OPTIONS if option.commands == ("docker",)}


@pytest.mark.parametrize("text", ["8gb", "0g", "1.5g", "five", "1m", "-1g"])
def test_wrong_memory(tmp_path: Path, text: str) -> None:
    """A size that an engine would refuse is refused before."""
    with pytest.raises(UsageError, match="--memory on the command line: must be"):
        read_docker(tmp_path, f"--memory={text}")
