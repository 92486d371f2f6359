"""A Ray cluster of three machines on this one: one is lost on the way, then the driver."""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter

import pytest

from eval.bench.scale import prose
from eval.bench.simulation import SIMULATOR, simulated
from pipeline.cli import run

pytest.importorskip("ray", reason="the extra [ray] is not installed")
pytest.importorskip("aiohttp", reason="the simulated server needs aiohttp")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL"),
    pytest.mark.skipif(not SIMULATOR.exists(), reason="no simulated server"),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]

NODES, SLOTS = 3, 8
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@pytest.fixture
def cluster():
    from ray.cluster_utils import Cluster

    started = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        yield started
    finally:
        started.shutdown()


def answered(simulation):
    return [row for row in simulation.requests() if row["status"] == 200 and row["num_predict"] > 1]


def answered_by(simulations):
    return sum(len(answered(simulation)) for simulation in simulations)


def until(process, reached):
    """Wait until something is reached, or the process ends."""
    while process.poll() is None and not reached():
        time.sleep(0.05)
    assert process.poll() is None, process.communicate()[1]


@pytest.mark.parametrize(
    ("documents", "speed"), [(150, 20), pytest.param(3000, 4, marks=pytest.mark.slow)]
)
def test_a_node_and_then_the_driver_are_killed(cluster, documents, speed, tmp_path):
    # Longer than an answer: the simulated server repeats its prompt, and would come to the "150
    # words" of the last line, a number that the text does not hold, so that it is asked again.
    draw = random.Random(documents)
    rows = [{"id": i, "text": prose(draw, 200)} for i in range(documents)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    nodes = [cluster.add_node(**NODE) for _ in range(NODES - 1)]
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(
                simulated(slots=SLOTS, speed=speed, model_ctx=2048, target=200, no_mark=True)
            )
            for _ in range(NODES)
        ]
        command = [sys.executable, "-m", "pipeline", "batch", "in.jsonl", "out.jsonl"]
        command += ["--id-column=id", "--model=ollama:sim", "--engine=ray"]

        def start():
            return subprocess.Popen(
                [*command, f"--address={cluster.address}"],
                env={
                    **os.environ,
                    "PY_LLAMA_OLLAMA_HOST": ",".join(server.url for server in servers),
                    "PY_LLAMA_STORE": str(tmp_path / "calls.sqlite3"),
                    "PY_LLAMA_CONCURRENCY": str(SLOTS),
                    "PY_LLAMA_MERGE": "extractive",  # or so small a model would not be asked
                },
                cwd=tmp_path,
                stderr=subprocess.PIPE,
                text=True,
            )

        began = time.monotonic()
        process = start()
        until(process, lambda: answered_by(servers) > documents / 4)
        cluster.remove_node(nodes[0], allow_graceful=False)
        until(process, lambda: answered_by(servers) > documents / 2)
        process.kill()
        process.communicate()
        _, said = start().communicate(timeout=600)
        seconds = time.monotonic() - began
        calls = answered_by(servers)
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert Counter(line["id"] for line in written) == Counter(str(i) for i in range(documents)), (
        said
    )
    print(f"\n{documents} documents in {seconds:.1f} s, {calls - documents} calls made again")
    assert calls - documents <= 2 * SLOTS + NODES * SLOTS


def test_no_cluster(tmp_path, capsys, monkeypatch):
    (tmp_path / "in.jsonl").write_text('{"text": "One."}\n')
    monkeypatch.chdir(tmp_path)
    arguments = ["in.jsonl", "out.jsonl", "--engine=ray", "--address=127.0.0.1:1"]
    assert run(["batch", "--model=ollama:sim", *arguments]) == 2
    assert "no Ray cluster at 127.0.0.1:1" in capsys.readouterr().err
