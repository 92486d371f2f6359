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
from typing import TYPE_CHECKING

from pipeline.passages.alone import Alone, is_many, plain
from pipeline.passages.english_story import GESTURES, IT, NUMBERS, PLANS, THEY, TURNS, VAGUE
from pipeline.passages.passage import Passage
from pipeline.passages.people import People
from pipeline.passages.runs import USUAL, Run, choose
from pipeline.passages.telling import told_sentences
from pipeline.text.extract import Centroid
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.passages.telling import Told

# Chosen by reading what came out of six stories of the evaluation's data.
SHORT = 6  # words of a sentence that only shows a gesture
SELDOM = 8  # times that a word stands in a story which is not known all through it
RECENT = 6  # sentences back, in which "a robot" stands that is "the robot" afterwards
# To the power of which it counts how near a run is to what the story, or a query, is about.
NEARNESS, ASKED = 0.5, 3
# What a run is worth more for every word of what turns, for every fact, and for every other person
# who acts in it; and less where all of its narration is of gestures.
TURN, FACT, ACTOR, GESTURE = 0.3, 0.15, 0.25, 0.6
# What is left of the worth of a run:
QUIET = 0.6  # in which nothing turns, nobody speaks, and no two people act
CLEARNESS = 0.82  # for every word of it that points elsewhere
EXPLAINED = 0.3  # of such a word, where what it means may stand before it
UNNAMED = 0.75  # for every speech that does not itself name its speaker
CUT = 0.85  # for speech that goes on before it or behind it
SHORTER, LONGER = 0.3, 0.7  # to the power of which it is shorter or longer than usual
SCRAP, ASKING = 0.6, 0.8  # that ends with a word or two; that ends with a question

_FACT = re.compile(rf"(?<=[a-z,] )[A-Z][a-z]+\b|\b\d[\d,.]*|\b(?:{'|'.join(NUMBERS.split())})\b")
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
    centroid = Centroid((people.without(one.text) for one in sentences), query, "en")
    plot = _Plot(sentences, people, centroid, NEARNESS if query is None else ASKED)
    found = [plot.weighed(run) for run in Alone(sentences, people).runs()]
    return [
        Passage(run.text, run.found[0].start, run.found[-1].end, plot.who(run), "story", run.worth)
        for run in choose(found, words, whole=query is None)
    ]


class _Plot:
    """What makes a run of a story's sentences worth reading."""

    def __init__(
        self, sentences: Sequence[Told], people: People, centroid: Centroid, power: float
    ) -> None:
        self._sentences = sentences
        self._people = people
        self._centroid = centroid
        self._power = power
        self._actors = [people.called(people.actor(plain(one.told))) for one in sentences]
        uses = Counter(name for name in self._actors if name)
        uses.update(one.speaker for one in sentences if one.speaker in people.names)
        self._words = Counter(w for one in sentences for w in re.findall(r"[a-z]{4,}", one.text))
        self._main = max(uses, key=lambda name: (uses[name], name), default="")

    def weighed(self, run: Run) -> Run:
        """Return a run with what it is worth, and whether the main character is in it."""
        introduces = self._main != "" and self._main in self._people.mentions(run.told)
        return replace(run, worth=self._worth(run), introduces=introduces)

    def who(self, run: Run) -> str:
        """Return who acts or speaks first in a run; "" where it is nobody with a name."""
        numbers = range(run.first, run.last + 1)
        acting = (name for i in numbers for name in (self._actors[i], self._sentences[i].speaker))
        return next((self._people.form(n) for n in acting if n in self._people.names), "")

    def _worth(self, run: Run) -> float:
        """Return how much a run tells: of what the story keeps coming back to, and what turns."""
        near = self._centroid.likeness(self._centroid.vector(self._people.without(run.text)))
        turns, acting = self._turns(run), self._acting(run)
        told = (1 + TURN * turns) * (1 + FACT * min(4, self._facts(run)))
        told *= (1 + ACTOR * min(3, max(0, acting - 1))) * (1 - GESTURE * _gestures(run))
        if not turns and acting < 2 and not run.said:
            told *= QUIET
        vague = _vague(run.said) + self._unknown(run)
        return float(near**self._power * told * CLEARNESS**vague * self._shape(run))

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

    def _unknown(self, run: Run) -> int:
        """Count "the robot" where "a robot" stands in the sentences before.

        And the table that a run begins with, where it stands there and seldom elsewhere.
        """
        before = self._sentences[max(0, run.first - RECENT) : run.first]
        new = {noun for one in before for noun in _INDEFINITE.findall(one.told)}
        unknown = len(new & set(_DEFINITE.findall(run.told)))
        first = _DEFINITE.match(run.found[0].told)
        if first and self._words[first[1]] <= SELDOM:
            unknown += any(first[1] in one.text for one in before)
        return unknown


def _gestures(run: Run) -> float:
    """Return the share of a run's words in sentences that only show gestures."""
    sizes = [count_words(one.text) for one in run.found]
    only = [
        n
        for one, n in zip(run.found, sizes, strict=True)
        if not one.said and GESTURES.search(one.told) and not TURNS.search(one.told)
    ]
    return sum(only) / sum(sizes)


def _vague(said: str) -> float:
    """Count the words of speech that point out of it; those it may explain itself count less."""
    count = 0.0
    for match in VAGUE.finditer(said):
        before, word = said[: match.start()], match[0].lower()
        if word in THEY and is_many(before):
            continue
        count += EXPLAINED if word in IT and _SINGULAR.search(before) else 1.0
    return count
