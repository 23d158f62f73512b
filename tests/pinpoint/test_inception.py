"""One epsilon of one of Inception-ResNet-v2's 244 convolutions is found, and annotated on its own line."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NET = ROOT / "examples" / "inception_resnet_v2"
WRONG = """    if kind == "Conv2d" and layer.scope == "Conv2d_0b_1x7" and "block17_10/" in tf.get_variable_scope().name:
        return slim.conv2d(net, layer.filters, kernel, normalizer_params={"scale": True, "epsilon": 1e-5}, **where)
"""


@pytest.mark.slow
def test_one_epsilon_in_the_middle(tmp_path: Path) -> None:
    """The finding is at the line that states the epsilon, names the attribute with both values, and explains all."""
    for source in NET.glob("*.py"):
        shutil.copy(source, tmp_path)
    net = (tmp_path / "inception_resnet_v2.py").read_text("utf-8")
    place = net.index('    if kind == "Conv2d":\n')
    migrated = net[:place] + WRONG + net[place:]
    (tmp_path / "migrated.py").write_text(migrated, encoding="utf-8")
    layer = tmp_path / "inception_resnet_v2_layer.py"
    layer.write_text(
        layer.read_text("utf-8").replace("from inception_resnet_v2 import", "from migrated import"), "utf-8"
    )
    report = tmp_path / "report.json"
    command = [
        sys.executable,
        "-P",
        "-m",
        "tf_equivalence",
        "run",
        ".",
        "--case",
        "*RandomInput",
        "--step",
        "named-weights",
    ]
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "runner")}
    subprocess.run([*command, "--json-file", str(report)], cwd=tmp_path, env=environ, capture_output=True, check=False)
    (step,) = json.loads(report.read_text("utf-8"))["cases"][0]["steps"]
    assert step["outcome"] == "diverged"
    culprit = 1 + next(at for at, line in enumerate(migrated.splitlines()) if "1e-5" in line)
    assert step["location"] == {"path": "migrated.py", "line": culprit}
    causes = [finding for finding in step["findings"] if not finding["follows"]]
    assert len(causes) == 1
    assert "epsilon is 0.001 in TF1, 1e-05 in TF2" in causes[0]["message"]
    assert "block17_10/Branch_1/Conv2d_0b_1x7" in causes[0]["name"]
    assert step["pinpointed"]["duration_s"] < 3 * step["pinpointed"]["first_run_s"]
