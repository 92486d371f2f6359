"""Checks of what a sentence says, against its passage: who, how settled, denied, why, how many."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.clauses import (
    WORD,
    Clause,
    alike,
    is_content,
    root,
    roots_of,
    words_of,
)
from pipeline.evidence.english_claims import (
    ANYONE,
    BEFORE_CAUSE,
    BEFORE_EFFECT,
    CAUSAL,
    COMMON,
    LITTLE_NOT,
    NEEDS,
    NEGATION,
    OBJECTS,
    OWNERS,
    TO_BE,
    UNREAL,
)
from pipeline.evidence.facts import SourceFacts, unsupported
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pipeline.evidence.claim import Claim

OWN = 0.3  # share of a sentence's words that its passage may lack
OWN_SPOKEN = 0.35  # the same where speech was turned into a report
TOGETHER = 0.7  # share of a clause's words that one sentence of the passage has to hold
QUOTED = 0.5  # share of a sentence's words that only speech holds, above which it must say so
SHORT = 4  # words that say something; a sentence of no more ("They agreed.") is on what came before
NEAR = 3  # words before a thing, among which its owner is named
_QUOTATION = re.compile(r"\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)")
_PRONOUN = re.compile(r"(?i)\b(?:he|she|him|her|his|they|them|their|who|i|we|my|our|us|you)\b")
_THING = re.compile(r"(?i)\b(?:it|its|this|that|these|those|they|them|which|one)\b")
_POSSESSED = re.compile(r"(?i)\b(his|her|their|its) ((?:\w+ ){0,2}?)(\w+)\b")
_ANYONE = frozenset(map(root, ANYONE))


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
    """Yield each number with the root of the word behind it that says something."""
    for one, other in pairwise(WORD.findall(text)):
        low = one.casefold()
        if (low in _VALUES or low.isdigit()) and is_content(other):
            yield _VALUES.get(low, low), root(other.casefold())


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


def own_actor(claim: Claim) -> str:
    """Find someone whom a clause is about, and whom the passage does not hold."""
    for clause in claim.own:
        for head in sorted(clause.heads - _ANYONE):
            if not alike(head, claim.known):
                name = next(w for w in clause.topic if root(w.casefold()) == head)
                return f"{name} is not in the passage"
    return ""


def other_actor(claim: Claim) -> str:
    """Find what the passage tells of somebody else."""
    for clause in claim.own:
        given = claim.behind[clause]
        if not given:
            continue
        if all(_other(clause, one, claim) for one in given):
            who = " ".join(given[0].topic) or "somebody"
            return f"told of another one than the passage does: {who}"
        if all(_turned(clause, one) for one in given):
            return "who does it and to whom is turned around"
    return ""


def _other(clause: Clause, given: Clause, claim: Claim) -> bool:
    """Say whether a clause of the passage tells its matter of another one than a sentence's."""
    who = clause.agent - _ANYONE
    if not clause.agent and claim.spoken and clause.pronoun in _ONE and not _others(claim):
        return given.pronoun in _ONE  # who speaks says "I" of himself
    if given.pronoun in {"i", "we"} and claim.subject:
        return bool(who) and not who & roots_of(words_of(claim.subject))
    if not who or who != clause.agent or given.agent & _ANYONE or _owned(given.topic):
        return False
    if given.passive and not given.agent:
        return not any(alike(one, _sentence_roots(given, claim)) for one in who)
    if not given.agent or _same(clause, given):
        return False
    return _apart(who, given.agent, claim) or (_named(clause) and _named(given))


_ONE = frozenset({"he", "she"})


def _others(claim: Claim) -> bool:
    """Say whether a sentence names others than its subject, whom a pronoun may stand for."""
    subject = roots_of(words_of(claim.subject))
    return any(clause.heads - subject for clause in claim.own)


def _same(clause: Clause, given: Clause) -> bool:
    """Say whether one of two subjects is named in the other one."""
    return any(alike(one, given.agent | roots_of(given.topic)) for one in clause.agent) or any(
        alike(one, roots_of(clause.topic)) for one in given.agent
    )


def _apart(some: frozenset[str], others: frozenset[str], claim: Claim) -> bool:
    """Say whether a sentence of the passage has both, so that they are not one and the same."""
    whole = [clause for clause in claim.given if clause.verb is not None]
    for number in {clause.sentence for clause in whole}:
        roots = frozenset[str]().union(*(c.roots for c in whole if c.sentence == number))
        if _overlap(some, roots) and _overlap(others, roots):
            return True
    return False


def _sentence_roots(given: Clause, claim: Claim) -> frozenset[str]:
    own = (clause.roots for clause in claim.given if clause.sentence == given.sentence)
    return frozenset[str]().union(*own)


def _named(clause: Clause) -> bool:
    return any(word[0].isupper() and is_content(word) for word in clause.topic[-2:])


def _turned(clause: Clause, given: Clause) -> bool:
    """Say whether the one to whom it is done does it: "Ben was hired" as "Ben hired"."""
    if not clause.main or clause.main != given.main or clause.passive == given.passive:
        return False
    active = given if clause.passive else clause
    return _has_object(active) and bool(clause.heads & given.heads)


def _has_object(clause: Clause) -> bool:
    """Say whether someone or something follows the verb of a clause at once."""
    pairs = pairwise(clause.words)
    following = next((other for one, other in pairs if root(one.casefold()) == clause.main), "")
    return following[:1].isupper() or following.casefold() in OBJECTS


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
    """Find what is told as settled, coming or done, and was less than that in the passage."""
    for clause in claim.own:
        given = _governed(clause, claim) or list(claim.given)
        around = _moods_around(given, claim)
        for one, needed in NEEDS.items():
            if one in clause.own_moods and not needed & around and not _softer(one, clause):
                return f"told as {one}, which the passage does not say"
    return ""


def _governed(clause: Clause, claim: Claim) -> list[Clause]:
    """Return the passage's clauses on what a clause says, or on what depends on it."""
    below = [one for one in claim.own if one.before is clause and one.depends]
    return (claim.behind[below[0]] if below else []) or claim.behind[clause]


def unreal(claim: Claim) -> str:
    """Find what is told as done, and was planned, proposed, asked or tried in the passage."""
    for clause in () if claim.spoken else claim.own:
        given = claim.behind[clause]
        if given and not clause.moods and all(other.moods & UNREAL for other in given):
            return f"told as done; in the passage it is {min(given[0].moods & UNREAL)}"
    return ""


def _softer(mood: str, clause: Clause) -> bool:
    """Say whether a "would" or a question in a sentence is only part of a softer telling."""
    return mood in {"would", "asked"} and bool(clause.moods & {"proposed", "possible"})


def _moods_around(given: list[Clause], claim: Claim) -> set[str]:
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
    parts = [part for part in split_sentences(claim.passage) if CAUSAL.search(part)]
    about = own[0] | own[1]
    parts = [part for part in parts if _overlap(about, roots_of(words_of(part)))]
    if not parts:
        return "gives a reason that the passage does not give"
    for part in parts:
        given = _cause_and_effect(part)
        if given is not None:
            right = _overlap(own[0], given[0]) + _overlap(own[1], given[1])
            if right < _overlap(own[0], given[1]) + _overlap(own[1], given[0]):
                return "takes the effect for the cause"
    return ""


def _cause_and_effect(text: str) -> tuple[frozenset[str], frozenset[str]] | None:
    """Return the roots of a cause and of its effect, None where no cause is told of."""
    if match := BEFORE_CAUSE.search(text):
        before, behind = text[: match.start()], text[match.end() :]
        if not before.strip():  # "Because it rained, they stayed."
            behind, _, before = behind.partition(",")
    elif match := BEFORE_EFFECT.search(text):
        behind, before = text[: match.start()], text[match.end() :]
    else:
        return None
    return roots_of(words_of(behind)), roots_of(words_of(before))


def _overlap(roots: Iterable[str], others: frozenset[str]) -> int:
    return sum(alike(one, others) for one in roots)


def own_predicate(claim: Claim) -> str:
    """Find what something is said to be, in a word that the passage lacks."""
    for one, other in pairwise(claim.words):
        if one.casefold() in TO_BE and other in claim.missing:
            return f"“{one} {other}”: the passage does not say so"
    return ""


def possession(claim: Claim) -> str:
    """Find something that is somebody's, and in the passage is nobody's or another's."""
    words = words_of(claim.passage)
    for match in _POSSESSED.finditer(claim.sentence):
        thing = root(match[3].casefold())
        if not is_content(match[3]) or not alike(thing, claim.known):
            continue
        places = [
            i for i, word in enumerate(words) if alike(root(word.casefold()), frozenset({thing}))
        ]
        if not any(_owned(words[max(i - NEAR, 0) : i], words[i + 1 : i + 2]) for i in places):
            return f"“{match[0]}”: the passage does not say whose"
    return ""


def _owned(before: Sequence[str], behind: Sequence[str] = ()) -> bool:
    """Say whether the words before or behind a thing tell of an owner: "her", "Anna's", "of"."""
    if any(word.casefold() in OWNERS or word.endswith(("'s", "s'")) for word in before):
        return True
    return any(word.casefold() == "of" for word in behind)


def joined(claim: Claim) -> str:
    """Find words put together that stand apart in the passage."""
    parts = _resolved(claim)
    for clause in claim.own:
        held = [one for one in clause.roots if alike(one, claim.known)]
        if len(held) < 2:
            continue
        near = [part for part in parts if _overlap(held, part) >= TOGETHER * len(held)]
        verb = clause.main if alike(clause.main, claim.known) else ""
        if not any(not verb or alike(verb, part) for part in near):
            return f"puts together what stands apart: {' '.join(clause.words)}"
    return ""


def _resolved(claim: Claim) -> list[frozenset[str]]:
    """Return each sentence's roots, with those of the one before that a pronoun may stand for."""
    found: list[frozenset[str]] = []
    before: frozenset[str] = frozenset()
    named = roots_of(words_of(claim.subject))
    for number, sentence in enumerate(split_sentences(claim.passage)):
        words = words_of(sentence)
        own = roots_of(words)
        people = named if _PRONOUN.search(sentence) else frozenset()
        found.append(own | people | (before if _THING.search(sentence) else frozenset()))
        before = own
        named |= roots_of([word for word in words[1:] if word[0].isupper()])
        named = named.union(*(one.heads for one in claim.given if one.sentence == number))
    return found or [frozenset()]
