"""Summaries made of passages: for which models and texts, and the tree of their steps.

A model tells a meeting passage by passage, since who speaks is known there, and says in a sentence
what a meeting or a story is about. A story's passages and a report's are shown as they are: readers
found a small model's sentences on them less true, and no clearer (LOG 2026-11-27).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from pipeline.core.chunk import MIN_CHUNK_TOKENS
from pipeline.core.passage_steps import Introduce, Join, Tell
from pipeline.core.plan import Node
from pipeline.core.prompts import SEAM_SLACK
from pipeline.core.tell import SEPARATORS
from pipeline.passages.passage import Passage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.prompts import Prompt, Wording
    from pipeline.knobs import Knobs
    from pipeline.models.base import ChatModel
    from pipeline.options import Merging, Strategy
    from pipeline.passages.passage import Kind
    from pipeline.text.languages import Languages
    from pipeline.tree import Chunk

PART_SLACK = 1.05  # chunks end where sentences do: with a little more, there are as many as wanted
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
        from pipeline.passages.kind import kind_of

        words, query = self.words, self.wording.query
        if self._introduces and words > 3 * LEAD_WORDS:
            words -= LEAD_WORDS
        if self._asks and kind_of(text) == "meeting":
            # Half of the summary is what is discussed in each part.
            return tuple(find(text, words // 2, query) or find(text, words, query))
        return tuple(find(text, words, query))

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

    def most(self, tokens: int | None, passages: Sequence[Passage]) -> int | None:
        """Return the most tokens that a chunk may have; None where any chunk will do.

        A meeting has as many parts as its summary has room for, and each fits into a prompt.
        `tokens` are those of the text, None where it is too long to be counted at once.
        """
        if not self._tells(passages):
            return None
        room = self._room(self.wording.topic(Passage("", 0, 0, kind="meeting")))
        if tokens is None:
            return room
        parts = max(1, round(self.words / self.knobs.part_words))
        return min(room, max(round(PART_SLACK * tokens / parts), MIN_CHUNK_TOKENS))

    def note(self, passages: Sequence[Passage]) -> str:
        """Return what a user should know who did not ask for key passages and gets them."""
        if not passages or self.strategy != "map_reduce" or self.merge != "auto":
            return ""
        name = self.model.name
        if self.is_small:
            return (
                f"{name} is too small for its own words to be believed: these are key passages of "
                "the text (merge = extractive has it write)"
            )
        if self._tells(passages):
            return ""
        return (
            f"these are key passages, in the text's own words; {name} says only what it is about "
            "(merge = abstractive has it write)"
        )

    def _room(self, frame: Prompt) -> int:
        """Return the tokens of a text that fit into a prompt that asks for one sentence on it."""
        asked = self.model.count(*frame) + self.knobs.sentence_tokens
        return self.model.context - asked - SEAM_SLACK - 1

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
        room = self._room(self.wording.about(Passage("", 0, 0, kind=kind)))
        return Introduce(kind, notes, room, self.knobs.sentence_tokens)

    @property
    def _wanted(self) -> bool:
        """Whether a text of some kind would be told by its passages."""
        if self.strategy != "map_reduce":
            return self.strategy == "extractive"
        if self.merge != "auto":
            return self.merge == "passages"
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
