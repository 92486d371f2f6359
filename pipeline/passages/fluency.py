"""Whether a spoken sentence is whole: none that was broken off, begun anew, or lost its verb."""

from __future__ import annotations

import re

from pipeline.passages import english_fluency as en

_MOST = 600  # characters of a sentence; a longer one is none that anybody reads
_LEAST = 3  # words of a clause
_WORD = re.compile(r"[\w'’-]+|,")


def is_fluent(sentence: str, *, verbatim: bool = True) -> bool:
    """Say whether a sentence can be shown: whole, with a subject and a verb where one looks for it.

    Rather too strict: a meeting has more sentences than a summary can show. Where a transcript is
    not `verbatim`, someone has seen to the verbs.
    """
    if len(sentence) > _MOST:
        return False
    words = [word.replace("’", "'").casefold() for word in _WORD.findall(sentence)]
    if not words or not sentence.endswith((".", "?", "!")):
        return False
    if any(pattern.search(sentence) for pattern in en.STUMBLES):
        return False
    if not verbatim:
        return words[0] not in en.HEADLESS
    return sentence.endswith("?") or _has_verb(words)


def _has_verb(words: list[str]) -> bool:
    """Say whether the main clause has a subject and a finite verb."""
    if words[0] in en.HEADLESS or (words[0] in en.ADVERBS and _is_verb(words, 1)):
        return False
    leads = en.LEADS_UP | en.ADVERBS | en.JOINTS | {"and"}
    while words and words[0] in leads and "," in words:
        words = words[words.index(",") + 1 :]
    if not words or words[0] in en.HEADLESS or words[0] == ",":
        return False
    leads |= en.QUESTIONS
    if len(words) > 1 and words[1] in en.SUBJECTS and words[0] not in leads:
        return False  # "joystick they will …"
    clause = _first_clause(words)
    verbs = [i for i in range(len(clause)) if _is_verb(clause, i)]
    if words[0] in en.SUBORDINATE:  # without a comma: "if it's cheap that's a bonus"
        return any(_has_subject(clause, i) for i in verbs[1:])
    if clause[0].endswith("ing") and clause[0] not in en.THINGS:
        return any(word in en.AUXILIARIES for word in clause[2:])
    relative = next((i for i in range(1, len(clause)) if _opens_relative(clause, i)), len(clause))
    # "A remote that works" and "the steps they took" have a verb, and are no sentence.
    return bool(verbs) and (verbs[0] < relative or len(verbs) > 1 or words[0] in leads)


def _has_subject(words: list[str], at: int) -> bool:
    """Say whether a verb has its subject right before it, or in it."""
    return words[at].endswith(en.CONTRACTED) or words[at - 1] in en.CONTRACTING


def _opens_relative(words: list[str], at: int) -> bool:
    """Say whether a relative clause begins here."""
    after_noun = at > 1 and words[at - 1] not in en.JOINTS | en.LEADS_UP | en.ADVERBS
    return words[at] in en.RELATIVE or (words[at] in en.SUBJECTS and after_noun)


def _first_clause(words: list[str]) -> list[str]:
    """Return the words up to a comma, or, from the fourth on, to a word that joins clauses."""
    for i, word in enumerate(words):
        if word == "," or (i >= _LEAST and word in en.JOINTS):
            return words[:i]
    return words


def _is_verb(words: list[str], at: int) -> bool:
    """Say whether a word is a finite verb with something before it."""
    if at >= len(words):
        return False
    word = words[at]
    if word.endswith(en.CONTRACTED) and word.split("'")[0] in en.CONTRACTING:
        return True
    if at == 0 or words[at - 1] == "to" or words[at - 1] in en.DETERMINERS:
        return False
    return word in en.AUXILIARIES or word in en.VERBS or words[at - 1] in en.PRONOUNS
