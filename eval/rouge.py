"""ROUGE: how many words and phrases a summary shares with what people wrote (Lin 2004).

The engine is `rouge-score-rs`, whose scores equal those of Google's `rouge-score` to the last bit;
a test holds it to that. Scores are times 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from statistics import fmean
from typing import TYPE_CHECKING, Literal, TypeAlias

from rouge_score_rs.rouge_scorer import RougeScorer
from rouge_score_rs.tokenizers import CharacterTokenizer, DefaultTokenizer, UnicodeTokenizer

from pipeline.core.clean import without_thoughts
from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
# Of `pipeline.text.sentences`: a test holds what it does to golden texts; raise it with them.
SPLITTER = "py-llama-1"

Rule: TypeAlias = Literal["max", "mean", "leave-one-out"]
Words: TypeAlias = Literal["rouge-score", "unicode", "characters"]


@dataclass(frozen=True)
class Rouge:
    """One type's score, from 0 to 100: the F1 is the harmonic mean of precision and recall."""

    precision: float
    recall: float
    f1: float


NOTHING = Rouge(0.0, 0.0, 0.0)
Scores: TypeAlias = "dict[str, Rouge]"


@dataclass(frozen=True)
class Scorer:
    """Scores candidates against one or more references each.

    `references` says what several references come to, for each type by itself: "max" takes the
    one with the highest F1; "mean" the mean over all; "leave-one-out" the mean over the maxima
    that are left when each reference in turn is put aside (Lin 2004), which makes it comparable
    with `human`. `words` says what a word is: a run of ASCII letters and digits, as in
    rouge-score; a word of any script; or a character, for Chinese and Japanese.
    """

    stemming: bool = True
    references: Rule = "max"
    words: Words = "rouge-score"

    def score(self, candidates: Sequence[str], references: Sequence[Sequence[str]]) -> list[Scores]:
        """Score each candidate against its references. An empty candidate scores 0."""
        lined = [as_lines(without_thoughts(text)) for text in candidates]
        pairs = [
            (as_lines(reference), candidate)
            for candidate, own in zip(lined, references, strict=True)
            for reference in own
        ]
        scored = iter(self._engine().score_batch(*zip(*pairs, strict=True)) if pairs else ())
        each = [[_scores(next(scored)) for _ in own] for own in references]
        return [self._together(several) for several in each]

    def human(self, references: Sequence[Sequence[str]]) -> list[Scores] | None:
        """Score each reference against the others, and average; None where one stands alone."""
        if any(len(own) < 2 for own in references):
            return None
        return [
            _mean(
                Scorer(self.stemming, "max", self.words).score(
                    own, [[*own[:i], *own[i + 1 :]] for i in range(len(own))]
                )
            )
            for own in references
        ]

    def signature(self, n: int, seed: int) -> str:
        """Say everything that a score of `n` documents depends on, in one line."""
        parts = {
            "engine": f"rouge-score-rs {version('rouge-score-rs')}",
            "words": self.words,
            "stemming": "porter" if self.stemming else "none",
            "sentences": SPLITTER,
            "references": self.references,
            "n": n,
            "seed": seed,
        }
        return " | ".join(f"{key}: {value}" for key, value in parts.items())

    def _engine(self) -> RougeScorer:
        tokenizers = {
            "rouge-score": DefaultTokenizer(self.stemming),
            "unicode": UnicodeTokenizer(),
            "characters": CharacterTokenizer(),
        }
        return RougeScorer(list(TYPES), tokenizer=tokenizers[self.words])

    def _together(self, several: Sequence[Scores]) -> Scores:
        if self.references == "mean":
            return _mean(several)
        if self.references == "max" or len(several) < 2:
            return _max(several)
        return _mean([_max([*several[:i], *several[i + 1 :]]) for i in range(len(several))])


def as_lines(text: str) -> str:
    """Put each sentence on a line of its own, which is what -Lsum goes by."""
    flat = " ".join(text.split())
    return "\n".join(flat[start:end] for start, end in sentences(flat))


def _scores(engine: dict[str, tuple[float, float, float]]) -> Scores:
    return {kind: Rouge(*(100 * value for value in score)) for kind, score in engine.items()}


def _max(several: Sequence[Scores]) -> Scores:
    return {kind: max((s[kind] for s in several), key=lambda score: score.f1) for kind in TYPES}


def _mean(several: Sequence[Scores]) -> Scores:
    return {
        kind: Rouge(
            fmean(s[kind].precision for s in several),
            fmean(s[kind].recall for s in several),
            fmean(s[kind].f1 for s in several),
        )
        for kind in TYPES
    }
