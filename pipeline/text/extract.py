"""Choosing sentences: for stand-ins, for merges without a model, and for a summary's length.

A sentence is worth taking where it is near the centroid of the whole text (Radev et al. 2004: the
sum of its terms, each weighed by how few sentences use it) and unlike those taken before (maximal
marginal relevance, Carbonell and Goldstein 1998). It does not understand the text, and
of its language it knows only how words are inflected.
"""

from __future__ import annotations

import heapq
import math
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.knobs import KNOBS, Knobs
from pipeline.text.query import asked
from pipeline.text.sentences import join, split_sentences
from pipeline.text.terms import terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MOST_CANDIDATES = 600  # the nearest to the centroid; more cost time, and are not taken anyway

_WORD = re.compile(r"\w+")
_LONG_WORD = 40  # characters; no word is kept whole that is longer


@dataclass(frozen=True)
class Candidate:
    """A sentence that can be taken. `weight` is how much it is worth beside the others."""

    text: str
    weight: float = 1.0


class Centroid:
    """What a text keeps coming back to; with a query, what it says about that.

    `language` is the text's, by its ISO 639-1 code.
    """

    def __init__(
        self,
        found: Iterable[str],
        query: str | None = None,
        language: str | None = None,
        knobs: Knobs = KNOBS,
    ) -> None:
        self._language = language
        self.knobs = knobs
        bags = [Counter(terms(sentence, language)) for sentence in found]
        uses = Counter(term for bag in bags for term in bag)
        total: Counter[str] = Counter()
        for bag in bags:
            total.update(bag)
        self._unknown = math.log(1 + len(bags))
        self._idf = {term: math.log(1 + len(bags) / n) for term, n in uses.items()}
        self._weights = _unit({term: self._idf[term] * n for term, n in total.items()})
        about = asked(query, language) if query is not None else frozenset()
        if about:
            wanted = _unit({term: self._idf.get(term, self._unknown) for term in about})
            self._weights = _mixed(self._weights, wanted, knobs.query_share)

    def vector(self, text: str) -> dict[str, float]:
        """Return the weights of a text's terms, of length 1."""
        counts = Counter(terms(text, self._language))
        return _unit({term: self._idf.get(term, self._unknown) * n for term, n in counts.items()})

    def likeness(self, vector: Mapping[str, float]) -> float:
        """Return how near a sentence is to the centroid, from 0 to 1; a short one is less near."""
        return dot(vector, self._weights) * min(1.0, len(vector) / self.knobs.full_terms)


def select_mmr(
    candidates: Sequence[Candidate],
    centroid: Centroid,
    size: Callable[[str], int],
    room: int,
    *,
    filled: float | None = None,
    beside: Sequence[str] = (),
) -> list[int]:
    """Choose sentences that together fill a room, the best first. No two have a row of words alike.

    Args:
        candidates: what can be chosen.
        centroid: what they should be near to.
        size: the size of a sentence, in the unit of the room.
        room: upper bound on their sizes together.
        filled: share of the room that suffices; None for the knob's.
        beside: sentences that stand already, and should not be said again.
    """
    knobs = centroid.knobs
    filled = knobs.filled if filled is None else filled
    vectors = [centroid.vector(candidate.text) for candidate in candidates]
    scores = [
        centroid.likeness(vector) * candidate.weight
        for vector, candidate in zip(vectors, candidates, strict=True)
    ]
    top = max(scores, default=0.0) or 1.0
    values = {
        i: scores[i] / top
        for i in heapq.nlargest(MOST_CANDIDATES, range(len(scores)), key=scores.__getitem__)
    }
    others = [centroid.vector(sentence) for sentence in beside]
    nearest = {i: max((dot(vectors[i], other) for other in others), default=0.0) for i in values}
    said = {row for sentence in beside for row in _rows(sentence, knobs.row)}
    chosen: list[int] = []
    left = room
    while values and left > (1 - filled) * room:
        best = max(values, key=lambda i: (values[i] - knobs.novelty * nearest[i], -i))
        if values[best] < knobs.scrap and left <= knobs.scrap_room * room:
            break
        del values[best]
        taken, rows = size(candidates[best].text), _rows(candidates[best].text, knobs.row)
        if taken > left or rows & said:
            continue
        said |= rows
        chosen.append(best)
        left -= taken
        for i in values:
            nearest[i] = max(nearest[i], dot(vectors[i], vectors[best]))
    return chosen


def extract(
    text: str,
    count: Callable[[str], int],
    max_tokens: int,
    query: str | None = None,
    language: str | None = None,
    knobs: Knobs = KNOBS,
) -> str:
    """Stand in for a summary with sentences of the text itself, in their own order.

    Args:
        text: the source.
        count: tokens of a text.
        max_tokens: upper bound on the result, at least 1.
        query: what the sentences should rather be about.
        language: that of the text, by its ISO 639-1 code, where it is known.
        knobs: the numbers that choosing goes by.

    Returns:
        Whole sentences, every run of white space a single space, of at most `max_tokens` tokens.
        Where no sentence is that short, it is the beginning of one, cut between words. It is blank
        only if the text is, and exceeds `max_tokens` only where a single character does.
    """
    found = split_sentences(text)
    whole = join(found)
    if count(whole) <= max_tokens:
        return whole
    centroid = Centroid(found, query, language, knobs)
    candidates = [Candidate(sentence) for sentence in found]
    chosen = select_mmr(candidates, centroid, count, max_tokens, filled=knobs.stand_in_filled) or [
        max(range(len(found)), key=lambda i: (centroid.likeness(centroid.vector(found[i])), -i))
    ]
    while len(chosen) > 1 and count(join(found[i] for i in sorted(chosen))) > max_tokens:
        chosen.pop()  # joined, sentences can take more tokens than one by one
    return _cut(join(found[i] for i in sorted(chosen)), count, max_tokens)


def _cut(text: str, count: Callable[[str], int], max_tokens: int) -> str:
    """Return the text, or as much of its beginning as fits."""
    high = max(1, max_tokens)
    while high < len(text) and count(text[:high]) <= max_tokens:
        high *= 2  # so that a very long text is not counted as a whole
    if high >= len(text) and count(text) <= max_tokens:
        return text
    end = bisect_right(range(min(high, len(text))), max_tokens, key=lambda n: count(text[:n])) - 1
    while end > 1 and count(text[:end]) > max_tokens:
        end -= 1
    space = text.rfind(" ", max(0, end - _LONG_WORD), end + 1)
    return text[: space if space > 0 else max(1, end)]


def _rows(sentence: str, row: int) -> set[tuple[str, ...]]:
    """Return every row of so many words of a sentence; of a short one, all its words."""
    words = _WORD.findall(sentence.casefold())
    return {tuple(words[i : i + row]) for i in range(max(1, len(words) - row + 1))}


def _unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(math.fsum(weight * weight for weight in weights.values())) or 1.0
    return {term: weight / length for term, weight in weights.items()}


def dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """Return the likeness of two vectors of terms, as `Centroid.vector` makes them, from 0 to 1."""
    if len(one) > len(other):
        one, other = other, one
    return math.fsum(weight * other[term] for term, weight in one.items() if term in other)


def _mixed(one: Mapping[str, float], other: Mapping[str, float], share: float) -> dict[str, float]:
    """Return a mean of two vectors, the other with a share of it."""
    return _unit(
        {
            term: (1 - share) * one.get(term, 0.0) + share * other.get(term, 0.0)
            for term in one.keys() | other.keys()
        }
    )
