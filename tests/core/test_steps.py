"""How a long text is read, and how partial summaries become one: every way keeps the promises.

`pipeline.core.tools` is held by what the steps make with it.
"""

import asyncio
from pathlib import Path

import pytest

from pipeline.core.events import Delta
from pipeline.core.run import parts_of
from pipeline.core.steps import MERGES, Choose
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.errors import BudgetError, EmptyAnswer
from pipeline.models.no_model import NoModel
from pipeline.testing import ScriptedModel
from pipeline.text.sentences import split_sentences
from pipeline.text.terms import count_words

TOPICS = ("harbour wall", "fishing boats", "winter storm", "town council", "railway bridge")
TEXT = " ".join(
    f"In part {i // 25} the {TOPICS[i // 25]} of Ashford was discussed by number {i} of the "
    "engineers at length."
    for i in range(25 * len(TOPICS))
)


def first_sentences(call):
    return " ".join(split_sentences(call.user)[1:3])


def summarizer(answer=first_sentences, **options):
    model = ScriptedModel(answer, context=600, parameters=options.pop("parameters", None))
    return Summarizer(model, **{"words": 80, "summary_tokens": 60, **options})


def run(one, text=TEXT, emit=lambda event: None):
    return asyncio.run(one.summarize(Document(text), emit))


WAYS = [*({"merge": name} for name in MERGES), {"strategy": "refine"}, {"strategy": "extractive"}]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_every_way_plans_its_calls_and_keeps_the_length(way):
    one = summarizer(**way)
    result = run(one)
    assert "".join(chunk.text for chunk in result.plan.chunks) == TEXT
    assert len(one.model.calls) == result.plan.calls == result.map_calls + result.merge_calls
    assert result.retry_calls == 0
    assert result.verified == result.plan.calls
    assert count_words(result.summary) <= 1.15 * 80
    if isinstance(result.plan.root.step, Choose):  # what a model writes may be shorter
        assert count_words(result.summary) >= 0.85 * 80
    assert len(list(parts_of(result.root))) > 1


@pytest.mark.parametrize("merge", MERGES)
def test_every_merge_is_explained_where_people_look(merge):
    readme = Path(__file__).parents[2] / "README.md"
    assert f"| `{merge}` |" in readme.read_text(encoding="utf-8")
    assert f'"{merge}"' in Summarizer.__doc__


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_every_way_traces_its_sentences(way):
    result = run(summarizer(sources=True, **way))
    assert all(sentence.sources for sentence in result.evidence.sentences)


def test_choosing_sentences_calls_no_model_for_merges():
    result = run(summarizer(merge="extractive"))
    assert result.merge_calls == 0
    assert result.map_calls == len(result.plan.leaves) > 2
    partial = " ".join(part.text for part in result.root.sources)
    whole = {*split_sentences(TEXT), *split_sentences(partial)}
    assert set(split_sentences(result.summary)) <= whole


def test_rewriting_reads_less_and_says_so():
    read = run(summarizer(merge="extractive"))
    rewritten = run(summarizer(merge="rewrite"))
    assert rewritten.prompt_tokens < read.prompt_tokens
    assert rewritten.share < read.share == 1
    assert rewritten.to_dict()["read"]["share"] == round(rewritten.share, 3)


def test_context_puts_sentences_of_the_text_beside_the_partial_summaries():
    one = summarizer(lambda call: "The engineers of Ashford spoke of many things.", merge="context")
    run(one)
    merges = [call.user for call in one.model.calls if "spoke of many things" in call.user]
    assert merges
    assert all(any(sentence in user for sentence in split_sentences(TEXT)) for user in merges)


def test_small_models_choose_and_large_ones_merge():
    def merges(**options):
        return run(summarizer(**options)).merge_calls > 0

    assert not merges(parameters=135_000_000)
    assert merges(parameters=7_000_000_000)
    assert merges(parameters=None)
    assert merges(parameters=135_000_000, merge="abstractive")


def test_without_a_model_nothing_is_asked():
    result = run(Summarizer(NoModel(), words=80, strategy="extractive"))
    assert (result.map_calls, result.merge_calls, result.share) == (0, 0, 0)
    assert set(split_sentences(result.summary)) <= set(split_sentences(TEXT))


def test_refining_reads_one_chunk_after_the_other():
    one = summarizer(strategy="refine")
    result = run(one)
    chunks = [chunk.text.strip()[-40:] for chunk in result.plan.leaves]
    assert [text in call.user for text, call in zip(chunks, one.model.calls, strict=True)] == [
        True
    ] * len(chunks)
    assert first_sentences(one.model.calls[0])[:40] in one.model.calls[1].user


def test_stuff_takes_a_text_that_fits_and_refuses_another():
    short = TEXT[:1000]
    one = summarizer(strategy="stuff")
    assert run(one, short).map_calls == 1
    with pytest.raises(BudgetError, match="another strategy than stuff"):
        run(one)


def test_chunks_off_the_topic_cost_no_call():
    one = summarizer(query="What happened to the railway bridge?", merge="abstractive")
    result = run(one)
    aside = result.plan.off_topic
    assert aside
    assert not any("railway" in chunk.text for chunk in aside)
    assert result.map_calls == len(result.plan.chunks) - len(aside)
    assert result.to_dict()["read"]["off_topic"] == [[aside[0].start, aside[-1].end]]


def test_a_text_that_holds_nothing_on_a_query_says_so_and_asks_nothing():
    one = summarizer(query="What did the submarine find?")
    result = run(one)
    assert result.summary == "The text says nothing about this: What did the submarine find?"
    assert one.model.calls == []
    assert result.plan.calls == 0
    assert (result.plan.levels, result.plan.merges) == (1, ())
    assert (result.plan.prompt_tokens, result.plan.output_tokens) == (0, 0)


@pytest.mark.parametrize(("what", "kept"), [("drop", False), ("mark", True), ("keep", True)])
def test_what_becomes_of_unsupported_sentences_is_a_setting(what, kept):
    def answer(call):
        return f"{first_sentences(call)} They all moved to Venice in 1872."

    summary = run(summarizer(answer, unsupported=what, words=60)).summary
    assert ("Venice" in summary) is kept
    assert ("Venice [?]" in summary) is (what == "mark")


def test_an_answer_that_is_mostly_invented_is_asked_for_once_more():
    def answer(call):
        return "Elba fell in 1872. Nero left Rome." if call.attempt == 0 else first_sentences(call)

    one = summarizer(answer, merge="extractive")
    result = run(one)
    assert [call.attempt for call in one.model.calls].count(1) == result.map_calls
    assert result.retry_calls == result.map_calls
    assert result.stand_ins == ()
    assert "Elba" not in result.summary


def test_where_nothing_of_an_answer_is_left_the_text_stands_in():
    result = run(summarizer(lambda call: "Elba fell in 1872.", merge="extractive"))
    assert len(result.stand_ins) == result.map_calls
    assert "Elba" not in result.summary


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(way.values()))
def test_who_listens_hears_the_whole_summary_at_its_end(way):
    heard = []

    def hear(event):
        if isinstance(event, Delta):
            heard[:] = [event.text] if event.restart else [*heard, event.text]

    result = run(summarizer(**way), emit=hear)
    assert "".join(heard) == result.summary


@pytest.mark.parametrize("strategy", ["refine", "extractive"])
def test_a_merge_has_no_say_where_nothing_is_merged(strategy):
    plain, rewritten = (
        summarizer(strategy=strategy, merge=merge) for merge in ("abstractive", "rewrite")
    )
    assert run(plain).summary == run(rewritten).summary
    assert plain.model.calls == rewritten.model.calls


def test_a_half_of_chosen_sentences_still_speaks_of_its_chunk():
    def answer(call):
        raise EmptyAnswer("nothing")

    result = run(summarizer(answer, merge="rewrite"))
    chunks = {(chunk.start, chunk.end) for chunk in result.plan.chunks}
    assert {(stand_in.start, stand_in.end) for stand_in in result.stand_ins} == chunks
