"""How fast a model was the last time."""

import asyncio

import pytest

from pipeline.core.summarizer import Summarizer
from pipeline.core.throughput import estimate_seconds, record_rate
from pipeline.documents.document import Document
from pipeline.testing import ScriptedModel, first_words

TEXT = "The ferry left the harbour at six, an hour late, and nobody waved. " * 60


def finished(**options):
    model = ScriptedModel(first_words(20), context=400, delay=lambda call: 0.002)
    one = Summarizer(model, words=40, summary_tokens=60, **options)
    return model, asyncio.run(one.summarize(Document(TEXT)))


def test_a_run_tells_how_long_the_next_may_take(tmp_path):
    model, result = finished()
    assert estimate_seconds(tmp_path, model, result.plan, 1.0) is None
    record_rate(tmp_path, model, result)
    whole = estimate_seconds(tmp_path, model, result.plan, 1.0)
    assert result.seconds / 3 < whole < 3 * result.seconds  # a plan's tokens are upper bounds
    assert estimate_seconds(tmp_path, model, result.plan, 0.5) == pytest.approx(whole / 2)


def test_each_model_has_a_rate_of_its_own(tmp_path):
    model, result = finished()
    record_rate(tmp_path, model, result)
    other = ScriptedModel(first_words(20), digest="another")
    assert estimate_seconds(tmp_path, other, result.plan, 1.0) is None


def test_a_plan_without_calls_takes_no_time(tmp_path):
    model, result = finished(strategy="extractive")
    record_rate(tmp_path, model, result)  # it says nothing of the model, and is not kept
    assert list(tmp_path.iterdir()) == []
    assert estimate_seconds(tmp_path, model, result.plan, 1.0) == 0.0


@pytest.mark.parametrize("broken", ["", "[]", '{"scripted": "fast"}'])
def test_a_broken_file_of_rates_is_as_none(tmp_path, broken):
    model, result = finished()
    (tmp_path / "rates.json").write_text(broken)
    assert estimate_seconds(tmp_path, model, result.plan, 1.0) is None
    record_rate(tmp_path, model, result)
    assert estimate_seconds(tmp_path, model, result.plan, 1.0) > 0
