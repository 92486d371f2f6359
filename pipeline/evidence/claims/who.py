"""Checks of who does what, and what is whose: the wrong person or role is the worst of faults."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.claims.english import ANYONE, NEWCOMERS, OBJECTS, OWNERS
from pipeline.evidence.claims.words import alike, is_content, overlap, root, roots_of, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.evidence.claims.claim import Claim
    from pipeline.evidence.claims.clauses import Clause

FRAME = 2  # words that say something, of which a clause that only says who speaks has fewer
NEAR = 3  # words before a thing, among which its owner is named
_POSSESSED = re.compile(r"(?i)\b(his|her|their|its) ((?:\w+ ){0,2}?)(\w+)\b")
_ANYONE = frozenset(map(root, ANYONE))
_ONE = frozenset({"he", "she"})


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
    for clause, given in claim.behind.items():
        if given and all(_is_other(clause, one, claim) for one in given):
            of = next((one.who for one in given if one.who), "somebody else")
            return f"told of {clause.who or claim.subject}; in the passage, of {of}"
    return ""


def turned_around(claim: Claim) -> str:
    """Find one to whom it is done as who does it: "Ben was hired" as "Ben hired"."""
    for clause, given in claim.behind.items():
        if given and all(_is_turned(clause, one) for one in given):
            return f"who does it and to whom is turned around: {clause.who}"
    return ""


def _is_other(clause: Clause, given: Clause, claim: Claim) -> bool:
    """Say whether a clause of the passage tells its matter of another one than a sentence's."""
    subject = roots_of(words_of(claim.subject))
    if claim.spoken and clause.lead.pronoun in _ONE and not _names_others(claim, subject):
        return given.lead.pronoun in _ONE  # who speaks says "I" of himself
    both = clause.passive and given.passive  # then it is done to the one and to the other
    own, other = (one.lead.heads if both else one.agent for one in (clause, given))
    if not own or own & _ANYONE or clause.has or _is_frame(clause, claim, subject):
        return False
    if given.lead.pronoun in {"i", "we"} and claim.subject:
        return not own & subject
    by_nobody = (given.passive and not both and not other) or _done_by_nobody(clause, given)
    if by_nobody and not overlap(own, claim.of_sentence(given.sentence) | subject):
        return True
    if not other or given.named <= _ANYONE or _is_event(other, claim):
        return False
    if overlap(own, other | given.named) or overlap(other, own | clause.named):
        return False
    if claim.spoken and own <= subject and clause.main == given.main:
        return not overlap(other, clause.predicate)
    words = given.lead.who.split(" ")
    newcomer = words[0].casefold() in NEWCOMERS and not given.lead.passive
    return newcomer or _apart(own, other, claim) or (_is_name(clause) and _is_name(given))


def _is_frame(clause: Clause, claim: Claim, subject: frozenset[str]) -> bool:
    """Say whether a clause only says who speaks: "Nina asked"."""
    return claim.spoken and clause.agent <= subject and len(clause.predicate) < FRAME


def _done_by_nobody(clause: Clause, given: Clause) -> bool:
    """Say whether the passage tells only that it came about: "the dam broke", of who broke it."""
    same = clause.main != "" and clause.main == given.main and not given.passive
    return same and bool(given.agent) and given.agent <= clause.predicate


def _names_others(claim: Claim, subject: frozenset[str]) -> bool:
    """Say whether a sentence names others than its subject, whom a pronoun may stand for."""
    return any(clause.heads - subject for clause in claim.own)


def _is_event(other: frozenset[str], claim: Claim) -> bool:
    """Say whether a subject is what a verb of the sentence tells: "his refusal hurt us"."""
    return bool(overlap(other, frozenset(clause.main for clause in claim.own)))


def _apart(some: frozenset[str], others: frozenset[str], claim: Claim) -> bool:
    """Say whether a sentence of the passage has both, so that they are not one and the same.

    They may be where neither has a verb ("Hale, the surgeon, left"), or where one is the other.
    """
    found = False
    for number in range(len(claim.sentences)):
        parts = [clause for clause in claim.given if clause.sentence == number]
        has = [(bool(overlap(some, c.roots)), bool(overlap(others, c.roots))) for c in parts]
        if any(one and other and c.equates for (one, other), c in zip(has, parts, strict=True)):
            return False
        verbs = any(any(pair) and c.verb is not None for pair, c in zip(has, parts, strict=True))
        found |= verbs and any(one for one, _ in has) and any(other for _, other in has)
    return found


def _is_name(clause: Clause) -> bool:
    words = clause.antecedent or clause.lead.topic
    return any(word[0].isupper() and is_content(word) for word in words[-2:])


def _is_turned(clause: Clause, given: Clause) -> bool:
    if not clause.main or clause.main != given.main or clause.passive == given.passive:
        return False
    active = given if clause.passive else clause
    return _has_object(active) and bool(clause.heads & given.heads)


def _has_object(clause: Clause) -> bool:
    """Say whether someone or something follows the verb of a clause at once."""
    pairs = pairwise(clause.words)
    following = next((other for one, other in pairs if root(one.casefold()) == clause.main), "")
    return following[:1].isupper() or following.casefold() in OBJECTS


def possession(claim: Claim) -> str:
    """Find something that is somebody's, and in the passage is nobody's or another's."""
    words = words_of(claim.passage)
    roots = [root(word.casefold()) for word in words]
    for match in _POSSESSED.finditer(claim.sentence):
        thing = frozenset({root(match[3].casefold())})
        places = [i for i, one in enumerate(roots) if alike(one, thing)]
        if not places or not is_content(match[3]):
            continue
        if not any(_is_owned(words[max(i - NEAR, 0) : i], words[i + 1 : i + 2]) for i in places):
            return f"“{match[0]}”: the passage does not say whose"
    return ""


def _is_owned(before: Sequence[str], behind: Sequence[str]) -> bool:
    """Say whether the words around a thing tell of an owner: "her", "Anna's", "of"."""
    if any(word.casefold() in OWNERS or word.endswith(("'s", "s'")) for word in before):
        return True
    return any(word.casefold() == "of" for word in behind)
