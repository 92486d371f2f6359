"""Checks of how a sentence is written: whole, with its subject named, and of the matter itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.evidence.claims.claim import LONGEST_SENTENCE
from pipeline.evidence.claims.english import (
    COUNTRY,
    DANGLING,
    FEELING,
    FIRST_PERSON,
    HALF,
    MODALS,
    OPENING,
    TALK_OF_TEXT,
)
from pipeline.evidence.claims.words import WORD, is_verb, moods_at, stem, words_of

if TYPE_CHECKING:
    from pipeline.evidence.claims.claim import Claim

SHORTEST = 4  # words of a sentence
LONGEST = 45  # words of a sentence
LONGEST_WORD = 40  # letters
SAYS_WITHIN = 4  # words behind the subject, in which a report has its verb of saying
LISTED = 4  # commas without "and", from which a sentence is a list of catchwords
_FEELING = frozenset(map(stem, FEELING))
_STOP = re.compile(r"[.!?][\"”')]?\Z")
_QUOTED = re.compile(r"\"[^\"]*(?:\"|\Z)|“[^”]*(?:”|\Z)")


def unfinished(claim: Claim) -> str:
    """Find what is no whole sentence."""
    if not claim.words or not _STOP.search(claim.sentence):
        return "not a whole sentence: it has no end"
    if claim.words[-1].casefold() in DANGLING - {"in", "on", "to", "for", "with", "from", "at"}:
        return f"not a whole sentence: nothing follows “{claim.words[-1]}”"
    if claim.sentence[0].islower():
        return "not a whole sentence: it begins in the middle"
    first = claim.words[0].casefold()
    if first in HALF and "," not in claim.sentence and not claim.sentence.endswith("?"):
        return f"not a whole sentence: only what “{claim.words[0]}” leads in"
    return "" if _finite(claim.words) else "not a whole sentence: it has no verb"


def _finite(words: list[str]) -> bool:
    """Say whether any word may be a verb: what is not known may be one, if it ends like one."""
    pairs = zip(words, ["", *words], strict=False)
    return any(is_verb(w, b) or (b and w.islower() and w.endswith(("s", "ed"))) for w, b in pairs)


def length(claim: Claim) -> str:
    """Find what is no sentence by its length, in words."""
    if len(claim.words) < SHORTEST:
        return "too short"
    if len(claim.sentence) >= LONGEST_SENTENCE or len(claim.words) > LONGEST:
        return "too long"
    if max(map(len, claim.words)) > LONGEST_WORD:
        return "a word that is too long"
    return ""


def opening(claim: Claim) -> str:
    """Find a first word that points to what stands before."""
    match = OPENING.match(claim.sentence)
    return f"begins with “{match[0]}”, which names nobody" if match else ""


def other_subject(claim: Claim) -> str:
    """Find a sentence that is not about whom it should be about."""
    if claim.subject and not re.match(rf"{re.escape(claim.subject)}(?!\w)", claim.sentence):
        return f"does not begin with {claim.subject}"
    return ""


def unsaid(claim: Claim) -> str:
    """Find a report of speech that does not tell it as speech."""
    if not claim.spoken:
        return ""
    behind = words_of(claim.sentence[len(claim.subject) :])[:SAYS_WITHIN]
    if any(stem(word.casefold()) in _FEELING for word in behind):
        return ""
    verbs = (i for i, word in enumerate(behind) if word.casefold() not in MODALS)
    if any(moods_at(behind, i) for i in verbs):
        return ""
    return "does not tell that it was only said"


def first_person(claim: Claim) -> str:
    """Find a sentence that speaks as I, we or you, but in a quotation."""
    bare = claim.sentence if claim.spoken else _QUOTED.sub(" ", claim.sentence)
    match = FIRST_PERSON.search(COUNTRY.sub(" ", bare))
    return f"speaks as “{match[0]}”" if match else ""


def talk_of_text(claim: Claim) -> str:
    """Find talk about the text, where the passage has none."""
    match = TALK_OF_TEXT.search(claim.sentence)
    if match and match[0].casefold() not in claim.passage.casefold():
        return f"talks of the text: {match[0]}"
    return ""


def loose_quotation(claim: Claim) -> str:
    """Find a quotation mark without its other one, and one that the passage lacks."""
    if claim.sentence.count('"') % 2 or claim.sentence.count("“") != claim.sentence.count("”"):
        return "a quotation mark alone"
    quotes = set('"“') & set(claim.sentence)
    if quotes and not claim.spoken and not set('"“') & set(claim.passage):
        return "quotes what the passage does not quote"
    return ""


def catchwords(claim: Claim) -> str:
    """Find a list of words with nothing between them."""
    joined = {"and", "or"} & set(WORD.findall(claim.sentence))
    return "a list of catchwords" if claim.sentence.count(",") >= LISTED and not joined else ""
