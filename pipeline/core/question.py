"""Question and Answer: one call's source and how it is asked; what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.core.prompts import On
    from pipeline.passages.passage import Passage
    from pipeline.tree import Chunk

MIN_ANSWER = 24  # tokens; asking for less gives no sentence
JOIN_TOKENS = 8  # of a partial summary's room: the separator, and what reading back may add


@dataclass(frozen=True)
class Question:
    """One question to the model: what a node is made of, or a part of that after failures.

    `source` is the text, with the characters of the document that it covers. `final` asks for the
    summary at its length, else for a partial one. `heard` says that someone may hear the answer
    while it is written. `derived`: the source is joined partial summaries, or chosen sentences, and
    speaks of all the characters that it covers, as every half of it does; answers are held against
    these. `before` is the summary of what comes before the source, where that is refined. `passage`
    is what one sentence is asked for on, and `on` which: what it says ("passage"), what is
    discussed in it ("topic"), what all that was told is about ("about"). `splits` is how often it
    was halved.
    """

    source: Chunk
    final: bool
    heard: bool = False
    derived: bool = False
    before: str = ""
    passage: Passage | None = None
    on: On = "passage"
    splits: int = 0

    @property
    def share(self) -> float:
        """This part's share of the whole answer: 1, then 1/2, and so on."""
        return 0.5**self.splits


@dataclass(frozen=True)
class Answer:
    """What a question came to, or several.

    `verified` counts the calls whose prompt was confirmed, `cached` those that came from the cache,
    so that nothing was sent. `stand_in`: at least part of the text was taken from the source,
    because the model gave no usable answer; `reason` says why, where it is the whole. `left_out`
    are the sentences that the model wrote and that are not in the text, for facts that the source
    does not hold.
    """

    text: str
    verified: int = 0
    cached: int = 0
    stand_in: bool = False
    reason: str = ""
    left_out: tuple[str, ...] = ()
