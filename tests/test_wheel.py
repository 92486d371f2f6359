"""What is installed: the wheel holds the packages with their data, and no benchmarks."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HELD = [
    "pipeline/cli/__init__.py", "pipeline/py.typed", "pipeline/tokens/estimate.txt",
    "api/app.py", "api/page/index.html", "eval/cli.py", "eval/report.html", "eval/tasks.toml",
    "eval/data/sample.jsonl",
]  # fmt: skip


def test_the_wheel_holds_all_but_the_benchmarks(tmp_path):
    pytest.importorskip("hatchling", reason="the extra [dev] is not installed")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert set(HELD) <= set(names)
    assert not [name for name in names if name.startswith(("eval/bench", "tests"))]
