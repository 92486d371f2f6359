"""`py-llama batch`: from a corpus to its results, through kills, with the right exit status."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from eval.bench.simulation import SIMULATOR
from pipeline.cli import run
from pipeline.corpus.pool import width_of

pytest.importorskip("aiohttp", reason="the simulated server needs aiohttp")
pytestmark = pytest.mark.skipif(not SIMULATOR.exists(), reason="no simulated server")

SLOTS = 4
WORDS = "river carries sand sea wind stone winter garden letter market engine bridge number"


def prose(draw, words):
    sentences = (" ".join(draw.choices(WORDS.split(), k=9)).capitalize() for _ in range(words // 9))
    return ". ".join(sentences) + "."


def write_corpus(path, short, long=0):
    draw = random.Random(short)
    # Longer than an answer: the simulated server repeats its prompt, and would come to the "150
    # words" of the last line, a number that the text does not hold, so that it is asked again.
    rows = [{"id": f"s{i}", "text": prose(draw, 200)} for i in range(short)]
    rows += [{"id": f"l{i}", "text": prose(draw, 4000)} for i in range(long)]
    draw.shuffle(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def hear_interrupts():
    """Undo what a shell does to what it runs in the background: it has them ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def command(tmp_path, simulation):
    """A command on a corpus of 60 short documents and a long one, and its environment."""
    write_corpus(tmp_path / "in.jsonl", 60, 1)
    environment = {
        **os.environ,
        "OLLAMA_HOST": simulation.url,
        "PY_LLAMA_STORE": str(tmp_path / "calls.sqlite3"),
        "PY_LLAMA_CONCURRENCY": str(SLOTS),
    }
    simulation.reset(mark=False)

    def start(*flags, corpus="in.jsonl", out="out.jsonl", **more):
        arguments = [sys.executable, "-m", "pipeline", "batch", corpus, out]
        return subprocess.Popen(
            [*arguments, "--id-column=id", "--model=ollama:sim", *flags],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=None if sys.platform == "win32" else hear_interrupts,
            **more,
        )

    return start


def finish(process):
    """Return the exit status and what was said."""
    said, _ = process.communicate(timeout=120)
    return process.returncode, said


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def answered(simulation):
    return [row for row in simulation.requests() if row["status"] == 200 and row["num_predict"] > 1]


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")
@pytest.mark.parametrize("processes", [1, 2])
def test_killed_again_and_again_every_document_is_written_once(
    command, simulation, tmp_path, processes
):
    kills = 0
    for enough in (15, 45):
        process = command(f"--processes={processes}")
        while process.poll() is None and len(answered(simulation)) < enough:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        kills += 1
    status, said = finish(command(f"--processes={processes}"))
    assert status == 0, said
    written = lines(tmp_path / "out.jsonl")
    assert Counter(line["id"] for line in written) == Counter(
        json.loads(line)["id"] for line in (tmp_path / "in.jsonl").read_text().splitlines()
    )
    calls = sum(line["calls"]["map"] + line["calls"]["merge"] for line in written)
    # An answered call of a document under way may not have reached the record.
    assert (
        calls
        <= len(answered(simulation))
        <= calls + kills * processes * width_of(SLOTS // processes)
    )


@pytest.mark.skipif(sys.platform != "linux", reason="looks for a process in /proc")
def test_a_process_that_is_lost_is_started_again(command, simulation, tmp_path):
    write_corpus(tmp_path / "in.jsonl", 200, 1)
    process = command("--processes=2")
    while process.poll() is None and len(answered(simulation)) < 20:
        time.sleep(0.01)
    first, second = workers(process.pid)
    os.kill(first, signal.SIGKILL)
    time.sleep(2)
    again = workers(process.pid)
    status, said = finish(process)
    assert status == 0, said
    assert second in again
    assert len(set(again) - {first, second}) == 1
    written = lines(tmp_path / "out.jsonl")
    assert sorted(line["id"] for line in written) == sorted(["l0", *(f"s{i}" for i in range(200))])
    assert not workers(process.pid)


def workers(driver):
    """Return the ids of the processes that summarize for a driver."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if (
                parent == driver
                and state != "Z"
                and b"spawn_main" in (path / "cmdline").read_bytes()
            ):
                found.append(int(path.name))
    return sorted(found)


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("flags", [[], ["--processes=2"]])
def test_interrupted_it_says_that_it_can_go_on(command, simulation, tmp_path, flags):
    write_corpus(tmp_path / "in.jsonl", 1000)  # not finished before the signal comes
    process = command(*flags, start_new_session=True)
    while len(answered(simulation)) < 5:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it, to all of the group
    status, said = finish(process)
    assert status == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said


def test_failures_end_with_1_and_are_listed(command, tmp_path):
    with (tmp_path / "in.jsonl").open("a") as file:
        file.write("{broken\n")
    status, said = finish(command("--price-tokens", "1e6", "0", "--price-hour", "0"))
    assert status == 1
    assert "61 documents, 1 failed" in said
    assert "1 failed: DocumentError" in said
    assert "slowest: " in said
    read = float(said.partition("cost ")[2].split()[0].replace(",", ""))
    assert read > 61 * 100  # tokens, each at a price of 1
    (failure,) = lines(tmp_path / "out.failed.jsonl")
    assert failure["id"] == "62"
    assert "no JSON" in failure["reason"]
    assert len(lines(tmp_path / "out.jsonl")) == 61


@pytest.mark.parametrize("flags", [[], ["--processes=2"]])
def test_retries_are_not_printed(command, simulation, flags):
    simulation.reset(f_500=0.5, faults_until=1)
    status, said = finish(command(*flags))
    simulation.reset(f_500=0, faults_until=10**9)
    assert status == 0, said
    assert all(line.startswith("py-llama: ") for line in said.splitlines())


def test_too_many_failures_stop_it(command, tmp_path):
    (tmp_path / "in.jsonl").write_text("{broken\n" * 1000)
    status, said = finish(command("--fail-on-error=0.1"))
    assert status == 1
    assert "too many documents fail" in said


@pytest.mark.skipif(find_spec("pyarrow") is None, reason="the extra [parquet] is not installed")
def test_parquet_in_and_out(command, tmp_path):
    import pyarrow
    import pyarrow.parquet

    rows = [{"id": i, "text": f"Document {i} says this. And that."} for i in range(5)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "in.parquet")
    for _ in range(2):
        status, said = finish(command(corpus="in.parquet", out="out.parquet"))
        assert status == 0, said
        written = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
        assert sorted(row["id"] for row in written) == list("01234")
        assert all(json.loads(row["result"])["summary"] == row["summary"] for row in written)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere", "out.jsonl"], "nowhere does not exist"),
        (["in.jsonl", "out.txt"], "ends in neither .jsonl nor .parquet"),
        ([".", "out.jsonl"], "would be read as a document"),
        (["in.jsonl", "nowhere/out.jsonl"], "there is no folder nowhere"),
        (["in.jsonl", "out.jsonl", "--query= "], "--query is blank"),
        (["in.jsonl", "out.jsonl", "--processes=9", "--concurrency=8"], "9 processes cannot share"),
        (["in.jsonl", "out.jsonl", "--processes=2", "--engine=ray"], "a Ray cluster has its own"),
    ],
)
def test_wrong_usage(arguments, message, tmp_path, capsys, monkeypatch, simulation):
    (tmp_path / "in.jsonl").write_text('{"text": "One."}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", simulation.url)
    assert run(["batch", "--model=ollama:sim", "--no-cache", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("processes", [1, 2])
def test_no_server(tmp_path, capsys, monkeypatch, processes):
    (tmp_path / "in.jsonl").write_text('{"text": "One."}\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:1")
    assert (
        run(
            [
                "batch",
                "--model=ollama:sim",
                "--no-cache",
                "in.jsonl",
                "out.jsonl",
                f"--processes={processes}",
            ]
        )
        == 4
    )
    assert "nothing answers" in capsys.readouterr().err
