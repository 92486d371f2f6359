"""Several servers as one model: where calls go, and what becomes of a server that fails.

That is `pipeline.models.load_balancer` under real models.
"""

import asyncio
import time
from collections import Counter

import pytest

from pipeline import Document, Summarizer
from pipeline.errors import (
    EmptyAnswer,
    InputError,
    ModelMissing,
    Refused,
    ServerBusy,
    ServerDown,
    ServerFault,
    TimedOut,
)
from pipeline.models.replicas import ReplicatedModel
from pipeline.settings import load_settings
from pipeline.testing import ScriptedModel, first_words

REST = 0.01


def server(answer=None, **options):
    return ScriptedModel(answer or first_words(5), **{"concurrency": 2} | options)


def raises(error):
    def answer(call):
        raise error

    return answer


def cannot_be_had():
    raise ServerDown("nothing answers at c")


def replicated(*models, more=()):
    openers = {f"server {i}": lambda model=model: model for i, model in enumerate(models)}
    return ReplicatedModel({**openers, **dict(more)}, REST)


async def ask(model, count, **options):
    questions = (model.complete("", f"Text {i}.", max_tokens=9, **options) for i in range(count))
    try:
        return await asyncio.gather(*questions)
    finally:
        await model.aclose()


def questions(model):
    return [call.user for call in model.calls if call.user.startswith("Text")]


def test_calls_go_where_there_is_room():
    fast = server(delay=lambda call: 0.002)
    slow = server(delay=lambda call: 0.05)
    asyncio.run(ask(replicated(fast, slow), 60))
    assert fast.peak == slow.peak == 2
    assert len(questions(fast)) + len(questions(slow)) == 60
    assert len(questions(fast)) > 3 * len(questions(slow))


def test_its_calls_at_once_are_those_of_all_servers():
    assert replicated(server(concurrency=2), server(concurrency=3)).concurrency == 5
    assert replicated(server(), more={"c": cannot_be_had}).concurrency == 4


@pytest.mark.parametrize(
    "error", [ServerFault("500"), ServerBusy("503"), ServerDown("gone"), ModelMissing("gone")]
)
def test_a_server_that_fails_is_set_aside(error):
    bad, good = server(raises(error)), server(delay=lambda call: 0.001)
    replies = asyncio.run(ask(replicated(bad, good), 100))
    assert len(replies) == 100
    assert len(questions(good)) == 100
    assert len(questions(bad)) < 8


def test_one_failure_alone_sets_nobody_aside():
    failures = Counter()

    def now_and_then(call):
        failures[call.user] += 1
        if "0." in call.user and failures[call.user] == 1:
            raise ServerFault("500")
        return "A summary."

    one, other = server(now_and_then), server(delay=lambda call: 0.001)
    asyncio.run(ask(replicated(one, other), 100))
    assert len(questions(one)) > 30


def test_a_server_that_recovers_comes_back():
    good = server(delay=lambda call: 0.005)
    state = {"failing": 5}

    def recovers(call):
        if state["failing"] > 0:
            state["failing"] -= 1
            raise ServerFault("500")
        return "A summary."

    bad = server(recovers)
    asyncio.run(ask(replicated(bad, good), 200))
    assert len(questions(bad)) > 50


def test_a_server_that_could_not_be_opened_is_opened_later():
    late, tries = server(), []

    def opens_later():
        tries.append(1)
        return late if len(tries) > 2 else cannot_be_had()

    model = replicated(server(delay=lambda call: 0.005), more={"c": opens_later})
    assert model.warnings == ["nothing answers at c; the other servers do its work"]
    asyncio.run(ask(model, 200))
    assert len(questions(late)) > 50


def test_a_server_that_opens_with_another_model_is_not_used():
    other, tries = server(digest="other"), []

    def opens_later():
        tries.append(1)
        return other if len(tries) > 1 else cannot_be_had()

    asyncio.run(ask(replicated(server(delay=lambda call: 0.005), more={"c": opens_later}), 50))
    assert len(tries) > 1
    assert other.calls == []


def test_servers_with_different_models_are_refused():
    with pytest.raises(
        ModelMissing, match="server 1 holds another scripted than the other servers"
    ):
        replicated(server(), server(digest="other"))


def test_no_server_at_all():
    with pytest.raises(ServerDown, match="nothing answers at c"):
        replicated(more={"c": cannot_be_had})


def test_when_all_servers_are_gone_the_run_ends():
    model = replicated(server(raises(ServerDown("a"))), server(raises(ServerDown("b"))))
    with pytest.raises(ServerDown):
        asyncio.run(ask(model, 10))


def test_while_one_may_come_back_the_run_goes_on():
    model = replicated(server(raises(ServerDown("a"))), server(raises(TimedOut("b"))))
    with pytest.raises(TimedOut):
        asyncio.run(ask(model, 1))


@pytest.mark.parametrize("error", [EmptyAnswer("nothing"), Refused("400")])
def test_what_is_the_calls_own_fault_is_not_tried_elsewhere(error):
    one, other = server(raises(error)), server(raises(error))
    with pytest.raises(type(error)):
        asyncio.run(ask(replicated(one, other), 1))
    assert len(one.calls) + len(other.calls) == 1


def test_who_listens_is_not_told_two_beginnings():
    """A half-told answer is not told on by another server: the caller has to begin anew."""

    class Breaks(ScriptedModel):
        async def complete(self, system, user, *, emit=None, **options):
            if emit is not None:
                emit("Half an")
            raise ServerFault("500")

    good, told = server(), []
    with pytest.raises(ServerFault):
        asyncio.run(ask(replicated(Breaks(first_words(5)), good), 1, emit=told.append))
    assert told == ["Half an"]
    assert good.calls == []


@pytest.mark.parametrize("seconds", [3, 3600])
def test_a_server_that_is_slow_or_hangs_does_not_keep_all_waiting_at_the_end(seconds):
    quick, late = server(delay=lambda call: 0.01), server(delay=lambda call: seconds)
    began = time.monotonic()
    replies = asyncio.run(ask(replicated(quick, late), 20))
    assert len(replies) == 20
    assert time.monotonic() - began < 2.5
    assert late.in_flight == 0


def test_what_is_not_late_is_not_done_twice():
    one, other = server(delay=lambda call: 0.4), server(delay=lambda call: 0.4)
    asyncio.run(ask(replicated(one, other), 3))
    assert len(questions(one)) + len(questions(other)) == 3


def test_a_summary_with_a_server_that_dies_on_the_way():
    good = server(delay=lambda call: 0.001, context=800)
    calls = []

    def dies(call):
        calls.append(call)
        if len(calls) > 5:
            raise ServerDown("gone")
        return "A summary."

    text = " ".join(f"Word{i} is in sentence {i}." for i in range(4000))
    model = replicated(server(dies, context=800), good)
    one = Summarizer(model, words=50, summary_tokens=60)
    result = asyncio.run(one.summarize(Document(text)))
    assert result.stand_ins == ()
    assert result.retry_calls == 0


@pytest.mark.parametrize("given", ["a:1, b:2", ["a:1", "b:2"]])
def test_several_hosts_in_the_settings(given):
    assert load_settings(ollama_host=given).ollama_hosts == ("a:1", "b:2")


def test_the_variable_that_others_read_names_one_server(monkeypatch):
    monkeypatch.setenv("OLLAMA_HOST", "a:1,b:2")
    with pytest.raises(InputError, match="name several in PY_LLAMA_OLLAMA_HOST"):
        load_settings()


def test_no_host_in_the_settings(monkeypatch):
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    assert load_settings().ollama_hosts == (None,)
