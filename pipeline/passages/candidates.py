"""Candidates: the sentences of prose that can be read alone, and what each is worth."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.passages import english_prose as english
from pipeline.passages.blocks import Block, blocks
from pipeline.passages.standalone import (
    as_item,
    follows_well,
    introduces_list,
    loosened,
    stands_alone,
)
from pipeline.text.sentences import split_sentences
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.text.extract import Centroid

# Chosen by eye on six reports and eight samples, LOG 2026-11-27.
LONGEST = 75  # words of a passage of two sentences
FULL = 20  # words from which a passage weighs fully
OPENING_WORDS = 150  # words of a text that tell what it is about
KNOWN_USES = 8  # "the scheme", so often in a text that opens with it: all of it is about that
LEAST_NAMED = 2  # sentences that begin with a word in lower case, from which it is a name
FIRST = 1.2  # what the first sentence of a block is worth beside the others
SUMMING_UP = 1.5  # … and one that sums up
GIVEN = 0.8  # what is left of a sentence's worth for each thing that was introduced before it

_LOWER = re.compile(r"[a-z]{3,}")
_THE_NOUN = re.compile(r"\b[Tt]he ([a-z]{3,})\b")


@dataclass(frozen=True)
class Part:
    """A block of the text with its sentences, and how many words stand before it."""

    block: Block
    sentences: Sequence[str]
    before: int


@dataclass(frozen=True)
class Candidate:
    """One or two sentences of a part, by its number and theirs.

    `at` is where it begins, in words of the text.
    """

    text: str
    part: int
    first: int
    last: int
    at: int
    worth: float
    vector: Mapping[str, float]

    def overlaps(self, other: Candidate) -> bool:
        """Say whether both have a sentence of the text."""
        return self.part == other.part and self.first <= other.last and other.first <= self.last


def parts_of(text: str) -> list[Part]:
    """Return a text's blocks with their sentences."""
    parts, before = [], 0
    for block in blocks(text):
        parts.append(Part(block, split_sentences(block.text), before))
        before += count_words(block.text)
    return parts


def candidates(parts: Sequence[Part], centroid: Centroid) -> Iterator[Candidate]:
    """Yield all that can be read alone, with what each is worth."""
    known = _known(parts)
    introduced = _introduced(parts)
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
                weight = _weight(sentence, text) * _newness(text, at, introduced)
                weight *= FIRST if i == 0 else 1.0
                for last, shown in _with_next(part, i, text):
                    vector = centroid.vector(shown)
                    worth = centroid.likeness(vector) * weight
                    yield Candidate(shown, number, i, last, at, worth, vector)
            elif introduces_list(sentence):
                break  # what follows in the block is of the list
            at += count_words(sentence)


def _with_next(part: Part, i: int, text: str) -> Iterator[tuple[int, str]]:
    """Yield a sentence, and it with the next one where that goes on about it."""
    yield i, text
    following = part.sentences[i + 1] if i + 1 < len(part.sentences) else ""
    both = f"{text} {following}"
    if i and english.BARE_THIS.match(following):
        return
    if follows_well(following, text) and count_words(both) <= LONGEST:
        yield i + 1, both


def _outside_lists(parts: Sequence[Part]) -> Iterator[tuple[int, Part]]:
    """Yield blocks of prose by their numbers, without what is announced as a list.

    The items of a list say little without what announces it, unless that is "We recommend:".
    """
    announced = listed = among = False  # a list comes next; it goes on; there was one here
    for number, part in enumerate(parts):
        if part.block.kind == "heading":
            announced = listed = among = False
        elif announced or (listed and _is_item(part)) or (among and part.block.kind == "item"):
            announced, among = False, True
        else:
            yield number, part
            last = part.sentences[-1] if part.sentences else ""
            tells = english.TELLING_LIST.search(last) is not None
            listed = introduces_list(last) and not tells
            announced = listed and last.endswith(":")
            among = among and not (introduces_list(last) and tells)


def _is_item(part: Part) -> bool:
    """Say whether a block may be an item of a list, marked as one or not."""
    unmarked = len(part.sentences) == 1 and not part.block.apart
    return part.block.kind == "item" or unmarked or bool(english.ORDINAL.match(part.block.text))


def _known(parts: Sequence[Part]) -> frozenset[str]:
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


def _small_names(parts: Sequence[Part]) -> frozenset[str]:
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


def _introduced(parts: Sequence[Part]) -> dict[str, int]:
    """Return the things that a text introduces, "a gateway", with the words before them."""
    found: dict[str, int] = {}
    for part in parts:
        for noun in english.INTRODUCED.findall(part.block.text):
            found.setdefault(noun, part.before)
    return found


def _newness(text: str, at: int, introduced: Mapping[str, int]) -> float:
    """Return what is left of a sentence's worth, from 0 to 1, that speaks of what came before it.

    "The gateway" is one that an earlier block has introduced, "the economy" is none.
    """
    given = [noun for noun in english.GIVEN.findall(text) if introduced.get(noun, at) < at]
    return GIVEN ** len(given)


def _weight(source: str, text: str) -> float:
    """Return how much a passage tells, beside others as near to what the text is about.

    `source` is the sentence as it stands in the text.
    """
    weight = min(1.0, count_words(text) / FULL)
    for pattern, factor in _TELLING:
        if pattern.search(text):
            weight *= factor
    return weight * (SUMMING_UP if english.SUMMING_UP.match(source) else 1.0)


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
    (english.VAGUE, 0.75),
    (english.BARE, 0.75),
)
