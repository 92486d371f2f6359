"""The steps of a summary that is made of passages: told one by one, joined, introduced."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipeline.core.ask import gather
from pipeline.core.question import Answer, Question
from pipeline.core.steps import Quiet
from pipeline.core.tell import SEPARATORS, put_together
from pipeline.passages.passage import Passage
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.budget import Budget
    from pipeline.core.plan import Made, Node
    from pipeline.core.tools import Tools
    from pipeline.passages.passage import Kind


@dataclass(frozen=True)
class Tell:
    """Show the passages of a chunk, each as the model tells it in a sentence where that holds.

    Before them stands what the model says is discussed in the chunk. Not `asked`, the passages are
    shown as they are. `prompt_tokens` is what all of the prompts take, and `output_tokens` what the
    model may write.
    """

    passages: tuple[Passage, ...] = ()
    asked: bool = True
    prompt_tokens: int = 0
    output_tokens: int = 0
    kind: Kind = "meeting"
    in_turn: bool = False
    heard: bool = False

    @property
    def calls(self) -> int:
        """See `Step`."""
        return 1 + len(self.passages) if self.asked else 0

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """See `Step`."""
        return self.prompt_tokens, self.output_tokens

    def read(self, node: Node, tools: Tools) -> str:
        """See `Step`."""
        return node.chunks[0].text if self.asked else ""

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        if not self.asked:
            return self._shown
        return self._all(await gather([tools.caller.answer(q) for q in self._questions(node)]))

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`."""
        if not self.asked:
            return self._shown
        answers = [tools.answers.recorded(question) for question in self._questions(node)]
        found = [answer for answer in answers if answer is not None]
        return self._all(found) if len(found) == len(answers) else None

    @property
    def _shown(self) -> Answer:
        return Answer(put_together([passage.text for passage in self.passages], self.kind))

    def _all(self, answers: Sequence[Answer]) -> Answer:
        return Answer(
            SEPARATORS[self.kind].join(answer.text for answer in answers if answer.text),
            verified=sum(answer.verified for answer in answers),
            cached=sum(answer.cached for answer in answers),
            stand_in=any(answer.stand_in for answer in answers),
        )

    def _questions(self, node: Node) -> list[Question]:
        (chunk,) = node.chunks
        part = Passage(chunk.text, chunk.start, chunk.end, kind=self.kind)
        said = [
            Question(_chunk(passage), final=False, passage=passage) for passage in self.passages
        ]
        return [Question(chunk, final=False, passage=part, on="topic"), *said]


def _chunk(passage: Passage) -> Chunk:
    return Chunk(passage.text, passage.start, passage.end, 0)  # its tokens are nowhere asked for


@dataclass(frozen=True)
class Join(Quiet):
    """Put what was told of several chunks one after the other."""

    kind: Kind = "prose"

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        return self._joined(sources)

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`; what is made of this may be in the cache."""
        return self._joined(sources)

    def _joined(self, sources: Sequence[Made]) -> Answer:
        told = put_together([one.text for one in sources], self.kind)
        return Answer(told, stand_in=any(one.stand_in for one in sources))


@dataclass(frozen=True)
class Introduce:
    """Have the model say in a sentence what a text is about, and put that before what is told.

    It reads what is told, and behind that `notes`, further passages of the text; of both, the
    central sentences where they are more than `room`, in tokens. `output_tokens` is what it may
    write.
    """

    kind: Kind = "prose"
    notes: str = ""
    room: int = 0
    output_tokens: int = 0
    calls: int = 1
    in_turn: bool = False
    heard: bool = False

    def bounds(self, node: Node, budget: Budget) -> tuple[int, int]:
        """See `Step`."""
        return budget.context - self.output_tokens, self.output_tokens

    def read(self, node: Node, tools: Tools) -> str:
        """See `Step`."""
        return ""

    async def make(self, node: Node, sources: Sequence[Made], before: str, tools: Tools) -> Answer:
        """See `Step`."""
        (told,) = sources
        return self._before(told, await tools.caller.answer(self._question(node, told, tools)))

    def recorded(
        self, node: Node, sources: Sequence[Made], before: str, tools: Tools
    ) -> Answer | None:
        """See `Step`."""
        (told,) = sources
        about = tools.answers.recorded(self._question(node, told, tools))
        return None if about is None else self._before(told, about)

    def _before(self, told: Made, about: Answer) -> Answer:
        text = SEPARATORS[self.kind].join(filter(None, [about.text, told.text]))
        return replace(about, text=text, stand_in=told.stand_in or about.stand_in, reason="")

    def _question(self, node: Node, told: Made, tools: Tools) -> Question:
        text = SEPARATORS[self.kind].join(filter(None, [told.text, self.notes]))
        if tools.count(text) > self.room:
            text = tools.extract(text, self.room)
        all_of_it = Passage(text, node.start, node.end, kind=self.kind)
        return Question(_chunk(all_of_it), final=False, derived=True, passage=all_of_it, on="about")
