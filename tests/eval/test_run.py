"""Runs: recorded, killed, and gone on with (`eval.progress` shows them)."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eval import records
from eval.bench.simulation import SIMULATOR, simulated
from eval.run import variants
from pipeline.settings import load_settings

needs_simulation = pytest.mark.skipif(
    not SIMULATOR.exists(), reason="no simulated server beside the project"
)


def test_a_run_is_a_record(folder):
    run = records.read(folder / "lead")
    assert run.missing == 0
    assert run.manifest["comparable"] is False  # limited
    assert [len(output.summary.split()) for output in run.outputs] == [120, 120]
    assert {"versions", "commit", "platform", "begun", "seeds"} <= run.manifest.keys()


def test_a_grid_is_every_combination():
    grid = {"chunk_tokens": ["300", "600"], "words": ["50", "90"]}
    found = variants(["py-llama", "lead"], grid, load_settings)
    assert [variant.name for variant in found] == [
        "py-llama,chunk_tokens=300,words=50",
        "py-llama,chunk_tokens=300,words=90",
        "py-llama,chunk_tokens=600,words=50",
        "py-llama,chunk_tokens=600,words=90",
        "lead",
    ]
    assert found[3].settings.words == 90


@needs_simulation
@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
def test_a_killed_run_goes_on_and_does_nothing_twice(tmp_path):
    out = tmp_path / "run"
    flags = ["--limit", "3", "-m", "ollama:sim", "--context", "1024", "-o", str(out)]
    line = [sys.executable, "-m", "pipeline", "eval", "run", "sample", *flags]
    with simulated(slots=2, speed=40, model_ctx=2048) as server:
        environment = {
            **os.environ,
            "OLLAMA_HOST": server.url,
            "PY_LLAMA_STORE": str(tmp_path / "calls.sqlite3"),
        }
        with subprocess.Popen(line, env=environment) as first:
            deadline = time.monotonic() + 60
            while not (out / "outputs.jsonl").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.3)
            first.send_signal(signal.SIGKILL)
        done = len(records.read(out).outputs)
        subprocess.run(line, env=environment, check=True)
        calls = [row for row in server.requests() if row["num_predict"] > 1]
    run = records.read(out)
    assert 1 <= done <= 3
    assert [output.id for output in run.outputs] == list(run.manifest["items"])
    planned = sum(output.calls["map"] + output.calls["merge"] for output in run.outputs)
    retried = sum(output.calls["retry"] for output in run.outputs)
    finished = [row for row in calls if row["status"] == 200]
    assert planned <= len(finished) <= planned + retried + 4  # those in flight at the kill


@pytest.mark.parametrize("system", ["py-llama"])
def test_a_real_model_is_run(system, real_ollama, tmp_path):
    out = tmp_path / "run"
    flags = ["--ids", "prompt-corner", "-m", "ollama:tinyllama:random", "--words", "20"]
    environment = {**os.environ, "PY_LLAMA_STORE": str(tmp_path / "calls.sqlite3")}
    environment |= {"OLLAMA_HOST": real_ollama, "PY_LLAMA_MERGE": "abstractive"}
    line = [sys.executable, "-m", "pipeline", "eval", "run", "sample", "-s", system, *flags]
    subprocess.run([*line, "-o", str(out)], env=environment, check=True)
    run = records.read(out)
    assert run.manifest["quantization"]
    assert run.manifest["system"]["digest"]
    (output,) = run.outputs
    asked = output.calls["map"] + output.calls["merge"]  # noise is of no use, and is stood in for
    assert output.read["verified"] + output.read["stand_ins"] == asked > 0
    assert Path(out / "manifest.json").exists()
