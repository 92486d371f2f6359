"""Whether a sentence of English prose can be read alone, away from those around it.

It can where nothing in it points elsewhere: no pronoun without a noun before it, no "this rule",
no "the latter", no "Table 3". That is a matter of words here, not of understanding; what is
doubtful is left out.
"""

from __future__ import annotations

import re

from pipeline.passages import english_prose as english
from pipeline.text.english import CONNECTIVE
from pipeline.text.postedit import starts_with_anaphor, strip_connective
from pipeline.text.sentences import FINISHED

LEAST, MOST = 8, 60  # words of a sentence that is a passage; chosen on six reports
_LEADING_ON = (
    CONNECTIVE,
    english.LEADING_ON,
    english.NOTHING_COUNTED,
    english.SEEN_BEFORE,
    english.NO_ONE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PLAIN_OPENING = re.compile(
    r"[\"“'‘]?(?:[A-Z$€£]|\d(?:[\d,.]*\d)?(?:%|\s(?!(?:as|of|to|and|in|on|by|is)\b)))"
)
_KEPT_CONNECTIVES = ("For example", "For instance", "Instead")  # without them it says another thing
_OPENING_CLAUSE = 60  # characters
_HALVES = (("“", "”"), ("(", ")"), ("[", "]"))


def loosened(sentence: str) -> str:
    """Return a sentence without the words that only tie it to the one before.

    "However, the bill also ends the grant." becomes "The bill ends the grant."
    """
    if not sentence.startswith(_KEPT_CONNECTIVES):
        sentence = strip_connective(sentence)
    for opening in (english.SUMMING_UP, english.RUN_IN):
        found = opening.match(sentence)
        if found:
            sentence = _capital(sentence[found.end() :])
    ordinal = english.ORDINAL.match(sentence)
    if ordinal and english.RULING.search(sentence):
        sentence = _capital(sentence[ordinal.end() :])
    sentence = english.LIST_AT_END.sub(".", sentence)
    sentence = english.ASIDE.sub("", sentence, count=1)
    if "not only" not in sentence.lower():
        sentence = english.ALSO.sub("", sentence, count=1)
    return sentence


def as_item(sentence: str) -> str:
    """Return an item of a list without its label, "Fast: …"; "" where it has no subject."""
    label = english.LABEL.match(sentence)
    if label:
        sentence = _capital(sentence[label.end() :])
    return "" if english.NO_SUBJECT.match(sentence) else sentence


def stands_alone(sentence: str, known: frozenset[str] = frozenset()) -> bool:
    """Say whether a sentence, `loosened` before, can be read alone.

    `known` are nouns that a text is about, in lower case: of them it can say "the scheme" anywhere.
    """
    named = sentence.split(" ", maxsplit=1)[0] in known  # "sandcut reads …"
    return (
        _is_whole(_capital(sentence) if named else sentence)
        and not _leads_on(sentence)
        and not _points(sentence)
        and not _unnamed(sentence, known)
        and _pronouns_are_named(sentence)
        and not english.THEY_AFTER.match(sentence)
    )


def follows_well(sentence: str, before: str) -> bool:
    """Say whether a sentence that cannot be read alone can be read right after another one.

    It goes on about what that one is about ("It …", "This …"), and points nowhere else.
    """
    if not _is_whole(sentence) or not starts_with_anaphor(sentence) or CONNECTIVE.match(sentence):
        return False
    first = english.GOING_ON.match(sentence)
    if first is None:
        return False
    if first[0] in ("He", "She", "His", "Her") and not _names_person(before):
        return False
    rest = sentence[first.end() :]
    return not _points(rest) and not english.PERSONS.search(before[:_OPENING_CLAUSE])


def introduces_list(sentence: str) -> bool:
    """Say whether a sentence announces a list, or an enumeration that other sentences are of."""
    return english.LISTING.search(sentence) is not None


def _is_whole(sentence: str) -> bool:
    """Say whether a sentence is one, from its capital to its full stop, and no question."""
    count = len(sentence.split())
    return bool(
        LEAST <= count <= MOST
        and FINISHED.search(sentence)
        and english.VERB.search(sentence)
        and not english.CUT_SHORT.search(sentence)
        and _PLAIN_OPENING.match(sentence)
        and not sentence.rstrip("\"”’')").endswith(("?", "…", "..."))
        and sentence.count('"') % 2 == 0
        and all(sentence.count(one) == sentence.count(other) for one, other in _HALVES)
        and not english.APPARATUS.search(sentence)
        and not english.ENUMERATED.match(sentence)
        and not english.LABEL.match(sentence)
        and not english.ELLIPTIC.match(sentence)
        and not introduces_list(sentence)
        and 2 * len(_WORD.findall(sentence)) > count
        and not _is_speech(sentence)
    )


def _is_speech(sentence: str) -> bool:
    """Say whether a sentence is somebody's words: a quotation with nobody named, or little else."""
    if sentence[0] not in '"“':
        return False
    closing = sentence.rfind("”" if sentence[0] == "“" else '"')
    return closing <= 0 or len(sentence) - closing < len(sentence) // 4


def _leads_on(sentence: str) -> bool:
    """Say whether a sentence begins with words that lead on from another."""
    if starts_with_anaphor(sentence):
        return english.IT_IS.match(sentence) is None
    return any(opening.match(sentence) for opening in _LEADING_ON)


def _points(sentence: str) -> bool:
    """Say whether a sentence points to another one, or compares with what it does not name."""
    clause = sentence.split(",")[0][: 2 * _OPENING_CLAUSE]
    then = english.THEN.search(sentence)
    return bool(
        english.POINTING.search(sentence)
        or english.COMPARING.search(clause)
        or (then and not english.CONDITION.search(sentence[: then.start()]))
    )


def _unnamed(sentence: str, known: frozenset[str]) -> bool:
    """Say whether a sentence speaks of "the bill", which is named elsewhere."""
    found = english.GENERIC.search(sentence)
    if found is None or found["noun"] in known:
        return False
    # "A bill that …, the bill is …": named here.
    named = rf"(?i)\b(?:an?|[a-z]+['’]s) {found['noun']}\b"
    return re.search(named, sentence[: found.start()]) is None


def _pronouns_are_named(sentence: str) -> bool:
    """Say whether something stands before the first pronoun that it can mean."""
    rest = english.IT_IS.sub("", sentence)  # "it is likely that" means nothing
    thing = english.THINGS.search(rest)
    if thing and not _has_noun(_before(thing, rest), thing[0]):
        return False
    person = english.PERSONS.search(rest)
    return person is None or _names_person(_before(person, rest))


def _before(pronoun: re.Match[str], sentence: str) -> str:
    """Return what of a sentence may have what a pronoun means.

    A subject means nothing of the phrase that opens its sentence: "At the bank, it …".
    """
    before = english.OF_THEIRS.sub("", sentence[: pronoun.start()])
    if pronoun[0] in _SUBJECTS and english.PREPOSITIONS.match(sentence):
        return before.partition(",")[2]
    return before


_SUBJECTS = frozenset(("he", "she", "it", "they"))


def _has_noun(before: str, pronoun: str) -> bool:
    """Say whether there may be a noun among words that a pronoun can mean.

    "They" means more than one; "it" means one, and not what the verb before it says: "carried it".
    """
    words = [word for word in _WORD.findall(before) if word.lower() not in english.FUNCTION_WORDS]
    if pronoun.lower().startswith("the"):
        return bool(words) and english.MANY.search(before) is not None
    return any(not word.endswith(("ed", "s")) or word.endswith(_SINGULAR) for word in words)


_SINGULAR = ("ss", "us", "is", "ics", "'s", "’s", "News", "news", "States", "series")


def _names_person(before: str) -> bool:
    """Say whether someone may be named: by a capital, or by what they are."""
    if english.PERSON_WORDS.search(before):
        return True
    last = ""
    of_no_person = False
    for word in _WORD.findall(before):
        capital = word[0].isupper() and word.lower() not in english.FUNCTION_WORDS
        if capital:
            of_no_person = of_no_person or last in english.NO_PERSON_BEHIND
            if not of_no_person:
                return True
        elif word not in ("and", "of"):
            of_no_person = False
        last = word
    return False


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
