"""People: who is named in a story, and who acts in a sentence.

The word lists are those of `pipeline.passages.english_story`.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.people import People, narrated

PEOPLE = People.of(STORY)


def test_names_are_those_who_act_or_speak_more_than_once():
    assert PEOPLE.names == {"Marta", "Osric"}


def test_a_kind_of_people_is_no_name():
    text = "The Martian looked up. A Martian laughed at the Martian. Then Ann said no. Ann left."
    assert People.of(f"{text} I saw Ann.").names == {"Ann"}


def test_a_word_with_a_capital_only_where_sentences_begin_is_no_name():
    assert not People.of("Pain shot through him. Pain came again. Pain left him.").names


@pytest.mark.parametrize(
    ("told", "who"),
    [
        ("Marta looked at the crate.", "Marta"),
        ("Without a word, Captain Osric waited.", "Captain Osric"),
        ("Marta and Osric pulled the rope.", "Marta and Osric"),
        ("The storm came to Marta.", ""),
        ("It was late.", ""),
    ],
)
def test_who_acts_in_a_sentence(told, who):
    assert PEOPLE.actor(told) == who


@pytest.mark.parametrize(
    ("sentence", "who"),
    [
        ('"Money," Osric said.', "Osric"),
        ('"Money," said Captain Osric.', "Captain Osric"),
        ('Osric answered slowly, "Money."', "Osric"),
        ('"Money," the old sailor said.', "the old sailor"),
        ('"Money," he said.', ""),
        ('Osric laughed, but Marta was grave as she said, "Money."', ""),
    ],
)
def test_who_says_it(sentence, who):
    assert PEOPLE.speaker(narrated(sentence)) == who


def test_the_pronoun_of_a_person_needs_more_than_a_hint():
    assert PEOPLE.sex("Marta") == "she"
    assert People.of("Kim said that he left. Kim sang. I saw Kim.").sex("Kim") == ""
    assert People.of("Mr. Kim said no. Then Kim sang. I saw Kim.").sex("Kim") == "he"


def test_a_person_has_the_title_that_is_usual():
    assert PEOPLE.form("Osric") in {"Osric", "Captain Osric"}
    assert People.of("Miss Lee said so. Miss Lee left. I saw Miss Lee.").form("Lee") == "Miss Lee"


def test_a_mention_of_two_people_is_nobody_s():
    assert PEOPLE.mentions("Marta and Captain Osric") == ["Marta", "Osric"]
    assert PEOPLE.called("Marta and Captain Osric") == ""


@given(st.text())
def test_any_text_has_people_or_none(text):
    people = People.of(text)
    people.actor(text)
    people.speaker(text)
    assert set(people.mentions(text)) <= people.names


@pytest.mark.parametrize(
    "nasty", ["Marta ", "Marta and ", "Mr. ", "Aa-", '"" ', "The a ", "Marta, "]
)
def test_hostile_text_takes_no_long_time(nasty):
    text = STORY + nasty * (100_000 // len(nasty))
    begun = time.monotonic()
    people = People.of(text)
    for told in (text, nasty * 20_000):
        people.actor(told)
        people.speaker(told)
        people.without(told)
    assert time.monotonic() - begun < 5
