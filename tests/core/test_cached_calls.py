"""A finished call is never made again."""

import itertools

import pytest
from scripted_runs import (
    Memory,
    fail,
    prose,
    run,
    summarizer,
)

from pipeline.documents.document import Document
from pipeline.errors import (
    ServerDown,
)
from pipeline.testing import first_words, nothing


def test_a_finished_call_is_never_made_again():
    memory, text = Memory(), prose(2000)
    first = run(summarizer(store=memory), text)
    again = summarizer(store=memory)
    assert again.finished(again.plan(Document(text))) == first.plan.calls
    second = run(again, text)
    assert again.model.calls == []
    assert second.root == first.root
    assert second.cached_calls == second.plan.calls == second.verified
    assert second.retry_calls == 0


def test_an_interrupted_run_goes_on_where_it_was():
    memory, text = Memory(), prose(2000)
    whole = run(summarizer(), text)

    left = itertools.count(5, -1)

    def dying(call):
        if next(left) <= 0:
            raise ServerDown("gone")
        return first_words(30)(call)

    with pytest.raises(ServerDown):
        run(summarizer(dying, store=memory), text)
    again = summarizer(store=memory)
    assert again.finished(again.plan(Document(text))) == 5
    result = run(again, text)
    assert result.cached_calls == 5
    assert result.root == whole.root


def test_a_run_that_ended_before_its_second_answers_asks_only_for_those():
    memory, text = Memory(), prose(2000)

    def doubtful(call):
        if call.attempt:
            raise ServerDown("gone")
        return "It stood on the Isle of Elba. " + first_words(20)(call)

    def better(call):
        return first_words(20)(call)

    ended = summarizer(doubtful, store=memory)
    with pytest.raises(ServerDown):
        run(ended, text)
    again = summarizer(better, store=memory)
    result = run(again, text)
    left = {call.user for call in ended.model.calls if not call.attempt}
    assert {call.attempt for call in again.model.calls if call.user in left} == {1}
    assert result.summary == run(summarizer(better), text).summary
    assert result.cached_calls == result.retry_calls == len(left)


def test_what_is_no_answer_is_not_kept():
    memory = Memory()
    run(summarizer(nothing, store=memory), prose(300))
    run(summarizer(fail, store=memory), prose(300))
    assert memory.replies == {}


def test_bad_answers_are_not_paid_for_twice_where_the_halves_had_good_ones():
    memory, text = Memory(), prose(100)

    def answer(call):
        return "" if call.user.count(".") > 8 else "It has many words."

    first = run(summarizer(answer, store=memory), text)
    again = summarizer(answer, store=memory)
    second = run(again, text)
    assert again.model.calls == []
    assert second.summary == first.summary
    assert second.cached_calls == second.plan.calls


@pytest.mark.parametrize(
    "change",
    [{"words": 60}, {"query": "Why?"}, {"summary_tokens": 50}],
)
def test_another_question_is_another_call(change):
    memory, text = Memory(), prose(300)
    run(summarizer(store=memory), text)
    other = summarizer(store=memory, **change)
    run(other, text)
    assert other.model.calls
