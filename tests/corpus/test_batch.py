"""Corpora: every document once, whatever happens on the way."""

import asyncio
from collections import Counter

import pytest
from corpora import LONG_TEXT, entries, entry, lines, summarizer

from pipeline import Document, InputError, Result, summarize_many
from pipeline.corpus.batch import run
from pipeline.corpus.ledger import open_ledger
from pipeline.corpus.pool import Failure, Pool
from pipeline.corpus.read import Entry
from pipeline.errors import DocumentError, ModelUnavailable, ServerDown


async def all_of(documents, one):
    return [result async for result in summarize_many(documents, one)]


async def batch(path, corpus, one, **options):
    """Run over a corpus and return what was yielded."""
    pool = Pool(one)
    with open_ledger(path, pool.identity) as ledger:
        return [
            outcome
            async for outcomes in run(iter(corpus), pool, ledger, **options)
            for outcome in outcomes
        ]


def ids(path):
    return Counter(line["id"] for line in lines(path))


def test_every_document_is_summarized():
    documents = [each.document for each in entries(30)]
    results = asyncio.run(all_of(documents, summarizer()))
    assert {result.plan.document for result in results} == set(documents)
    assert all(isinstance(result, Result) for result in results)


def test_documents_can_come_asynchronously():
    async def documents():
        for each in entries(3):
            yield each.document

    assert len(asyncio.run(all_of(documents(), summarizer()))) == 3


def test_a_document_that_fails_does_not_stop_the_others():
    documents = [Document("One."), Document("  ", "blank"), Document("Two.")]
    results = asyncio.run(all_of(documents, summarizer()))
    (failure,) = [result for result in results if isinstance(result, Failure)]
    assert failure.document.name == "blank"
    assert isinstance(failure.error, InputError)
    assert len(results) == 3


def test_documents_are_taken_as_they_are_needed():
    taken = []

    def documents():
        for each in entries(100):
            taken.append(each.document.name)
            yield each.document

    async def first():
        results = summarize_many(documents(), summarizer(concurrency=2))
        await anext(results)
        await results.aclose()

    asyncio.run(first())
    assert len(taken) < 20


def test_the_calls_of_all_documents_share_the_models_slots():
    one = summarizer(concurrency=5, delay=lambda call: 0.001)
    asyncio.run(all_of((e.document for e in entries(50)), one))
    assert one.model.peak == 5


def test_long_and_short_documents_take_turns():
    """The short ones, which come later, do not wait for the long one; nor does it wait for all."""
    one = summarizer(concurrency=4, delay=lambda call: 0.005)
    documents = [Document(LONG_TEXT, "long"), *(e.document for e in entries(600))]
    order = [result.plan.document.name for result in asyncio.run(all_of(documents, one))]
    assert 10 < order.index("long") < 500


def test_a_model_that_cannot_be_had_ends_it():
    def gone(call):
        raise ServerDown("nothing answers")

    with pytest.raises(ModelUnavailable):
        asyncio.run(all_of([Document("One.")], summarizer(gone)))


def test_leaving_early_cancels_what_is_under_way():
    one = summarizer(concurrency=4, delay=lambda call: 0.0 if "Document 0" in call.user else 60)

    async def first():
        results = summarize_many((e.document for e in entries(9)), one)
        await anext(results)
        await results.aclose()

    asyncio.run(asyncio.wait_for(first(), 10))
    assert one.model.in_flight == 0


def test_each_document_has_a_line(tmp_path):
    out = tmp_path / "out.jsonl"
    asyncio.run(batch(out, entries(20), summarizer()))
    assert ids(out) == Counter(f"d{i}" for i in range(20))
    for line in lines(out):
        assert line["input"]["name"] == line["id"]
        assert line["calls"]["map"] == 1


def test_what_is_finished_is_not_done_again(tmp_path):
    out = tmp_path / "out.jsonl"
    asyncio.run(batch(out, entries(10), summarizer()))
    again = summarizer()
    asyncio.run(batch(out, entries(15), again))
    assert len(again.model.calls) == 5
    assert ids(out) == Counter(f"d{i}" for i in range(15))


def test_a_stopped_run_keeps_what_is_finished(tmp_path):
    out = tmp_path / "out.jsonl"

    def dies(call):
        if "Document 12" in call.user:
            raise ServerDown("nothing answers")
        return "A summary."

    with pytest.raises(ServerDown):
        asyncio.run(batch(out, entries(20), summarizer(dies, concurrency=1)))
    kept = len(lines(out))
    assert kept >= 10
    again = summarizer()
    asyncio.run(batch(out, entries(20), again))
    assert len(again.model.calls) == 20 - kept
    assert ids(out) == Counter(f"d{i}" for i in range(20))


def test_the_same_text_is_summarized_once(tmp_path):
    out = tmp_path / "out.jsonl"
    same = [entry(f"s{i}", "The same text for all.") for i in range(600)]
    one = summarizer(delay=lambda call: 0.01)
    asyncio.run(batch(out, [*same, *entries(3)], one))
    asyncio.run(batch(out, [entry("late", "The same text for all.")], one))
    assert len(one.model.calls) == 4
    assert ids(out) == Counter(
        [*(e.document.name for e in same), *(e.document.name for e in entries(3)), "late"]
    )
    copies = [line for line in lines(out) if "same_as" in line]
    assert len(copies) == 600
    assert {line["same_as"] for line in copies} == {"s0"}
    assert all(line["usage"] == {"prompt_tokens": 0, "output_tokens": 0} for line in copies)


def test_the_same_document_twice_is_one(tmp_path):
    out = tmp_path / "out.jsonl"
    asyncio.run(batch(out, [entry("a", "A text."), entry("a", "A text.")], summarizer()))
    assert len(lines(out)) == 1


def test_an_edited_document_is_summarized_again(tmp_path):
    out = tmp_path / "out.jsonl"
    asyncio.run(batch(out, [entry("a", "Before it was edited.")], summarizer()))
    asyncio.run(batch(out, [entry("a", "After it was edited.")], summarizer()))
    assert [line["summary"][:5] for line in lines(out)] == ["Befor", "After"]


def test_a_reason_that_names_what_is_not_utf_8_is_noted_like_any_other(tmp_path):
    """As the name of an unreadable file may, on Linux."""
    out = tmp_path / "out.jsonl"
    corpus = [
        Entry(Document("", "bad?.bin"), DocumentError("bad\udcff.bin", "is no text")),
        *entries(2),
    ]
    asyncio.run(batch(out, corpus, summarizer()))
    with open_ledger(out, Pool(summarizer()).identity) as ledger:
        assert list(ledger.failures()) == [("bad?.bin", "DocumentError", "bad?.bin is no text")]
        assert ledger.count() == (2, 1)


def test_failures_are_noted_and_tried_again_on_request(tmp_path):
    out = tmp_path / "out.jsonl"
    corpus = [
        Entry(Document("", "bad"), DocumentError("line 1", "is no JSON")),
        entry("blank", " \n"),
        *entries(3),
    ]
    outcomes = asyncio.run(batch(out, corpus, summarizer()))
    failures = {o.id: (o.kind, o.reason) for o in outcomes if o.result is None}
    assert failures["bad"] == ("DocumentError", "line 1 is no JSON")
    assert failures["blank"][0] == "InputError"
    assert asyncio.run(batch(out, corpus, summarizer())) == []
    again = asyncio.run(batch(out, corpus, summarizer(), retry_failed=True))
    assert {outcome.id for outcome in again} == {"bad", "blank"}
    mended = [entry("bad", "Now it can be read."), *corpus[1:]]
    asyncio.run(batch(out, mended, summarizer()))
    with open_ledger(out, Pool(summarizer()).identity) as ledger:
        assert [name for name, _, _ in ledger.failures()] == ["blank"]
        assert ledger.count() == (4, 1)
