"""The extractive stand-in: whole sentences of the source, in order, within the bound."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.extract import extract
from pipeline.text.sentences import sentences

TOPIC = "The harbour wall failed in the storm."
TEXT = (
    f"{TOPIC} Nobody was hurt. The storm had been forecast for three days. "
    "A cat slept through it. Engineers say the harbour wall was cracked before the storm, "
    "and that the harbour needs a new wall. Tea was served at four. Repair of the wall will cost "
    "two million, and the harbour stays closed until spring. Somebody lost a glove."
)


def words(text: str) -> int:
    return len(text.split())


def quarters(text: str) -> int:
    return -(-len(text) // 4)


def test_takes_the_sentences_that_the_text_keeps_coming_back_to() -> None:
    stand_in = extract(TEXT, words, 45)
    assert "Engineers say" in stand_in
    assert not any(aside in stand_in for aside in ("cat", "Tea", "glove"))


def test_does_not_say_the_same_twice() -> None:
    report = "The council voted to close the old swimming pool in Ashford next summer. "
    other = "A survey of the residents found that most of them swim there every week."
    assert other in extract(report * 5 + other, words, 28)


def test_keeps_the_order_of_the_source() -> None:
    stand_in = extract(TEXT, words, 60)
    places = [TEXT.index(stand_in[start:end]) for start, end in sentences(stand_in)]
    assert len(places) > 2
    assert places == sorted(places)


def test_takes_a_text_that_fits_whole_with_single_spaces() -> None:
    assert extract("One day.\nIt  rained.\n\nThen it stopped.\n", words, 50) == (
        "One day. It rained. Then it stopped."
    )


@pytest.mark.parametrize(
    ("text", "bound", "expected"),
    [
        (
            "東京は日本の首都です。多くの人が東京に住んでいます。今日は雨。",
            12,
            "東京は日本の首都です。",
        ),
        ("东京是日本的首都。东京有很多人口。今天下雨。", 17, "东京是日本的首都。东京有很多人口。"),
    ],
)
def test_scripts_without_spaces(text: str, bound: int, expected: str) -> None:
    assert extract(text, len, bound) == expected


def test_a_sentence_that_is_too_long_is_cut_between_words() -> None:
    assert extract("alpha beta gamma delta epsilon", words, 3) == "alpha beta gamma"


def test_a_word_that_is_too_long_is_cut() -> None:
    assert extract("x" * 1000, quarters, 5) == "x" * 20


def test_a_single_character_is_never_cut() -> None:
    assert extract("🙂", lambda text: 3 * len(text), 1) == "🙂"


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_a_blank_text_has_no_stand_in(text: str) -> None:
    assert extract(text, words, 10) == ""


# Tokens that split at seams: joined, two parts can take more than one by one.
def uneven(text: str) -> int:
    return quarters(text) + 2 * text.count(". ")


texts = st.lists(
    st.one_of(
        st.sampled_from(
            ["The pool is closed. ", "It rained!\n", "東京。", "\n\n", "# Head\n", "- a\n"]
        ),
        st.text(max_size=30),
    ),
    max_size=12,
).map("".join)


@given(text=texts, bound=st.integers(1, 40), count=st.sampled_from([words, quarters, uneven]))
def test_is_within_the_bound_and_holds_only_what_the_source_holds(text, bound, count) -> None:
    stand_in = extract(text, count, bound)
    assert count(stand_in) <= bound or len(stand_in) == 1
    assert bool(stand_in) == bool(text.strip())
    rest = iter("".join(text.split()))
    assert all(character in rest for character in "".join(stand_in.split()))  # a subsequence


@given(text=texts, bound=st.integers(1, 40))
def test_never_stops_inside_a_sentence_if_a_whole_one_fits(text, bound) -> None:
    whole = [" ".join(text[start:end].split()) for start, end in sentences(text)]
    if min(map(quarters, whole), default=bound + 1) <= bound:
        assert any(extract(text, quarters, bound).endswith(sentence) for sentence in whole)


def test_is_fast_on_a_long_text() -> None:
    text = " ".join(
        f"Sentence number {i} is about topic {i % 97} of {i % 13}." for i in range(20_000)
    )
    started = time.perf_counter()
    assert extract(text, quarters, 256)
    assert time.perf_counter() - started < 10  # seconds; it takes about one


def test_other_forms_of_a_word_count_in_the_language_of_the_text():
    text = "Книга лежала на столе. Шёл сильный дождь. Никто не читал."
    assert extract(text, words, 4, "книгой", "ru") == "Книга лежала на столе."
    assert extract(text, words, 4, "дождём", "ru") == "Шёл сильный дождь."
