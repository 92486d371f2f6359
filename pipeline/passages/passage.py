"""A passage: a stretch of a text that can be read alone, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["meeting", "story", "prose"]


@dataclass(frozen=True)
class Passage:
    """A stretch of a text, and what is shown of it.

    `text` is one sentence or a few: the text's own words, or speech reported by rule. `start` and
    `end` are where the block or turn stands that it is from, in characters of the text. `who` says
    or does it, "" where nobody is named. `kind` is that of the text. `worth` is how much it is
    worth beside others of the same text, 0 or more.
    """

    text: str
    start: int
    end: int
    who: str = ""
    kind: Kind = "prose"
    worth: float = 0.0
