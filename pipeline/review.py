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
        own = terms(answer)
        held = sum(term in self._terms for term in own) / len(own) if own else 0.0
        return Review(
            stray=len(own) >= FEW_TERMS and held < STRAY,
            answer=answer,
            sentences=tuple(
                (answer[start:end], any(True for _ in unsupported(answer[start:end], self._known)))
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
