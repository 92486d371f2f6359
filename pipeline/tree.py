"""Chunk, Summary, StandIn, LeftOut: stretches of a text and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Chunk:
    """A stretch of a document: `document.text[start:end] == text`, `tokens` as the model counts."""

    text: str
    start: int
    end: int
    tokens: int


@dataclass(frozen=True)
class Summary:
    """What the model made of a chunk or of a merge's sources.

    `level` is 0 for a chunk's summary. `stand_in` says that at least part of the text was taken
    from the source's own sentences because the model gave no usable answer.
    """

    text: str
    tokens: int
    level: int
    sources: tuple[Chunk | Summary, ...]
    stand_in: bool = False

    @property
    def start(self) -> int:
        """Where the covered text begins, in characters."""
        return self.sources[0].start

    @property
    def end(self) -> int:
        """Where the covered text ends, in characters."""
        return self.sources[-1].end


@dataclass(frozen=True)
class StandIn:
    """A stretch of the document, in characters, that no usable answer covers, and why."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True)
class LeftOut:
    """A sentence of an answer on a stretch of the document, in characters, and not passed on.

    It holds numbers, names or quotations that the text does not.
    """

    start: int
    end: int
    sentence: str


def join_stretches(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join stretches of a text that touch, in the text's order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
