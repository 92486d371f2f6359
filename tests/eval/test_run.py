"""The harness as its users have it: run, kill, go on, score, compare, report."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")

from eval import records, report
from eval.bench.simulation import SIMULATOR, simulated
from eval.rouge import TYPES, Scorer
from eval.run import variants
from eval.scoring import board, compare_runs, score_run
from eval.systems import BASELINES, Ours
from eval.tasks import load_task
from pipeline.cli import run as command
from pipeline.core.events import ignore
from pipeline.core.summarizer import Summarizer
from pipeline.errors import InputError
from pipeline.settings import load_settings
from pipeline.testing import ScriptedModel, first_words

needs_simulation = pytest.mark.skipif(
    not SIMULATOR.exists(), reason="no simulated server beside the project"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with runs of three baselines over two documents of the sample."""
    path = tmp_path_factory.mktemp("runs")
    flags = ["-s", "lead", "-s", "textrank", "-s", "oracle", "--limit", "2", "--words", "120"]
    assert command(["eval", "run", "sample", *flags, "-o", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def boards(folder):
    data = load_task("sample")
    runs = records.find([folder])
    return [board(run, data, Scorer()) for run in runs], runs, data


def test_a_run_is_a_record(folder):
    run = records.read(folder / "lead")
    assert run.missing == 0
    assert run.manifest["comparable"] is False  # limited
    assert [len(output.summary.split()) for output in run.outputs] == [120, 120]
    assert {"versions", "commit", "platform", "begun", "seeds"} <= run.manifest.keys()


async def summarize(item, answer=None, **settings):
    summarizer = Summarizer(ScriptedModel(answer or first_words(20)), **settings)
    return await Ours(summarizer).summarize(item, 0, ignore)


@pytest.fixture
def item():
    return load_task("sample").items[0]


def test_our_output_holds_the_tree(item):
    import asyncio

    output = asyncio.run(summarize(item, chunk_tokens=400))
    root, *partial = output.tree
    assert output.status == "done"
    assert output.calls["map"] == len([node for node in partial if node["level"] == 0]) == 5
    assert (root["start"], root["end"]) == (0, len(item.document))
    assert root["text"] == output.summary
    assert output.usage["prompt_tokens"] > 1800
    json.dumps(vars(output))


def test_our_query_is_asked(item):
    import asyncio

    seen = []
    output = asyncio.run(
        summarize(replace(item, query="Who is she?"), lambda call: seen.append(call.user) or "Yes.")
    )
    assert output.summary.startswith("Yes.")
    assert all("Who is she?" in user for user in seen)


def test_what_fails_is_an_output(item):
    import asyncio

    output = asyncio.run(summarize(replace(item, document=" ")))
    assert output.status == "failed"
    assert "holds no text" in output.error


def test_failed_and_empty_count_as_nothing(folder, item):
    run = records.read(folder / "lead")
    first, second = run.outputs
    run = replace(run, outputs=(replace(first, status="failed", summary=""), replace(second)))
    scored = score_run(run, load_task("sample").items[:2], Scorer())
    assert scored.rows[0].rouge["rouge1"].f1 == 0
    assert (scored.mean("failed"), scored.mean("empty")) == (0.5, 0)
    empty = replace(run, outputs=(replace(first, summary=" "), second))
    assert score_run(empty, load_task("sample").items[:2], Scorer()).mean("empty") == 0.5


def test_seeds_are_averaged(folder):
    run = records.read(folder / "lead")
    first, _ = run.outputs
    both = replace(run, outputs=(first, replace(first, seed=1, summary="")))
    items = load_task("sample").items[:1]
    alone = score_run(replace(run, outputs=(first,)), items, Scorer()).values("rouge1")
    assert score_run(both, items, Scorer()).values("rouge1") == pytest.approx([alone[0] / 2])


def test_baselines_stand_beside_as_long_as_the_run(boards):
    for one in boards[0]:
        names = {baseline.name: baseline for baseline in one.baselines}
        assert names.keys() == {"lead", "random", "textrank", "lead-3", "oracle"}
        for name in ("lead", "random", "textrank"):
            assert names[name].mean("words") == pytest.approx(one.run.mean("words"), abs=6)
        assert names["oracle"].values("rouge2") > names["random"].values("rouge2")
        assert one.human.name == "people"
        assert one.comparable is False


def test_scores_are_written(folder, capsys):
    assert command(["eval", "score", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "Not comparable" in out
    assert "engine: rouge-score-rs" in out
    scores = json.loads((folder / "lead" / "scores.json").read_text("utf-8"))
    assert scores["systems"][0]["scores"].keys() == set(TYPES)
    assert "porter" in scores["signature"]


def test_runs_are_compared(folder, capsys):
    flags = [str(folder / "lead"), str(folder / "oracle")]
    assert command(["eval", "compare", *flags]) == 0
    assert "oracle - lead" in capsys.readouterr().out
    assert command(["eval", "compare", "--json", *flags]) == 0
    (pair,) = json.loads(capsys.readouterr().out)
    difference = pair["differences"]["rouge2"]
    assert difference["mean"] > 0
    assert (difference["wins"], difference["losses"], difference["n"]) == (2, 0, 2)


def test_runs_on_other_data_are_not_compared(folder, tmp_path):
    data = load_task("sample")
    one, other, *_ = records.find([folder])
    with pytest.raises(InputError, match="two runs or more"):
        compare_runs([one], data, Scorer())
    part = replace(other, outputs=other.outputs[:1])
    with pytest.raises(InputError, match="1 in common"):
        compare_runs([one, part], data, Scorer())
    (pair,) = compare_runs([one, part], data, Scorer(), common=True)
    assert pair.differences["rouge1"].n == 1
    changed = replace(data, items=tuple(replace(item, document="x") for item in data.items))
    with pytest.raises(InputError, match="other data"):
        compare_runs([one, other], changed, Scorer())


def test_the_page_is_one_file_without_scripts_and_hides_nothing(boards):
    made, runs, data = boards
    page = report.html(made, runs, data, 0)
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")
    for run in runs:
        for output in run.outputs:
            assert output.summary[:40].replace("'", "&#39;") in page
    assert made[0].signature in page
    assert page.count("<svg") == 2  # length and time; baselines read no tokens


def test_texts_cannot_become_markup(boards):
    made, runs, data = boards
    evil = "<img src=x onerror=alert(1)>"
    outputs = tuple(replace(output, summary=evil) for output in runs[0].outputs)
    page = report.html(made, [replace(runs[0], outputs=outputs), *runs[1:]], data, 0)
    assert evil not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_reports_are_written(folder, tmp_path, suffix, capsys):
    out = tmp_path / f"report.{suffix}"
    assert command(["eval", "report", str(folder), "-o", str(out)]) == 0
    text = out.read_text("utf-8")
    assert "textrank" in text
    if suffix == "json":
        assert len(json.loads(text)) == 3


def test_ticks_are_round():
    plot = report.plot("t", "x", "y", [("a", 458, 9.7, True), ("b", 12, 1.2, False)])
    assert [tick.label for tick in plot.x_ticks] == ["0", "100", "200", "300", "400", "500"]
    assert [tick.label for tick in plot.y_ticks] == ["0", "2", "4", "6", "8", "10"]
    assert report.plot("t", "x", "y", []) is None


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


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["nonsense", "-o", "x"], "there is no task 'nonsense'"),
        (["sample", "-o", "x", "-s", "gpt"], "there is no system 'gpt'"),
        (["sample", "-o", "x", "-g", "chunk_tokens"], "--grid takes KEY=A,B"),
        (["sample", "-o", "x", "-g", "colour=1"], "no setting"),
        (["sample", "-o", "x", "-g", "words=0"], "words"),
        (["sample", "-o", "x", "--ids", "nobody"], "no item 'nobody'"),
        (["sample", "-o", "x", "-s", "langchain-refine", "-m", "embedded"], "runs on Ollama"),
    ],
)
def test_bad_runs_are_refused_in_one_line(flags, problem, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command(["eval", "run", *flags]) == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_the_list_names_everything(capsys):
    assert command(["eval", "list"]) == 0
    out = capsys.readouterr().out
    for name in ("sample-queries", "squality", "govreport", *BASELINES, "cnn_dailymail"):
        assert name in out
    assert command(["eval", "validate", "sample"]) == 0
    assert "8 items" in capsys.readouterr().out


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
    environment["OLLAMA_HOST"] = real_ollama
    line = [sys.executable, "-m", "pipeline", "eval", "run", "sample", "-s", system, *flags]
    subprocess.run([*line, "-o", str(out)], env=environment, check=True)
    run = records.read(out)
    assert run.manifest["quantization"]
    assert run.manifest["system"]["digest"]
    (output,) = run.outputs
    asked = output.calls["map"] + output.calls["merge"]  # noise is of no use, and is stood in for
    assert output.read["verified"] + output.read["stand_ins"] == asked > 0
    assert Path(out / "manifest.json").exists()


def test_numbers_of_points_do_not_stand_on_each_other():
    points = [(f"{n}", 300 + n, 6.5 + n / 100, True) for n in range(5)]
    labels = sorted(mark.label for mark in report.plot("t", "x", "y", points).marks)
    assert all(b - a >= report.LABEL[1] for a, b in pairwise(labels))
