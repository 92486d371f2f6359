"""Asking until there is an answer that can be used (`pipeline.core.question`)."""

import asyncio

import pytest
from scripted_runs import (
    AT_ONCE,
    flaky,
    prose,
    run,
    summarizer,
)

from pipeline.documents.document import Document
from pipeline.errors import (
    ModelMissing,
    PromptCut,
    ServerBusy,
    ServerDown,
    TimedOut,
)
from pipeline.models.base import Reply
from pipeline.testing import first_words


def test_what_may_pass_is_asked_again_with_the_same_seed():
    one = summarizer(flaky(ServerBusy("queue full"), 2))
    result = run(one, prose(1000))
    assert result.stand_ins == ()
    assert result.retry_calls == 2 * result.plan.calls
    assert {call.attempt for call in one.model.calls} == {0}


def test_a_bad_answer_is_asked_again_in_another_way():
    one = summarizer(lambda call: "" if call.attempt < 2 else "A good short answer.")
    result = run(one, prose(80))
    assert [call.attempt for call in one.model.calls] == [0, 1, 2]
    assert result.summary == "A good short answer."


def test_a_source_that_fails_is_asked_in_halves():
    text = prose(100)
    middle = text.split()[45]

    def answer(call):
        if call.user.count(".") > 8:
            raise TimedOut("too long")
        return "It has many words."

    one = summarizer(answer)
    result = run(one, text)
    assert middle in text
    assert result.stand_ins == ()
    assert result.summary.count("It has") == 2
    assert result.retry_calls == AT_ONCE.attempts - 1 + 2


def test_a_source_that_always_fails_is_stood_in_for_and_named():
    text = prose(2000)
    poison = text.split()[700]

    def answer(call):
        if poison in call.user:
            raise TimedOut("no answer in 300 s")
        return first_words(30)(call)

    result = run(summarizer(answer), text)
    (stand_in,) = [s for s in result.stand_ins if s.end - s.start < 2000]
    assert poison in text[stand_in.start : stand_in.end]
    assert stand_in.reason == "TimedOut: no answer in 300 s"
    covered = sum(s.end - s.start for s in result.stand_ins)
    assert covered < len(text) / 4
    assert result.verified < result.plan.calls


def test_a_cut_prompt_is_split_until_it_is_read_whole():
    def answer(call):
        if len(call.user.split()) > 60:
            raise PromptCut("the server read half")
        return "Fine."

    result = run(summarizer(answer), prose(300))
    assert result.stand_ins == ()


@pytest.mark.parametrize("error", [ServerDown("nothing answers"), ModelMissing("not there")])
def test_a_server_or_model_that_is_gone_stops_the_run_at_once(error):
    calls = []

    def answer(call):
        calls.append(call)
        raise error

    one = summarizer(answer)
    with pytest.raises(type(error)):
        run(one, prose(9000))
    assert len(calls) < one.plan(Document(prose(9000))).calls / 2  # those about to be sent


def test_cancelling_stops_the_calls_in_flight():
    one = summarizer(delay=lambda call: 60.0)

    async def go():
        task = asyncio.create_task(one.summarize(Document(prose(2000))))
        await asyncio.sleep(0.05)
        assert one.model.in_flight == 4
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return one.model.in_flight

    assert asyncio.run(go()) == 0


def test_a_partial_summary_longer_read_back_than_written_is_held_to_its_room():
    def answer(call):
        return Reply("many small words " * 60 + "end.", 10, 20, "stop", verified=True)

    one = summarizer(answer)
    result = run(one, prose(2000))
    for call in one.model.calls:
        assert one.model.count(call.system, call.user) + call.max_tokens < one.model.context
    assert one.model.count_text(result.summary) <= result.plan.budget.answer
