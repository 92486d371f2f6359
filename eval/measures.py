"""What ROUGE does not say of a summary: its length, how much it copies, how much it repeats."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.clean import without_thoughts

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:['’]\w+)*")
REPEATED = 3  # words in a row


@dataclass(frozen=True)
class Measures:
    """Measures of one summary against its document.

    words: words of the summary. compression: words of the document for each of them. coverage:
    share of its words that lie in stretches copied from the document; density: the mean length,
    in words, of the stretch that a word lies in (both Grusky et al. 2018, "Newsroom"). novel_1 to
    novel_3: share of its distinct words, pairs and triples that the document does not have.
    repetition: share of its triples of words that it has had before. Shares are from 0 to 1.
    """

    words: int
    compression: float
    coverage: float
    density: float
    novel_1: float
    novel_2: float
    novel_3: float
    repetition: float


def measure(summary: str, document: str) -> Measures:
    """Measure a summary. Of an empty one, everything is 0."""
    ours, theirs = words_of(without_thoughts(summary)), words_of(document)
    fragments = copied_fragments(ours, theirs)
    count = len(ours)
    triples = _grams(ours, REPEATED)
    return Measures(
        words=count,
        compression=_share(len(theirs), count),
        coverage=_share(sum(fragments), count),
        density=_share(sum(length**2 for length in fragments), count),
        novel_1=_novel(ours, theirs, 1),
        novel_2=_novel(ours, theirs, 2),
        novel_3=_novel(ours, theirs, 3),
        repetition=_share(len(triples) - len(set(triples)), len(triples)),
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return [match[0] for match in _WORD.finditer(text.lower())]


def copied_fragments(summary: Sequence[str], document: Sequence[str]) -> list[int]:
    """Return the lengths of the stretches that a summary shares with a document.

    Greedy, as in Grusky et al. 2018, figure 3: from the left, the longest match at each word.
    """
    places = defaultdict(list)
    for place, word in enumerate(document):
        places[word].append(place)
    lengths = []
    i = 0
    while i < len(summary):
        length = max((_match(summary, i, document, j) for j in places[summary[i]]), default=0)
        if length:
            lengths.append(length)
        i += max(length, 1)
    return lengths


def _match(summary: Sequence[str], i: int, document: Sequence[str], j: int) -> int:
    most = min(len(summary) - i, len(document) - j)
    return next((n for n in range(most) if summary[i + n] != document[j + n]), most)


def _grams(words: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[i:] for i in range(n)), strict=False))


def _novel(summary: Sequence[str], document: Sequence[str], n: int) -> float:
    ours = set(_grams(summary, n))
    return _share(len(ours - set(_grams(document, n))), len(ours))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
