"""Speech out of transcripts, and the words of `pipeline.passages.english_speech`."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.passages.speech import called, cleaned, ended, is_meeting, runs, started, turns

TALK = """Chair: Welcome to the harbour meeting.
Harbour Manager: Um, we need a new crane.
Chair: Mm-hmm.
Harbour Manager: It, uh, it costs
Chair: Yeah.
Harbour Manager: about forty thousand.
Chair: Then let us look at the money before we go on.
"""


def test_a_turn_stands_where_the_text_has_it():
    found = turns(TALK + "  a line more\n")
    assert found[1].speaker == "Harbour Manager"
    assert TALK[found[1].start : found[1].end] == "Harbour Manager: Um, we need a new crane."
    assert found[-1].text.endswith("we go on. a line more")


def test_a_transcript_is_a_meeting_and_prose_is_not():
    assert is_meeting(TALK * 2)
    assert not is_meeting(TALK)  # too few turns
    assert not is_meeting("".join(f"Entry {n}: a word\n" for n in range(40)))  # nobody comes again
    assert not is_meeting("The harbour is old.\n" * 40)
    assert not is_meeting("")


def test_one_speakers_words_are_joined_over_those_who_listen():
    found = runs(TALK)
    assert [run.speaker for run in found] == ["The Chair", "The Harbour Manager", "The Chair"]
    said = found[1].sentences
    assert [one.text for one in said] == ["we need a new crane.", "It costs about forty thousand."]
    assert TALK[said[1].start : said[1].end].startswith("Harbour Manager: It, uh, it costs")
    assert TALK[said[1].start : said[1].end].endswith("about forty thousand.")


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Um, we uh need a crane.", "we need a crane."),
        ("What we decided on was the joy the joystick.", "What we decided on was the joystick."),
        ("the oje objectives are clear", "the objectives are clear"),
        ("and we and we s should go", "and we should go"),
        ("It is, you know, sort of big.", "It is, big."),
        ("this kind of remote, do you know it?", "this kind of remote, do you know it?"),
        ("I mean what I say.", "I mean what I say."),
        ("channel two two five", "channel two two five"),
        (
            "It doesn't look Yeah, so we will paint it.",
            "It doesn't look… Yeah, so we will paint it.",
        ),
        ("That was all. and then we left.", "That was all. And then we left."),
        ("Uh.", ""),
    ],
)
def test_speech_is_cleaned(said, left):
    assert cleaned(said) == left


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Okay, so, well the crane is old.", "The crane is old."),
        ("No cranes are old.", "No cranes are old."),
        ("What we'll do is we'll test it.", "We'll test it."),
        ("First of all, the crane.", "The crane."),
        ("Okay", "Okay"),
        ("", ""),
    ],
)
def test_words_that_only_begin_a_sentence_are_left_out(said, left):
    assert started(said) == left


def test_a_long_turn_lacks_only_its_full_stop():
    assert ended("we will put the new crane at the north end of the harbour") == (
        "we will put the new crane at the north end of the harbour."
    )
    assert ended("we will put the") == "we will put the…"
    assert ended("Good.") == "Good."


@pytest.mark.parametrize(
    ("speaker", "name"),
    [
        ("Project Manager", "The Project Manager"),
        ("Marketing", "Marketing"),
        ("The Chair (Mrs. Ann Lee (Riverton, Ind.))", "The Chair"),
        ("Right Hon. Ann Lee (Riverton)", "Ann Lee"),
        ("Hon.", "Hon."),
        ("(", "("),
    ],
)
def test_what_a_speaker_is_called(speaker, name):
    assert called(speaker) == name


@given(st.text() | st.text(alphabet="aI,.:\n '…Y"))
def test_any_text_can_be_read(text):
    is_meeting(text)
    started(text)
    for run in runs(text):
        for one in run.sentences:
            assert 0 <= one.start < one.end <= len(text)


@given(st.lists(st.text(alphabet="abcI.,'", min_size=1), min_size=1, max_size=12))
def test_cleaning_adds_no_word(words):
    known = {word.strip(".,;…").casefold() for word in words}
    assert {word.strip(".,;…").casefold() for word in cleaned(" ".join(words)).split()} <= known | {
        ""
    }


@pytest.mark.parametrize("nasty", ["a'", "a ", "uh ", "A: ", "you know ", "…", "'", ", ", "So "])
def test_no_text_makes_it_slow(nasty):
    text = "Ann: " + nasty * (100_000 // len(nasty))
    before = time.perf_counter()
    is_meeting(text)
    for run in runs(text):
        for one in run.sentences:
            started(one.text)
    assert time.perf_counter() - before < 5
