"""Runs against the simulated server, with faults and cuts: nothing is lost, nothing cut is kept."""

import asyncio
from dataclasses import replace

import pytest
from sample_texts import counted_prose

from eval.bench.simulation import SIMULATOR, simulated
from pipeline.core.ask import Retry
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.models.base import ModelOptions
from pipeline.models.ollama.model import open_ollama

pytest.importorskip("aiohttp", reason="the simulated server needs aiohttp")
pytestmark = pytest.mark.skipif(
    not SIMULATOR.exists(), reason=f"no simulated server at {SIMULATOR.name} beside the project"
)

FAULTS = {"f_500": 0.1, "f_disconnect": 0.05, "f_errline": 0.05, "f_empty": 0.03, "f_noshrink": 1}
QUICK = Retry(wait=0.01, wait_max=0.05)


@pytest.fixture(scope="module")
def simulation():
    with simulated(slots=8, speed=1000, model_ctx=2048) as running:
        yield running


def summarize(model, text, **options):
    async def go():
        summarizer = Summarizer(model, retry=QUICK, **options)
        try:
            return await summarizer.summarize(Document(text))
        finally:
            await model.aclose()

    return asyncio.run(go())


def open_simulated(simulation, folder, concurrency=8):
    options = ModelOptions(concurrency=concurrency, timeout=30)
    return open_ollama("sim", host=simulation.url, options=options, cache_folder=folder)


@pytest.mark.parametrize(
    "words", [20_000, pytest.param(100_000, marks=pytest.mark.slow)], ids=lambda n: f"{n} words"
)
def test_a_run_finishes_as_planned_through_faults_of_every_kind(words, simulation, tmp_path):
    simulation.reset(**FAULTS)
    result = summarize(open_simulated(simulation, tmp_path), counted_prose(words))
    faults = [row["fault"] for row in simulation.requests() if row["fault"]]
    assert {"500", "noshrink"} < set(faults)
    assert result.map_calls + result.merge_calls == result.plan.calls
    assert result.retry_calls > 0
    assert len(result.stand_ins) < max(1, 0.01 * len(result.plan.chunks))
    assert result.verified == result.plan.calls - len(result.stand_ins)
    assert result.exact


class Undercounting:
    """A tokenizer that takes every text for a third of its size."""

    exact = True

    def __init__(self, tokenizer):
        self._tokenizer = tokenizer
        self.neutralize = tokenizer.neutralize

    def count_text(self, text):
        return self._tokenizer.count_text(text) // 3

    def count_prompt(self, rendered):
        return self._tokenizer.count_prompt(rendered) // 3


@pytest.mark.parametrize("truncate", ["half", "full"])
def test_a_server_that_cuts_prompts_is_noticed_every_time(truncate, simulation, tmp_path):
    simulation.reset(truncate=truncate, **dict.fromkeys(FAULTS, 0))
    model = open_simulated(simulation, tmp_path)
    model.prompts = replace(model.prompts, tokenizer=Undercounting(model.prompts.tokenizer))
    result = summarize(model, counted_prose(4_000))
    requests = simulation.requests()
    cut = [row for row in requests if row["truncated"]]
    assert cut
    assert not result.exact  # the confirmation noticed that our counts are wrong
    # Nothing that was cut is in the tree: every cut prompt was asked again in smaller parts, or
    # its source's own sentences stand in for it.
    whole = [row for row in requests if not row["truncated"]]
    assert len(whole) + len(result.stand_ins) >= result.plan.calls
    assert result.retry_calls >= len(cut)
    marks = {int(mark) for row in whole for mark in row["children"]}
    assert not marks & {row["id"] for row in cut}
    assert not any(f"⟦r{row['id']}⟧" in result.summary for row in cut)
