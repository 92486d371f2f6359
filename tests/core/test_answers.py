"""What the model said is kept as it said it, and what our rules make of it beside that."""

import asyncio

from pipeline.cache.keys import call_key
from pipeline.core.prompts import PROMPT_VERSION
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.models.base import Reply
from pipeline.testing import ScriptedModel
from pipeline.text.sentences import split_sentences

TEXT = " ".join(
    f"In part {n} the {topic} of Ashford was discussed by number {i} of the engineers at length."
    for n, topic in enumerate(("harbour wall", "fishing boats", "winter storm"))
    for i in range(25)
)
INVENTED = "It was built by Ramses in 1254."


class Memory:
    """A store in memory."""

    def __init__(self):
        self.replies = {}

    def get(self, key):
        return self.replies.get(key)

    async def put(self, key, reply):
        self.replies[key] = reply


def first_sentences(call):
    return " ".join(split_sentences(call.user)[1:3])


def doubtful(call):
    text = first_sentences(call)
    return f"{text} {INVENTED}" if call.attempt else f"{INVENTED} {text} {INVENTED}"


def summarizer(answer, store, **options):
    model = ScriptedModel(answer, context=600)
    return Summarizer(
        model, words=80, summary_tokens=60, merge="extractive", store=store, **options
    )


def run(one):
    return asyncio.run(one.summarize(Document(TEXT)))


def later(memory, model):
    """Forget all but what the model said, as a later version of the rules does."""
    said = {model.answer(call) for call in model.calls}
    memory.replies = {key: reply for key, reply in memory.replies.items() if reply.text in said}


def test_the_raw_reply_is_kept():
    memory = Memory()
    one = summarizer(lambda call: f"Sure! Here is a summary: {first_sentences(call)}", memory)
    result = run(one)
    assert "Here is a summary" not in result.summary
    raw = [reply for reply in memory.replies.values() if "Here is a summary" in reply.text]
    assert len(raw) == result.map_calls


def test_a_later_version_of_the_rules_makes_no_call():
    memory = Memory()
    one = summarizer(doubtful, memory)
    first = run(one)
    assert {call.attempt for call in one.model.calls} == {0, 1}
    later(memory, one.model)
    again = summarizer(doubtful, memory)
    assert again.finished(again.plan(Document(TEXT))) == first.map_calls
    second = run(again)
    assert again.model.calls == []
    assert second.summary == first.summary
    assert second.retry_calls == 0
    assert second.cached_calls == second.map_calls
    kept = len(memory.replies)
    run(summarizer(doubtful, memory))
    assert len(memory.replies) == kept  # what was derived anew is kept again


def test_sentences_that_are_left_out_are_named_by_every_run():
    memory = Memory()
    first = run(summarizer(doubtful, memory))
    assert {one.sentence for one in first.left_out} == {INVENTED}
    assert len(first.left_out) == first.map_calls
    assert [(one.start, one.end) for one in first.left_out] == [
        (chunk.start, chunk.end) for chunk in first.plan.chunks
    ]
    assert run(summarizer(doubtful, memory)).left_out == first.left_out
    later(memory, summarizer(doubtful, memory).model)
    assert run(summarizer(doubtful, memory)).left_out == first.left_out
    assert run(summarizer(doubtful, memory, unsupported="keep")).left_out == ()


def test_sentences_that_are_left_out_of_halves_are_named_by_every_run():
    memory, unable = Memory(), []

    def answer(call):
        unable[:] = unable or [call.user]  # the first chunk, as a whole
        return "" if call.user in unable else f"{INVENTED} {split_sentences(call.user)[1]}"

    first = run(summarizer(answer, memory))
    assert len(first.left_out) == first.map_calls + 1
    second = run(summarizer(answer, memory))
    assert second.cached_calls == first.map_calls
    assert [one.sentence for one in second.left_out] == [INVENTED] * len(first.left_out)


def test_a_setting_that_judges_otherwise_makes_no_call():
    memory = Memory()
    run(summarizer(doubtful, memory))
    kept = summarizer(doubtful, memory, unsupported="keep")
    assert "Ramses" in run(kept).root.sources[0].text
    assert kept.model.calls == []


def test_what_earlier_versions_kept_is_read_by_the_rules_of_today():
    fresh = summarizer(first_sentences, Memory())
    plan = fresh.plan(Document(TEXT))
    run(fresh)
    memory = Memory()
    for call in fresh.model.calls:
        text = f"{first_sentences(call)} {INVENTED}"  # which their rules let pass
        key = call_key(
            fresh.model, f"{PROMPT_VERSION} drop", call.system, call.user, call.max_tokens
        )
        memory.replies[key] = Reply(text, 100, 20, "stop", verified=True)
    again = summarizer(first_sentences, memory)
    assert again.finished(plan) == plan.calls
    result = run(again)
    assert again.model.calls == []
    assert "Ramses" not in "".join(part.text for part in result.root.sources)
    assert result.verified == plan.calls


def test_a_stand_in_for_an_answer_of_no_use_costs_no_second_call():
    memory = Memory()
    first = run(summarizer(lambda call: "Elba fell in 1872.", memory))
    again = summarizer(lambda call: "Elba fell in 1872.", memory)
    second = run(again)
    assert again.model.calls == []
    assert second.stand_ins == first.stand_ins
    assert len(second.stand_ins) == second.map_calls == second.cached_calls
