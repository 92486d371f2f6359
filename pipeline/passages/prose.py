"""Passages of reports, articles and non-fiction: sentences of the text that can be read alone.

Chosen are those near to what the text keeps coming back to, that say what was found, how much it
is, what should be done; no two that say the same; from the whole of the text, and first one of its
opening that tells what it is about. A sentence that goes on about the one before ("It …") may
follow it.
"""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.passages import english_prose as english
from pipeline.passages.abbreviations import expanded
from pipeline.passages.blocks import Block, blocks
from pipeline.passages.passage import Passage
from pipeline.passages.standalone import (
    as_item,
    follows_well,
    introduces_list,
    loosened,
    stands_alone,
)
from pipeline.text.extract import Centroid
from pipeline.text.sentences import split_sentences
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Chosen by eye on six reports and eight samples, LOG 2026-11-27.
WORTH = 0.25  # share of the best passage's worth, below which none is taken
SCRAP = 0.04  # … and of what is left of it, counting what the passage repeats
ALIKE = 0.36  # likeness to a chosen passage, from 0 to 1, from which one says the same again
NOVELTY = 1.0  # how much of a passage's worth likeness to a chosen one takes away
OLD = 0.15  # what is left of the worth of one that has not a new word
NEAR = 0.6  # what is left of a passage's worth for each chosen one that stands near
PASSAGE = 38  # words of a passage, about: so many stretches has the text
LONGEST = 75  # words of a passage of two sentences
FULL = 20  # words from which a passage weighs fully
OPENING = 0.08  # share of a text that tells what it is about …
OPENING_WORDS = 150  # … or so many words, where that is more
LATER = 0.8  # what a sentence of the opening is worth beside the one before
BARE_LEAD = 0.5  # … and one that begins with "the ant", which nobody has met yet
DEFINING_LEAD = 1.4  # … and one that says what something is
LEAST_SHARE = 0.5  # of the words asked for, or of the text; with less there are no passages
CANDIDATES = 400  # the best by worth; more cost time, and are not taken anyway
KNOWN_USES = 8  # "the scheme", so often in a text that opens with it: all of it is about that
LEAST_NAMED = 2  # sentences that begin with a word in lower case, from which it is a name

_LOWER = re.compile(r"[a-z]{3,}")
_THE_NOUN = re.compile(r"\b[Tt]he ([a-z]{3,})\b")


@dataclass(frozen=True)
class _Part:
    """A block of the text with its sentences, and how many words stand before it."""

    block: Block
    sentences: Sequence[str]
    before: int


@dataclass(frozen=True)
class _Found:
    """A candidate: one or two sentences of a block, by its number and theirs.

    `at` is where it begins, in words of the text.
    """

    text: str
    part: int
    first: int
    last: int
    at: int
    worth: float
    vector: Mapping[str, float]

    def overlaps(self, other: _Found) -> bool:
        """Say whether both have a sentence of the text."""
        return self.part == other.part and self.first <= other.last and other.first <= self.last


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
    parts = _parts(text)
    whole = sum(count_words(part.block.text) for part in parts)
    prose = [part for part in parts if part.block.kind != "heading"]
    centroid = Centroid((s for part in prose for s in part.sentences), query, "en")
    found = list(_candidates(parts, centroid))
    chosen = _Choice(found, words, whole).made(lead=query is None)
    shown = _shown(chosen, parts, text, words)
    size = sum(count_words(passage.text) for passage in shown)
    return shown if shown and size >= LEAST_SHARE * min(words, whole) else []


def _parts(text: str) -> list[_Part]:
    parts, before = [], 0
    for block in blocks(text):
        parts.append(_Part(block, split_sentences(block.text), before))
        before += count_words(block.text)
    return parts


def _candidates(parts: Sequence[_Part], centroid: Centroid) -> Iterator[_Found]:
    """Yield all that can be read alone, with what each is worth."""
    known = _known(parts)
    begins = next((part.before for part in parts if part.block.kind == "paragraph"), 0)
    for number, part in _outside_lists(parts):
        at = part.before
        for i, sentence in enumerate(part.sentences):
            text = loosened(sentence)
            if part.block.kind == "item":
                text = as_item(text)
            # What a text begins with cannot have been named before.
            own = known.union(_LOWER.findall(text)) if at == begins else known
            if stands_alone(text, own):
                single = _found(text, number, i, i, at, sentence, centroid)
                yield single
                following = part.sentences[i + 1] if i + 1 < len(part.sentences) else ""
                both = f"{text} {following}"
                if follows_well(following, text) and count_words(both) <= LONGEST:
                    pair = _found(both, number, i, i + 1, at, both, centroid)
                    yield pair
            elif introduces_list(sentence):
                break  # what follows in the block is of the list
            at += count_words(sentence)


def _outside_lists(parts: Sequence[_Part]) -> Iterator[tuple[int, _Part]]:
    """Yield blocks of prose by their numbers, without what is announced as a list.

    The items of a list say little without what announces it, unless that is "We recommend:".
    """
    listed = among = False  # what comes next is of a list; there was one since the last heading
    for number, part in enumerate(parts):
        if part.block.kind == "heading":
            listed = among = False
        elif (listed and _is_item(part)) or (among and part.block.kind == "item"):
            among = True
        else:
            yield number, part
            last = part.sentences[-1] if part.sentences else ""
            tells = english.TELLING_LIST.search(last) is not None
            listed = introduces_list(last) and not tells
            among = among and not (introduces_list(last) and tells)


def _is_item(part: _Part) -> bool:
    """Say whether a block may be an item of a list, marked as one or not."""
    unmarked = len(part.sentences) == 1 and not part.block.apart
    return part.block.kind == "item" or unmarked or bool(english.ORDINAL.match(part.block.text))


def _known(parts: Sequence[_Part]) -> frozenset[str]:
    """Return the nouns that a text is about: its opening has them, and it often says "the …".

    One that mostly stands with other words ("the special rule", "the House rule") is of several.
    """
    opening: set[str] = set()
    uses: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    for part in parts:
        said = _LOWER.findall(part.block.text.lower())
        if part.before < OPENING_WORDS:
            opening.update(said)
        uses.update(said)
        alone.update(_THE_NOUN.findall(part.block.text))
    often = (n for n, c in alone.items() if c >= KNOWN_USES and 2 * c >= uses[n] and n in opening)
    return frozenset(often) | _small_names(parts)


def _small_names(parts: Sequence[_Part]) -> frozenset[str]:
    """Return what sentences of a text begin with in lower case, as the names of programs are."""
    firsts = Counter(
        sentence.split(" ", maxsplit=1)[0]
        for part in parts
        if part.block.kind == "paragraph"
        for sentence in part.sentences
        if sentence[:1].islower()
    )
    title = parts[0].block.text.lower().split() if parts else []
    return frozenset(
        word
        for word, n in firsts.items()
        if (n >= LEAST_NAMED or word in title) and word not in english.FUNCTION_WORDS
    )


def _found(
    text: str, part: int, first: int, last: int, at: int, source: str, centroid: Centroid
) -> _Found:
    vector = centroid.vector(text)
    weight = _weight(source, text) * (1.2 if first == 0 else 1.0)
    return _Found(text, part, first, last, at, centroid.likeness(vector) * weight, vector)


def _weight(source: str, text: str) -> float:
    """Return how much a passage tells, beside others as near to what the text is about.

    `source` is the sentence as it stands in the text.
    """
    weight = min(1.0, count_words(text) / FULL)
    for pattern, factor in _TELLING:
        if pattern.search(text):
            weight *= factor
    return weight * (1.5 if english.SUMMING_UP.match(source) else 1.0)


_TELLING = (
    (english.FINDINGS, 1.2),
    (english.ADVICE, 1.1),
    (english.FIGURES, 1.1),
    (english.DEFINING, 1.1),
    (english.FOR_EXAMPLE, 0.7),
    (english.FIRST_PERSON, 0.5),
    (english.WE, 0.9),
    (english.YOU, 0.6),
    (english.DAY_ALONE, 0.8),
    (english.GENERIC, 0.75),
    (english.BARE, 0.75),
)


class _Choice:
    """Choosing among candidates by maximal marginal relevance (Carbonell and Goldstein 1998)."""

    def __init__(self, found: Sequence[_Found], words: int, whole: int) -> None:
        best = heapq.nlargest(CANDIDATES, found, key=lambda one: one.worth)
        self._top = best[0].worth if best else 0.0
        self._found = found
        self._left = words
        self._near = max(1.0, whole / max(2, words / PASSAGE)) / 2
        self._opening = max(OPENING_WORDS, OPENING * whole)
        self._taken: list[_Found] = []
        self._said: set[str] = set()
        self._alike: dict[int, float] = {}
        good = [one for one in best if one.worth >= WORTH * self._top]
        self._open = [one for one in good if self._can_take(one)]

    def made(self, *, lead: bool) -> list[_Found]:
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

    def _take(self, one: _Found) -> None:
        self._taken.append(one)
        self._said.update(one.vector)
        self._left -= count_words(one.text)
        for other in self._open:
            likeness = _dot(one.vector, other.vector)
            self._alike[id(other)] = max(self._likeness(other), likeness)
        self._open = [other for other in self._open if other is not one and self._can_take(other)]

    def _can_take(self, one: _Found) -> bool:
        """Say whether there is room for a passage, and it says what none that is taken says."""
        return (
            count_words(one.text) <= self._left
            and self._likeness(one) < ALIKE
            and not any(one.overlaps(other) for other in self._taken)
        )

    def _likeness(self, one: _Found) -> float:
        return self._alike.get(id(one), 0.0)

    def _value(self, one: _Found) -> float:
        near = sum(abs(one.at - other.at) < self._near for other in self._taken)
        unlike = 1 - min(1.0, NOVELTY * self._likeness(one))
        return one.worth * unlike * (OLD + (1 - OLD) * self._news(one)) * NEAR**near

    def _news(self, one: _Found) -> float:
        """Return the share of a passage, from 0 to 1, that is in words of none of those chosen."""
        weights = (weight for term, weight in one.vector.items() if term not in self._said)
        return math.fsum(weight * weight for weight in weights)


def _introduces(text: str) -> float:
    """Return how well a passage tells what a text is about, beside others of its opening."""
    if english.BARE.match(text):
        return BARE_LEAD
    return DEFINING_LEAD if english.DEFINING.search(text) else 1.0


def _shown(
    chosen: Sequence[_Found], parts: Sequence[_Part], text: str, words: int
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


def _passage(one: _Found, parts: Sequence[_Part]) -> Passage:
    block = parts[one.part].block
    return Passage(one.text, block.start, block.end, worth=one.worth)


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    if len(one) > len(other):
        one, other = other, one
    return math.fsum(weight * other.get(term, 0.0) for term, weight in one.items())
