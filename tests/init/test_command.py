"""`init` in whole repositories: what it writes is found and runs, and what it cannot know fails loudly."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tf_equivalence.errors import UsageError

from .commands import ROOT, command, listed, run_init
from .repositories import CIFARNET, LENET, REPOSITORIES, UNANSWERED, make_repository, slim_nets

# The id of the case that is written for each repository.
CASES = {
    "lenet": "equivalence_lenet.py::Lenet",
    "cifarnet": "equivalence_cifarnet.py::Cifarnet",
    "mobilenet_v1": "nets/equivalence_mobilenet_v1.py::MobilenetV1",
    "relative imports": "equivalence_regression.py::Regression",
    "estimator": "equivalence_cnn.py::Cnn",
    "class": "equivalence_small_net.py::SmallNet",
    "src layout": "src/equivalence_lenet.py::Lenet",
    "namespace": "equivalence_lenet.py::Lenet",
    "unreadable": "equivalence_lenet.py::Lenet",
    "text": "equivalence_classifier.py::Classifier",
    "bare": "equivalence_perceptron.py::Perceptron",
}
# Steps that tell whether both sides were called as they are meant to be; the others cost time and tell no more.
STEPS = "variable-inventory,named-weights,random-training"
SLIM = {
    "resnet_v1_50": ("resnet_v1", "passed"),
    "resnet_v2_50": ("resnet_v2", "passed"),
    # The arg scopes of the Inception nets, and the end points of VGG, live in graph collections.
    "inception_v1": ("inception_v1", "variables_collections"),
    "inception_v3": ("inception_v3", "variables_collections"),
    "vgg_16": ("vgg", "outputs_collections"),
}


def files_of(root: Path) -> dict[str, str]:
    """Return the text of each file of a repository."""
    paths = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in paths}


def outcomes(root: Path, *arguments: str) -> tuple[dict[str, str], str]:
    """Run the cases and return the outcome of each step, and all that was printed."""
    done = command(root, "run", "--step", STEPS, "--probes", "0", "--json-file", "report.json", *arguments)
    report = json.loads((root / "report.json").read_text("utf-8"))
    return {step["id"]: step["outcome"] for case in report["cases"] for step in case["steps"]}, done.stdout


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_is_found(tmp_path: Path, name: str) -> None:
    """The case is listed under its name, in code that reads well and names the next command."""
    files = {**REPOSITORIES, **UNANSWERED}[name]
    root = make_repository(tmp_path / "repository", files)
    code, said = run_init(root)
    assert code == 0
    assert listed(root) == [CASES[name]]
    assert said.rstrip().endswith(f"run {CASES[name].split('::')[0]}")
    written = {path: text for path, text in files_of(root).items() if path not in files}
    assert ".github/workflows/equivalence.yml" in written
    for path, text in written.items():
        if path.endswith(".py"):
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 110


def test_a_model_function_is_taken_as_it_is(tmp_path: Path) -> None:
    """A function with the modes of an Estimator becomes an `EstimatorCase`, one with other modes does not."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["estimator"])
    run_init(root)
    text = (root / "equivalence_cnn.py").read_text("utf-8")
    assert "class Cnn(EstimatorCase):" in text
    assert 'labels = ArraySpec((2,), "int32")' in text
    assert "    def model_fn(self, features, labels, mode):\n" in text
    other = REPOSITORIES["estimator"]["cnn.py"].replace("tf.estimator.ModeKeys.PREDICT", '"predict"')
    root = make_repository(tmp_path / "other", {"cnn.py": other})
    run_init(root)
    assert "class Cnn(EquivalenceCase):" in (root / "equivalence_cnn.py").read_text("utf-8")


@pytest.mark.parametrize("name", ["lenet", "relative imports", "estimator", "class", "src layout", "namespace"])
def test_what_is_written_runs(tmp_path: Path, name: str) -> None:
    """The case runs as it is: the TF1 code and its first layer, or its migration, are equivalent."""
    root = make_repository(tmp_path / "repository", REPOSITORIES[name])
    run_init(root)
    found, printed = outcomes(root)
    assert found == dict.fromkeys(STEPS.split(","), "passed"), printed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cifarnet", "mobilenet_v1", "unreadable"])
def test_what_is_written_runs_in_further_repositories(tmp_path: Path, name: str) -> None:
    """The same for nets that differ in what they take."""
    root = make_repository(tmp_path / "repository", REPOSITORIES[name])
    run_init(root)
    found, printed = outcomes(root)
    assert found == dict.fromkeys(STEPS.split(","), "passed"), printed


@pytest.mark.slow
@pytest.mark.parametrize("function", SLIM)
def test_nets_of_slim(tmp_path: Path, function: str) -> None:
    """Nets as they are published run, or end in an error that names the line and what to write."""
    module, expected = SLIM[function]
    extra = ["resnet_utils"] if module.startswith("resnet") else []
    root = make_repository(tmp_path / "repository", slim_nets(module, *extra))
    run_init(root, "--tf1", f"nets.{module}:{function}")
    assert len(listed(root)) == 1
    found, printed = outcomes(root)
    if expected == "passed":
        assert set(found.values()) == {"passed"}, printed
    else:
        assert set(found.values()) == {"error"}
        assert expected in printed
        assert f"nets/{module}.py:" in printed


def test_an_installed_net_can_be_named(tmp_path: Path) -> None:
    """A function of an installed package is found without importing it; the files stand in the working directory."""
    root = make_repository(tmp_path / "repository", {})
    run_init(root, "--tf1", "tf_slim.nets.resnet_v1:resnet_v1_50", "--input", "2,64,64,3", "--no-workflow")
    assert set(files_of(root)) == {"equivalence_resnet_v1_50.py", "resnet_v1_50_layer.py"}
    assert (
        "from tf_slim.nets.resnet_v1 import resnet_arg_scope, resnet_v1_50" in files_of(root)["resnet_v1_50_layer.py"]
    )
    found, printed = outcomes(root)
    assert set(found.values()) == {"passed"}, printed


@pytest.mark.parametrize(
    ("example", "name", "tf1", "tf2", "arguments"),
    [
        ("estimator", "recommender", "model_fn", "Recommender", []),
        ("layers", "digits_cnn", "digits_cnn", "Digits", []),
        ("scaling", "scaling", "scaling", "FixedScalingLayer", ["--input", "4,8"]),
        ("inception_resnet_v2", "inception_resnet_v2", "inception_resnet_v2", "InceptionResnetV2", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_examples(tmp_path: Path, example: str, name: str, tf1: str, tf2: str, arguments: list[str]) -> None:
    """The two sides of each example are found and paired, and no question is left."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / example, root, ignore=shutil.ignore_patterns("equivalence_*", "__pycache__"))
    _, said = run_init(root, *arguments)
    assert said.startswith(f"TF1  {tf1}, ")
    assert f"TF2  {tf2}, " in said
    text = (root / f"equivalence_{name}.py").read_text("utf-8")
    assert "TODO" not in text
    assert f"{tf2}(" in text


@pytest.mark.parametrize("example", ["estimator", "layers", "scaling"])
def test_examples_run(tmp_path: Path, example: str) -> None:
    """The case that is written for a right migration passes."""
    root = tmp_path / "repository"
    shutil.copytree(ROOT / "examples" / example, root, ignore=shutil.ignore_patterns("equivalence_*", "__pycache__"))
    run_init(root, *(["--input", "4,8"] if example == "scaling" else []))
    found, printed = outcomes(root)
    assert set(found.values()) == {"passed"}, printed


def test_a_gap_fails_loudly(tmp_path: Path) -> None:
    """What nothing in the repository tells ends the run with one sentence on the line where it is to be given."""
    root = make_repository(tmp_path / "repository", UNANSWERED["text"])
    run_init(root)
    found, printed = outcomes(root)
    assert found == {"load": "error"}
    assert "VOCABULARY still has to be given: what classifier (text.py:4) gets as `vocabulary`" in " ".join(
        printed.split()
    )


def test_lines_that_cannot_run_are_told(tmp_path: Path) -> None:
    """What left TensorFlow, and what is not installed, is told with its line and a remedy."""
    root = make_repository(tmp_path / "repository", {**UNANSWERED["bare"], "requirements.txt": "somecompanylib\n"})
    _, said = run_init(root)
    assert "perceptron.py:2: tensorflow.contrib is in no TensorFlow since 1.15: write `import tf_slim as slim`" in said
    assert "perceptron.py:7: TF1 names are not in `import tensorflow` any more: tf.variable_scope needs" in said
    assert "perceptron.py:3: somecompanylib is not installed" in said
    assert said.rstrip().endswith("run equivalence_perceptron.py --requirements requirements.txt")
    assert "requirements: requirements.txt\n" in (root / ".github/workflows/equivalence.yml").read_text("utf-8")


def test_a_name_that_python_takes_first_is_told(tmp_path: Path) -> None:
    """A file named as a module of Python is never imported, for the users' folders come last."""
    root = make_repository(tmp_path / "repository", {"code.py": LENET})
    _, said = run_init(root)
    assert "code.py:1: `import code` finds Python's own first: rename yours" in said


def test_a_file_that_cannot_be_imported_is_refused(tmp_path: Path) -> None:
    """A dash is no part of a module's name."""
    root = make_repository(tmp_path / "repository", {"le-net.py": LENET})
    with pytest.raises(UsageError, match=r"le-net.py: 'le-net' is no name that Python can import; rename"):
        run_init(root)
    assert set(files_of(root)) == {"le-net.py"}


def test_unreadable_files_are_told(tmp_path: Path) -> None:
    """A file of Python 2 is named, and the others are read."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["unreadable"])
    _, said = run_init(root)
    assert "old.py:2: syntax error" in said


def test_nothing_found(tmp_path: Path) -> None:
    """Without TF1 code nothing is written, the exit code says so, and so does a sentence."""
    root = make_repository(tmp_path / "repository", {"tool.py": "def add(a, b):\n    return a + b\n"})
    done = command(root, "init")
    assert done.returncode == 5
    assert "Found no function that builds a TF1 graph in 1 Python file." in done.stdout
    assert "init --tf1 package.module:function" in done.stdout
    assert set(files_of(root)) == {"tool.py"}


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A second time changes nothing without --force, not even the file that is new."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["lenet"])
    run_init(root)
    (root / "equivalence_lenet.py").write_text("mine\n")
    (root / "nets/lenet_layer.py").unlink()
    before = files_of(root)
    with pytest.raises(UsageError, match=r"equivalence_lenet.py is there already; write --force"):
        run_init(root)
    assert files_of(root) == before
    run_init(root, "--force")
    assert "class Lenet(" in (root / "equivalence_lenet.py").read_text("utf-8")


def test_the_workflow_is_left_alone(tmp_path: Path) -> None:
    """A workflow that is there stays; asking for one then needs --force, and one can do without."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["lenet"])
    run_init(root, "--no-workflow")
    assert not (root / ".github").exists()
    (root / ".github/workflows").mkdir(parents=True)
    (root / ".github/workflows/equivalence.yml").write_text("mine\n")
    run_init(root, "--force")
    assert (root / ".github/workflows/equivalence.yml").read_text() == "mine\n"
    with pytest.raises(UsageError, match=r"equivalence.yml is there already"):
        run_init(root, "--workflow", "--output", "equivalence_other.py")


def test_output_elsewhere(tmp_path: Path) -> None:
    """A case in another folder imports what it needs all the same, and its name is checked."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["src layout"])
    with pytest.raises(UsageError, match=r"--output: the name must be equivalence_\*.py"):
        run_init(root, "--output", "checks/lenet.py")
    run_init(root, "--output", "checks/migration/equivalence_lenet.py")
    text = (root / "checks/migration/equivalence_lenet.py").read_text("utf-8")
    assert 'sys.path.append(str(Path(__file__).resolve().parents[2] / "src"))' in text
    found, printed = outcomes(root)
    assert set(found.values()) == {"passed"}, printed


def test_without_a_layer(tmp_path: Path) -> None:
    """Where no layer is wanted and none is there, the case says where it belongs."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["lenet"])
    run_init(root, "--no-layer", "--no-workflow")
    text = (root / "equivalence_lenet.py").read_text("utf-8")
    assert "return the migrated lenet here: a layer, a model or a module of TF2" in text
    assert not (root / "nets/lenet_layer.py").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tf1", "lenet"], "--tf1: must be package.module:name, such as nets.lenet:lenet, got 'lenet'"),
        (["--tf1", "nets.lenett:lenet"], "there is no module 'nets.lenett' in the repository, nor one installed; did "),
        (["--tf1", "nets.lenet:lnet"], "defines no function 'lnet'; did you mean 'lenet'?"),
        (["--tf2", "nets.lenet:Lenet"], "defines no class 'Lenet'; did you mean 'lenet'?"),
        (["--input", "2,28,28,1", "--input", "3,28,28,1"], "--input: two without a name are given twice"),
        (["--input", "two"], "--input: must be SHAPE, SHAPE:DTYPE or NAME=SHAPE:DTYPE"),
        (["--input", "2,3:float31"], "has no known dtype; did you mean 'float32'?"),
        (["missing"], "path 'missing' does not exist"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_options(tmp_path: Path, arguments: list[str], message: str) -> None:
    """What cannot be is refused in one line, before anything is written."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["lenet"])
    with pytest.raises(UsageError) as caught:
        run_init(root, *arguments)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(files_of(root)) == set(REPOSITORIES["lenet"])


def test_others_are_named(tmp_path: Path) -> None:
    """With several models, the likeliest is taken and the others are told with their commands; parts are not."""
    files = {"nets/__init__.py": "", "nets/lenet.py": LENET, "nets/cifarnet.py": CIFARNET}
    root = make_repository(tmp_path / "repository", files)
    _, said = run_init(root)
    assert said.startswith("TF1  lenet, ")
    assert "init --tf1 nets.cifarnet:cifarnet\n" in said
    assert "init --tf1 nets.lenet" not in said
    assert "arg_scope\n" not in said


def test_hostile_names_are_harmless(tmp_path: Path) -> None:
    """A file name can neither colour the terminal nor break out of a comment."""
    name = "nets\n::error::x\x1b[31m'; import os #.py"
    caller = 'import tensorflow\nfrom net import regression\nregression("x", 7)\ndef broken(:\n'
    root = make_repository(tmp_path / "repository", {name: caller, f"{name}x.py": caller[:-14], "net.py": NET})
    _, said = run_init(root)
    assert "\x1b" not in said
    assert not [line for line in said.splitlines() if line.startswith("::")]
    text = (root / "equivalence_regression.py").read_text("utf-8")
    assert "UNITS = 7" in text
    assert not any(isinstance(node, ast.Import) for node in ast.parse(text).body)


def test_hundreds_of_files_are_quick(tmp_path: Path) -> None:
    """Four hundred files take seconds, most of them read and parsed."""
    files = {f"package{i // 20}/module{i}.py": f"import tensorflow as tf\n\n\n{BODY}" for i in range(400)}
    root = make_repository(tmp_path / "repository", {**files, "nets/lenet.py": LENET})
    before = time.process_time()
    _, said = run_init(root)
    assert said.startswith("TF1  lenet, ")
    assert time.process_time() - before < 20


NET = """\
import tensorflow.compat.v1 as tf


def regression(inputs, units):
    with tf.variable_scope("net"):
        return tf.layers.dense(inputs, units, name="dense")
"""
BODY = "\n\n".join(
    f"def helper_{i}(a, b=({i}, 2)):\n    c = [a + b[0], tf.add(a, b[1])]\n    return c" for i in range(40)
)


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """The command answers without TensorFlow."""
    root = make_repository(tmp_path / "repository", REPOSITORIES["lenet"])
    text = (
        "import sys; from tf_equivalence.cli import main; code = main(['init', '--yes']);"
        "print(sorted({'tensorflow', 'tf_slim', 'tf_keras'} & set(sys.modules))); sys.exit(code)"
    )
    environ = {"PYTHONPATH": str(ROOT / "runner"), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", text], cwd=root, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
