"""Chunks and merge groups that follow the content, so that an edit changes few of them.

Balanced chunks and groups depend on positions: a word put in at the start moves every boundary
after it, and no finished call can be used again. Here a boundary depends on the text around it.

Every place where a chunk may end has a rank: first its kind, a heading before a paragraph before
a sentence, then a hash of the words before it, which makes it arbitrary but the same in every
version of the text. Places are taken by rank, each if it keeps a distance from those taken before.
What is still too big between two places is divided at the best ranked place inside it. So a place
far from an edit is taken or left as it was before. The ends of groups of chunks, and of groups of
groups, are chosen by the same ranks, with distances in members instead of tokens.

The same idea serves backup tools (content-defined chunking) and databases (prolly trees).
"""

from __future__ import annotations

import math
from bisect import bisect
from dataclasses import replace
from hashlib import blake2b
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.chunk import (
    MIN_CHUNK_TOKENS,
    Boundary,
    check_max_tokens,
    kind_at,
    split,
)
from pipeline.core.plan import Node, merged
from pipeline.documents.document import Document
from pipeline.text.sentences import sentences
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.plan import Step

# The least distance between chunk ends that are chosen by rank alone; they lie about a third
# further apart on average. Beyond DISTANCE tokens, larger chunks would not pay: there would be so
# few calls that an edit costs a good part of them. Below it, it is a part of the budget.
DISTANCE = 1400
_SHARE = 0.8
_INSIDE = 1.25  # times that, where a chunk would end inside a sentence
_GROUP = 0.6  # of the fan-in: the same distance for groups, in members
_FINEST = 8  # a sentence that takes more than this part of the budget is divided
_LONG = 2000  # characters of a sentence that is not counted as a whole
_WORDS = 128  # characters before a place that its hash is made of, white space aside
_AROUND = 256  # characters on both sides of a place that decide its rank


class _Rank(NamedTuple):
    """What places are compared by; the least is the best."""

    kind: Boundary
    digest: bytes


class _Piece(NamedTuple):
    """The least that is kept together: a sentence, or a part of a long one.

    `end` is in characters of the document, `rank` is that of the place there.
    """

    end: int
    tokens: int
    rank: _Rank


def split_stable(document: Document, count: Callable[[str], int], max_tokens: int) -> list[Chunk]:
    """Cut a document into chunks that are the same in another version, away from what changed.

    Arguments, errors and promises are those of `pipeline.core.chunk.split`, but for the balance:
    chunks are smaller on average, and their sizes differ more.
    """
    check_max_tokens(max_tokens)
    text = document.text
    pieces = _pieces(document, count, max(MIN_CHUNK_TOKENS, max_tokens // _FINEST))
    cuts = _cuts(
        at=[0, *accumulate(piece.tokens for piece in pieces)],
        ranks=[piece.rank for piece in pieces],
        distance=min(_SHARE * max_tokens, DISTANCE),
        most=max_tokens,
        least=max_tokens // 5,
    )
    ends = [0, *(pieces[cut - 1].end for cut in cuts[1:])]
    return list(
        chain.from_iterable(
            _within(text, start, end, count, max_tokens) for start, end in pairwise(ends)
        )
    )


def group_stable(leaves: Sequence[Node], step: Step, fan_in: int, final_fan_in: int) -> Node:
    """Arrange chunks under merges of 2 to `fan_in` neighbours, the root of at most `final_fan_in`.

    Every level is shorter than the one below it.
    """
    level = leaves
    texts = [leaf.chunks[0].text for leaf in leaves]
    ranks = [_rank_between(left, right) for left, right in pairwise(texts)]
    height = 1
    while len(level) > final_fan_in:
        cuts = _cuts(
            at=range(len(level) + 1),
            ranks=ranks,
            distance=_GROUP * fan_in,
            most=min(fan_in, len(level) - 2),  # two groups at least
            least=2,
        )
        level = merged(level, cuts, step, height)
        ranks = [ranks[cut - 1] for cut in cuts[1:-1]]
        height += 1
    return level[0] if len(level) == 1 else Node(step, sources=tuple(level), level=height)


def _pieces(document: Document, count: Callable[[str], int], limit: int) -> list[_Piece]:
    """Cut a text into sentences, and those of more than `limit` tokens into parts."""
    text = document.text
    headings = {mark.start for mark in document.marks if mark.kind == "heading"}
    starts = [start for start, _ in sentences(text)]
    pieces = []
    for start, end in pairwise([0, *starts[1:], len(text)]):
        for part in _parts(text[start:end], count, limit):
            place = start + part.end
            kind = kind_at(text, place) if place == end else Boundary.OTHER
            if place in headings:
                kind = Boundary.HEADING
            rank = _Rank(kind, _digest(text[max(0, place - _AROUND) : place]))
            pieces.append(_Piece(place, part.tokens, rank))
    return pieces


def _parts(sentence: str, count: Callable[[str], int], limit: int) -> list[Chunk]:
    # A vocabulary may choke on a million spaces in one call; `split` counts in blocks.
    if len(sentence) <= _LONG:
        tokens = count(sentence)
        if tokens <= limit:
            return [Chunk(sentence, 0, len(sentence), tokens)]
    return split(Document(sentence), count, limit)


def _rank_between(left: str, right: str) -> _Rank:
    left, right = left[-_AROUND:], right[:_AROUND]
    return _Rank(kind_at(left + right, len(left)), _digest(left))


def _digest(text: str) -> bytes:
    """Hash the last words of a text, however they are set."""
    words = " ".join(text.split())[-_WORDS:]
    return blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _cuts(
    at: Sequence[int], ranks: Sequence[_Rank], distance: float, most: int, least: int
) -> list[int]:
    """Choose places, by rank, that are neither too near to each other nor too far apart.

    Args:
        at: the size of all that is before each place; the first and the last are the ends.
        ranks: those of the places between the ends.
        distance: the least size between places that are chosen by rank alone.
        most: upper bound on the size between places, kept if no single step is larger.
        least: the least size, kept if possible, of the parts where a larger one is divided.

    Returns:
        Indices into `at`, rising, the ends included.
    """
    chosen = [0, len(at) - 1]
    for place in sorted(range(1, len(at) - 1), key=lambda place: ranks[place - 1]):
        k = bisect(chosen, place)
        room = min(at[place] - at[chosen[k - 1]], at[chosen[k]] - at[place])
        if room >= distance * (_INSIDE if ranks[place - 1].kind > Boundary.SENTENCE else 1):
            chosen.insert(k, place)
    divided = (_divide(at, ranks, start, end, most, least) for start, end in pairwise(chosen))
    return [0, *chain.from_iterable(divided)]


def _divide(
    at: Sequence[int], ranks: Sequence[_Rank], start: int, end: int, most: int, least: int
) -> list[int]:
    """Return the ends of the parts into which what lies between two places is divided."""
    if at[end] - at[start] <= most or end - start == 1:
        return [end]

    def badness(place: int) -> tuple[int, _Rank]:
        left, right = at[place] - at[start], at[end] - at[place]
        rank = ranks[place - 1]
        # Rather one part more than a cut inside a sentence.
        parts = math.ceil(left / most) + math.ceil(right / most)
        return parts + (rank.kind > Boundary.SENTENCE), rank

    inside = range(start + 1, end)
    roomy = [p for p in inside if min(at[p] - at[start], at[end] - at[p]) >= least]
    cut = min(roomy or inside, key=badness)
    return [
        *_divide(at, ranks, start, cut, most, least),
        *_divide(at, ranks, cut, end, most, least),
    ]


def _within(
    text: str, start: int, end: int, count: Callable[[str], int], max_tokens: int
) -> list[Chunk]:
    """Return `text[start:end]` as a chunk, or as several if its pieces' sum was too low a guess."""
    part = text[start:end]
    tokens = count(part)
    if tokens <= max_tokens:
        return [Chunk(part, start, end, tokens)] if part else []
    chunks = split(Document(part), count, max_tokens)
    return [replace(c, start=start + c.start, end=start + c.end) for c in chunks]
