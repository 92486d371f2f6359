"""Passages of stories, and what can be read `pipeline.passages.alone`."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.alone import Alone
from pipeline.passages.people import People
from pipeline.passages.story import passages
from pipeline.passages.telling import told_sentences
from pipeline.text.terms import count_words

PEOPLE = People.of(STORY)


def alone(text):
    """What is shown of a text's runs; who its people are is known from the story."""
    return [run.text for run in Alone(told_sentences(text, PEOPLE), PEOPLE).runs()]


def words_of(text):
    return re.findall(r"\w+", text)


def test_a_story_is_told_from_its_beginning_to_its_end():
    found = passages(STORY, 150)
    assert found[0].text.startswith("Marta Quill had kept the lamp on Gull Rock")
    assert "policeman" in found[-1].text
    assert sum(count_words(one.text) for one in found) <= 150
    assert {"Marta", "Captain Osric"} & {one.who for one in found}


def test_speech_that_turns_the_plot_is_taken_with_its_speaker():
    shown = " ".join(one.text for one in passages(STORY, 200))
    assert "I stole the money" in shown
    assert '" Osric admitted.' in shown or '" Captain Osric said.' in shown


def test_a_query_decides_what_is_chosen():
    query = "What was marked with the seal of the company?"
    assert not any("seal" in one.text for one in passages(STORY, 110))
    assert any("seal" in one.text for one in passages(STORY, 110, query))


def test_passages_are_where_their_places_say():
    for one in passages(STORY, 200):
        within = words_of(STORY[one.start : one.end])
        assert [word for word in words_of(one.text) if word not in within] == []


@pytest.mark.parametrize(
    "text",
    [
        "She climbed the stairs and lit the lamp, and nobody saw the light of it but herself.",
        "Marta looked at him for a long time before the boat was gone behind the dark reef.",
        '"They will put out the lamp on Friday, because nobody pays for it in the winter months."',
        '"If he goes, forty people will die in the water before the morning comes," Marta said.',
        '"That is why the company will put out the lamp on Friday in the evening," Marta said.',
        "Osric pulled him out of the water, and the ship broke on the reef before the morning.",
        "This was why Marta climbed the stairs every evening and lit the lamp before the storm.",
        '"You are early, Captain, and the supply boat comes in April or in May—" Marta said.',
        "When it was done, Marta climbed the stairs and lit the lamp for the ships in the storm.",
    ],
)
def test_what_needs_something_before_it_is_left_out(text):
    assert alone(text) == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            "Marta waited. She climbed the stairs and lit the lamp, as on every evening in winter.",
            "[Marta] climbed the stairs and lit the lamp, as on every evening in winter.",
        ),
        (
            "Marta looked up. “You are early, and my food comes in April. I have nothing for you.”",
            "[Marta:] “You are early, and my food comes in April. I have nothing for you.”",
        ),
        (
            "But Marta climbed the stairs and lit the lamp, as she had done on every evening.",
            "Marta climbed the stairs and lit the lamp, as she had done on every evening.",
        ),
    ],
)
def test_who_is_meant_is_said_where_it_is_sure(text, shown):
    assert shown in alone(text)


def test_who_is_meant_is_not_guessed():
    assert alone(
        "Marta waited. A woman came. She climbed the stairs and lit the lamp, as on every evening."
    )[-1:] != ["[Marta] climbed the stairs and lit the lamp, as on every evening."]


def test_somebody_may_tell_the_story_as_their_own():
    told = "I went down to the cove with my dog and found that the boat of Marta was gone."
    assert alone(f"I saw Marta in the winter. {told}")
    assert not any("my dog" in one for one in alone(f"{'Marta looked up. ' * 60} {told}"))


@pytest.mark.parametrize("text", ["", "\n\n", "Nobody is here.", "12 34", "“”" * 50])
def test_where_nobody_acts_there_are_none(text):
    assert passages(text, 100) == []


PIECES = st.sampled_from(
    [*STORY.split("\n\n"), "She left.", '"Go!" ', "He said: “No", "...", "\n\n", "\x00", "Mr. "]
)


@settings(deadline=None)
@given(st.lists(PIECES).map(" ".join) | st.text(), st.integers(0, 300))
def test_passages_of_any_text_are_in_order_within_the_words_and_from_it(text, words):
    found = passages(text, words)
    assert sum(count_words(one.text) for one in found) <= words
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.worth >= 0 for one in found)
    known = {word.casefold() for word in words_of(text)}
    assert {word.casefold() for one in found for word in words_of(one.text)} <= known


@pytest.mark.parametrize(
    "nasty", ["Marta said ", '"Go," Marta said. ', "She ", "“", "Marta left. "]
)
def test_hostile_text_takes_no_long_time(nasty):
    begun = time.monotonic()
    passages(STORY + nasty * (20_000 // len(nasty)), 400)
    assert time.monotonic() - begun < 20  # it takes as much longer as a text is
