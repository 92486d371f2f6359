"""A sentence beside the passage that it was made of, read once for all checks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pipeline.evidence.claims.clauses import Clause, clauses
from pipeline.evidence.claims.english import LIGHT
from pipeline.evidence.claims.words import (
    alike,
    is_content,
    moods_of,
    overlap,
    root,
    roots_of,
    words_of,
)
from pipeline.text.sentences import split_sentences

LONGEST_PASSAGE = 4_000  # characters, several times what one sentence is made of
LEAST_ALIKE = 0.5  # share of a clause's words that another holds, to be called one on the same
LONGEST_SENTENCE = 1_000  # characters of a sentence, from which it is too long, whatever follows
_LIGHT = frozenset(map(root, LIGHT))


@dataclass(frozen=True)
class Claim:
    """A sentence and its passage; `subject` and `spoken` as `holds.judge` has them."""

    sentence: str
    passage: str
    subject: str = ""
    spoken: bool = False

    @classmethod
    def of(cls, sentence: str, passage: str, subject: str = "", *, spoken: bool = False) -> Claim:
        """Return a claim with one kind of apostrophe, and within bounds."""
        straight = (text.replace("’", "'") for text in (sentence, passage, subject))
        own, made_of, who = straight
        return cls(own.strip()[:LONGEST_SENTENCE], made_of[:LONGEST_PASSAGE], who, spoken)

    @cached_property
    def words(self) -> list[str]:
        """The sentence's words."""
        return words_of(self.sentence)

    @cached_property
    def known(self) -> frozenset[str]:
        """The roots of all that the passage and the subject hold."""
        return roots_of(words_of(f"{self.passage} {self.subject}"))

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The words that say something, and that the passage lacks."""
        known = self.known | _LIGHT
        return tuple(w for w in self._content if not alike(root(w.casefold()), known))

    @cached_property
    def _content(self) -> list[str]:
        return [word for word in self.words if is_content(word)]

    @cached_property
    def held(self) -> float:
        """The share of the sentence's words that the passage holds, 0 to 1."""
        return 1 - len(self.missing) / max(len(self._content), 1)

    @cached_property
    def copied(self) -> bool:
        """Whether a sentence of the passage begins with these very words, and takes none back."""
        own = [word.casefold() for word in self.words]
        for sentence in self.sentences:
            words = words_of(sentence)
            begins = [word.casefold() for word in words[: len(own)]] == own
            if begins and not any(map(moods_of, words[len(own) :])):  # "…, he joked"
                return True
        return False

    @cached_property
    def own(self) -> tuple[Clause, ...]:
        """The sentence's clauses."""
        return clauses(self.sentence)

    @cached_property
    def given(self) -> tuple[Clause, ...]:
        """The passage's clauses."""
        return clauses(self.passage)

    @cached_property
    def behind(self) -> dict[Clause, list[Clause]]:
        """For each clause of the sentence, the passage's clauses that speak most of the same."""
        return {clause: self._likest(clause) for clause in self.own}

    def _likest(self, clause: Clause) -> list[Clause]:
        about = clause.predicate or clause.roots
        shared = [overlap(about, other.roots) for other in self.given]
        if max(shared, default=0) < max(len(about) * LEAST_ALIKE, 1):
            return []
        pairs = zip(shared, self.given, strict=True)
        # Of two that share as much, the one that has the verb.
        ranks = [(n, bool(n) and alike(clause.main, other.roots)) for n, other in pairs]
        best = max(ranks)
        return [other for other, rank in zip(self.given, ranks, strict=True) if rank == best]

    @cached_property
    def sentences(self) -> list[str]:
        """The passage's sentences, in the order by which its clauses number them."""
        return split_sentences(self.passage)

    def of_sentence(self, number: int) -> frozenset[str]:
        """Return the roots of a sentence of the passage."""
        return roots_of(words_of(self.sentences[number]))
