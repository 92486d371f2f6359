"""Telling passages: what a model says of one where that holds, else its own words; together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.evidence.holds import judge
from pipeline.passages.reported import mended
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.passages.passage import Kind, Passage

# A meeting's sentences name their speakers and make one text; other passages are read one by one.
SEPARATORS: Mapping[Kind, str] = {"meeting": " ", "story": "\n\n", "prose": "\n\n"}
_ABOUT = re.compile(
    r"(?:The|This) (?:meeting|story|text) (?:is|was) about (?P<what>.{8,200}[.!])\Z"
)
_SAID = re.compile(r"(?P<who>.{1,80}?) (?P<verb>said|thought|suggested) that ")


def told_of(passage: Passage, answer: str, *, keep: bool = False) -> str:
    """Return the first sentence of an answer, or the passage where it does not hold.

    With `keep`, the answer is returned even so.
    """
    spoken = passage.kind == "meeting"
    sentence = next(iter(split_sentences(answer)), "")
    if spoken:
        sentence = mended(sentence, passage.who)
    if keep or judge(sentence, passage.text, passage.who, spoken=spoken).holds:
        return sentence
    return passage.text


def about_of(told: str, answer: str, least: float) -> str:
    """Return the first sentence of an answer on what was told; "" where it does not hold.

    It has to be one on what a text is about, and what was told has to hold a share of `least` of
    the words behind that, from 0 to 1.
    """
    sentence = next(iter(split_sentences(answer)), "")
    match = _ABOUT.match(sentence)
    if match is None:
        return ""
    if judge(match["what"], told).held < least:
        return ""
    return sentence.replace(" about discussing ", " about ")


def put_together(told: Iterable[str], kind: Kind) -> str:
    """Put what was told one after the other; "also" where the speaker before goes on."""
    made: list[str] = []
    before = None
    for text in filter(None, told):
        match = _SAID.match(text) if kind == "meeting" else None
        who = match["who"] if match else None
        if match and who == before:
            made.append(f"{who} also {text[len(match['who']) + 1 :]}")
        else:
            made.append(text)
        before = who
    return SEPARATORS[kind].join(made)
