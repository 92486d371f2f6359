"""What ROUGE does not say of a summary: how long it is, what it copies, repeats and makes up."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from pipeline.core.clean import without_thoughts
from pipeline.core.prompts import FORMS
from pipeline.evidence.facts import SourceFacts, unsupported
from pipeline.evidence.trace import SentenceIndex
from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:['’]\w+)*")
REPEATED = 3  # words in a row
LOOPED = 10  # words in a row that come twice
ECHOED = 6  # words in a row that a prompt has
# Looser than what `pipeline.core.clean` takes away, so that what it overlooks is seen.
_PREAMBLE = re.compile(
    r"(?i)\W*(?:sure|certainly|of course|okay|here(?:['’]s| is| are)\b|below is|summary|in summary"
    r"|the following|this (?:is a|text|passage|summary)|the (?:text|passage|summary)"
    r"|in (?:conclusion|short|(?:the|this) (?:text|passage|article|document|essay|story))"
    r"|(?:the|this) (?:article|document|essay|author|story|narrative|scene)(?: \w+)?"
    r" (?:mention|discuss|highlight|emphasi[sz]e|explore|touche|delve|provide|conclude|describe)s?"
    r")\b"
)
_LINK = re.compile(
    r"(?:However|Additionally|Furthermore|Moreover|In addition|Also|Therefore|Thus|Instead|But|And"
    r")\b"
)
_QUOTE = re.compile(r"[\"“”„«»]")
_WHOLE = re.compile(r"[.!?…。！？][\W_]*\Z")


@dataclass(frozen=True)
class Measures:
    """Measures of one summary against its document.

    words: words of the summary. compression: words of the document for each of them. coverage:
    share of its words that lie in stretches copied from the document; density: the mean length,
    in words, of the stretch that a word lies in (both Grusky et al. 2018, "Newsroom"). novel_1 to
    novel_3: share of its distinct words, pairs and triples that the document does not have.
    repetition: share of its triples of words that it has had before. invented: numbers, names and
    quotations that the document does not hold, for 100 words. untraced: share of its sentences
    that speak of nothing that a sentence of the document speaks of. flawed: 1 where it has a flaw
    (see `flaws`), else 0. Shares are from 0 to 1.
    """

    words: int
    compression: float
    coverage: float
    density: float
    novel_1: float
    novel_2: float
    novel_3: float
    repetition: float
    invented: float
    untraced: float
    flawed: float


def measure(summary: str, document: str) -> Measures:
    """Measure a summary. Of an empty one, everything is 0."""
    said = without_thoughts(summary)
    ours, theirs = words_of(said), words_of(document)
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
        invented=100 * _share(len(unsupported(said, _known(document))), count),
        untraced=_untraced(said, document),
        flawed=float(bool(flaws(said))),
    )


def flaws(summary: str) -> tuple[str, ...]:
    """Return the names of what a summary has that none should.

    A "preamble" is talk about the text at its beginning, a "link" a word there that leads on from
    nothing. A "quote" lacks one of its marks. A "loop" is a row of LOOPED words that comes twice;
    what is "cut" has no end of a sentence at its end, or no capital at its beginning; an "echo" is
    a row of ECHOED words of a closing line. An empty summary has none: it is counted as such.
    """
    words = words_of(summary)
    rows = _grams(words, LOOPED)
    found = {
        "preamble": _PREAMBLE.match(summary) is not None,
        "link": _LINK.match(summary) is not None,
        "quote": len(_QUOTE.findall(summary)) % 2 == 1,
        "loop": len(set(rows)) < len(rows),
        "cut": not _WHOLE.search(summary) or summary[:1].islower(),
        "echo": not _asked().isdisjoint(_grams(words, ECHOED)),
    }
    return tuple(name for name, there in found.items() if there and words)


@cache
def _asked() -> frozenset[tuple[str, ...]]:
    """Return the rows of words that our closing lines have."""
    return frozenset(
        row
        for form in FORMS.values()
        for size in ("in one paragraph", "in about")
        for row in _grams(words_of(form.closing.format(size=size)), ECHOED)
    )


def _untraced(summary: str, document: str) -> float:
    index = _index(document)
    traced = [index.traces(summary[start:end]) for start, end in sentences(summary)]
    return _share(traced.count(False), len(traced))


@lru_cache(64)
def _known(document: str) -> SourceFacts:
    return SourceFacts(document)


@lru_cache(64)
def _index(document: str) -> SentenceIndex:
    return SentenceIndex(document)


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
