"""Reported speech by rule: "I think we should wait." becomes "Marketing thought that they …".

"They" is for "we" alone: what one speaker says of "I" is reported only where the verb says what is
done by saying it ("I suggest", "I move"). Rules for English.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.passages import english_reports as en

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

_CLAUSES = tuple((re.compile(rf"{began}\b,? ", re.IGNORECASE), verb) for began, verb in en.CLAUSES)
_PERSONS = tuple((re.compile(old, re.IGNORECASE), new) for old, new in en.PERSONS)
_ONE = re.compile(r"\b(?:I|[Mm]e|[Mm]y|[Mm]ine|[Mm]yself)\b")
_MANY = re.compile(r"\b(?:we|us|our|ours|ourselves)\b", re.IGNORECASE)
_YOU = re.compile(r"\b(?:you|your|yours|yourself|yourselves)\b", re.IGNORECASE)
_MOST = 600  # characters of a sentence; a longer one is left as it is
_YOUR = re.compile(r"\byour\b", re.IGNORECASE)
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ALSO = re.compile(r"(?:also|is|was|are|were|has|have|had|will|would|can|could|should|must|may) ")
_MUST = re.compile(r"^ (will|must|can|should|could|may|would|needs? to|ha(?:s|ve) to)\b")
_BEEN = re.compile(r"^ (?:has|have) been\b")


def third(clause: str) -> str:
    """Return a clause with "they" for "I" and "we"."""
    for pattern, other in _PERSONS:
        clause = pattern.sub(other, clause)
    return clause


def mended(sentence: str, who: str) -> str:
    """Return a model's sentence on what `who` says in the third person throughout."""
    if not sentence.startswith(who) or '"' in sentence or len(sentence) > _MOST:
        return sentence
    rest = third(sentence[len(who) :])
    # "The Project Manager will stick with …": it was said, and of all of them.
    rest = _MUST.sub(_they, rest)
    rest = _BEEN.sub(" said that they have been", rest)
    return who + rest


def again(told: str, who: str) -> str:
    """Return another reported sentence of the same speaker, with "also"."""
    rest = told.removeprefix(f"{who} ")
    return told if rest == told or _ALSO.match(rest) else f"{who} also {rest}"


def reported(sentence: str, who: str, names: AbstractSet[str] = frozenset()) -> str:
    """Return what `who` says as a reported sentence; "" where it cannot be one.

    `names` are the words that the text writes with a capital wherever they stand.
    """
    if len(sentence) > _MOST:
        return ""
    if match := en.WELCOME.match(sentence):
        rest = sentence[match.end() :]
        told = f"opened {_lowered(third(rest), names)}" if en.GATHERING.search(rest) else ""
    elif sentence.endswith("?"):
        told = _asked(sentence)
    else:
        sentence = _to_anybody(sentence)
        told = _acted(sentence) or _did(sentence) or _stated(sentence, names)
    return f"{who} {told}" if told and not _YOU.search(told) else ""


def plain(sentence: str) -> str:
    """Return a sentence without what only speaks to those who listen."""
    if len(sentence) > _MOST:
        return sentence
    said = en.END_ASIDES.sub(r"\1", en.ADDRESSED.sub("", sentence)).strip(" ,")
    return said[:1].upper() + said[1:]


def opens(sentence: str) -> bool:
    """Say whether a sentence opens a meeting."""
    return en.WELCOME.match(sentence) is not None


def _to_anybody(sentence: str) -> str:
    """Return a sentence with "people" for a "you" that is nobody in the room."""
    if not en.ANYBODY.search(sentence) or en.SOMEBODY.search(sentence):
        return sentence
    later = "people" if is_ours(sentence) else "they"
    said = en.YOU.sub("people", sentence, count=1)
    said = _YOUR.sub("their", en.YOU.sub(later, said))
    return said[:1].upper() + said[1:]


def _asked(sentence: str) -> str:
    """Return a reported question."""
    match = en.ASKS.fullmatch(sentence)
    if not match or _ONE.search(sentence):
        return ""
    what = (match["what"] or "whether").lower()
    return third(f"asked {what} {match['who'].lower()} {match['aux'].lower()} {match['rest']}.")


def _acted(sentence: str) -> str:
    """Return what a speaker does by saying so."""
    match = en.ACTED.match(sentence)
    if not match:
        return ""
    rest = en.ALSO_ACTED.sub(lambda also: f"and {en.ACTS[also[1]]} ", sentence[match.end() :])
    return "" if _ONE.search(rest) else f"{en.ACTS[match[1].lower()]} {third(rest)}"


def _did(sentence: str) -> str:
    """Return what a speaker tells to have done."""
    match = en.DID.match(sentence)
    if not match:
        return ""
    rest = en.AND_I.sub("and ", sentence[match.end() :])
    return "" if _ONE.search(rest) else f"{match[1]} {third(rest)}"


def _stated(sentence: str, names: AbstractSet[str]) -> str:
    """Return a reported statement."""
    verb, rest = _split(sentence)
    rest = en.ASIDES.sub(lambda aside: "," if aside[0][0] == "," else "", rest).lstrip(", ")
    if not rest or _ONE.search(rest):
        return ""
    return f"{verb} {_lowered(third(_lowered(rest, names)), names)}"


def clause_of(sentence: str) -> str:
    """Return what a sentence says without "I think" and the like before it."""
    return _split(sentence)[1]


def _split(sentence: str) -> tuple[str, str]:
    """Return how a sentence is reported, and its clause."""
    for pattern, verb in _CLAUSES if len(sentence) <= _MOST else ():
        if match := pattern.match(sentence):
            return verb, sentence[match.end() :]
    return "said that", sentence


def is_ours(sentence: str) -> bool:
    """Say whether a sentence is on those who meet: on "we"."""
    return _MANY.search(sentence) is not None


def _lowered(clause: str, names: AbstractSet[str]) -> str:
    """Return a clause that goes on a sentence, without the capital that only began one."""
    first = _FIRST_WORD.match(clause)
    if first is None or first[0] in names or any(letter.isupper() for letter in first[0][1:]):
        return clause
    return clause[:1].lower() + clause[1:]


def _they(match: re.Match[str]) -> str:
    modal = match[1].replace("needs", "need").replace("has", "have")
    return f" said that they {modal}"
