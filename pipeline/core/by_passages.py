"""Summaries made of passages: for which models and texts, and the tree of their steps.

A model tells a meeting passage by passage, since who speaks is known there, and says in a sentence
what a meeting or a story is about. A story's passages and a report's are shown as they are: readers
found a small model's sentences on them less true, and no clearer (LOG 2026-11-27).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipeline.core.passage_steps import Introduce, Join, Tell
from pipeline.core.plan import Node
from pipeline.passages.find import find

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.prompts import Wording
    from pipeline.knobs import Knobs
    from pipeline.models.base import ChatModel
    from pipeline.options import Merging, Strategy
    from pipeline.passages.passage import Passage
    from pipeline.text.languages import Languages
    from pipeline.tree import Chunk

LEAD_WORDS = 20  # of the words asked for, kept for what a text is about


@dataclass(frozen=True)
class ByPassages:
    """Decides whether a text is told by its passages, and plans that."""

    model: ChatModel
    wording: Wording
    words: int
    strategy: Strategy
    merge: Merging | Literal["auto"]
    knobs: Knobs

    def passages(self, text: str, languages: Languages) -> tuple[Passage, ...]:
        """Return the passages to tell, where the summary is made of them; () elsewhere.

        What can be read alone is known for English only.
        """
        if languages.crossed or languages.text != "en" or not self._wanted:
            return ()
        words = (
            self.words - LEAD_WORDS if self._asks and self.words > 3 * LEAD_WORDS else self.words
        )
        found = tuple(find(text, words, self.wording.query))
        return () if found and self._believed(found) else found

    def tree(self, leaves: Sequence[Chunk], passages: Sequence[Passage]) -> Node:
        """Arrange the chunks of a text that is told by these passages."""
        kind = passages[0].kind
        nodes = [Node(self._step(chunk, passages), (chunk,)) for chunk in leaves]
        told = nodes[0]
        if len(nodes) > 1:
            told = Node(Join(kind=kind), sources=tuple(nodes), level=1)
        if self._asks and kind != "prose" and self.wording.query is None:
            step = Introduce(kind=kind, output_tokens=self.knobs.sentence_tokens)
            told = Node(step, sources=(told,), level=told.level + 1)
        return replace(told, final=True)

    @property
    def is_small(self) -> bool:
        """Whether nothing that the model writes of an English text is to be believed."""
        return self.model.parameters is not None and self.model.parameters < self.knobs.small

    @property
    def _asks(self) -> bool:
        return self.strategy != "extractive" and not self.is_small

    @property
    def _wanted(self) -> bool:
        """Whether a text of some kind would be told by its passages."""
        if self.strategy != "map_reduce" or self.merge != "auto":
            return self.strategy == "extractive" or self.merge == "passages"
        size = self.model.parameters
        # Whether a model of some size answers a question better than passages do was not read.
        most = self.knobs.medium if self.wording.query is None else self.knobs.small
        return size is not None and size < most

    def _believed(self, found: Sequence[Passage]) -> bool:
        """Whether what the model writes of such a text is better than its passages."""
        return self.merge == "auto" and self._asks and found[0].kind == "prose"

    def _step(self, chunk: Chunk, passages: Sequence[Passage]) -> Tell:
        own = tuple(passage for passage in passages if chunk.start <= passage.start < chunk.end)
        if not self._asks or passages[0].kind != "meeting":
            return Tell(own, asked=False)
        read = sum(self.model.count(*self.wording.told(passage)) for passage in own)
        return Tell(own, True, read, len(own) * self.knobs.sentence_tokens)
