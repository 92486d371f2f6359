"""Checks of what a sentence holds: numbers, names, words of its own, words put together."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.claims.english import COMMON, TO_BE
from pipeline.evidence.claims.words import (
    WORD,
    alike,
    is_content,
    overlap,
    root,
    roots_of,
    words_of,
)
from pipeline.evidence.facts import SourceFacts, unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.evidence.claims.claim import Claim

OWN = 0.3  # share of a sentence's words that its passage may lack
OWN_SPOKEN = 0.35  # the same where speech was turned into a report
TOGETHER = 0.7  # share of a clause's words that one sentence of the passage has to hold
_PRONOUN = re.compile(r"(?i)\b(?:he|she|him|her|his|they|them|their|who|i|we|my|our|us|you)\b")
_THING = re.compile(r"(?i)\b(?:it|its|this|that|these|those|they|them|which|one)\b")


def facts(claim: Claim) -> str:
    """Find a number or a name that the passage does not hold."""
    known = SourceFacts(f"{claim.passage}\n{claim.subject}")
    found = (fact.text for fact in unsupported(claim.sentence, known))
    missing = [text for text in found if text.casefold() not in COMMON]  # "When Anna came"
    return f"{missing[0]} is not in the passage" if missing else ""


def numbers_of_others(claim: Claim) -> str:
    """Find a number that the passage gives of another thing."""
    given: dict[str, set[str]] = {}
    for number, thing in _counted(claim.passage):
        given.setdefault(thing, set()).add(number)
    for number, thing in _counted(claim.sentence):
        if thing in given and number not in given[thing]:
            return f"{number} is not the passage's number of this"
    return ""


def _counted(text: str) -> Iterator[tuple[str, str]]:
    """Yield each number with the root of the word behind it, and with those of two behind it."""
    words = WORD.findall(text)
    for i, (one, other) in enumerate(pairwise(words)):
        low = one.casefold()
        if (low in _VALUES or low.isdigit()) and is_content(other):
            number, thing = _VALUES.get(low, low), root(other.casefold())
            yield number, thing
            if i + 2 < len(words) and is_content(words[i + 2]):  # "12 metres long"
                yield number, f"{thing} {root(words[i + 2].casefold())}"


_VALUES = {
    word: str(i)
    for i, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905
    )
}


def own_words(claim: Claim) -> str:
    """Find a sentence of which the passage holds too little."""
    if claim.held < 1 - (OWN_SPOKEN if claim.spoken else OWN):
        return f"words that the passage lacks: {', '.join(claim.missing)}"
    return ""


def own_predicate(claim: Claim) -> str:
    """Find what something is said to be, in a word that the passage lacks."""
    for one, other in pairwise(claim.words):
        if one.casefold() in TO_BE and other in claim.missing:
            return f"“{one} {other}”: the passage does not say so"
    return ""


def joined(claim: Claim) -> str:
    """Find words put together that stand apart in the passage."""
    parts = _resolved(claim)
    subject = roots_of(words_of(claim.subject)) if claim.spoken else frozenset()
    for clause in claim.own:
        held = [one for one in clause.roots - subject if alike(one, claim.known)]
        if len(held) < 2:
            continue
        near = [part for part in parts if overlap(held, part) >= TOGETHER * len(held)]
        verb = clause.main if alike(clause.main, claim.known) else ""
        if not any(not verb or alike(verb, part) for part in near):
            return f"puts together what stands apart: {' '.join(clause.words)}"
    return ""


def _resolved(claim: Claim) -> list[frozenset[str]]:
    """Return each sentence's roots, with those of the one before that a pronoun may stand for."""
    found: list[frozenset[str]] = []
    before: frozenset[str] = frozenset()
    named = roots_of(words_of(claim.subject))
    for number, sentence in enumerate(claim.sentences):
        words = words_of(sentence)
        own = roots_of(words)
        people = named if _PRONOUN.search(sentence) else frozenset()
        found.append(own | people | (before if _THING.search(sentence) else frozenset()))
        before = own
        named |= roots_of([word for word in words[1:] if word[0].isupper()])
        named = named.union(*(one.heads for one in claim.given if one.sentence == number))
    return found or [frozenset()]
