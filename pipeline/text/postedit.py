"""Post-editing sentences: attributions, connectives, quotation marks, disfluencies.

Small models write of "the text" or "the story" instead of what stands in it. A sentence that is
taken from its place may lead on from one that is not taken, or lack one of its quotation marks.
And who speaks hesitates.

Not here: how a model's whole answer opens (`pipeline.core.clean`), and the phrases themselves
(`english.py`); sentences in other languages stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter

from pipeline.knobs import KNOBS
from pipeline.text import english

_CLOSED_FIRST = re.compile(r"\A[^\"“”]*[^\s\"“”\d(\[—–](?P<mark>[\"”])")
_OPEN_LAST = re.compile(r"(?:\A|[\s(\[—–])(?P<mark>[\"“])(?=[^\s\"“”])[^\"“”]*\Z")


def self_references(text: str, words_per_noun: int = KNOBS.words_per_noun) -> frozenset[str]:
    """Return the names for texts that a text itself often uses: of these its summary may speak."""
    uses = Counter(english.TEXT_NOUN.findall(text.casefold()))
    least = len(text.split()) / words_per_noun
    return frozenset(noun for noun, n in uses.items() if n >= least or noun in english.WRITTEN)


def strip_attribution(sentence: str, known: frozenset[str]) -> str:
    """Return a model's sentence without an opening that only says whose words it sums up.

    "The text also mentions that it rained." becomes "It rained.", unless the text itself speaks of
    a text: `known` are its `self_references`.
    """
    for pattern in (english.SETTING, english.ATTRIBUTION):
        match = pattern.match(sentence)
        if match and match["noun"] not in known:
            sentence = _capital(sentence[match.end() :])
    return sentence


def is_meta_commentary(sentence: str, known: frozenset[str]) -> bool:
    """Say whether a model's sentence tells of how a text is written, or of what it lacks.

    "The story explores …", "The text does not mention …".
    """
    match = (
        english.COMMENTARY.match(sentence)
        or english.SILENCE.match(sentence)
        or english.WRITING.search(sentence)
    )
    return match is not None and match["noun"] not in known


def strip_connective(sentence: str) -> str:
    """Return a sentence without a word that leads on from another one."""
    match = english.CONNECTIVE.match(sentence)
    return _capital(sentence[match.end() :]) if match else sentence


def starts_with_anaphor(sentence: str) -> bool:
    """Say whether a sentence, opened so, begins with a word for what another one has named."""
    return english.ANAPHOR.match(strip_connective(sentence)) is not None


def balance_quotes(sentence: str) -> str:
    """Return a sentence of a longer speech with both of its quotation marks."""
    closed, still_open = _CLOSED_FIRST.search(sentence), _OPEN_LAST.search(sentence)
    before = "" if closed is None else closed["mark"].replace("”", "“")
    after = "" if still_open is None else still_open["mark"].replace("“", "”")
    return f"{before}{sentence}{after}"


def drop_unpaired_quote(sentence: str) -> str:
    """Return a sentence without a quotation mark that has no other, as a model may leave it."""
    for pattern in (_CLOSED_FIRST, _OPEN_LAST):
        match = pattern.search(sentence)
        if match:
            sentence = sentence[: match.start("mark")] + sentence[match.end("mark") :]
    return sentence


def is_transcript(text: str, words_per_uh: int = KNOBS.words_per_uh) -> bool:
    """Say whether a text is English speech, written down with all of its hesitations."""
    return len(english.UH.findall(text)) * words_per_uh > len(text.split())


def remove_disfluencies(sentence: str) -> str:
    """Return a spoken sentence without hesitations, and without words said twice by them."""
    said = english.FRAGMENT.sub("", english.HESITATION.sub("", sentence))
    return _capital(english.STUTTER.sub(r"\1", said).strip(" ,"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
