"""Making a summary of sentences that exist already: merges without a model, and the right length.

The candidates are the sentences of the partial summaries, as far as they can be traced to the
text, and those of the text itself. With a
model of 135 million parameters, choosing among both beats the model's own merging by far, and
beats either alone (eval/LOG.md).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from pipeline.evidence.trace import SentenceIndex
from pipeline.knobs import KNOBS, Knobs
from pipeline.text.extract import Candidate, Centroid, select_mmr
from pipeline.text.postedit import (
    balance_quotes,
    drop_unpaired_quote,
    is_meta_commentary,
    is_transcript,
    remove_disfluencies,
    self_references,
    starts_with_anaphor,
    strip_attribution,
    strip_connective,
)
from pipeline.text.sentences import join, split_sentences
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from pipeline.tree import Chunk

# Part of the key under which what is composed is kept: raise it with any change to the choice.
COMPOSE_VERSION = 7
_END = re.compile(r"[.!?…。！？][\W_]*\Z")


@dataclass(frozen=True)
class Part:
    """A chunk and what the model made of it; "" where it made nothing."""

    chunk: Chunk
    summary: str = ""


@dataclass(frozen=True)
class Composer:
    """Composes summaries of about `words` words out of parts, which are in the text's order.

    `language` is that of the sentences, by its ISO 639-1 code, where it is known.
    """

    parts: tuple[Part, ...]
    words: int
    query: str | None = None
    language: str | None = None
    knobs: Knobs = KNOBS

    def compose(self) -> str:
        """Return the sentences that say most of all parts, in the text's order."""
        chosen: list[str] = []
        lost: set[str] = set()
        for _ in range(self.knobs.openings):
            chosen = self._chosen(lost)
            dangling = set(takewhile(starts_with_anaphor, chosen))
            if not dangling or len(dangling) == len(chosen):  # nothing better to begin with
                break
            lost |= dangling
        return strip_connective(join(chosen))

    def fit(self, text: str) -> str:
        """Bring a summary to the wanted length by leaving sentences out.

        A shorter one stays as the model wrote it, but for an opening that is not about the text's
        matter: sentences of the text behind it were read as scraps (`eval/LOG.md`, 2026-11-27).
        """
        own = self_references(self._text, self.knobs.words_per_noun)
        text = strip_connective(strip_attribution(text, own))
        return self._shorter(text) if count_words(text) > self._most else text

    @property
    def _most(self) -> float:
        return self.words * (1 + self.knobs.leeway)

    def _chosen(self, without: Container[str] = ()) -> list[str]:
        candidates = [one for one in self._candidates if one.text not in without]
        chosen = select_mmr(candidates, self._centroid, count_words, self.words)
        return [candidates[i].text for i in sorted(chosen)]

    def _shorter(self, text: str) -> str:
        found = split_sentences(text)
        candidates = [Candidate(sentence) for sentence in found]
        chosen = select_mmr(candidates, self._centroid, count_words, round(self._most))
        return join(found[i] for i in sorted(chosen)) if chosen else text

    @cached_property
    def _sources(self) -> tuple[list[str], ...]:
        return tuple(split_sentences(part.chunk.text) for part in self.parts)

    @cached_property
    def _centroid(self) -> Centroid:
        found = (sentence for own in self._sources for sentence in own)
        return Centroid(found, self.query, self.language, self.knobs)

    @cached_property
    def _candidates(self) -> Sequence[Candidate]:
        return [
            candidate
            for part, own in zip(self.parts, self._sources, strict=True)
            for candidate in (
                *map(Candidate, self._told(part)),
                *(
                    Candidate(balance_quotes(self._fluent(s)), self.knobs.source_weight)
                    for s in _whole(own)
                ),
            )
        ]

    def _told(self, part: Part) -> Iterator[str]:
        """Yield what the model says of a part, as far as it is of the text and not on it."""
        known = self_references(part.chunk.text, self.knobs.words_per_noun)
        for sentence in split_sentences(part.summary):
            said = drop_unpaired_quote(strip_attribution(self._fluent(sentence), known))
            if not is_meta_commentary(said, known) and self._index.traces(said):
                yield said

    def _fluent(self, sentence: str) -> str:
        return remove_disfluencies(sentence) if self._spoken else sentence

    @cached_property
    def _text(self) -> str:
        return "\n".join(part.chunk.text for part in self.parts)

    @cached_property
    def _index(self) -> SentenceIndex:
        return SentenceIndex(self._text, self.language, self.knobs)

    @cached_property
    def _spoken(self) -> bool:
        return is_transcript(self._text, self.knobs.words_per_uh)


def _whole(found: Sequence[str]) -> Sequence[str]:
    """Leave out scraps: what begins small or has no end; not where all of the text is so."""
    return [s for s in found if not s[:1].islower() and _END.search(s)] or found
