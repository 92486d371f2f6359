"""What an answer holds that its source does not: whether to ask again, and what to leave out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pipeline.chunk import sentences
from pipeline.extract import join
from pipeline.facts import Known, unsupported
from pipeline.terms import terms

STRAY = 0.25  # share of an answer's terms that the source holds, below which it has left the text
FEW_TERMS = 8  # in an answer with fewer, a share says nothing
MARK = "[?]"  # behind a fact that the source does not hold


@dataclass(frozen=True)
class Source:
    """A text that answers are held against; the words of a query need no support either."""

    text: str
    query: str | None = None

    def review(self, answer: str) -> Review:
        """Hold an answer against the text."""
        facts = unsupported(answer, self._known)
        return Review(
            stray=self._is_stray(answer),
            answer=answer,
            sentences=tuple(
                (answer[start:end], any(start < fact.end and fact.start < end for fact in facts))
                for start, end in sentences(answer)
            ),
        )

    def mark(self, answer: str) -> str:
        """Mark every fact that the text does not hold."""
        marked, done = "", 0
        for fact in sorted(unsupported(answer, self._known), key=lambda fact: fact.end):
            marked += f"{answer[done : fact.end]} {MARK}"
            done = fact.end
        return marked + answer[done:]

    def _is_stray(self, answer: str) -> bool:
        words = answer.casefold().split()
        if sum(word in self._words for word in words) >= len(words) / 2:
            return False  # no need of stems, which take longer than all the rest
        own = terms(answer)
        return len(own) >= FEW_TERMS and sum(t in self._terms for t in own) < STRAY * len(own)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(self._all.casefold().split())

    @cached_property
    def _terms(self) -> frozenset[str]:
        return frozenset(terms(self._all))

    @cached_property
    def _known(self) -> Known:
        return Known(self._all)

    @property
    def _all(self) -> str:
        return f"{self.text}\n{self.query or ''}"


@dataclass(frozen=True)
class Review:
    """An answer's sentences, each with whether it holds an unsupported fact.

    `stray` says that the answer is about something else altogether.
    """

    stray: bool
    answer: str
    sentences: tuple[tuple[str, bool], ...]

    @property
    def unsupported(self) -> float:
        """The share of the sentences that hold an unsupported fact, from 0 to 1."""
        return sum(bad for _, bad in self.sentences) / max(len(self.sentences), 1)

    @property
    def doubtful(self) -> bool:
        """Whether something of the answer cannot be used, so that it is worth asking again."""
        return self.stray or self.unsupported > 0

    @property
    def badness(self) -> tuple[bool, float]:
        """What the better of two answers has less of."""
        return self.stray, self.unsupported

    @property
    def supported(self) -> str:
        """The answer without the sentences that hold an unsupported fact."""
        if not any(bad for _, bad in self.sentences):
            return self.answer
        return join(text for text, bad in self.sentences if not bad)
