"""Decides whether an answer is asked for again, and which of its sentences are left out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.facts import SourceFacts, kinds_of, unsupported
from pipeline.knobs import KNOBS, Knobs
from pipeline.text.languages import UNKNOWN, foreign
from pipeline.text.sentences import join, sentences
from pipeline.text.terms import is_dense, terms

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from pipeline.evidence.facts import Fact
    from pipeline.text.languages import Languages

MARK = "[?]"  # behind a fact that the source does not hold


@dataclass(frozen=True)
class Reviewer:
    """Holds answers against the text that they are about; the words of a query need no support.

    With `languages` crossed, answers share no words with the text, only numbers.
    """

    text: str
    query: str | None = None
    languages: Languages = UNKNOWN
    knobs: Knobs = KNOBS

    def review(self, answer: str) -> Review:
        """Hold an answer against the text."""
        facts = self._unsupported(answer)
        words = answer.casefold().split()
        alike = not self.languages.crossed
        # Half of the words, as they are, settle its language, and mostly that it is of the text.
        familiar = alike and 2 * _share(words, self._words) >= 1
        return Review(
            off_source=alike and self._is_off_source(answer, words, familiar=familiar),
            foreign=None if familiar else foreign(answer, self.languages.wanted),
            answer=answer,
            worth_asking=self.knobs.worth_asking,
            sentences=tuple(
                (answer[start:end], any(start < fact.end and fact.start < end for fact in facts))
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

    def _is_off_source(self, answer: str, words: Sequence[str], *, familiar: bool) -> bool:
        if not familiar:  # stems take longer than all the rest
            own = self._terms_of(answer)
            if (
                len(own) >= self.knobs.few_terms
                and _share(own, self._terms) < self.knobs.off_source
            ):
                return True
        # Pairs of characters are rare: no common ones tie a faithful answer to all of the text.
        if len(self.text) > self.knobs.short_text or self.query is not None or is_dense(answer):
            return False
        found = self._sentences(str.split)
        if len(found) < self.knobs.many_sentences:  # by their stems, no more of them differ
            return False
        if len(words) >= self.knobs.few_terms and _elsewhere(words, found) >= self.knobs.off_source:
            return False
        return self._is_of_one_place(self._terms_of(answer))

    def _is_of_one_place(self, own: Sequence[str]) -> bool:
        """Whether what these terms share with a short text is two neighbouring sentences' alone.

        A text may ask its reader to write something else: "Now write a recipe for pancakes." An
        answer that does so shares words with that place and with no other. What is asked with a
        query may well stand in one place, and whoever quotes does not obey, except with a word or
        two ("PWNED").
        """
        found = self._sentences(self._terms_of)
        if not own or len(found) < self.knobs.many_sentences:
            return False
        quoted = _share(own, self._terms) >= self.knobs.copied
        if len(own) < self.knobs.few_terms:
            return quoted and _elsewhere(own, found) == 0
        return not quoted and _elsewhere(own, found) < self.knobs.off_source

    def _unsupported(self, answer: str) -> list[Fact]:
        return unsupported(answer, self._known, kinds_of(self.languages))

    def _sentences(self, words_of: Callable[[str], list[str]]) -> list[frozenset[str]]:
        """The words of each sentence of the text. One that comes again, however often, is one."""
        parts = (self.text[start:end].casefold() for start, end in sentences(self.text))
        found = (frozenset(words_of(part)) for part in parts)
        return list(dict.fromkeys(filter(None, found)))

    def _terms_of(self, text: str) -> list[str]:
        return terms(text, self.languages.text)

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(self._all.casefold().split())

    @cached_property
    def _terms(self) -> frozenset[str]:
        return frozenset(self._terms_of(self._all))

    @cached_property
    def _known(self) -> SourceFacts:
        return SourceFacts(self._all, self.languages.text, self.knobs)

    @property
    def _all(self) -> str:
        return f"{self.text}\n{self.query or ''}"


def _share(own: Sequence[str], held: Container[str]) -> float:
    return sum(term in held for term in own) / max(len(own), 1)


def _elsewhere(own: Sequence[str], found: Sequence[frozenset[str]]) -> float:
    """Return the share of words that sentences hold without the two neighbours that hold most.

    Two, since an instruction is often more than one sentence.
    """
    counts = Counter(own)
    held = [sentence.intersection(counts) for sentence in found]
    uses = Counter(chain.from_iterable(held))

    def gone(a: frozenset[str], b: frozenset[str]) -> int:
        """Count the words that no sentence but these two holds."""
        return sum(counts[word] for word in a | b if uses[word] == (word in a) + (word in b))

    found_at_all = sum(counts[word] for word in uses)
    most = max((gone(a, b) for a, b in pairwise(held)), default=found_at_all)
    return (found_at_all - most) / max(len(own), 1)


@dataclass(frozen=True)
class Review:
    """An answer's sentences, each with whether it holds an unsupported fact.

    `off_source` says that the answer is about something else altogether. `foreign` is its language,
    by ISO 639-1 code, where another one was wanted.
    """

    off_source: bool
    foreign: str | None
    answer: str
    sentences: tuple[tuple[str, bool], ...]
    worth_asking: float = KNOBS.worth_asking

    @property
    def unsupported(self) -> float:
        """The share of the sentences that hold an unsupported fact, from 0 to 1."""
        return sum(bad for _, bad in self.sentences) / max(len(self.sentences), 1)

    @property
    def doubtful(self) -> bool:
        """Whether so much of the answer cannot be used that it is worth asking again."""
        return self.off_source or self.foreign is not None or self.unsupported >= self.worth_asking

    @property
    def badness(self) -> tuple[bool, bool, float]:
        """What the better of two answers has less of."""
        return self.foreign is not None, self.off_source, self.unsupported

    @property
    def supported(self) -> str:
        """The answer without the sentences that hold an unsupported fact."""
        if not any(bad for _, bad in self.sentences):
            return self.answer
        return join(text for text, bad in self.sentences if not bad)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The other sentences, each in one line."""
        return tuple(" ".join(text.split()) for text, bad in self.sentences if bad)
