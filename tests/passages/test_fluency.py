"""Whether spoken sentences are whole, by `pipeline.passages.english_fluency`."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.passages.fluency import is_fluent


@pytest.mark.parametrize(
    "said",
    [
        "The new crane costs forty thousand.",
        "We should paint the crane before the winter.",
        "If it rains, the crane is no use.",
        "If it's cheap that's a bonus.",
        "What we need is a better crane.",
        "The first thing we need is a crane.",
        "In the summer you can see the boats.",
        "Painting the crane would take a week.",
        "Should we paint the crane?",
    ],
)
def test_a_whole_sentence_is_taken(said):
    assert is_fluent(said)


@pytest.mark.parametrize(
    "said",
    [
        "Looking from painting of some description using oil.",
        "People want it is it has to be cooler than easy to use.",
        "A crane that is easy to use.",
        "The steps they took in the end.",
        "Crane they will paint in the spring.",
        "The crane the old crane is expensive.",
        "The crane is the of the harbour.",
        "We can we should paint it now.",
        "We want to paint it because.",
        "We want to paint it…",
        "Because the crane is old.",
        "We would had a crane.",
        "We have seen it, we have painted the crane.",
        "We should paint it yeah and go.",
        "We should paint it",
        "Will be painted in the spring.",
        "",
    ],
)
def test_a_broken_one_is_not(said):
    assert not is_fluent(said)


def test_where_someone_has_seen_to_the_verbs_they_are_not_looked_for():
    said = "The boats noted in the register anchor elsewhere."
    assert not is_fluent(said)
    assert is_fluent(said, verbatim=False)


@given(st.text() | st.text(alphabet="wtheis, .?'"))
def test_any_text_can_be_judged(text):
    assert is_fluent(text) in (True, False)


@pytest.mark.parametrize(
    "nasty", ["a ", "ab", "the ", "word ", "we ", ", ", "it's ", "abcde", "if ", "a1 b2 "]
)
def test_no_text_makes_it_slow(nasty):
    text = nasty * (100_000 // len(nasty))
    before = time.perf_counter()
    is_fluent(f"{text}.")
    is_fluent(text)
    assert time.perf_counter() - before < 5
