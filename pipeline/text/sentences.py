"""Where sentences and speakers' turns end, and how sentences are joined again."""

from __future__ import annotations

import re
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from pipeline.text.terms import DENSE
from pipeline.text.unicode import visible
from pipeline.text.wordlists import ABBREVIATIONS, AFTER_ORDINALS

if TYPE_CHECKING:
    from collections.abc import Iterable

# Patterns begin with one character or set, which makes a search fast, and their quantifiers are
# possessive or short, so that no text makes it slow.
_POINTS = ".!?…।؟۔"
_WIDE_POINTS = "。！？｡．"
CLOSERS = r"(?:[ \u00a0\u202f]»)?+[\"'”’»)\]}*_」』）】》〉〕]*+"


def _no_abbreviation_before(words: Iterable[str]) -> str:
    """Return a pattern for a place right behind a point that ends none of these abbreviations.

    What is looked for behind a place has to be of one length, so each length has its own pattern.
    """
    of_length = groupby(sorted(words, key=lambda word: (len(word), word)), len)
    return "".join(rf"(?<!\b(?:{'|'.join(same)})\.)" for _, same in of_length)


_NOT_AN_ABBREVIATION = (
    r"(?<!\b[^\W\d_]\.)"  # initials, e.g., i.e., U.S., p.m.
    rf"{_no_abbreviation_before(ABBREVIATIONS)}"
    r"(?<![\r\n]\d\.)(?<![\r\n]\d\d\.)"  # the numbers of a list
    rf"(?!(?:(?<=\b\d\.)|(?<=\b\d\d\.))\s+(?:{'|'.join(AFTER_ORDINALS)})\b)"
)
# What follows a point that ends a sentence.
_REST = (
    rf"{_NOT_AN_ABBREVIATION}(?:{CLOSERS}\s++(?![a-z])"
    rf"|(?<=[{_WIDE_POINTS}])(?![{_WIDE_POINTS}]){CLOSERS}(?!(?<=[」』])と)\s*+)"  # 「…。」と言う
)
_BLANK_LINES = r"(?:[^\S\r\n]*+[\r\n]++)"
# Any end of a sentence or a line, with the blank lines after it.
PAUSE = rf"[{_POINTS}{_WIDE_POINTS}\r\n](?:(?<=[\r\n]){_BLANK_LINES}*+|{_REST})"
_SENTENCE_END = re.compile(
    rf"[{_POINTS}{_WIDE_POINTS}\r\n](?:(?<=[\r\n])(?:(?<=\r)\n)?+"
    rf"(?:{_BLANK_LINES}++|(?=[ \t]*+(?:[-*•]|\d{{1,3}}+[.)])\s))|{_REST})"
)
FINISHED = re.compile(rf"[{_POINTS}{_WIDE_POINTS}]{_NOT_AN_ABBREVIATION}{CLOSERS}\Z")
_WIDE_END = re.compile(rf"[{DENSE}\u3000-\u303f\uff00-\uffef][”’]*\Z")
_TURN = re.compile(r"\n(?=[^\W\d_][^\n:.!?]{0,40}:\s)")  # in a transcript, someone begins to speak


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the start and end of every sentence, in characters, white space around it left out.

    A blank line and an item of a list also end a sentence. Every character that is not white
    space is in exactly one sentence.
    """
    spans = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        sentence = text[start:end]
        left = start + len(sentence) - len(sentence.lstrip())
        right = start + len(sentence.rstrip())
        if left < right:
            spans.append((left, right))
        start = end
    return spans


def spans(text: str) -> list[tuple[int, int]]:
    """Return the start and end of every sentence; a speaker's turn begins a new one."""
    turns = [0, *(match.end() for match in _TURN.finditer(text)), len(text)]
    return [
        (turn + start, turn + end)
        for turn, following in pairwise(turns)
        for start, end in sentences(text[turn:following])
    ]


def is_chat(text: str) -> bool:
    """Say whether most lines begin a turn; one in prose may too, where a colon is in it."""
    return 2 * len(_TURN.findall(text)) > text.count("\n")


def split_sentences(text: str) -> list[str]:
    """Return a text's sentences, each with single spaces; a speaker's turn begins a new one.

    They are as a prompt has them (`visible`): whoever reads a summary next may be a model as well.
    """
    text = visible(text)
    return [" ".join(text[start:end].split()) for start, end in spans(text)]


def join(found: Iterable[str]) -> str:
    """Join sentences, by spaces where their script has them."""
    return "".join(text + " " * (not _WIDE_END.search(text)) for text in found).rstrip()
