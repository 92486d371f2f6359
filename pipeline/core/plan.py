"""All that a run will do, known before its first call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pipeline.text.languages import UNKNOWN
from pipeline.text.query import asked
from pipeline.text.terms import terms
from pipeline.tree import Merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.core.budget import Budget
    from pipeline.documents.document import Document
    from pipeline.options import Merging, Strategy
    from pipeline.text.languages import Languages
    from pipeline.tree import Chunk, Node


@dataclass(frozen=True)
class Plan:
    """All that a run will do, known before its first call.

    `chunks` is all of the text. `root` is the tree over those that are not blank; its own call
    writes the final summary. `exact` says whether tokens were counted with the model's own
    vocabulary. `off_topic` are the chunks that hold nothing on the query. With `languages` crossed,
    neither the text's sentences nor its words can stand in a summary.
    """

    document: Document
    chunks: tuple[Chunk, ...]
    root: Node
    budget: Budget
    exact: bool
    strategy: Strategy = "map_reduce"
    merging: Merging = "abstractive"
    off_topic: tuple[Chunk, ...] = ()
    languages: Languages = UNKNOWN

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """Every merge, the deepest and leftmost first, the root last."""
        return tuple(_merges(self.root))

    @cached_property
    def leaves(self) -> tuple[Chunk, ...]:
        """The chunks that are summarized: not the blank ones, nor those off the query's topic."""
        aside = {chunk.start for chunk in self.off_topic}
        return tuple(c for c in self.chunks if c.text.strip() and c.start not in aside)

    @property
    def holds_nothing(self) -> bool:
        """Whether no chunk holds anything on the query, so that nothing is asked at all."""
        return not self.leaves

    @property
    def map_calls(self) -> int:
        """Model calls for chunks; in a chain of refinements, all of them."""
        return 0 if self.strategy == "extractive" else len(self.leaves)

    @property
    def merge_calls(self) -> int:
        """Model calls for merges; none where sentences are chosen instead, or summaries refined."""
        by_model = self.strategy == "map_reduce" and self.merging in ("abstractive", "context")
        return len(self.merges) if by_model and not self.holds_nothing else 0

    @property
    def calls(self) -> int:
        """Model calls in a run without failures."""
        return self.map_calls + self.merge_calls

    @property
    def levels(self) -> int:
        """Levels of calls: 1 where the text fits into one prompt."""
        return 1 + (self.root.level if isinstance(self.root, Merge) else 0)

    @property
    def tokens(self) -> int:
        """Tokens of the whole document."""
        return sum(chunk.tokens for chunk in self.chunks)

    @property
    def prompt_tokens(self) -> int:
        """Upper bound on the tokens that the model reads in a run without failures."""
        parts = sum(len(merge.sources) for merge in self.merges) if self.merge_calls else 0
        again = self.map_calls - 1 if self.strategy == "refine" else 0
        return (
            sum(leaf.tokens for leaf in self.leaves) * bool(self.map_calls)
            + parts * self.budget.summary
            + again * self.budget.answer
            + self.calls * self.budget.overhead
        )

    @property
    def output_tokens(self) -> int:
        """Upper bound on the tokens that the model writes in a run without failures."""
        each = self.budget.answer if self.strategy == "refine" else self.budget.summary
        return max(self.calls - 1, 0) * each + self.budget.answer * bool(self.calls)


def _merges(node: Node) -> Iterator[Merge]:
    if isinstance(node, Merge):
        for source in node.sources:
            yield from _merges(source)
        yield node


def on_topic(chunks: Sequence[Chunk], query: str) -> list[Chunk]:
    """Return the chunks that may hold something on a query: all of them where it is general."""
    about = asked(query)
    return [chunk for chunk in chunks if not about or about & frozenset(terms(chunk.text))]
