"""`py-llama eval` on the command line: score, compare, report, list, and what is refused."""

import json

import pytest

pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")
from eval.rouge import TYPES
from eval.systems import BASELINES
from pipeline.cli import run as command


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


@pytest.mark.parametrize("suffix", ["html", "md", "json"])
def test_reports_are_written(folder, tmp_path, suffix, capsys):
    out = tmp_path / f"report.{suffix}"
    assert command(["eval", "report", str(folder), "-o", str(out)]) == 0
    text = out.read_text("utf-8")
    assert "textrank" in text
    if suffix == "json":
        assert len(json.loads(text)) == 3


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
