"""The whole algorithm: it makes the planned calls and ends, whatever the model does and when."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_runs import (
    AT_ONCE,
    fail,
    grow,
    leaves,
    noise,
    prose,
    run,
    summarizer,
)

from pipeline.documents.document import Document
from pipeline.testing import echo, first_words, nothing


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
