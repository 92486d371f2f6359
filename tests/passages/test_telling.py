"""How a story is told: narration, speech and speakers of its sentences."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.people import People
from pipeline.passages.telling import told_sentences

PEOPLE = People.of(STORY)


def told(text):
    return told_sentences(text, PEOPLE)


def test_speech_is_set_apart_from_narration():
    first, second = told('"Money," Osric said. "It is yours."')
    assert (first.told, first.said, first.speaker) == ('"" Osric said.', "Money,", "Osric")
    assert (second.told, second.said, second.speaker) == ('""', "It is yours.", "Osric")
    assert second.is_speech
    assert not first.is_speech


def test_speech_goes_on_from_sentence_to_sentence():
    first, second = told("“You are early. The boat comes in April,” Marta said.")
    assert (first.inside, first.open) == (False, True)
    assert (second.inside, second.open) == (True, False)
    assert first.speaker == second.speaker == "Marta"


@pytest.mark.parametrize("asks", ["Marta asked.", "he asked.", "Marta whistled, waiting."])
def test_a_question_keeps_who_asks_it(asks):
    assert [one.text for one in told(f'"What is it?" {asks} "Tell me."')] == [
        f'"What is it?" {asks}',
        '"Tell me."',
    ]


def test_a_gesture_before_speech_says_who_speaks():
    (*_, speech) = told('Marta looked at the crate. "What is in there?"')
    assert speech.speaker == "Marta"


@pytest.mark.parametrize(
    ("paragraph", "speaker"),
    [
        ('Osric laughed, but Marta was grave as she answered, "It is late."', "she"),
        ('A stranger stood by Marta. "It is late," he said.', "he"),
        ('"It is late."', ""),
        ('The waiter took the coin that Marta gave him. "It is late."', ""),
        ('Marta turned. "It is late," a soft voice said.', "a soft voice"),
    ],
)
def test_who_speaks_is_left_open_where_it_is_unsure(paragraph, speaker):
    assert told(paragraph)[-1].speaker == speaker


def test_a_line_that_ends_early_ends_a_paragraph():
    wide = "Marta watched the sea for a long time and said nothing at all to anybody."
    text = f'{wide}\n{wide}\n{wide}\n\n"It is late."\nOutside, Osric waited for her.\n'
    speech = next(one for one in told(text) if one.said)
    assert speech.speaker == ""


def test_a_mark_that_stands_apart_still_ends_speech():
    found = told('"Watch out! There! " Marta leaped.')
    assert [one.inside for one in found if "leaped" in one.text] == [False]


@given(st.text() | st.text(alphabet='ab. "“”\n!?'))
def test_sentences_are_in_order_and_inside_the_text(text):
    found = told(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert [one.start for one in found] == sorted(one.start for one in found)
    assert all(0 <= one.at <= 1 for one in found)


@pytest.mark.parametrize("nasty", ['" ', "“ ", 'a.\n"', "a\n", '"a!" ', " ,", "Aa. "])
def test_hostile_text_takes_no_long_time(nasty):
    begun = time.monotonic()
    told(nasty * (100_000 // len(nasty)))
    assert time.monotonic() - begun < 5
