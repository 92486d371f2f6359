"""The judge's questions, and what becomes of its answers."""

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")

from eval.judge import judge_run, means, nearest
from eval.records import Output, Run
from eval.tasks import Item
from pipeline.errors import TimedOut
from pipeline.testing import ScriptedModel

ITEM = Item("a", "The lamp went out at four. Bread was eaten. The keeper slept.", ("x",))


def judged(summary, answer):
    run = Run(Path(), {}, (Output("a", 0, "", "done", summary),))
    model = ScriptedModel(answer)
    return asyncio.run(judge_run(run, [ITEM], model)), model


def test_sentences_are_checked_one_by_one_and_the_whole_for_coherence():
    def answer(call):
        if "number" in call.user:
            return "I would say 4."
        return "Yes, it does." if "Statement: The lamp" in call.user else "no"

    (verdict,), model = judged("The lamp went out. Penguins came.", answer)
    assert (verdict.faithful, verdict.coherence) == (0.5, 4)
    assert len(model.calls) == 3
    assert means([verdict]) == {"faithful": 0.5, "coherence": 4}


def test_what_is_no_answer_does_not_count():
    def fail(call):
        raise TimedOut("too slow")

    for answer in (lambda call: "Perhaps.", fail):
        (verdict,), _ = judged("The lamp went out.", answer)
        assert (verdict.faithful, verdict.coherence) == (None, None)
        assert means([verdict]) == {"faithful": None, "coherence": None}


def test_an_empty_summary_is_not_judged():
    verdicts, model = judged(" ", lambda call: "yes")
    assert (verdicts, model.calls) == ([], [])


def test_the_nearest_sentences_share_rare_words():
    source = ["The bread was good.", "The lamp was lit.", "The lamp of the tower was lit twice."]
    assert nearest("The tower lamp", source, 2) == source[1:]
