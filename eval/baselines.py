"""Summaries without a model, which show what a score is worth.

All of them take a document's own sentences or words. `oracle` also sees the references, so it is
the ceiling for what extraction can reach; no other may look at them.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from rouge_score_rs.tokenizers import DefaultTokenizer

from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

DAMPING = 0.85  # of PageRank, as Brin and Page have it
ROUNDS = 100
ENOUGH = 1e-6  # change of a rank at which PageRank has settled


def split_sentences(document: str) -> list[str]:
    """Return a document's sentences, each with single spaces. The end of a line ends a sentence."""
    lines = (line for line in document.splitlines() if line.strip())
    parts = (line[start:end] for line in lines for start, end in sentences(line))
    return [" ".join(part.split()) for part in parts]


def lead(document: str, count: int) -> str:
    """Take the first `count` sentences."""
    return " ".join(split_sentences(document)[:count])


def lead_words(document: str, words: int) -> str:
    """Take the first `words` words."""
    return " ".join(document.split()[:words])


def random_sentences(document: str, words: int, seed: int) -> str:
    """Take sentences at random, in the document's order, cut to exactly `words` words."""
    found = split_sentences(document)
    order = list(range(len(found)))
    random.Random(seed).shuffle(order)  # noqa: S311 - no secret depends on it
    return _in_order(found, order, words)


def textrank(document: str, words: int) -> str:
    """Take the sentences most like the others, in the document's order, cut to `words` words.

    Mihalcea and Tarau 2004: PageRank over sentences; two are linked by the words that they share,
    over the logarithms of their lengths.
    """
    found = split_sentences(document)
    ranks = _ranks([frozenset(_stems(sentence)) for sentence in found])
    return _in_order(found, sorted(range(len(found)), key=lambda i: (-ranks[i], i)), words)


def _ranks(terms: Sequence[frozenset[str]]) -> Sequence[float]:
    columns = {term: i for i, term in enumerate(sorted(frozenset().union(*terms)))}
    uses = np.zeros((len(terms), len(columns)), dtype=np.float32)
    for row, own in enumerate(terms):
        uses[row, [columns[term] for term in own]] = 1
    lengths = np.log([max(len(own), 1) for own in terms])
    scale = lengths[:, None] + lengths[None, :]
    links = np.divide(uses @ uses.T, scale, out=np.zeros_like(scale), where=scale > 0)
    np.fill_diagonal(links, 0)
    totals = links.sum(axis=0)
    links = np.divide(links, totals, out=np.full_like(links, 1 / len(terms)), where=totals > 0)
    ranks = np.full(len(terms), 1 / len(terms))
    for _ in range(ROUNDS):
        before, ranks = ranks, (1 - DAMPING) / len(terms) + DAMPING * links @ ranks
        if np.abs(ranks - before).max() < ENOUGH / len(terms):
            break
    return [float(rank) for rank in ranks]


def oracle(document: str, references: Sequence[str]) -> str:
    """Take sentences as long as one adds to ROUGE-1 + ROUGE-2, maximum over the references.

    The greedy oracle of extractive summarization (Nallapati et al. 2017). It is a ceiling to look
    up to, not the best extract that there is: starting over for each reference finds better ones.
    """
    found = split_sentences(document)
    stems = [_stems(sentence) for sentence in found]
    overlaps = [
        (_Overlap(stems, reference, 1), _Overlap(stems, reference, 2))
        for reference in map(_stems, references)
    ]
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < len(found):
        scores = np.max([ones.f1_with() + pairs.f1_with() for ones, pairs in overlaps], axis=0)
        scores[chosen] = 0
        i = int(scores.argmax())
        if scores[i] <= best:
            break
        best = float(scores[i])
        chosen.append(i)
        for parts in overlaps:
            for part in parts:
                part.take(i)
    return " ".join(found[i] for i in sorted(chosen))


class _Overlap:
    """What each sentence shares with a reference, and what the sentences taken so far share.

    `uses` has a row for each sentence and a column for each n-gram of the reference.
    """

    def __init__(self, stems: Sequence[Sequence[str]], reference: Sequence[str], n: int) -> None:
        wanted = _grams(reference, n)
        grams = [_grams(own, n) for own in stems]
        self.wanted = np.array(list(wanted.values()))
        self.uses = np.array([[own[gram] for gram in wanted] for own in grams])
        self.lengths = np.array([own.total() for own in grams])
        self.taken = np.zeros(len(wanted), dtype=int)
        self.length = 0

    def f1_with(self) -> NDArray[np.float64]:
        """Return the F1 that each sentence would make together with those taken."""
        hits = np.minimum(self.taken + self.uses, self.wanted).sum(axis=1)
        total = self.length + self.lengths + self.wanted.sum()
        return np.asarray(2 * hits / np.maximum(total, 1))

    def take(self, i: int) -> None:
        """Add a sentence to those taken."""
        self.taken = self.taken + self.uses[i]
        self.length += int(self.lengths[i])


@cache
def _tokenizer() -> DefaultTokenizer:
    return DefaultTokenizer(use_stemmer=True)


def _stems(text: str) -> list[str]:
    stems: list[str] = _tokenizer().tokenize(text)
    return stems


def _grams(stems: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(stems[i:] for i in range(n)), strict=False))


def _in_order(found: Sequence[str], order: Sequence[int], words: int) -> str:
    """Take sentences by their order of preference until there are enough words; cut the last."""
    taken: dict[int, str] = {}
    left = words
    for i in order:
        if left <= 0:
            break
        own = found[i].split()[:left]
        taken[i] = " ".join(own)
        left -= len(own)
    return " ".join(taken[i] for i in sorted(taken))
