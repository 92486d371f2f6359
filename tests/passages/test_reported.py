"""Reported speech by rule, with the words of `pipeline.passages.english_reports`."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.passages.reported import again, clause_of, mended, plain, reported, third

WHO = "The Harbour Manager"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("We need a new crane.", "said that they need a new crane."),
        ("I think we should paint our crane.", "thought that they should paint their crane."),
        ("I don't think we can wait.", "did not think that they can wait."),
        ("I suggest that we wait.", "suggested that they wait."),
        ("Let's buy the old one.", "suggested that they buy the old one."),
        ("I move amendment 3.", "moved amendment 3."),
        ("I urge the council to pay.", "urged the council to pay."),
        ("I checked all the cranes and I painted two.", "checked all the cranes and painted two."),
        ("Should we test the crane?", "asked whether they should test the crane."),
        ("When will the council pay us?", "asked when the council will pay them."),
        ("Welcome to our second meeting.", "opened their second meeting."),
        ("If you want it, you pay.", "said that if people want it, they pay."),
        ("Cranes stay 'cause we'd paid.", "said that cranes stay because they had paid."),
    ],
)  # fmt: skip
def test_speech_is_reported(said, told):
    assert reported(said, WHO) == f"{WHO} {told}"


@pytest.mark.parametrize(
    "said",
    [
        "I like my crane very much.",  # of the speaker alone
        "You said that the crane is old.",
        "If you look at your report, you see it.",
        "What do you think of it?",
        "Welcome to my home.",  # nobody meets there
        "",
    ],
)
def test_what_cannot_be_reported_is_left_out(said):
    assert reported(said, WHO) == ""


def test_names_keep_their_capitals():
    assert reported("Bristol is far.", WHO, {"Bristol"}) == f"{WHO} said that Bristol is far."
    assert reported("Boats are old.", WHO, {"Bristol"}) == f"{WHO} said that boats are old."
    assert reported("TV is old.", WHO) == f"{WHO} said that TV is old."


def test_words_to_the_chair_and_at_the_end_are_left_out():
    assert plain("Mr. Speaker, the crane is old, you know.") == "The crane is old."
    assert plain("The crane, Madam Chair, is old.") == "The crane is old."
    assert clause_of("I believe that the crane is old.") == "the crane is old."


@pytest.mark.parametrize(
    ("written", "left"),
    [
        (f"{WHO} will buy it for us.", f"{WHO} said that they will buy it for them."),
        (f"{WHO} needs to wait.", f"{WHO} said that they need to wait."),
        (f"{WHO} has been asked.", f"{WHO} said that they have been asked."),
        (f"{WHO} said we're late.", f"{WHO} said they are late."),
        ("We are late.", "We are late."),  # on someone else
        (f'{WHO} said: "We are late."', f'{WHO} said: "We are late."'),
    ],
)  # fmt: skip
def test_what_a_model_writes_is_brought_to_the_third_person(written, left):
    assert mended(written, WHO) == left


def test_one_more_sentence_of_the_same_speaker_says_also():
    assert again(f"{WHO} said that it rains.", WHO) == f"{WHO} also said that it rains."
    assert again(f"{WHO} also said so.", WHO) == f"{WHO} also said so."
    assert again(f"{WHO} is old.", WHO) == f"{WHO} is old."
    assert again("It rains.", WHO) == "It rains."


@given(st.text() | st.text(alphabet="Iweyou' ,.?thnkad"))
def test_any_text_can_be_reported(text):
    third(text)
    plain(text)
    clause_of(text)
    mended(f"{WHO}{text}", WHO)
    told = reported(text, WHO)
    assert told == "" or told.startswith(f"{WHO} ")


@pytest.mark.parametrize(
    "nasty",
    [
        "I ",
        "I think ",
        "we ",
        "really ",
        ", ",
        "There voted ",
        "you ",
        "welcome ",
        "so ",
        "will the ",
    ],
)
def test_no_text_makes_it_slow(nasty):
    text = nasty * (100_000 // len(nasty))
    before = time.perf_counter()
    for said in (text, f"I {text}", f"will the {text}?", f"There voted {text}", f"{text}."):
        reported(plain(said), WHO)
        mended(said, WHO)
    assert time.perf_counter() - before < 5
