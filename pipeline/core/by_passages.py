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
from pipeline.core.prompts import SEAM_SLACK
from pipeline.core.tell import SEPARATORS
from pipeline.passages.passage import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.prompts import Wording
    from pipeline.knobs import Knobs
    from pipeline.models.base import ChatModel
    from pipeline.options import Merging, Strategy
    from pipeline.passages.passage import Kind
    from pipeline.text.languages import Languages
    from pipeline.tree import Chunk

LEAD_WORDS = 20  # of the words asked for, kept for what a text is about
NOTES_WORDS = 300  # of a meeting's passages, beside those told, for what it is about


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
        from pipeline.passages.find import find  # whose patterns take time to compile

        words, query = self.words, self.wording.query
        if self._introduces and words > 3 * LEAD_WORDS:
            words -= LEAD_WORDS
        found = tuple(find(text, words, query))
        if self._tells(found):  # half of a summary is what is discussed in each part
            return tuple(find(text, words // 2, query)) or found
        return found

    def tree(self, text: str, leaves: Sequence[Chunk], passages: Sequence[Passage]) -> Node:
        """Arrange the chunks of a text that is told by these passages."""
        kind = passages[0].kind
        nodes = tuple(Node(self._step(chunk, passages), (chunk,)) for chunk in leaves)
        told = nodes[0]
        if len(nodes) > 1 or told.step.calls:
            told = Node(Join(kind=kind), sources=nodes, level=1)
        if self._introduces:
            step = self._introduction(text, kind)
            told = Node(step, sources=(told,), level=told.level + 1)
        return replace(told, final=True)

    def parts(self, passages: Sequence[Passage]) -> int:
        """Return how many chunks a text should have at least."""
        return max(1, round(self.words / self.knobs.part_words)) if self._tells(passages) else 1

    @property
    def is_small(self) -> bool:
        """Whether nothing that the model writes of an English text is to be believed."""
        return self.model.parameters is not None and self.model.parameters < self.knobs.small

    @property
    def _asks(self) -> bool:
        return self.strategy != "extractive" and not self.is_small

    @property
    def _introduces(self) -> bool:
        """Whether the model says what a text is about; with a query, that was asked."""
        return self._asks and self.wording.query is None

    def _tells(self, passages: Sequence[Passage]) -> bool:
        """Whether the model tells what is said, instead of the text itself."""
        return self._asks and bool(passages) and passages[0].kind == "meeting"

    def _introduction(self, text: str, kind: Kind) -> Introduce:
        from pipeline.passages.find import find

        more = find(text, NOTES_WORDS) if kind == "meeting" else []
        notes = SEPARATORS[kind].join(passage.text for passage in more)
        prompt = self.wording.about(Passage(notes, 0, len(text), kind=kind))
        tokens = self.model.count(*prompt) + SEAM_SLACK
        return Introduce(kind, notes, tokens, self.knobs.sentence_tokens)

    @property
    def _wanted(self) -> bool:
        """Whether a text of some kind would be told by its passages."""
        if self.strategy != "map_reduce" or self.merge != "auto":
            return self.strategy == "extractive" or self.merge == "passages"
        size = self.model.parameters
        if self.wording.form != "plain":  # who names a way of asking wants the model asked
            return False
        # Whether a model of some size answers a question better than passages do was not read.
        most = self.knobs.medium if self.wording.query is None else self.knobs.small
        return size is not None and size < most

    def _step(self, chunk: Chunk, passages: Sequence[Passage]) -> Tell:
        own = tuple(passage for passage in passages if chunk.start <= passage.start < chunk.end)
        kind = passages[0].kind
        if not self._tells(passages):
            return Tell(own, asked=False, kind=kind)
        part = Passage(chunk.text, chunk.start, chunk.end, kind=kind)
        prompts = [self.wording.topic(part), *map(self.wording.told, own)]
        read = sum(self.model.count(*prompt) for prompt in prompts)
        return Tell(own, True, read, len(prompts) * self.knobs.sentence_tokens, kind)
