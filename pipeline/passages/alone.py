"""Which sentences of a story can be read alone, and who is meant and who speaks in them."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING

from pipeline.passages.english_story import (
    ANSWERS,
    APPEARS,
    FRONT,
    LEADS_ON,
    PERSON,
    PLACES,
    POINTS_BACK,
)
from pipeline.passages.runs import SUBJECT, Run, without_connective
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.passages.people import People
    from pipeline.passages.telling import Told

# Chosen by reading what came out of six stories of the evaluation's data.
LEAST, MOST = 14, 60  # words of a run
SENTENCES = 8  # of a run, at most
WINDOW = 8  # sentences back, in which nobody else is named whom a pronoun can mean

_LONGEST = 50  # words of a sentence
_OURS = 10  # one sentence of narration in so many says "I" where somebody tells their own story
_WHOLE = re.compile(r"[.!?][\"”'’)]*$")
_CUT_OFF = re.compile(r"(?:\.\.\.|…)[.!?]?[\"”]|(?:\.\.\.|…)$|(?:—|--)[\"”]?(?:$|\s)")
_FIRST_PERSON = re.compile(r"\b(?:I|we|my|our|me|us|you|your)\b")
_KIND = re.compile(r"\b(?:[Aa]n?|[Tt]he) (?:[a-z]+ )?[A-Z][a-z]+")  # "a Groacian", "the Russian"
_OBJECT = re.compile(r"[^,;:]*?\b(\w+) him\b")
_PLACES = frozenset(PLACES.split())
_HE = re.compile(r"\b(?:he|him|his|himself|He|His)\b")
_SHE = re.compile(r"\b(?:she|her|hers|herself|She|Her)\b")
_THEY = re.compile(r"\b(?:they|them|their|They|Their)\b")
_PLURAL = re.compile(r"\b[A-Za-z]{4,}[^s\W]s\b|\b(?:people|men|women|children)\b")


class Alone:
    """A story's sentences, and the runs of them that can be read alone."""

    def __init__(self, sentences: Sequence[Told], people: People) -> None:
        self._sentences = sentences
        self._people = people
        self._named = [people.mentions(s.told) for s in sentences]
        self._called = [people.mentions(s.said) for s in sentences]
        ours = sum(re.search(r"\bI\b", one.told) is not None for one in sentences)
        self._is_ours = _OURS * ours > len(sentences)
        self._readable = [self._is_readable(s) for s in sentences]
        self._meant = [self._who_is_meant(i) for i in range(len(sentences))]

    def runs(self) -> Iterator[Run]:
        """Yield every run that can be read alone: it shows who speaks, and whom pronouns mean."""
        for first in range(len(self._sentences)):
            end = min(first + SENTENCES, len(self._sentences)) if self._may_begin(first) else first
            words = 0
            for last in range(first, end):
                words += count_words(self._sentences[last].text)
                if words > MOST or not self._readable[last]:
                    break
                if words >= LEAST and (run := self._run(first, last)):
                    yield run

    def _is_readable(self, one: Told) -> bool:
        """Say whether a sentence is whole, and told or said by somebody known."""
        if count_words(one.text) > _LONGEST or FRONT.search(one.text):
            return False
        if not _WHOLE.search(one.text) or _CUT_OFF.search(one.text):
            return False
        told = plain(one.told)
        if told and count_words(told) < 2:  # "Oh."
            return False
        if told.endswith("?") or (_FIRST_PERSON.search(told) and not self._is_ours):
            return False
        return bool(one.speaker) or not one.said

    def _who_is_meant(self, i: int) -> str:
        """Return who "he" or "she" is in a sentence that names nobody; "" where that is unsure.

        It is the only one of the sentences before for whom that is the pronoun.
        """
        one = self._sentences[i]
        match = SUBJECT.search(one.told)
        if not match or self._named[i]:
            return ""
        if any(_is_strange(s.told) for s in self._sentences[max(0, i - WINDOW) : i]):
            return ""
        sex = match[1].lower()
        named: set[str] = set()
        for n in range(max(0, i - WINDOW), i):
            subjects = {word.lower() for word in SUBJECT.findall(self._sentences[n].told)}
            if self._named[n] and sex in subjects:
                return ""  # "He called for Alan": who called is not named
            named |= {*self._named[n], *self._called[n]}
        able = named  # in a dialogue, anybody who is there may speak next
        if not one.said:
            able = {name for name in named if self._people.sex(name) in {sex, ""}}
        who = next(iter(able)) if len(able) == 1 else ""
        return who if who and self._people.sex(who) == sex else ""

    def _may_begin(self, i: int) -> bool:
        """Say whether a sentence needs nothing that stands before it."""
        one = self._sentences[i]
        told = plain(one.told)
        if POINTS_BACK.search(told) or self._has_object(told):
            return False
        if LEADS_ON.match(without_connective(one.text).lstrip('"“')) and not (
            self._meant[i] and SUBJECT.match(one.told)
        ):
            return False
        if one.said and ANSWERS.match(one.said):
            return False
        return not (one.inside and one.said[:1].islower())

    def _has_object(self, told: str) -> bool:
        """Say whether a sentence begins with what somebody does to "him", who is not named."""
        match = _OBJECT.match(told)
        if not match or match[1] in _PLACES:
            return False
        return len(set(self._people.mentions(told[: match.start(1)]))) == 1

    def _run(self, first: int, last: int) -> Run | None:
        """Return a run, if it can be read alone: it shows who speaks, and whom pronouns mean."""
        found = self._sentences[first : last + 1]
        speakers: dict[int, str] = {}
        for _, own in groupby(range(len(found)), lambda i: found[i].paragraph):
            part = list(own)
            speaker = self._shown_speaker([found[i] for i in part])
            if speaker is None:
                return None
            if speaker:
                speakers[part[0]] = self._people.form(speaker)
        meant = self._people.form(self._meant[first])
        given = [*speakers.values(), meant] if meant else list(speakers.values())
        return Run(first, found, meant, speakers) if self._is_clear(first, last, given) else None

    def _shown_speaker(self, part: Sequence[Told]) -> str | None:
        """Return who has to be named before a part of a paragraph; "" where nobody.

        None where who speaks is unknown, or it would be said of narration too.
        """
        speaker = next((one.speaker for one in part if one.said), "")
        told = " ".join(one.told for one in part)
        if not speaker or speaker in self._people.mentions(told) or f" {speaker}" in told:
            return ""
        if speaker in ("he", "she"):
            return "" if re.search(rf"\b{speaker}\b", told, re.IGNORECASE) else None
        return speaker if all(one.is_speech for one in part) else None

    def _is_clear(self, first: int, last: int, given: Sequence[str]) -> bool:
        """Say whether somebody is named, and people are before pronouns stand for them.

        `given` are the names that are shown in brackets.
        """
        known = [who for name in given if (who := self._people.called(name))]
        before = ""
        acting = bool(known)
        for i in range(first, last + 1):
            one = self._sentences[i]
            told = plain(one.told)
            known += self._named[i]
            acting = acting or self._people.names_one(told)
            if not self._means(told, known, before):
                return False
            known += self._called[i]
            others = [name for name in known if name != one.speaker]
            if not self._means(one.said, others, before="", persons=False):
                return False
            before = f"{before} {told}"
        return acting

    def _means(self, text: str, known: Sequence[str], before: str, *, persons: bool = True) -> bool:
        """Say whether those that pronouns stand for may be among the people named before.

        Or among "the captain" and others without names, where `persons` are taken for that.
        """
        sexes = {self._people.sex(name) for name in known}
        if persons and PERSON.search(f"{before} {text}"):
            return True
        he = "he" in sexes or "" in sexes
        she = "she" in sexes or "" in sexes
        if (_HE.search(text) and not he) or (_SHE.search(text) and not she):
            return False
        they = _THEY.search(text) if persons else None
        return not they or len(set(known)) > 1 or is_many(f"{before} {text[: they.start()]}")


def _is_strange(told: str) -> bool:
    """Say whether a sentence tells of somebody without a name."""
    return any(pattern.search(told) for pattern in (PERSON, APPEARS, _KIND))


def is_many(before: str) -> bool:
    """Say whether a text names more than one of something."""
    return _PLURAL.search(before) is not None


def plain(told: str) -> str:
    """Return narration without the marks for speech."""
    return told.replace('""', " ").strip(" ,")
