"""Documents of one summarizer: their calls take turns and are counted."""

import asyncio

import pytest
from corpora import LONG_TEXT, summarizer
from hypothesis import given
from hypothesis import strategies as st

from pipeline import Document, InputError, Summarizer, summarize_many
from pipeline.corpus.pool import Failure, Pool, RunOptions, open_pool, width_of
from pipeline.corpus.stats import BatchStats
from pipeline.errors import ModelUnavailable, ServerDown
from pipeline.settings import Settings
from pipeline.testing import ScriptedModel, first_words


async def all_of(documents, one):
    return [result async for result in summarize_many(documents, one)]


def test_calls_count_before_their_document_is_finished():
    """A book takes hours, in which its run does not seem to stand still."""
    seen = []

    def answer(call):
        seen.append(BatchStats(0.0, live=pool.tally).line(1.0))
        return first_words(5)(call)

    pool = Pool(summarizer(answer))
    result = asyncio.run(pool.summarize(Document(LONG_TEXT)))
    assert len(seen) > 9
    assert seen[0] == "0 documents, 0 calls, 0 tokens/s"
    assert seen[1].startswith("0 documents, 1 call, ")
    assert (pool.tally.read, pool.tally.written) == tuple(result.usage.values())


def test_answers_of_no_use_cost_their_tokens_too():
    def answer(call):
        return first_words(5)(call) if call.attempt else ""

    pool = Pool(summarizer(answer))
    result = asyncio.run(pool.summarize(Document(LONG_TEXT)))
    assert pool.tally.calls == result.calls["map"] + result.calls["merge"] + result.calls["retry"]
    assert (pool.tally.read, pool.tally.written) == tuple(result.usage.values())


def test_settings_that_fit_no_document_are_refused_at_once():
    with pytest.raises(InputError, match="context"):
        asyncio.run(all_of([], Summarizer(ScriptedModel(first_words(5), context=50))))


def test_a_document_that_fails_is_a_failure_and_a_model_that_is_gone_an_error():
    def gone(call):
        raise ServerDown("nothing answers")

    blank = Document(" ", "blank")
    failure = asyncio.run(Pool(summarizer()).attempt(blank))
    assert isinstance(failure, Failure)
    assert failure.document == blank
    assert isinstance(failure.error, InputError)
    with pytest.raises(ModelUnavailable):
        asyncio.run(Pool(summarizer(gone)).attempt(Document("One.")))


@given(st.integers(1, 1000))
def test_more_documents_than_calls_are_under_way_but_not_many_more(calls):
    assert calls + 4 <= width_of(calls) <= max(calls + 4, 1.5 * calls)
    assert width_of(calls) <= width_of(calls + 1)


def test_the_identity_tells_what_changes_results_apart_from_what_does_not():
    one = Pool(summarizer()).identity
    assert one == Pool(summarizer(concurrency=9)).identity
    assert one != Pool(summarizer(digest="another")).identity
    assert one != Pool(summarizer(options={"seed": 1})).identity
    assert one != Pool(Summarizer(summarizer().model, words=51, summary_tokens=60)).identity


def test_a_pool_is_opened_from_settings_and_uses_their_cache(tmp_path):
    settings = Settings(strategy="extractive", store=tmp_path / "calls", words=20)

    async def summary(options):
        async with open_pool(options, print) as pool:
            return (await pool.result(Document(LONG_TEXT)))["summary"]

    assert asyncio.run(summary(RunOptions(settings, use_cache=False)))
    assert not settings.store.exists()
    assert asyncio.run(summary(RunOptions(settings)))
    assert settings.store.exists()
