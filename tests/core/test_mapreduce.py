import asyncio
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.ask import Retry
from pipeline.core.events import (
    Delta,
    Finished,
    Planned,
    Summarized,
    ignore,
)
from pipeline.core.plan import Node, even_tree
from pipeline.core.steps import Ask
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.errors import (
    BudgetError,
    InputError,
    ModelMissing,
    PromptCut,
    ServerBusy,
    ServerDown,
    TimedOut,
)
from pipeline.models.base import Reply
from pipeline.testing import Call, ScriptedModel, echo, first_words, nothing
from pipeline.tree import Chunk, Summary

AT_ONCE = Retry(wait=0.0, wait_max=0.0)
THIRTY_WORDS = first_words(30)
WORDS = [
    "amber",
    "birch",
    "cedar",
    "dusk",
    "ember",
    "flint",
    "grove",
    "heath",
    "iron",
    "jade",
    "kelp",
    "loam",
    "moss",
]


def prose(words: int, seed: int = 0) -> str:
    """Sentences of five to fourteen words; every one is different."""
    draw = random.Random(seed)
    sentences, written = [], 0
    while written < words:
        length = min(draw.randint(5, 14), words - written)
        picked = [draw.choice(WORDS) + str(written + i) for i in range(length)]
        sentences.append(" ".join(picked).capitalize() + ".")
        written += length
    paragraphs = itertools.batched(sentences, 6) if hasattr(itertools, "batched") else [sentences]
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def summarizer(answer=THIRTY_WORDS, context=400, **options):
    timing = {name: options.pop(name) for name in ("delay", "concurrency") if name in options}
    model = ScriptedModel(answer, context=context, **timing)
    return Summarizer(model, retry=AT_ONCE, **{"words": 50, "summary_tokens": 60, **options})


def run(one, text, emit=ignore):
    return asyncio.run(one.summarize(Document(text), emit))


def leaves(summary: Summary):
    for source in summary.sources:
        yield from [source] if isinstance(source, Chunk) else leaves(source)


def test_a_text_that_fits_goes_to_the_final_prompt_directly():
    one = summarizer()
    result = run(one, prose(100))
    assert [call.user.count("in about 50 words") for call in one.model.calls] == [1]
    assert (result.map_calls, result.merge_calls, result.plan.levels) == (1, 0, 1)


def test_a_long_text_makes_exactly_the_planned_calls():
    one = summarizer()
    text = prose(4000)
    plan = one.plan(Document(text))
    assert one.model.calls == []  # planning asks nothing
    result = run(one, text)
    assert len(one.model.calls) == plan.calls == result.map_calls + result.merge_calls
    assert result.verified == plan.calls
    assert result.retry_calls == 0
    assert "".join(chunk.text for chunk in result.plan.chunks) == text
    assert [(leaf.start, leaf.end) for leaf in leaves(result.root)] == [
        (chunk.start, chunk.end) for chunk in plan.chunks
    ]


def test_ten_words_too_many_make_two_even_chunks():
    one = summarizer()
    fits = one.budget().final_source
    plan = one.plan(Document(prose(fits + 10)))
    sizes = [chunk.tokens for chunk in plan.chunks]
    assert len(sizes) == 2
    assert max(sizes) < 0.65 * fits


def test_every_prompt_fits_the_context():
    one = summarizer(echo)  # answers as long as they may be
    run(one, prose(3000))
    room = one.model.context - 1
    for call in one.model.calls:
        assert one.model.count(call.system, call.user) + call.max_tokens <= room


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_a_blank_text_is_refused(text):
    with pytest.raises(InputError, match="holds no text"):
        summarizer().plan(Document(text))


def test_a_budget_that_cannot_work_names_the_number_to_change():
    with pytest.raises(BudgetError, match=r"set context to 5\d\d or more") as met:
        summarizer(context=300, summary_tokens=120).plan(Document(prose(2000)))
    assert met.value.most_words is None  # no length would do
    with pytest.raises(BudgetError, match="lower --words") as met:
        summarizer(context=400, words=200).plan(Document(prose(2000)))
    most = met.value.most_words
    summarizer(context=400, words=most).budget()
    with pytest.raises(BudgetError):
        summarizer(context=400, words=most + 1).budget()


@pytest.mark.parametrize("setting", ["words", "chunk_tokens", "summary_tokens"])
def test_numbers_below_one_are_refused(setting):
    with pytest.raises(InputError, match=rf"{setting} must be \d+ or more"):
        summarizer(**{setting: 0}).plan(Document("Some text."))


def test_a_chunk_bound_is_kept():
    plan = summarizer(chunk_tokens=80).plan(Document(prose(200)))
    assert len(plan.chunks) >= 3
    assert max(chunk.tokens for chunk in plan.chunks) <= 80


@given(
    count=st.integers(1, 3000),
    fan_in=st.integers(3, 40),
    final_fan_in=st.integers(3, 40),
)
def test_the_tree_shrinks_at_every_level(count, fan_in, final_fan_in):
    chunks = [Chunk("x", i, i + 1, 1) for i in range(count)]
    root = even_tree([Node(Ask(), (chunk,)) for chunk in chunks], Ask(), fan_in, final_fan_in)

    def check(node, bound):
        if not node.sources:
            return [*node.chunks]
        assert 2 <= len(node.sources) <= bound
        assert all(source.level < node.level for source in node.sources)
        return [leaf for source in node.sources for leaf in check(source, fan_in)]

    assert check(root, final_fan_in) == chunks


def noise(call: Call) -> str:
    return " ".join(random.Random(call.user).choices(WORDS, k=call.max_tokens)) + "."


def grow(call: Call) -> str:
    return " ".join([call.user, *WORDS * 50])


def fail(call: Call) -> str:
    raise TimedOut("no answer")


@settings(max_examples=40, deadline=None)
@given(
    words=st.integers(1, 1500),
    context=st.integers(330, 900),
    answer=st.sampled_from([echo, grow, nothing, fail, noise, first_words(1), first_words(500)]),
)
def test_a_run_ends_as_planned_whatever_the_model_answers(words, context, answer):
    one = summarizer(answer, context=context)
    text = prose(words)
    result = run(one, text)
    assert result.map_calls + result.merge_calls == result.plan.calls
    assert result.summary.strip()
    assert one.model.count_text(result.summary) <= result.plan.budget.answer
    # A node is asked at most `attempts` times itself and each of its halves as often.
    assert len(one.model.calls) <= 3 * AT_ONCE.attempts * result.plan.calls


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_result_does_not_depend_on_which_call_finishes_first(seed):
    draw = random.Random(seed)
    text = prose(1200)
    steady = run(summarizer(noise), text)
    shuffled = run(summarizer(noise, delay=lambda call: draw.random() / 500), text)
    assert shuffled.root == steady.root


def test_a_merge_starts_before_the_last_chunk_is_done():
    last_chunk = prose(3000).split()[-1]
    order = []

    def answer(call):
        order.append(call)
        return first_words(20)(call)

    def slow_at_the_end(call):
        return 0.2 if last_chunk in call.user else 0.0

    one = summarizer(answer, delay=slow_at_the_end, concurrency=4)
    result = run(one, prose(3000))
    finished = [last_chunk in call.user for call in order]
    merges_before = len(order[: finished.index(True)]) - (result.map_calls - 1)
    assert merges_before >= 1


def test_at_most_the_configured_calls_are_in_flight():
    one = summarizer(delay=lambda call: 0.002, concurrency=3)
    run(one, prose(3000))
    assert one.model.peak == 3


def flaky(error, until):
    """Fail each prompt with `error` the first `until` times."""
    seen = {}

    def answer(call):
        seen[call.user] = seen.get(call.user, 0) + 1
        if seen[call.user] <= until:
            raise error
        return first_words(30)(call)

    return answer


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


def test_events_tell_the_run():
    events = []
    result = run(summarizer(words=28), prose(1000), events.append)
    assert isinstance(events[0], Planned)
    assert events[-1] == Finished(result)
    done = [event for event in events if isinstance(event, Summarized)]
    assert [event.done for event in done] == list(range(1, result.plan.calls + 1))
    assert {event.total for event in done} == {result.plan.calls}
    deltas = [event for event in events if isinstance(event, Delta)]
    assert result.summary in "".join(event.text for event in deltas)


def test_a_second_attempt_at_the_final_summary_restarts_its_text():
    events = []
    one = summarizer(lambda call: "" if call.attempt == 0 else "Second try.")
    run(one, prose(50), events.append)
    deltas = [event for event in events if isinstance(event, Delta)]
    assert [(event.text, event.restart) for event in deltas] == [("", False), ("Second try.", True)]


def test_blank_chunks_are_no_calls():
    blank = " " * 12000
    text = blank.join(prose(300, seed) for seed in range(3))

    def characters(text):
        return len(text)

    one = summarizer(context=4000, summary_tokens=600)
    one.model.count_text = characters
    events = []
    result = run(one, text, events.append)
    assert any(not chunk.text.strip() for chunk in result.plan.chunks)
    assert len(one.model.calls) == result.plan.calls
    assert (result.retry_calls, result.verified) == (0, result.plan.calls)
    assert [e.done for e in events if isinstance(e, Summarized)][-1] == result.plan.calls


def test_exactness_lost_during_a_run_is_reported():
    def answer(call):
        one.model.exact = False
        return "A summary."

    one = summarizer(answer)
    assert run(one, prose(100)).to_dict()["read"]["exact"] is False


def test_a_partial_summary_longer_read_back_than_written_is_held_to_its_room():
    def answer(call):
        return Reply("many small words " * 60 + "end.", 10, 20, "stop", verified=True)

    one = summarizer(answer)
    result = run(one, prose(2000))
    for call in one.model.calls:
        assert one.model.count(call.system, call.user) + call.max_tokens < one.model.context
    assert one.model.count_text(result.summary) <= result.plan.budget.answer


def test_a_query_is_in_every_prompt():
    one = summarizer(query="Who lit the lamp?")
    run(one, prose(1000))
    assert all("Who lit the lamp?" in call.user for call in one.model.calls)


class Memory:
    """A store in memory."""

    def __init__(self):
        self.replies = {}

    def get(self, key):
        return self.replies.get(key)

    async def put(self, key, reply):
        self.replies[key] = reply


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
