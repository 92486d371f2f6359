"""Killed at any moment, the same command goes on; two at once share what they finish."""

import json
import os
import random
import subprocess
import sys
import time

import pytest
from sample_texts import counted_prose

from eval.bench.simulation import SIMULATOR, simulated

pytest.importorskip("aiohttp", reason="the simulated server needs aiohttp")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL"),
    pytest.mark.skipif(not SIMULATOR.exists(), reason="no simulated server beside the project"),
]

SLOTS = 4


class Command:
    """`py-llama summarize --json` on one text, with a cache of its own."""

    def __init__(self, url, folder, text, *flags):
        (folder / "text.txt").write_text(text)
        self._folder = folder
        self._flags = flags
        self._environment = {
            **os.environ,
            "OLLAMA_HOST": url,
            "PY_LLAMA_STORE": str(folder / "calls.sqlite3"),
            "PY_LLAMA_CONCURRENCY": str(SLOTS),
        }

    def start(self):
        command = [sys.executable, "-m", "pipeline", "summarize", "--json", "--model=ollama:sim"]
        return subprocess.Popen(
            [*command, *self._flags, str(self._folder / "text.txt")],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def finish(self):
        return result_of(self.start())


def result_of(process):
    out, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors.decode()
    return json.loads(out)


def answered(simulation):
    """Calls that the server finished, besides the one that confirms a vocabulary."""
    return [row for row in simulation.requests() if row["status"] == 200 and row["num_predict"] > 1]


@pytest.mark.parametrize(
    ("words", "runs", "speed"),
    [(10_000, 1, 15), pytest.param(100_000, 20, 25, marks=pytest.mark.slow)],
)
def test_a_killed_run_goes_on_and_ends_the_same(words, runs, speed, tmp_path):
    draw, text = random.Random(words), counted_prose(words)
    with simulated(slots=SLOTS, speed=speed, model_ctx=2048, no_mark=True) as simulation:
        undisturbed = Command(simulation.url, folder(tmp_path, "whole"), text).finish()
        calls = undisturbed["calls"]["map"] + undisturbed["calls"]["merge"]
        for run in range(runs):
            simulation.reset()
            command = Command(simulation.url, folder(tmp_path, f"run {run}"), text)
            kills = 0
            while killed(process := command.start(), simulation, draw.randint(0, calls // 3)):
                kills += 1
            result = result_of(process)
            assert result["summary"] == undisturbed["summary"]
            for proof in ("exact", "verified", "stand_ins"):
                assert result["read"][proof] == undisturbed["read"][proof]
            assert len(answered(simulation)) <= calls + SLOTS * kills
            assert kills > 0


def killed(process, simulation, calls):
    """Kill a process after so many more finished calls; return False if it was done before."""
    enough = len(answered(simulation)) + calls
    while process.poll() is None:
        if len(answered(simulation)) >= enough and simulation.journal()["running"]:
            process.kill()
            process.communicate()
            return True
        time.sleep(0.01)
    return False


def folder(parent, name):
    made = parent / name
    made.mkdir()
    return made


def test_two_processes_at_once_share_what_they_finish(tmp_path):
    text = counted_prose(8_000)
    with simulated(slots=SLOTS, speed=25, model_ctx=2048, no_mark=True) as simulation:
        command = Command(simulation.url, folder(tmp_path, "shared"), text)
        first, second = command.start(), command.start()
        results = [result_of(first), result_of(second)]
        again = command.finish()
    assert results[0]["summary"] == results[1]["summary"] == again["summary"]
    assert again["calls"]["cached"] == again["calls"]["map"] + again["calls"]["merge"]


def test_a_run_that_is_all_on_record_makes_no_call(tmp_path):
    with simulated(slots=SLOTS, speed=200, model_ctx=2048) as simulation:
        command = Command(simulation.url, folder(tmp_path, "record"), counted_prose(5_000))
        command.finish()
        simulation.reset()
        started = time.monotonic()
        result = command.finish()
        assert time.monotonic() - started < 20
        assert simulation.requests() == []
    assert result["calls"]["cached"] == result["calls"]["map"] + result["calls"]["merge"]
