"""Checks of how a thing is told: as settled, as done, as denied, as the reason of another."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.evidence.claims.english import (
    ASKING,
    BEFORE_CAUSE,
    BEFORE_EFFECT,
    CAUSAL,
    LEADS_ON,
    LITTLE_NOT,
    MOOD_NAMES,
    NEEDS,
    NEGATION,
    OPENS,
    UNREAL,
)
from pipeline.evidence.claims.words import alike, overlap, roots_of, stem, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.evidence.claims.claim import Claim
    from pipeline.evidence.claims.clauses import Clause

QUOTED = 0.5  # share of a sentence's words that only speech holds, above which it must say so
SHORT = 4  # words that say something; a sentence of no more ("They agreed.") is on what came before
_ASKING = frozenset(map(stem, ASKING))
BOTH = 0.5  # share of the words of a cause, and of an effect, that one sentence has to hold
SAYS_LITTLE = 2  # words that say something; a clause of fewer is on what depends on it
_QUOTATION = re.compile(r"\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)")


def told_as_event(claim: Claim) -> str:
    """Find a sentence that tells what someone says as if it had happened."""
    if claim.spoken or not set('"“') & set(claim.passage):
        return ""
    narration = roots_of(words_of(_QUOTATION.sub(" ", claim.passage)))
    own = roots_of(claim.words)
    speech = sum(not alike(one, narration) and alike(one, claim.known) for one in own)
    said = any(clause.moods & {"said", "asked", "proposed", "settled"} for clause in claim.own)
    return "tells speech as an event" if speech > QUOTED * len(own) and not said else ""


def mood(claim: Claim) -> str:
    """Find what is told as decided, planned, asked or refused, and was not so in the passage."""
    for clause in claim.own:
        around = _moods_around(_governed(clause, claim) or claim.given, claim)
        for one, needed in NEEDS.items():
            if one in clause.own_moods and not needed & around and not _softer(one, clause):
                return f"told as {MOOD_NAMES[one]}, which the passage does not say"
    return ""


def _governed(clause: Clause, claim: Claim) -> list[Clause]:
    """Return the passage's clauses on what a clause says, or on what depends on it."""
    below = [one for one in claim.own if one.before is clause and one.depends]
    if below and len(clause.predicate) < SAYS_LITTLE:  # "they decided that"
        return claim.behind[below[0]] or claim.behind[clause]
    return claim.behind[clause]


def unreal(claim: Claim) -> str:
    """Find what is told as done, and was planned, proposed, asked or tried in the passage."""
    for clause, given in claim.behind.items():
        if not given or clause.own_moods or not clause.moods <= {"said"} or _is_under(clause):
            continue
        if all(other.moods & UNREAL for other in given):
            how = MOOD_NAMES[min(given[0].moods & UNREAL)]
            return f"told as done, which in the passage is {how}: {' '.join(clause.words)}"
    return ""


def answered(claim: Claim) -> str:
    """Find what is told as said or done, and is a question in the passage."""
    told = {mood for clause in claim.own for mood in clause.moods}
    if told & {"asked", "possible"} or _ASKING & {stem(word.casefold()) for word in claim.words}:
        return ""
    for clause, given in claim.behind.items():
        if given and all("asked" in one.moods - one.own_moods for one in given):
            return f"told as said, which in the passage is asked: {' '.join(clause.words)}"
    return ""


def _is_under(clause: Clause) -> bool:
    """Say whether a clause only tells more of what was told as less than done: "asked who went"."""
    before = clause.before
    opens = clause.words[0].casefold() in OPENS
    return opens and before is not None and bool(before.moods & UNREAL)


def _softer(mood: str, clause: Clause) -> bool:
    """Say whether a "would" or a question in a sentence is only part of a softer telling."""
    return mood in {"would", "asked"} and bool(clause.moods & {"proposed", "possible"})


def _moods_around(given: Sequence[Clause], claim: Claim) -> set[str]:
    """Return the moods of the passage's sentences that some clauses are from.

    A short sentence speaks of the one before it: "Ada proposed red. They agreed."
    """
    numbers = {clause.sentence for clause in given}
    short = {
        n
        for n in {clause.sentence for clause in claim.given}
        if sum(len(c.roots) for c in claim.given if c.sentence == n) <= SHORT
    }
    numbers |= {n for n in short if n - 1 in numbers}
    found = [clause for clause in claim.given if clause.sentence in numbers]
    moods = {mood for clause in found for mood in clause.moods}
    if any(clause.denied for clause in found):
        moods.add("refused")
    return moods


def negation(claim: Claim) -> str:
    """Find a "not" that was added, or left out."""
    denies = any(one.denied for one in claim.given)
    if LITTLE_NOT.search(claim.sentence) and not (denies or LITTLE_NOT.search(claim.passage)):
        return "denies what the passage does not deny"
    if NEGATION.search(claim.sentence) and not denies:
        return "denies what the passage does not deny"
    for clause in claim.own:
        given = claim.behind[clause]
        if not given:
            continue
        if clause.denied and not any(one.denied for one in given):
            return "denies what the passage does not deny"
        if not clause.denied and all(one.denied for one in given):
            return "leaves out a “not” of the passage"
    return ""


def cause(claim: Claim) -> str:
    """Find a reason that the passage does not give, or gives the other way round."""
    own = _cause_and_effect(claim.sentence)
    if own is None:
        return ""
    parts = [i for i, part in enumerate(claim.sentences) if CAUSAL.search(part)]
    if not any(_gives(own, i, claim) for i in parts):
        return "gives a reason that the passage does not give"
    for i in parts:
        given = _cause_and_effect(claim.sentences[i])
        if given is not None:
            right = overlap(own[0], given[0]) + overlap(own[1], given[1])
            if right < overlap(own[0], given[1]) + overlap(own[1], given[0]):
                return "takes the effect for the cause"
    return ""


def _gives(own: tuple[frozenset[str], frozenset[str]], number: int, claim: Claim) -> bool:
    """Say whether a sentence of the passage speaks of both a cause and its effect.

    What it has from the sentence before counts too: "It rained. So they stayed."
    """
    reach = claim.of_sentence(number)
    if number and LEADS_ON.search(claim.sentences[number]):
        reach |= claim.of_sentence(number - 1)
    known = ([one for one in part if alike(one, claim.known)] for part in own)
    return all(overlap(part, reach) >= BOTH * len(part) for part in known)


def _cause_and_effect(text: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the roots of a cause and of its effect, None where no cause is told of."""
    if match := BEFORE_CAUSE.search(text):
        effect, cause = text[: match.start()], text[match.end() :]
        if not effect.strip():  # "Because it rained, they stayed."
            cause, _, effect = cause.partition(",")
            return _roots(_first(cause)), _roots(_first(effect))
        return _roots(_first(cause)), _roots(_last(effect))
    if match := BEFORE_EFFECT.search(text):
        return _roots(_last(text[: match.start()])), _roots(_first(text[match.end() :]))
    return None


def _roots(text: str) -> frozenset[str]:
    return roots_of(words_of(text))


def _first(text: str) -> str:
    """Return the part up to a comma or semicolon."""
    return re.split(r"[,;]", text.lstrip(" ,;"), maxsplit=1)[0]


def _last(text: str) -> str:
    """Return the part behind the last comma or semicolon."""
    return re.split(r"[,;]", text.rstrip(" ,;"))[-1]
