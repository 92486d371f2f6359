"""The plan: a tree of nodes, each with its step, and how many chunks become one merge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from pipeline.core.question import Answer
from pipeline.text.languages import UNKNOWN
from pipeline.tree import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.core.budget import Budget
    from pipeline.core.tools import Tools
    from pipeline.documents.document import Document
    from pipeline.text.languages import Languages
    from pipeline.tree import Chunk

Made: TypeAlias = Summary | Answer  # of a source: its text, and whether it only stands in


class Step(Protocol):
    """How a node's text is made: of its chunk, or of what its sources came to.

    `calls` is how often the model is asked where nothing fails. With `in_turn`, sources are made
    one after the other, each with the text of the one before it. `heard` says that as the last step
    of all its answer is the summary, and is heard while it is written.
    """

    @property
    def calls(self) -> int:
        """Model calls without failures."""

    @property
    def in_turn(self) -> bool:
        """Whether a source is made of the one before it."""

    @property
    def heard(self) -> bool:
        """Whether its answer is heard while it is written."""

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """Return upper bounds on the tokens that the model reads and writes."""

    def read(self, node: Node, tools: Tools) -> str:
        """Return what the model reads of the document itself."""

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """Make the text. `before` is what the node before it came to, where that is asked for."""

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """Return what `make` would, from the cache; None where it has to be made."""


@dataclass(frozen=True)
class Node:
    """A planned text: what becomes of a chunk, or of several sources, which are neighbours.

    `level` is 0 for chunks, and one more than its sources' for what they become. `final` marks the
    one that becomes the summary.
    """

    step: Step
    chunks: tuple[Chunk, ...] = ()
    sources: tuple[Node, ...] = ()
    level: int = 0
    final: bool = False

    def __iter__(self) -> Iterator[Node]:
        """Yield every node, the deepest and leftmost first, this one last."""
        for source in self.sources:
            yield from source
        yield self

    @property
    def start(self) -> int:
        """Where the covered text begins, in characters."""
        return (self.chunks or self.sources)[0].start

    @property
    def end(self) -> int:
        """Where the covered text ends, in characters."""
        return (self.chunks or self.sources)[-1].end


@dataclass(frozen=True)
class Plan:
    """All that a run will do, known before its first call.

    `chunks` is all of the text. `root` is the tree over those that are not blank; its own text is
    the final summary. `exact` says whether tokens were counted with the model's own vocabulary.
    `off_topic` are the chunks that hold nothing on the query. With `languages` crossed, neither the
    text's sentences nor its words can stand in a summary. `note` is what the user should know.
    """

    document: Document
    chunks: tuple[Chunk, ...]
    root: Node
    budget: Budget
    exact: bool
    off_topic: tuple[Chunk, ...] = ()
    languages: Languages = UNKNOWN
    note: str = ""

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, the deepest and leftmost first, the root last."""
        return tuple(self.root)

    @cached_property
    def merges(self) -> tuple[Node, ...]:
        """Every node of several sources, the deepest and leftmost first, the root last."""
        return tuple(node for node in self.nodes if node.sources)

    @cached_property
    def leaves(self) -> tuple[Chunk, ...]:
        """The chunks that are summarized: not the blank ones, nor those off the query's topic."""
        aside = {chunk.start for chunk in self.off_topic}
        return tuple(c for c in self.chunks if c.text.strip() and c.start not in aside)

    @property
    def named(self) -> Literal["summary", "key passages"]:
        """What the run comes to: where the model tells of no chunk, passages of the text itself."""
        return "key passages" if self.leaves and not self.map_calls else "summary"

    @property
    def map_calls(self) -> int:
        """Model calls for chunks."""
        return sum(node.step.calls for node in self.nodes if not node.sources)

    @property
    def merge_calls(self) -> int:
        """Model calls for merges; none where sentences are chosen instead, or summaries refined."""
        return sum(node.step.calls for node in self.merges)

    @property
    def calls(self) -> int:
        """Model calls in a run without failures."""
        return self.map_calls + self.merge_calls

    @property
    def levels(self) -> int:
        """Levels of texts: 1 where the document fits into one prompt."""
        return 1 + self.root.level

    @property
    def tokens(self) -> int:
        """Tokens of the whole document."""
        return sum(chunk.tokens for chunk in self.chunks)

    @property
    def prompt_tokens(self) -> int:
        """Upper bound on the tokens that the model reads in a run without failures."""
        return sum(node.step.bounds(node, self.budget)[0] for node in self.nodes)

    @property
    def output_tokens(self) -> int:
        """Upper bound on the tokens that the model writes in a run without failures."""
        return sum(node.step.bounds(node, self.budget)[1] for node in self.nodes)


def even_tree(leaves: Sequence[Node], step: Step, fan_in: int, final_fan_in: int) -> Node:
    """Arrange leaves under merges of at most `fan_in` neighbours, the root of `final_fan_in`.

    Every level is cut into the fewest even runs, at least two, so that each is shorter than the
    one below it.
    """
    level = leaves
    height = 1
    while len(level) > final_fan_in:
        runs = max(2, -(-len(level) // fan_in))
        cuts = [len(level) * i // runs for i in range(runs + 1)]
        level = merged(level, cuts, step, height)
        height += 1
    return level[0] if len(level) == 1 else Node(step, sources=tuple(level), level=height)


def merged(level: Sequence[Node], cuts: Sequence[int], step: Step, height: int) -> list[Node]:
    """Return the level above one that is cut at these places, the ends included."""
    return [
        Node(step, sources=tuple(level[start:end]), level=height) for start, end in pairwise(cuts)
    ]
