"""An extractive stand-in: what a summary falls back to where the model gives no usable answer.

It takes the source's own sentences, those that hold most of what the text keeps coming back to.
It does not understand the text and knows no language: a word weighs by how many sentences use it,
so that neither what nearly all of them use nor what only one uses counts for much.
"""

from __future__ import annotations

import heapq
import math
import re
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pipeline.chunk import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Scripts written without spaces: Thai and Lao, Burmese, Khmer, kana, Chinese characters.
DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TERM = re.compile(rf"[{DENSE}](?=([{DENSE}]))|[^\W_{DENSE}]+")  # pairs of characters, or words
_WIDE_END = re.compile(rf"[{DENSE}\u3000-\u303f\uff00-\uffef][”’]*\Z")

_LEAD = 1.0  # how much more the first sentence weighs than one far from it: texts open on topic
_CHANCE = 0.5  # of a word's uses: so that one that comes once weighs little
_SAID = 0.1  # what a word still weighs once a chosen sentence has used it
_FEW_TERMS = 6  # a sentence with fewer is a heading or a remark, and weighs less
_FILLED = 0.75  # of the room; with less left, only scraps would fit
_LONG_WORD = 40  # characters; no word is kept whole that is longer


class _Sentence(NamedTuple):
    text: str
    terms: frozenset[str]


def extract(text: str, count: Callable[[str], int], max_tokens: int) -> str:
    """Stand in for a summary with sentences of the text itself, in their own order.

    Args:
        text: the source.
        count: tokens of a text.
        max_tokens: upper bound on the result, at least 1.

    Returns:
        Whole sentences, every run of white space a single space, of at most `max_tokens` tokens.
        Where no sentence is that short, it is the beginning of one, cut between words. It is blank
        only if the text is, and exceeds `max_tokens` only where a single character does.
    """
    found = [
        _Sentence(" ".join(text[start:end].split()), frozenset(_terms(text[start:end])))
        for start, end in sentences(text)
    ]
    whole = _join(found, range(len(found)))
    if count(whole) <= max_tokens:
        return whole
    chosen = _choose(found, count, max_tokens)
    while len(chosen) > 1 and count(_join(found, chosen)) > max_tokens:
        chosen.pop()  # joined, sentences can take more tokens than one by one
    return _cut(_join(found, chosen), count, max_tokens)


def _terms(text: str) -> list[str]:
    return [match[0] + (match[1] or "") for match in _TERM.finditer(text.casefold())]


def _choose(found: list[_Sentence], count: Callable[[str], int], max_tokens: int) -> list[int]:
    """Return the best sentences that fit, the best first; where none fits, the best alone."""
    weights = _weights(found)

    def gain(i: int) -> float:
        terms = found[i].terms
        size = math.sqrt(len(terms) or 1) * max(1, _FEW_TERMS / (len(terms) or 1))
        return math.fsum(weights[term] for term in terms) / size * (1 + _LEAD / (1 + i))

    queue = [(-gain(i), i) for i in range(len(found))]
    heapq.heapify(queue)
    best = [i for _, i in queue[:1]]
    chosen: list[int] = []
    room = max_tokens
    while queue and room > (1 - _FILLED) * max_tokens:
        _, i = heapq.heappop(queue)
        now = (-gain(i), i)
        if queue and now > queue[0]:  # gains only fall, so the first still as good is the best
            heapq.heappush(queue, now)
            continue
        tokens = count(found[i].text)
        if tokens <= room:
            chosen.append(i)
            room -= tokens
            weights.update({term: weights[term] * _SAID for term in found[i].terms})
    return chosen or best


def _weights(found: list[_Sentence]) -> dict[str, float]:
    uses = Counter(term for sentence in found for term in sentence.terms)
    return {term: (n - _CHANCE) * math.log((len(found) + 1) / n) for term, n in uses.items()}


def _join(found: list[_Sentence], chosen: Iterable[int]) -> str:
    texts = [found[i].text for i in sorted(chosen)]
    return "".join(text + " " * (not _WIDE_END.search(text)) for text in texts).rstrip()


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
