"""Scores of runs: failures count as nothing, seeds are averaged, baselines are as long."""

from dataclasses import replace

import pytest

pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")
from eval import records
from eval.rouge import Scorer
from eval.scoring import compare_runs, score_run
from eval.tasks import load_task
from pipeline.errors import InputError


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
