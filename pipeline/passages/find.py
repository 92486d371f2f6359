"""The passages of a text, whichever kind it is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.passages.kind import kind_of

if TYPE_CHECKING:
    from pipeline.passages.passage import Passage


def find(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return what can be read alone of an English text, of about `words` words, in its order.

    With a query, what is chosen is on it. [] where too little can be read alone.
    """
    kind = kind_of(text)
    # Imported where they are needed: the patterns of each kind take time to compile.
    if kind == "meeting":
        from pipeline.passages.meeting import passages
    elif kind == "story":
        from pipeline.passages.story import passages
    else:
        from pipeline.passages.prose import passages
    return passages(text, words, query)
