"""Passages of stories: who does what to whom, in runs of sentences that can be read alone.

A run is of narration, of speech whose speaker it names, or of both, as it stands in the text. It
is taken where it names whom its pronouns mean, where people act on each other, and where something
turns: someone learns, plans, threatens, confesses. They are taken from all of the story, from its
beginning and its end first.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.passages.english_story import (
    ANSWERS,
    FRONT,
    LEADS_ON,
    NUMBERS,
    PERSON,
    POINTS_BACK,
    TELLS,
    TURNS,
    VAGUE,
)
from pipeline.passages.passage import Passage
from pipeline.passages.people import People
from pipeline.passages.telling import Told, told_sentences
from pipeline.text.extract import Centroid
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LEAST, MOST = 14, 62  # words of a run
USUAL = 36  # words of a passage, by which is told how many stretches a story is cut into
EARLY, LATE = 0.12, 0.92  # shares of a text: its beginning ends, and its end begins
NEAR = 0.03  # share of a text behind the first that introduces the main character
WORTH = 0.3  # share of the best one's worth below which nothing is taken only to reach the length
_LONGEST = 50  # words of a sentence
SHORT = 5  # words of a sentence that only shows a gesture
ENDS_ASKING, CUT = (
    0.8,
    0.9,
)  # what is left of the worth of a run that so ends, or is cut from speech

_WHOLE = re.compile(r"[.!?][\"”'’)]*$")
_CUT_OFF = re.compile(r"\.\.\.|…|(?:—|--)[\"”]?(?:$|\s)")
_FIRST_PERSON = re.compile(r"\b(?:I|we|my|our|me|us|you|your)\b")
_FACT = re.compile(rf"(?<=[a-z,] )[A-Z][a-z]+\b|\b\d[\d,.]*|\b(?:{'|'.join(NUMBERS.split())})\b")
_HE = re.compile(r"\b(?:he|him|his|himself|He|His)\b")
_SHE = re.compile(r"\b(?:she|her|hers|herself|She|Her)\b")
_THEY = re.compile(r"\b(?:they|them|their|They|Their)\b")
_INDEFINITE = re.compile(r"\b[Aa]n? (?:[a-z]+ ){0,2}?([a-z]{4,})\b")
_DEFINITE = re.compile(r"\b[Tt]he ([a-z]{4,})\b")


@dataclass(frozen=True)
class _Run:
    """Sentences that follow each other, from the first one's number in the story."""

    first: int
    found: tuple[Told, ...]

    @property
    def at(self) -> float:
        return self.found[0].at

    @property
    def text(self) -> str:
        """What is shown: with the marks of speech that begins or ends outside of the run."""
        shown = ""
        for i, one in enumerate(self.found):
            begins = i == 0 or self.found[i - 1].paragraph != one.paragraph
            ends = i == len(self.found) - 1 or self.found[i + 1].paragraph != one.paragraph
            mark = '"' if '"' in one.text or "“" not in one.text else "“"
            text = f"{mark}{one.text}" if one.inside and begins else one.text
            text = f"{text}{'”' if '“' in text else mark}" if one.open and ends else text
            shown = f"{shown} {text}" if shown else text
        return shown

    @property
    def told(self) -> str:
        return " ".join(one.told for one in self.found)

    @property
    def said(self) -> str:
        return " ".join(one.said for one in self.found if one.said)


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
    found = [(run, story.worth(run)) for run in story.runs()]
    chosen = _chosen(found, words, story.introduces)
    return [
        Passage(run.text, run.found[0].start, run.found[-1].end, story.who(run), worth)
        for run, worth in chosen
    ]


class _Story:
    """A story's sentences, and what makes a run of them worth reading."""

    def __init__(self, sentences: Sequence[Told], people: People, centroid: Centroid) -> None:
        self._sentences = sentences
        self._people = people
        self._near = [centroid.likeness(centroid.vector(people.without(s.text))) for s in sentences]
        self._actors = [people.called(people.actor(_plain(s.told))) for s in sentences]
        uses = Counter(name for name in self._actors if name)
        uses.update(s.speaker for s in sentences if s.speaker in people.names)
        self._main = max(uses, key=lambda name: (uses[name], name), default="")
        self._uses = uses
        told = [s for s in sentences if s.told]
        self._is_ours = 10 * sum(" I " in f" {s.told} " for s in told) > len(told)
        self._readable = [self._is_readable(s) for s in sentences]
        self._starts = [self._may_begin(s) for s in sentences]

    def runs(self) -> Iterator[_Run]:
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
                run = _Run(first, tuple(self._sentences[first : last + 1]))
                if words >= LEAST and self._reads_alone(run):
                    yield run

    def who(self, run: _Run) -> str:
        """Return who acts or speaks first in a run."""
        numbers = range(run.first, run.first + len(run.found))
        return next(
            (n for i in numbers if (n := self._actors[i] or self._sentences[i].speaker)), ""
        )

    def introduces(self, run: _Run) -> bool:
        """Say whether a run is the story's main character's, who acts or speaks in it."""
        return self._main != "" and self._main in self._people.mentions(run.told)

    def worth(self, run: _Run) -> float:
        """Return how much a run tells."""
        numbers = range(run.first, run.first + len(run.found))
        sizes = [count_words(s.text) for s in run.found]
        size = sum(sizes)
        near = sum(self._near[i] * n for i, n in zip(numbers, sizes, strict=True)) / size
        ends = (ENDS_ASKING if run.text.rstrip('"”').endswith("?") else 1.0) * (
            CUT ** (run.found[0].inside + run.found[-1].open)
        )
        return float(
            near
            * (1 + 0.2 * self._turns(run))
            * (1 + 0.12 * min(4, self._facts(run)))
            * (1 + 0.3 * min(3, max(0, self._acting(run) - 1)))
            * 0.82 ** (len(VAGUE.findall(run.said)) + self._unknown(run))
            * min(1.0, size / USUAL) ** 0.5
            * ends
        )

    def _turns(self, run: _Run) -> int:
        """Count the words of a run that tell how the plot turns."""
        return min(3, len(TURNS.findall(run.told))) + min(4, len(TELLS.findall(run.said)))

    def _facts(self, run: _Run) -> int:
        """Count what a run names: places, things and numbers; people too, who do not act in it."""
        return len(set(_FACT.findall(run.text)) - self._people.names)

    def _acting(self, run: _Run) -> int:
        """Count the people who act or speak in a run, in more than a few words."""
        found = set()
        for i, one in enumerate(run.found, run.first):
            if count_words(one.text) > SHORT:
                found |= {self._actors[i], one.speaker}
        return len(found - {"", "he", "she"})

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

    def _may_begin(self, one: Told) -> bool:
        told = _plain(one.told)
        if LEADS_ON.match(one.text.lstrip('"“')) or POINTS_BACK.search(told):
            return False
        if one.said and ANSWERS.match(one.said):
            return False
        return not (one.inside and one.said[:1].islower())

    def _reads_alone(self, run: _Run) -> bool:
        """Say whether a run names who speaks, and whom its pronouns mean."""
        named = self._people.mentions(run.told)
        if not named or not all(self._is_said(one, run, named) for one in run.found):
            return False
        known: list[str] = []
        somebody = False
        for one in run.found:
            told = _plain(one.told)
            known += self._people.mentions(told)
            somebody = somebody or PERSON.search(told) is not None
            if not self._means(told, known, somebody=somebody):
                return False
            known += self._people.mentions(one.said)
            if not self._means(one.said, known, somebody=False):
                return False
        return True

    def _is_said(self, one: Told, run: _Run, named: Sequence[str]) -> bool:
        """Say whether a run shows who says a sentence's speech, if there is any."""
        if not one.speaker or one.speaker in named:
            return True
        own = " ".join(s.told for s in run.found if s.paragraph == one.paragraph)
        return re.search(rf'"" {one.speaker}\b', own) is not None

    def _means(self, text: str, known: Sequence[str], *, somebody: bool) -> bool:
        """Say whether the people that pronouns stand for are among those named."""
        sexes = [self._people.sex(name) for name in known]
        he = somebody or "he" in sexes or "" in sexes
        she = somebody or "she" in sexes or "" in sexes
        return bool((he or not _HE.search(text)) and (she or not _SHE.search(text)))

    def _unknown(self, run: _Run) -> int:
        """Count "the robot" where "a robot" stands in the sentences before."""
        before = self._sentences[max(0, run.first - 6) : run.first]
        new = {noun for one in before for noun in _INDEFINITE.findall(one.told)}
        return len(new & set(_DEFINITE.findall(run.told)))


def _plain(told: str) -> str:
    """Return narration without the marks for speech."""
    return told.replace('""', " ").strip(" ,")


class _Choice:
    """Runs taken one by one, no sentence twice, up to a number of words."""

    def __init__(self, words: int) -> None:
        self.left = words
        self.taken: list[tuple[_Run, float]] = []
        self._sentences: set[int] = set()

    def take(self, run: _Run, worth: float) -> bool:
        """Take a run, if there is room for it and it is new."""
        own = set(range(run.first, run.first + len(run.found)))
        size = count_words(run.text)
        if size > self.left or own & self._sentences:
            return False
        self.taken.append((run, worth))
        self._sentences |= own
        self.left -= size
        return True


def _chosen(
    found: Sequence[tuple[_Run, float]], words: int, introduces: Callable[[_Run], bool]
) -> list[tuple[_Run, float]]:
    """Take how it begins and ends, then the best of each stretch, then the best of all."""
    order = sorted(found, key=lambda one: (-one[1], one[0].first))
    if not order:
        return []
    order = [one for one in order if one[1] >= WORTH * order[0][1]]
    choice = _Choice(words)
    begin = [one for one in found if one[0].at <= EARLY and introduces(one[0])]
    if begin:
        near = min(run.at for run, _ in begin) + NEAR
        begin = sorted((one for one in begin if one[0].at <= near), key=lambda one: -one[1])
        first = next((run.at for run, worth in begin if choice.take(run, worth)), 0.0)
        order = [one for one in order if one[0].at >= first]
    late = [one for one in order if one[0].at >= LATE]
    late.sort(key=lambda one: -one[1] * (1 + (one[0].at - LATE) / (1 - LATE)))
    next((one for one in late if choice.take(*one)), None)
    slots = max(2, round(words / USUAL))
    filled = {_slot(run, slots) for run, _ in choice.taken}
    for run, worth in order:
        if _slot(run, slots) not in filled and choice.take(run, worth):
            filled.add(_slot(run, slots))
    for run, worth in order:
        choice.take(run, worth)
    return sorted(choice.taken, key=lambda one: one[0].first)


def _slot(run: _Run, slots: int) -> int:
    return min(slots - 1, int(run.at * slots))
