"""How a node's text is made, and which steps make up each way of summarizing.

A way is a row of STRATEGIES or of MERGES: the step of a chunk, and the step of several texts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.core.compose import Part
from pipeline.core.prompts import join_sources
from pipeline.core.question import JOIN_TOKENS, MIN_ANSWER, Answer, Question
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.core.budget import Budget
    from pipeline.core.plan import Made, Node, Step
    from pipeline.core.tools import Tools
    from pipeline.options import Merging, Strategy


@dataclass(frozen=True)
class Ask:
    """Ask the model about a chunk, or about joined partial summaries.

    With `central` it reads the chunk's central sentences only; with `beside` the text's best
    sentences too, as far as partial summaries leave room.
    """

    central: bool = False
    beside: bool = False
    calls: int = 1
    in_turn: bool = False
    heard: bool = True

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """See `Step`."""
        source = sum(chunk.tokens for chunk in node.chunks) + len(node.sources) * budget.summary
        return source + budget.overhead, budget.answer if node.final else budget.summary

    def read(self, node: Node, tools: Tools) -> str:
        """See `Step`."""
        return "".join(
            tools.central(chunk) if self.central else chunk.text for chunk in node.chunks
        )

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        return await tools.caller.answer(self._question(node, sources, before, tools))

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`."""
        return tools.answers.recorded(self._question(node, sources, before, tools))

    def _question(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Question:
        if node.sources:
            source = self._joined(node, [one.text for one in sources], tools)
        else:
            source = replace(node.chunks[0], text=self.read(node, tools))
        return Question(
            source,
            final=node.final,
            heard=node.final,
            derived=bool(node.sources) or self.central,
        )

    def _joined(self, node: Node, texts: Sequence[str], tools: Tools) -> Chunk:
        if self.beside:
            texts = [*texts, self._best_sentences(node, join_sources(texts), tools)]
        text = join_sources([text for text in texts if text])
        return Chunk(text, node.start, node.end, tools.count(text))

    def _best_sentences(self, node: Node, joined: str, tools: Tools) -> str:
        """Return the best sentences of the text for what partial summaries leave of the room."""
        room = tools.budget.final_source if node.final else tools.budget.source
        room -= tools.count(joined) + JOIN_TOKENS
        stretch = tools.document.text[node.start : node.end]
        return tools.extract(stretch, room) if room > MIN_ANSWER else ""


@dataclass(frozen=True)
class Refine:
    """Ask about a chunk together with the summary of all before it; `last` writes the final one."""

    first: bool = False
    last: bool = False
    calls: int = 1
    in_turn: bool = False
    heard: bool = True

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """See `Step`."""
        before = 0 if self.first else budget.answer
        return node.chunks[0].tokens + before + budget.overhead, budget.answer

    def read(self, node: Node, tools: Tools) -> str:
        """See `Step`."""
        return node.chunks[0].text

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        return await tools.caller.answer(self._question(node, before))

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`."""
        return tools.answers.recorded(self._question(node, before))

    def _question(self, node: Node, before: str) -> Question:
        return Question(node.chunks[0], final=True, heard=self.last, before=before)


@dataclass(frozen=True)
class Quiet:
    """A step that asks no model, so that nothing of it has to be in the cache.

    As a merge it makes one text of any number of sources at once. What `make` returns is brought to
    the summary's length afterwards, where it is too long.
    """

    calls: int = 0
    in_turn: bool = False
    heard: bool = False

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """See `Step`."""
        return 0, 0

    def read(self, node: Node, tools: Tools) -> str:
        """See `Step`."""
        return ""

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`."""
        return None


@dataclass(frozen=True)
class Choose(Quiet):
    """Choose sentences of a chunk; or of several chunks and of what the model made of them."""

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        if node.sources:
            chunks = [chunk for source in node.sources for chunk in source.chunks]
            parts = [Part(chunk, one.text) for chunk, one in zip(chunks, sources, strict=True)]
            return Answer(await tools.compose(parts))
        return Answer(tools.extract(node.chunks[0].text, tools.budget.answer))


@dataclass(frozen=True)
class Last(Quiet):
    """Take what the last of the sources came to, each having been made of the one before it."""

    in_turn: bool = True

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        return Answer(sources[-1].text, stand_in=sources[-1].stand_in)


@dataclass(frozen=True)
class Say(Quiet):
    """Say what is known without reading."""

    text: str = ""

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        return Answer(self.text)


@dataclass(frozen=True)
class Way:
    """A way of summarizing: what becomes of a chunk, and of several texts.

    With `whole`, a text that does not fit into one prompt is refused.
    """

    chunk: Step
    several: Step
    whole: bool = False

    @property
    def chained(self) -> bool:
        """Whether each chunk is read with the summary of all before it."""
        return self.several.in_turn

    @property
    def flat(self) -> bool:
        """Whether no prompt has to hold several texts, so that any number becomes one at once."""
        return not self.several.calls

    @property
    def alone(self) -> Step:
        """What becomes of a text that fits into one prompt."""
        return Ask() if self.chunk.calls else self.chunk


STRATEGIES: Mapping[Strategy, Way] = {
    "refine": Way(Refine(), Last()),
    "stuff": Way(Ask(), Ask(), whole=True),
    "extractive": Way(Choose(), Choose()),
}
MERGES: Mapping[Merging, Way] = {  # of "map_reduce"
    "abstractive": Way(Ask(), Ask()),
    "context": Way(Ask(), Ask(beside=True)),
    "extractive": Way(Ask(), Choose()),
    "rewrite": Way(Ask(central=True), Choose()),
    "passages": Way(Ask(), Ask()),  # of a text that has none; of others see `by_passages`
}


def way_of(strategy: Strategy, merging: Merging) -> Way:
    """Return the way that a strategy names, or for map_reduce its merge."""
    return STRATEGIES[strategy] if strategy in STRATEGIES else MERGES[merging]
