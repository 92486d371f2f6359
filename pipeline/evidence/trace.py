"""Where each sentence of a summary comes from, what no source supports, and what was left out.

No model is asked. Each sentence of the summary is looked for in the document's own sentences by
the rare words that they share (idf weights and length normalization as in BM25, Robertson and
Zaragoza 2009), names and numbers counting double. The tree helps: a sentence of the summary is
more likely from a chunk whose partial summaries say the same.

A score is the share of a sentence's weight that a source holds, from 0 to 1. It is lexical: a
source with a high score speaks of the same things, and need not say the same of them.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from pipeline.evidence.facts import SourceFacts, kinds_of, unsupported
from pipeline.knobs import KNOBS, Knobs
from pipeline.text.languages import UNKNOWN
from pipeline.text.sentences import is_chat, sentences, spans
from pipeline.text.terms import stemming, terms
from pipeline.tree import Chunk, join_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.documents.document import Document
    from pipeline.text.languages import Languages
    from pipeline.tree import Summary

FEW_SENTENCES = 10  # of fewer, how many hold a word does not tell how rare it is
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Source:
    """A stretch of the document, in characters, and how much of the sentence it holds.

    `mark` is what people call the place, where the document has such names: "page 12".
    """

    start: int
    end: int
    score: float
    mark: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the JSON form."""
        mark = {} if self.mark is None else {"mark": self.mark}
        return {"start": self.start, "end": self.end, "score": round(self.score, 3), **mark}


@dataclass(frozen=True)
class Traced:
    """A sentence of the summary, its sources, the best first, and its unsupported facts."""

    text: str
    sources: tuple[Source, ...]
    unsupported: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """Which chunks the summary speaks of.

    `missing` are the stretches of the others, in characters, neighbours joined. `lost` says of
    each such chunk where it went: its stretch, and the level of the first text above it that no
    longer holds what its own partial summary said.
    """

    chunks: int
    represented: int
    missing: tuple[tuple[int, int], ...]
    lost: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Evidence:
    """Everything that can be said about where a summary comes from."""

    sentences: tuple[Traced, ...]
    coverage: Coverage

    def to_dict(self) -> dict[str, object]:
        """Return the JSON form that joins a result's."""
        coverage = self.coverage
        return {
            "sentences": [
                {
                    "text": sentence.text,
                    "sources": [source.to_dict() for source in sentence.sources],
                    "unsupported": list(sentence.unsupported),
                }
                for sentence in self.sentences
            ],
            "coverage": {
                "chunks": coverage.chunks,
                "represented": coverage.represented,
                "missing": [list(stretch) for stretch in coverage.missing],
                "lost": [list(loss) for loss in coverage.lost],
            },
        }


def trace(
    document: Document,
    root: Summary,
    query: str | None = None,
    languages: Languages = UNKNOWN,
    knobs: Knobs = KNOBS,
) -> Evidence:
    """Trace a summary back to the document it was made from.

    Args:
        document: The document.
        root: The final summary with its tree.
        query: What the summary was asked; its words need no support.
        languages: The document's and the summary's. Crossed, only names and numbers that both
            write alike lead anywhere.
        knobs: The numbers that tracing goes by.
    """
    index = SentenceIndex(document.text, languages.text, knobs)
    known = SourceFacts(f"{document.text}\n{query or ''}", languages.text, knobs)
    kinds = kinds_of(languages)
    leaves = list(_leaves(root, ()))
    traced = [
        Traced(
            text,
            _marked(sorted(_sources(text, index, leaves), key=lambda s: -s.score), document),
            tuple(fact.text for fact in unsupported(text, known, kinds)),
        )
        for text in _texts(root.text)
    ]
    return Evidence(tuple(traced), _coverage(root, leaves, traced, index))


def _marked(sources: Sequence[Source], document: Document) -> tuple[Source, ...]:
    return tuple(replace(source, mark=document.place(source.start)) for source in sources)


@dataclass(frozen=True)
class _Leaf:
    """A chunk, and the partial summaries from its own up to below the root."""

    chunk: Chunk
    above: tuple[Summary, ...]


def _leaves(node: Summary, above: tuple[Summary, ...]) -> Iterator[_Leaf]:
    for source in node.sources:
        if isinstance(source, Chunk):
            yield _Leaf(source, above)
        else:
            yield from _leaves(source, (source, *above))


class SentenceIndex:
    """The sentences of a text by the terms they hold, to be ranked as BM25 ranks documents.

    `language` is the text's, by its ISO 639-1 code; what is looked for is taken to be in it too.
    """

    def __init__(self, text: str, language: str | None = None, knobs: Knobs = KNOBS) -> None:
        self.language = language
        self.knobs = knobs
        self.spans = spans(text) if is_chat(text) else sentences(text)
        self.terms = [frozenset(terms(text[start:end], language)) for start, end in self.spans]
        self.places: dict[str, list[int]] = defaultdict(list)
        for i, own in enumerate(self.terms):
            for term in own:
                self.places[term].append(i)
        self.mean_length = sum(map(len, self.terms)) / max(len(self.terms), 1)

    def weight(self, term: str) -> float:
        """Return the idf of a term; one that the text does not hold weighs most.

        A short text counts as one of FEW_SENTENCES: by its own few, all that it holds would weigh
        next to nothing beside the first word that it does not.
        """
        n, of = max(len(self.spans), FEW_SENTENCES), len(self.places.get(term, ()))
        return math.log(1 + (n - of + 0.5) / (of + 0.5))

    def traces(self, sentence: str) -> bool:
        """Say whether a sentence can be traced to one of the text's."""
        return next(_sources(sentence, self, ()), None) is not None

    def weights(self, text: str) -> dict[str, float]:
        """Return the weights of a sentence's terms, facts counting double."""
        facts = set(_facts(text, self.language))
        return {
            term: self.weight(term) * (self.knobs.fact_weight if term in facts else 1)
            for term in terms(text, self.language)
        }


def _sources(text: str, index: SentenceIndex, leaves: Sequence[_Leaf]) -> Iterator[Source]:
    weights = index.weights(text)
    whole = sum(weights.values())
    if not whole:
        return
    support = [(leaf.chunk, _support(weights, leaf, index)) for leaf in leaves]
    left = dict(weights)
    for _ in range(index.knobs.most_sources):
        gains = _gains(left, index)
        if not gains:
            return
        best = _best(gains, index, support)
        share = sum(weights[term] for term in index.terms[best] & weights.keys()) / whole
        if share < index.knobs.least_score or gains[best] / whole < index.knobs.least_gain:
            return
        yield Source(*index.spans[best], share)
        left = {term: weight for term, weight in left.items() if term not in index.terms[best]}


def _gains(weights: Mapping[str, float], index: SentenceIndex) -> dict[int, float]:
    """Return, for each sentence of the index that shares a term, the weight that it shares."""
    gains: dict[int, float] = defaultdict(float)
    for term, weight in weights.items():
        for i in index.places.get(term, ()):
            gains[i] += weight
    return gains


def _best(
    gains: Mapping[int, float], index: SentenceIndex, support: Sequence[tuple[Chunk, float]]
) -> int:
    """Return the sentence that ranks highest, and rank only those whose gain allows that."""
    most = max(gains, key=gains.__getitem__)
    tree = 2 if support else 1
    least = _rank(most, gains[most], index, support) * (1 - index.knobs.length_share) / tree
    able = [i for i, gain in gains.items() if gain >= least]
    return max(able, key=lambda i: (_rank(i, gains[i], index, support), -i))


def _rank(
    i: int, gain: float, index: SentenceIndex, support: Sequence[tuple[Chunk, float]]
) -> float:
    length = len(index.terms[i]) / index.mean_length
    start = index.spans[i][0]
    tree = next((s for chunk, s in support if chunk.start <= start < chunk.end), 0.0)
    b = index.knobs.length_share
    return gain * (1 + tree) / (1 - b + b * length)


def _support(weights: Mapping[str, float], leaf: _Leaf, index: SentenceIndex) -> float:
    """Return how much of a sentence the texts between a chunk and the root hold, on average."""
    if not leaf.above:
        return 0.0
    return sum(_best_share(weights, one.text, index) for one in leaf.above) / len(leaf.above)


def _best_share(weights: Mapping[str, float], text: str, index: SentenceIndex) -> float:
    whole = sum(weights.values()) or 1.0
    found = _term_sets(text, index.language)
    return max((_shared(weights, sentence) / whole for sentence in found), default=0.0)


def _shared(weights: Mapping[str, float], held: frozenset[str]) -> float:
    return sum(weight for term, weight in weights.items() if term in held)


def _coverage(
    root: Summary, leaves: Sequence[_Leaf], traced: Sequence[Traced], index: SentenceIndex
) -> Coverage:
    starts = [source.start for sentence in traced for source in sentence.sources]
    missing = [
        leaf
        for leaf in leaves
        if not any(leaf.chunk.start <= start < leaf.chunk.end for start in starts)
    ]
    return Coverage(
        chunks=len(leaves),
        represented=len(leaves) - len(missing),
        missing=join_stretches((leaf.chunk.start, leaf.chunk.end) for leaf in missing),
        lost=tuple(
            (leaf.chunk.start, leaf.chunk.end, _lost_at(leaf, root, index)) for leaf in missing
        ),
    )


def _lost_at(leaf: _Leaf, root: Summary, index: SentenceIndex) -> int:
    """Return the level of the first text that no longer holds what the chunk's summary said."""
    own, *others = *leaf.above, root
    if not _keeps(own.text, leaf.chunk.text, index):
        return own.level
    return next((s.level for s in others if not _keeps(s.text, own.text, index)), root.level)


def _keeps(text: str, said: str, index: SentenceIndex) -> bool:
    """Say whether a text still holds a sentence of what was said."""
    shares = (_best_share(index.weights(part), text, index) for part in _texts(said))
    return max(shares, default=0.0) >= index.knobs.kept


def _texts(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@lru_cache(1024)
def _term_sets(text: str, language: str | None) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(terms(part, language)) for part in _texts(text))


def _facts(text: str, language: str | None) -> Iterator[str]:
    """Yield the terms of a sentence's names and numbers."""
    stem = stemming(language)
    for number, match in enumerate(_WORD.finditer(text)):
        word = match[0]
        if word[0].isdigit() or (number and word[0].isupper()):
            yield stem(word.casefold())
