"""The passages of a text, whichever kind it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.passages.kind import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.passages.passage import Kind, Passage


def find(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return what can be read alone of an English text, of about `words` words, in its order.

    With a query, what is chosen is on it. [] where too little can be read alone.
    """
    return _FINDERS[kind_of(text)](text, words, query)


# Imported where they are needed: the patterns of each kind take time to compile.


def _meeting(text: str, words: int, query: str | None) -> list[Passage]:
    from pipeline.passages.meeting import passages

    return passages(text, words, query)


def _story(text: str, words: int, query: str | None) -> list[Passage]:
    from pipeline.passages.story import passages

    return passages(text, words, query)


def _prose(text: str, words: int, query: str | None) -> list[Passage]:
    from pipeline.passages.prose import passages

    return passages(text, words, query)


_FINDERS: Mapping[Kind, Callable[[str, int, str | None], list[Passage]]] = {
    "meeting": _meeting,
    "story": _story,
    "prose": _prose,
}
