"""What an answer holds that its source does not: whether to ask again, and what to leave out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.chunk import sentences
from pipeline.extract import join
from pipeline.facts import Known, kinds_of, unsupported
from pipeline.language import language_of
from pipeline.terms import terms
from pipeline.types import UNTOLD

if TYPE_CHECKING:
    from pipeline.facts import Fact
    from pipeline.types import Languages

STRAY = 0.25  # share of an answer's terms that the source holds, below which it has left the text
FEW_TERMS = 8  # in an answer with fewer, a share says nothing
MARK = "[?]"  # behind a fact that the source does not hold


@dataclass(frozen=True)
class Source:
    """A text that answers are held against; the words of a query need no support either.

    With `languages` crossed, answers share no words with the text, only numbers.
    """

    text: str
    query: str | None = None
    languages: Languages = UNTOLD

    def review(self, answer: str) -> Review:
        """Hold an answer against the text."""
        return Review(
            stray=self._is_stray(answer),
            foreign=foreign(answer, self.languages.wanted),
            answer=answer,
            sentences=tuple(
                (answer[start:end], bool(self._unsupported(answer[start:end])))
                for start, end in sentences(answer)
            ),
        )

    def mark(self, answer: str) -> str:
        """Mark every fact that the text does not hold."""
        marked, done = "", 0
        for fact in sorted(self._unsupported(answer), key=lambda fact: fact.end):
            marked += f"{answer[done : fact.end]} {MARK}"
            done = fact.end
        return marked + answer[done:]

    def _is_stray(self, answer: str) -> bool:
        own = terms(answer)
        if self.languages.crossed or len(own) < FEW_TERMS:
            return False
        return sum(term in self._terms for term in own) < STRAY * len(own)

    def _unsupported(self, answer: str) -> list[Fact]:
        return unsupported(answer, self._known, kinds_of(self.languages))

    @cached_property
    def _terms(self) -> frozenset[str]:
        return frozenset(terms(self._all))

    @cached_property
    def _known(self) -> Known:
        return Known(self._all, self.languages.text)

    @property
    def _all(self) -> str:
        return f"{self.text}\n{self.query or ''}"


def foreign(text: str, wanted: str | None) -> str | None:
    """Return the language that a text is in, if that is surely not the wanted one; else None."""
    found = language_of(text) if wanted is not None else None
    return None if found == wanted else found


@dataclass(frozen=True)
class Review:
    """An answer's sentences, each with whether it holds an unsupported fact.

    `stray` says that the answer is about something else altogether. `foreign` is its language, by
    ISO 639-1 code, where another one was wanted.
    """

    stray: bool
    foreign: str | None
    answer: str
    sentences: tuple[tuple[str, bool], ...]

    @property
    def unsupported(self) -> float:
        """The share of the sentences that hold an unsupported fact, from 0 to 1."""
        return sum(bad for _, bad in self.sentences) / max(len(self.sentences), 1)

    @property
    def doubtful(self) -> bool:
        """Whether something of the answer cannot be used, so that it is worth asking again."""
        return self.stray or self.foreign is not None or self.unsupported > 0

    @property
    def badness(self) -> tuple[bool, bool, float]:
        """What the better of two answers has less of."""
        return self.foreign is not None, self.stray, self.unsupported

    @property
    def supported(self) -> str:
        """The answer without the sentences that hold an unsupported fact."""
        if not any(bad for _, bad in self.sentences):
            return self.answer
        return join(text for text, bad in self.sentences if not bad)
