"""Copying, novelty, repetition and length, on examples worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.measures import copied_fragments, flaws, measure, words_of

DOCUMENT = "The keeper lit the lamp at dusk, and the storm came in from the west before midnight."


def test_a_copy_is_all_covered_and_nothing_new():
    copy = measure(DOCUMENT, DOCUMENT)
    assert copy.words == 17
    assert (copy.compression, copy.coverage, copy.density) == (1, 1, 17)
    assert (copy.novel_1, copy.novel_2, copy.novel_3, copy.repetition) == (0, 0, 0, 0)


def test_fragments_are_those_of_the_definition():
    """Of "the storm came at dusk" : "the storm came" and "at dusk" are copied: 3 and 2 words."""
    summary = measure("The storm came at dusk.", DOCUMENT)
    assert copied_fragments(words_of("The storm came at dusk."), words_of(DOCUMENT)) == [3, 2]
    assert summary.coverage == 1
    assert summary.density == pytest.approx((9 + 4) / 5)
    assert summary.compression == pytest.approx(17 / 5)
    assert summary.novel_2 == pytest.approx(1 / 4)  # "came at"


def test_what_the_document_does_not_have_is_new():
    invented = measure("Penguins danced.", DOCUMENT)
    assert (invented.coverage, invented.density, invented.novel_1) == (0, 0, 1)


def test_repeated_triples_are_counted():
    """Of six triples in "a b c" three times over, seven in all, three are new."""
    assert measure("a b c a b c a b c", "x").repetition == pytest.approx(4 / 7)


def test_an_empty_summary_measures_nothing():
    assert set(vars(measure("  ", DOCUMENT)).values()) == {0}
    assert measure("<think>hm</think>", DOCUMENT).words == 0


words = st.lists(st.sampled_from("abcd"), max_size=30)


@given(words, words)
def test_fragments_cover_what_is_shared_and_no_more(summary, document):
    fragments = copied_fragments(summary, document)
    shared = [word for word in summary if word in document]
    assert sum(fragments) == len(shared)  # a word that is there is a fragment of one at least
    assert all(1 <= length <= len(document) for length in fragments)


def test_facts_that_the_document_does_not_hold_are_counted_per_hundred_words():
    """Two of eight words: the keeper's name and the year."""
    assert measure("In 1872 the keeper Elba lit the lamp.", DOCUMENT).invented == 100 * 2 / 8


def test_sentences_about_something_else_are_untraced():
    assert measure("The keeper lit the lamp. Penguins danced.", DOCUMENT).untraced == 1 / 2


@pytest.mark.parametrize(
    ("summary", "found"),
    [
        ("The keeper lit the lamp.", ()),
        ("“The keeper lit the lamp.”", ()),
        ("灯台守は灯をともした。", ()),
        ("Sure, here is a summary: The keeper lit the lamp.", ("preamble",)),
        ("The text also mentions that the keeper lit the lamp.", ("preamble",)),
        ("The author then describes how the lamp was lit.", ("preamble",)),
        ("In this story, the keeper lit the lamp.", ("preamble",)),
        ("The story begins on an island.", ()),
        ("The author lit the lamp.", ()),
        ("However, the keeper lit the lamp.", ("link",)),
        ("“Light it,” he said. “At dusk.", ("quote",)),
        ("„Mach Licht“, sagte er.", ()),
        ("The keeper lit the lamp at dusk and", ("cut",)),
        ("keeper lit the lamp at dusk.", ("cut",)),
        ("The one two three four five six seven eight nine. " * 2, ("loop",)),
        ("Summarize the text above in one paragraph.", ("echo",)),
        ("", ()),
    ],
)
def test_flaws_are_named(summary, found):
    assert flaws(summary) == found
