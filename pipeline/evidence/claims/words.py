"""Words of English as they are compared: first forms, synonyms, stems; verbs and their moods."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.evidence.claims.english import (
    ALIKE,
    AS_NOUNS,
    AUXILIARY,
    COMMON,
    DETERMINERS,
    HANDS_ON,
    IRREGULAR,
    KNOWING,
    MOODS,
    NO_PAST,
    ONLY_WITH,
    OPENS,
    PERCEIVING,
    PREPOSITIONS,
    PRONOUNS,
    REPORTING,
    SENSING,
    SHORT_FORMS,
    UNCHANGED,
)
from pipeline.text.english import SPELLED
from pipeline.text.terms import stemming

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
MANY = 20_000  # words whose properties are kept
STEM = 5  # letters that words of one stem share at least, and this share of the longer one
STEM_SHARE = 0.6
stem = stemming("en")
_SHORT = re.compile(
    r"(?i)\b(i|you|he|she|it|we|they|that|who|there)'(m|ll|d|s|re|ve)\b(?=[ ,]{0,2}([a-z]{0,20})) ?"
)

_FORMS = frozenset(form for form, base in IRREGULAR.items() if form != base) | UNCHANGED


@lru_cache(MANY)
def root(word: str) -> str:
    """Return what a word in lower case is compared by: of its first form, of its synonyms."""
    plain = word.removesuffix("'s").removesuffix("s'")
    return _synonym(stem(IRREGULAR.get(plain, plain)))


_ALIKE = {stem(word): stem(row[0]) for row in ALIKE for word in row}


def _synonym(one: str) -> str:
    return _ALIKE.get(one, one)


_MOOD_OF: dict[str, list[str]] = {}
for _mood, _words in MOODS.items():
    for _word in _words:
        for _form in {_word} if _word.endswith(("ing", "ed", "ly")) else {_word, stem(_word)}:
            _MOOD_OF.setdefault(_form, []).append(_mood)
SAYING = frozenset(map(stem, MOODS["said"] | KNOWING | {"suggest", "propose"}))
SENSED = frozenset(map(root, SENSING))
HANDING_ON = frozenset(map(stem, HANDS_ON))
_REPORT_ROOTS = frozenset(root(word) for word in REPORTING)


def alike(one: str, roots: frozenset[str]) -> bool:
    """Say whether a root is among others, or of one stem with one of them: explode, explosion."""
    if one in roots:
        return True
    if len(one) < STEM:
        return False
    return any(
        len(other) >= STEM
        and other[:STEM] == one[:STEM]
        and _shared(one, other) >= STEM_SHARE * max(len(one), len(other))
        for other in roots
    )


def _shared(one: str, other: str) -> int:
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return i
    return min(len(one), len(other))


def words_of(text: str) -> list[str]:
    """Return the words of a text, with curly apostrophes as straight ones."""
    return WORD.findall(text.replace("’", "'"))


def expanded(text: str) -> str:
    """Return a text with "she will" for "she'll", so that each has its own word."""
    return _SHORT.sub(_long, text)


def _long(match: re.Match[str]) -> str:
    pronoun, form, behind = match.groups()
    past = behind.casefold().endswith("ed") or behind.casefold() in _FORMS
    return f"{pronoun} {'had' if form == 'd' and past else SHORT_FORMS[form.casefold()]} "


@lru_cache(MANY)
def is_content(word: str) -> bool:
    """Say whether a word says something of its own: no particle, no number, no verb of saying."""
    low = word.casefold()
    plain = low.removesuffix("'s")
    return not (
        plain in COMMON
        or low.partition("'")[0] in PRONOUNS
        or low in OPENS
        or low in AUXILIARY
        or low[0].isdigit()
        or SPELLED.fullmatch(low)
        or root(low) in _REPORT_ROOTS
    )


@lru_cache(MANY)
def is_verb(word: str, before: str) -> bool:
    """Say whether a word, after another one, looks like the verb of a clause."""
    named = before[:1].isupper() and not word.endswith("ss")  # "Anna nods"
    low, before = word.casefold(), before.casefold()
    if low in AUXILIARY:
        return True
    if before in DETERMINERS or before.endswith("'s") or before in PREPOSITIONS:
        return False
    base = IRREGULAR.get(low)
    if base is not None and low in _FORMS:
        return not low.endswith(("ion", "ions", "ment", "ments", "th", "ths", "ice", "ices"))
    if word[0].isupper():
        return False
    if low.endswith("ed") and len(low) > 3 and low not in NO_PAST:
        return True
    if before in PRONOUNS:
        return stem(low) in VERBS
    return bool(before) and low.endswith("s") and (named or stem(low) in VERBS)


def first_verb(words: Sequence[str]) -> int | None:
    """Return the place of the first word that looks like a verb, None where none does."""
    before = ""
    for i, word in enumerate(words):
        if is_verb(word, before):
            return i
        before = word
    return None


def bare_verb(words: Sequence[str]) -> int | None:
    """Return the place of a verb in its first form, behind a subject: "her brother climb"."""
    found = (i for i, word in enumerate(words) if i and stem(word) in VERBS)
    return next((i for i in found if words[i - 1].casefold() not in DETERMINERS), None)


VERBS = frozenset(
    {stem(word) for words in MOODS.values() for word in words}
    | {stem(word) for row in ALIKE for word in row}
    | {stem(base) for base in IRREGULAR.values()}
) - {stem("house"), stem("ship"), stem("boat"), stem("law"), stem("job"), stem("cost")}


def roots_of(words: Iterable[str]) -> frozenset[str]:
    """Return the roots of the words that say something."""
    return frozenset(root(word.casefold()) for word in words if is_content(word))


def moods_at(words: Sequence[str], i: int) -> tuple[str, ...]:
    """Return the moods that a word tells of where it stands: not "his will", "in May"."""
    word = words[i]
    if stem(IRREGULAR.get(word, word)) == "think" and words[i + 1 : i + 2] == ["of"]:
        return ("proposed",)  # "he thought of opening it"
    found = moods_of(word)
    if not found:
        return ()
    low, before = word.casefold(), words[i - 1].casefold() if i else ""
    behind = [other.casefold() for other in words[i + 1 : i + 3]]
    noun = word[0].isupper() or before in DETERMINERS or before.endswith("'s")
    if low in AS_NOUNS and i and noun:
        return ()
    if low in ONLY_WITH and not ONLY_WITH[low] & set(behind[:1]):
        return ()
    return () if low == "could" and PERCEIVING & set(behind) else found


@lru_cache(MANY)
def moods_of(word: str) -> tuple[str, ...]:
    """Return the moods that a word tells of, in any form of it."""
    word = word.casefold()
    if word.endswith(("ive", "ible", "able")):  # an objective is no objection
        return ()
    contracted = next((word[-len(end) :] for end in ("'ll", "'d") if word.endswith(end)), word)
    first = IRREGULAR.get(word, word)
    found = _MOOD_OF.get(contracted) or _MOOD_OF.get(word) or _MOOD_OF.get(stem(first))
    return tuple(found or ())


def overlap(roots: Iterable[str], others: frozenset[str]) -> int:
    """Return how many of some roots are among others."""
    return sum(alike(one, others) for one in roots)
