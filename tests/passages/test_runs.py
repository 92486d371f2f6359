"""Runs: how they are shown, and which are chosen."""

from hypothesis import given
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.people import People
from pipeline.passages.runs import USUAL, Run, choose, without_connective
from pipeline.passages.telling import Told, told_sentences
from pipeline.text.terms import count_words

PEOPLE = People.of(STORY)


def run(text, first=0, last=None, meant="", speakers=None):
    found = told_sentences(text, PEOPLE)
    return Run(first, found[first:last], meant, speakers or {})


def test_speech_that_is_cut_has_its_marks():
    text = "“You are early. The boat comes in April. Go,” Marta said."
    assert run(text, 0, 1).text == "“You are early.”"
    assert run(text, 1).text == "“The boat comes in April. Go,” Marta said."


def test_who_speaks_and_who_is_meant_stand_in_brackets():
    assert run('"Go."', speakers={0: "the sailor"}).text == '[The sailor:] "Go."'
    assert run('"He is late," she said.', meant="Marta").text == '"He is late," [Marta] said.'
    assert run("She'd gone.", meant="Marta").text == "She'd gone."


def test_a_connective_is_left_out_where_a_run_begins():
    assert without_connective("Then she climbed the stairs.") == "She climbed the stairs."
    assert without_connective("Then: nothing.") == "Then: nothing."
    assert run("But Marta stayed.").text == "Marta stayed."


def sentence(at, words=10):
    text = " ".join(["word"] * words)
    return Told(text, text, "", inside=False, open=False, marks='""', at=at)


def line(worths, words=10):
    """Runs of a sentence each, over all of a text."""
    return [
        Run(i, [sentence(i / len(worths), words)], "", {}, worth, introduces=i == 1)
        for i, worth in enumerate(worths)
    ]


def test_the_beginning_and_the_end_are_taken_first():
    chosen = choose(line([0.9, 0.5] + [1.0] * 46 + [0.5, 0.5]), 20)
    assert [one.first for one in chosen] == [1, 49]


def test_every_stretch_has_its_best_before_any_has_two():
    chosen = choose(line([0.5] * 10 + [1.0] * 10 + [0.5] * 20, USUAL), 4 * USUAL)
    assert [one.first * 4 // 40 for one in chosen] == [0, 1, 2, 3]


def test_with_a_query_the_best_are_taken_wherever_they_are():
    chosen = choose(line([0.5] * 10 + [1.0] * 10 + [0.5] * 20, USUAL), 4 * USUAL, whole=False)
    assert [one.first for one in chosen] == [10, 11, 12, 13]


def test_nothing_is_taken_only_to_reach_the_length():
    assert len(choose(line([1.0] + [0.1] * 20), 1_000)) == 2  # and the one that introduces


@given(st.lists(st.floats(0, 9), max_size=60), st.integers(0, 400), st.integers(1, 60))
def test_the_chosen_are_in_order_and_within_the_words(worths, words, size):
    chosen = choose(line(worths, size), words)
    assert sum(count_words(one.text) for one in chosen) <= words
    assert [one.first for one in chosen] == sorted({one.first for one in chosen})
