"""The passages of a text, whichever kind it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.passages import meeting, prose, story
from pipeline.passages.kind import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.passages.passage import Kind, Passage

_FINDERS: Mapping[Kind, Callable[[str, int, str | None], list[Passage]]] = {
    "meeting": meeting.passages,
    "story": story.passages,
    "prose": prose.passages,
}


def find(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return what can be read alone of an English text, of about `words` words, in its order.

    With a query, what is chosen is on it. [] where too little can be read alone.
    """
    return _FINDERS[kind_of(text)](text, words, query)
