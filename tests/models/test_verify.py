"""What is checked around every call, against servers of which we know what they cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import EmptyAnswer, PromptCut
from pipeline.models.verify import check_fits, check_prompt_count, checked_reply

contexts = st.integers(min_value=64, max_value=200_000)

# What Ollama reads of an over-long prompt: until 0.24, in 0.30.0 to 0.30.10, and from 0.30.11 on,
# which keeps a head of 4 tokens, or of 5 where there is a BOS.
CUTS = [
    lambda context: context,
    lambda context: context - 1,
    lambda context: context - (context - 4) // 2,
    lambda context: context - (context - 5) // 2,
]


@given(ours=st.integers(min_value=1, max_value=200_000), context=contexts)
def test_equal_counts_are_a_proof_where_ours_is_exact(ours, context):
    assert check_prompt_count(ours, ours, context, exact=True)


@given(context=contexts, data=st.data())
def test_a_server_that_read_less_than_our_exact_count_has_cut(context, data):
    ours = data.draw(st.integers(min_value=2, max_value=context))
    theirs = data.draw(st.integers(min_value=0, max_value=ours - 1))
    with pytest.raises(PromptCut, match=f"{theirs} tokens"):
        check_prompt_count(ours, theirs, context, exact=True)


@given(
    context=contexts,
    cut=st.sampled_from(CUTS),
    truth=st.integers(min_value=1, max_value=400_000),
    error=st.floats(min_value=0.3, max_value=3),
    exact=st.booleans(),
)
def test_no_cut_is_accepted_however_wrong_our_count_is(context, cut, truth, error, exact):
    theirs = cut(context)
    ours = max(1, round(truth * error))
    if truth <= context or ours == theirs:  # nothing cut; or a coincidence that no count can see
        return
    with pytest.raises(PromptCut):
        check_prompt_count(ours, theirs, context, exact=exact)


@pytest.mark.parametrize("exact", [True, False])
def test_a_server_that_read_more_than_counted_is_believed_only_below_what_a_cut_leaves(exact):
    assert not check_prompt_count(100, 110, 2048, exact=exact)
    with pytest.raises(PromptCut):
        check_prompt_count(1000, 1025, 2048, exact=exact)


@given(ours=st.integers(min_value=200, max_value=900), share=st.floats(min_value=0.45, max_value=1))
def test_an_estimate_may_be_higher_than_the_truth(ours, share):
    assert not check_prompt_count(ours, round(ours * share), 2048, exact=False)


def test_an_estimate_that_is_far_too_high_may_hide_a_cut():
    with pytest.raises(PromptCut, match="about 900"):
        check_prompt_count(900, 300, 2048, exact=False)


def test_a_server_that_gives_no_count_confirms_nothing():
    assert not check_prompt_count(100, None, 2048, exact=True)


@given(context=contexts, data=st.data())
def test_a_prompt_and_its_answer_must_leave_one_token_of_the_context(context, data):
    ours = data.draw(st.integers(min_value=1, max_value=context - 2))
    room = context - 1 - ours
    check_fits(ours, room, context)
    with pytest.raises(PromptCut, match=str(context)):
        check_fits(ours, room + 1, context)


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_a_blank_answer_is_none(text):
    counts = {"ours": 9, "theirs": 9, "output_tokens": 1, "context": 2048}
    with pytest.raises(EmptyAnswer):
        checked_reply(text, finish="stop", exact=True, **counts)


def test_a_blank_answer_to_a_cut_prompt_is_a_cut_prompt():
    counts = {"ours": 9, "theirs": 5, "output_tokens": 1, "context": 2048}
    with pytest.raises(PromptCut):
        checked_reply("", finish="stop", exact=True, **counts)
