"""Passages of reports, articles and non-fiction: sentences of the text that can be read alone.

Chosen are those near to what the text keeps coming back to, that say what was found, how much it
is, what should be done; no two that say the same; from the whole of the text, and first one of its
opening that tells what it is about. A sentence that goes on about the one before ("It …") may
follow it.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.passages import english_prose as english
from pipeline.passages.abbreviations import expanded
from pipeline.passages.candidates import OPENING_WORDS, Candidate, Part, candidates, parts_of
from pipeline.passages.passage import Passage
from pipeline.text.extract import Centroid, dot
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Sequence

# Chosen by eye on six reports and eight samples, LOG 2026-11-27.
WORTH = 0.25  # share of the best passage's worth, below which none is taken
SCRAP = 0.04  # … and of what is left of it, counting what the passage repeats
ALIKE = 0.36  # likeness to a chosen passage, from 0 to 1, from which one says the same again
NOVELTY = 1.0  # how much of a passage's worth likeness to a chosen one takes away
OLD = 0.15  # what is left of the worth of one that has not a new word
NEAR = 0.6  # what is left of a passage's worth for each chosen one that stands near
PASSAGE = 38  # words of a passage, about: so many stretches has the text
OPENING = 0.08  # share of a text that tells what it is about, where OPENING_WORDS are less
LATER = 0.8  # what a sentence of the opening is worth beside the one before
BARE_LEAD = 0.5  # … and one that begins with "the ant", which nobody has met yet
DEFINING_LEAD = 1.4  # … and one that says what something is
LEAST_SHARE = 0.5  # of the words asked for, or of the text; with less there are no passages
CANDIDATES = 400  # the best by worth; more cost time, and are not taken anyway


def passages(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return the passages of an English text that tell most of it, in its order.

    Args:
        text: the text.
        words: upper bound on the words of all of them together.
        query: what they should rather be about.

    Returns:
        Passages in the text's own words, abbreviations spelled out as it does. None at all where
        less than half of the words asked for, or of a shorter text, can be read alone.
    """
    parts = parts_of(text)
    whole = sum(count_words(part.block.text) for part in parts)
    prose = [part for part in parts if part.block.kind != "heading"]
    centroid = Centroid((s for part in prose for s in part.sentences), query, "en")
    found = list(candidates(parts, centroid))
    chosen = _Choice(found, words, whole).made(lead=query is None)
    shown = _shown(chosen, parts, text, words)
    size = sum(count_words(passage.text) for passage in shown)
    return shown if shown and size >= LEAST_SHARE * min(words, whole) else []


class _Choice:
    """Choosing among candidates by maximal marginal relevance (Carbonell and Goldstein 1998)."""

    def __init__(self, found: Sequence[Candidate], words: int, whole: int) -> None:
        best = heapq.nlargest(CANDIDATES, found, key=lambda one: one.worth)
        self._top = best[0].worth if best else 0.0
        self._found = found
        self._left = words
        self._near = max(1.0, whole / max(2, words / PASSAGE)) / 2
        self._opening = max(OPENING_WORDS, OPENING * whole)
        self._taken: list[Candidate] = []
        self._said: set[str] = set()
        self._alike: dict[int, float] = {}
        good = [one for one in best if one.worth >= WORTH * self._top]
        self._open = [one for one in good if self._can_take(one)]

    def made(self, *, lead: bool) -> list[Candidate]:
        """Return what is chosen, in the text's order; with a lead, one tells what it is about."""
        if lead:
            self._take_lead()
        while self._open:
            one = max(self._open, key=self._value)
            if self._value(one) < SCRAP * self._top:
                break
            self._take(one)
        return sorted(self._taken, key=lambda one: (one.part, one.first))

    def _take_lead(self) -> None:
        opening = [
            one
            for one in self._found
            if one.at < self._opening and one.worth > 0 and not english.ADDRESSING.search(one.text)
        ]
        fitting = [one for one in opening if count_words(one.text) <= self._left]
        ranked = [
            (one.worth * LATER**i * _introduces(one.text), -i, one) for i, one in enumerate(fitting)
        ]
        best = max(ranked, default=None)
        if best is not None and best[0] >= WORTH * self._top:
            self._take(best[2])

    def _take(self, one: Candidate) -> None:
        self._taken.append(one)
        self._said.update(one.vector)
        self._left -= count_words(one.text)
        for other in self._open:
            likeness = dot(one.vector, other.vector)
            self._alike[id(other)] = max(self._likeness(other), likeness)
        self._open = [other for other in self._open if other is not one and self._can_take(other)]

    def _can_take(self, one: Candidate) -> bool:
        """Say whether there is room for a passage, and it says what none that is taken says."""
        return (
            count_words(one.text) <= self._left
            and self._likeness(one) < ALIKE
            and not any(one.overlaps(other) for other in self._taken)
        )

    def _likeness(self, one: Candidate) -> float:
        return self._alike.get(id(one), 0.0)

    def _value(self, one: Candidate) -> float:
        near = sum(abs(one.at - other.at) < self._near for other in self._taken)
        unlike = 1 - min(1.0, NOVELTY * self._likeness(one))
        return one.worth * unlike * (OLD + (1 - OLD) * self._news(one)) * NEAR**near

    def _news(self, one: Candidate) -> float:
        """Return the share of a passage, from 0 to 1, that is in words of none of those chosen."""
        weights = (weight for term, weight in one.vector.items() if term not in self._said)
        return math.fsum(weight * weight for weight in weights)


def _introduces(text: str) -> float:
    """Return how well a passage tells what a text is about, beside others of its opening."""
    if english.BARE.match(text) or english.MET_BEFORE.match(text):
        return BARE_LEAD
    return DEFINING_LEAD if english.DEFINING.search(text) else 1.0


def _shown(
    chosen: Sequence[Candidate], parts: Sequence[Part], text: str, words: int
) -> list[Passage]:
    """Return passages with abbreviations spelled out; without the least, where that is too long."""
    kept = list(chosen)
    while kept:
        texts = expanded([one.text for one in kept], text)
        if sum(map(count_words, texts)) <= words:
            made = [_passage(one, parts) for one in kept]
            return [replace(passage, text=own) for passage, own in zip(made, texts, strict=True)]
        kept.remove(min(kept, key=lambda one: one.worth))
    return []


def _passage(one: Candidate, parts: Sequence[Part]) -> Passage:
    block = parts[one.part].block
    return Passage(one.text, block.start, block.end, worth=one.worth)
