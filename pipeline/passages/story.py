"""Passages of stories: who does what to whom, in runs of sentences that can be read alone.

A run is of narration, of speech whose speaker it names, or of both, as it stands in the text. It
is taken where it names whom its pronouns mean, where people act on each other, and where something
turns: someone learns, plans, threatens, confesses. They are taken from all of the story, from its
beginning and its end first.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from pipeline.passages.english_story import (
    ANSWERS,
    APPEARS,
    FRONT,
    IT,
    LEADS_ON,
    NUMBERS,
    PERSON,
    PLANS,
    POINTS_BACK,
    THEY,
    TURNS,
    VAGUE,
)
from pipeline.passages.passage import Passage
from pipeline.passages.people import People
from pipeline.passages.runs import SUBJECT, USUAL, Run, choose, without_connective
from pipeline.passages.telling import Told, told_sentences
from pipeline.text.extract import Centroid
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Chosen by reading what came out of six stories of the evaluation's data.
LEAST, MOST = 14, 60  # words of a run
SHORT = 6  # words of a sentence that only shows a gesture
WINDOW = 8  # sentences back, in which nobody else is named whom a pronoun can mean
RECENT = 6  # sentences back, in which "a robot" stands that is "the robot" afterwards
# What is left of the worth of a run:
QUIET = 0.6  # in which nothing turns, nobody speaks, and no two people act
CLEARNESS = 0.82  # for every word of it that points elsewhere
EXPLAINED = 0.3  # of such a word, where what it means may stand before it
UNNAMED = 0.75  # for every speech that does not itself name its speaker
CUT = 0.85  # for speech that goes on before it or behind it
SHORTER, LONGER = 0.3, 0.7  # to the power of which it is shorter or longer than usual
SCRAP, ASKING = 0.6, 0.8  # that ends with a word or two; that ends with a question

_LONGEST = 50  # words of a sentence
_WHOLE = re.compile(r"[.!?][\"”'’)]*$")
_CUT_OFF = re.compile(r"(?:\.\.\.|…)[.!?]?[\"”]|(?:\.\.\.|…)$|(?:—|--)[\"”]?(?:$|\s)")
_FIRST_PERSON = re.compile(r"\b(?:I|we|my|our|me|us|you|your)\b")
_FACT = re.compile(rf"(?<=[a-z,] )[A-Z][a-z]+\b|\b\d[\d,.]*|\b(?:{'|'.join(NUMBERS.split())})\b")
_KIND = re.compile(r"\b(?:[Aa]n?|[Tt]he) (?:[a-z]+ )?[A-Z][a-z]+")  # "a Groacian", "the Russian"
_HE = re.compile(r"\b(?:he|him|his|himself|He|His)\b")
_SHE = re.compile(r"\b(?:she|her|hers|herself|She|Her)\b")
_THEY = re.compile(r"\b(?:they|them|their|They|Their)\b")
_PLURAL = re.compile(r"\b[A-Za-z]{4,}[^s\W]s\b|\b(?:people|men|women|children)\b")
_SINGULAR = re.compile(r"\b(?:[Tt]he|[Aa]n?|[Mm]y|[Yy]our|[Oo]ur|[Hh]is|[Hh]er) [a-z]{3,}\b")
_INDEFINITE = re.compile(r"\b[Aa]n? (?:[a-z]+ ){0,2}?([a-z]{4,})\b")
_DEFINITE = re.compile(r"\b[Tt]he ([a-z]{4,})\b")


def passages(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return the passages of a story, in English, in the text's order.

    Args:
        text: the story.
        words: how many words they have together, at most.
        query: what they should rather be about.

    Returns:
        What can be read alone; nothing where nobody is named who acts.
    """
    people = People.of(text)
    if not people.names:
        return []
    sentences = told_sentences(text, people)
    story = _Story(
        sentences, people, Centroid((people.without(s.text) for s in sentences), query, "en")
    )
    return [
        Passage(run.text, run.found[0].start, run.found[-1].end, story.who(run), run.worth)
        for run in choose(list(story.runs()), words)
    ]


class _Story:
    """A story's sentences, and what makes a run of them worth reading."""

    def __init__(self, sentences: Sequence[Told], people: People, centroid: Centroid) -> None:
        self._sentences = sentences
        self._people = people
        self._centroid = centroid
        self._actors = [people.called(people.actor(_plain(s.told))) for s in sentences]
        uses = Counter(name for name in self._actors if name)
        uses.update(s.speaker for s in sentences if s.speaker in people.names)
        self._main = max(uses, key=lambda name: (uses[name], name), default="")
        self._uses = uses
        told = [s for s in sentences if s.told]
        self._is_ours = 10 * sum(" I " in f" {s.told} " for s in told) > len(told)
        self._readable = [self._is_readable(s) for s in sentences]
        self._meant = [self._who_is_meant(i) for i in range(len(sentences))]
        self._starts = [self._may_begin(i) for i in range(len(sentences))]

    def runs(self) -> Iterator[Run]:
        """Yield every run that can be read alone."""
        for first, may in enumerate(self._starts):
            if not may:
                continue
            words = 0
            for last in range(first, len(self._sentences)):
                one = self._sentences[last]
                words += count_words(one.text)
                if words > MOST or not self._readable[last]:
                    break
                if words >= LEAST and (run := self._run(first, last)):
                    yield replace(run, worth=self._worth(run), introduces=self._introduces(run))

    def who(self, run: Run) -> str:
        """Return who acts or speaks first in a run; "" where it is nobody with a name."""
        numbers = range(run.first, run.last + 1)
        acting = (name for i in numbers for name in (self._actors[i], self._sentences[i].speaker))
        return next((self._people.form(n) for n in acting if n in self._people.names), "")

    def _introduces(self, run: Run) -> bool:
        """Say whether a run is the story's main character's, who acts or speaks in it."""
        return self._main != "" and self._main in self._people.mentions(run.told)

    def _worth(self, run: Run) -> float:
        """Return how much a run tells: of what the story keeps coming back to, and what turns."""
        near = self._centroid.likeness(self._centroid.vector(self._people.without(run.text)))
        turns, acting = self._turns(run), self._acting(run)
        told = (1 + 0.25 * turns) * (1 + 0.12 * min(4, self._facts(run)))
        told *= 1 + 0.3 * min(3, max(0, acting - 1))
        if not turns and acting < 2 and not run.said:
            told *= QUIET
        vague = _vague(run.said) + self._unknown(run)
        return float(near * told * CLEARNESS**vague * self._shape(run))

    def _shape(self, run: Run) -> float:
        """Return what is left of a run's worth for how long it is, and how it begins and ends."""
        last = run.found[-1]
        sizes = [count_words(s.text) for s in run.found]
        share = sum(sizes) / USUAL
        left = share**SHORTER if share < 1 else share**-LONGER
        left *= CUT ** (run.found[0].inside + last.open) * UNNAMED ** len(run.speakers)
        if sizes[-1] <= SHORT and run.last + 1 < len(self._sentences):
            left *= SCRAP
        return float(left) * (ASKING if last.text.rstrip('"”').endswith("?") else 1.0)

    def _turns(self, run: Run) -> float:
        """Return how much turns in a run: what happens counts full, what is planned a half."""
        happens = len(TURNS.findall(run.told)) + len(TURNS.findall(run.said))
        return min(4, happens) + 0.5 * min(4, len(PLANS.findall(run.said)))

    def _facts(self, run: Run) -> int:
        """Count what a run names: places, things and numbers; people too, who do not act in it."""
        return len(set(_FACT.findall(run.text)) - self._people.names)

    def _acting(self, run: Run) -> int:
        """Count the people who act or speak in a run, in more than a few words."""
        found = set()
        for i, one in enumerate(run.found, run.first):
            if count_words(one.text) > SHORT:
                found |= {self._actors[i], one.speaker}
        return len(found - {""})

    def _is_readable(self, one: Told) -> bool:
        """Say whether a sentence is whole, and told or said by somebody known."""
        if count_words(one.text) > _LONGEST or FRONT.search(one.text):
            return False
        if not _WHOLE.search(one.text) or _CUT_OFF.search(one.text):
            return False
        told = _plain(one.told)
        if told.endswith("?") or (_FIRST_PERSON.search(told) and not self._is_ours):
            return False
        return bool(one.speaker) or not one.said

    def _who_is_meant(self, i: int) -> str:
        """Return who "he" or "she" is in a sentence that names nobody; "" where that is unsure.

        It is the only one of the sentences before for whom that is the pronoun.
        """
        one = self._sentences[i]
        match = SUBJECT.search(one.told)
        if not match or self._people.mentions(one.told):
            return ""
        before = self._sentences[max(0, i - WINDOW) : i]
        if any(_is_strange(s.told) for s in before):
            return ""
        named = {name for s in before for name in self._people.mentions(s.text)}
        sex = match[1].lower()
        able = named  # in a dialogue, anybody who is there may speak next
        if not one.said:
            able = {name for name in named if self._people.sex(name) in {sex, ""}}
        who = next(iter(able)) if len(able) == 1 else ""
        return who if who and self._people.sex(who) == sex else ""

    def _may_begin(self, i: int) -> bool:
        one = self._sentences[i]
        told = _plain(one.told)
        if POINTS_BACK.search(told):
            return False
        if LEADS_ON.match(without_connective(one.text).lstrip('"“')) and not (
            self._meant[i] and SUBJECT.match(one.told)
        ):
            return False
        if one.said and ANSWERS.match(one.said):
            return False
        return not (one.inside and one.said[:1].islower())

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
        return Run(first, found, meant, speakers) if self._is_clear(found, given) else None

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

    def _is_clear(self, found: Sequence[Told], given: Sequence[str]) -> bool:
        """Say whether somebody is named, and people are before pronouns stand for them.

        `given` are the names that are shown in brackets.
        """
        known = [who for name in given if (who := self._people.called(name))]
        before = ""
        acting = bool(known)
        for one in found:
            told = _plain(one.told)
            known += self._people.mentions(told)
            acting = acting or self._people.names_one(told)
            if not self._means(told, known, before):
                return False
            known += self._people.mentions(one.said)
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
        return not they or len(set(known)) > 1 or _many(f"{before} {text[: they.start()]}")

    def _unknown(self, run: Run) -> int:
        """Count "the robot" where "a robot" stands in the sentences before."""
        before = self._sentences[max(0, run.first - RECENT) : run.first]
        new = {noun for one in before for noun in _INDEFINITE.findall(one.told)}
        return len(new & set(_DEFINITE.findall(run.told)))


def _is_strange(told: str) -> bool:
    """Say whether a sentence tells of somebody without a name."""
    return any(pattern.search(told) for pattern in (PERSON, APPEARS, _KIND))


def _many(before: str) -> bool:
    """Say whether a text names more than one of something."""
    return _PLURAL.search(before) is not None


def _vague(said: str) -> float:
    """Count the words of speech that point out of it; those it may explain itself count less."""
    count = 0.0
    for match in VAGUE.finditer(said):
        before, word = said[: match.start()], match[0].lower()
        if word in THEY and _many(before):
            continue
        count += EXPLAINED if word in IT and _SINGULAR.search(before) else 1.0
    return count


def _plain(told: str) -> str:
    """Return narration without the marks for speech."""
    return told.replace('""', " ").strip(" ,")
