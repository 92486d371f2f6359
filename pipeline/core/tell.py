"""Telling passages: what a model says of one where that holds, else its own words; together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.text.sentences import split_sentences
from pipeline.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.passages.passage import Kind, Passage

# A meeting's sentences name their speakers and make one text; other passages are read one by one.
SEPARATORS: Mapping[Kind, str] = {"meeting": " ", "story": "\n\n", "prose": "\n\n"}
_TOPIC = re.compile(
    r"(?:(?:The|This) (?:meeting|story|text) (?:is|was) about|They discussed)"
    r" (?P<what>.{8,200}[.!])\Z"
)
_DISCUSSED = "They discussed "
_SAID = re.compile(r"(?P<who>.{1,80}?)(?: also)? (?:said|thought|suggested) that ")


def told_of(passage: Passage, answer: str, *, keep: bool = False) -> str:
    """Return the first sentence of an answer, or the passage where it does not hold.

    With `keep`, the answer is returned even so.
    """
    from pipeline.evidence.holds import judge  # whose tables take time to make
    from pipeline.passages.reported import mended

    spoken = passage.kind == "meeting"
    sentence = next(iter(split_sentences(answer)), "")
    if spoken:
        sentence = mended(sentence, passage.who)
    if keep or judge(sentence, passage.text, passage.who, spoken=spoken).holds:
        return sentence
    return passage.text


def topic_of(text: str, answer: str, least: float) -> str:
    """Return the first sentence of an answer on what a text is about; "" where it does not hold.

    It has to begin as it was asked to, and the text to hold a share of `least` of the terms behind
    that, from 0 to 1.
    """
    sentence = next(iter(split_sentences(answer)), "").replace(" about discussing ", " about ")
    match = _TOPIC.match(sentence)
    if match is None:
        return ""
    own, known = terms(match["what"], "en"), set(terms(text, "en"))
    held = sum(term in known for term in own)
    return sentence if own and held >= least * len(own) else ""


def put_together(told: Iterable[str], kind: Kind) -> str:
    """Put what was told one after the other.

    Of a meeting, "also" where the speaker before goes on, and "then" where it goes on to another
    topic.
    """
    if kind != "meeting":
        return SEPARATORS[kind].join(filter(None, told))
    from pipeline.passages.reported import again  # whose patterns take time to compile

    made: list[str] = []
    before = None
    topics = 0
    for sentence in (sentence for text in told for sentence in split_sentences(text)):
        topic = sentence.startswith(_DISCUSSED)
        match = None if topic else _SAID.match(sentence)
        who = match["who"] if match else None
        if who is not None and who == before:
            made.append(again(sentence, who))
        elif topic:
            begin = "Then they discussed " if topics else "The group discussed "
            made.append(begin + sentence[len(_DISCUSSED) :])
            topics += 1
        else:
            made.append(sentence)
        before = who
    return SEPARATORS[kind].join(made)
