"""A text as it was read, and what is known about its places."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

MarkKind: TypeAlias = Literal["time", "page", "heading"]


MARK_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)


@dataclass(frozen=True)
class Mark:
    """A page, chapter or moment that begins at a character of a text.

    `label` is what people call it: "page 12", "Chapter 3", "00:14:05". `depth` is a heading's, 1
    for the highest.
    """

    start: int
    kind: MarkKind
    label: str
    depth: int = 1

    def to_list(self) -> list[int | str]:
        """Return the JSON form, which `Mark(*form)` reads."""
        return [self.start, self.kind, self.label, self.depth]


@dataclass(frozen=True)
class Removed:
    """How much that is no content was taken out of a text when it was read.

    `hyphens` stood at the ends of lines, `repeats` are lines of captions that roll, `navigation`
    is in words, of a web page around its content. Ligatures were written out.
    """

    hyphens: int = 0
    soft_hyphens: int = 0
    ligatures: int = 0
    running_heads: int = 0
    page_numbers: int = 0
    repeats: int = 0
    navigation: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return what there was, by name."""
        return {name: count for name, count in asdict(self).items() if count}


@dataclass(frozen=True)
class Document:
    """A text to summarize. `name` is for people: a file name, an address, "standard input".

    `marks` are in the text's order. `warnings` say what of the document is not in its text.
    """

    text: str
    name: str = "text"
    marks: tuple[Mark, ...] = ()
    removed: Removed = Removed()
    warnings: tuple[str, ...] = ()

    def marks_at(self, character: int) -> tuple[Mark, ...]:
        """Return the marks in force at a character: the last of each kind, the most exact first."""
        last = {mark.kind: mark for mark in self.marks if mark.start <= character}
        return tuple(last[kind] for kind in MARK_KINDS if kind in last)

    def place(self, character: int) -> str | None:
        """Return what people call the place of a character; None where nothing is marked."""
        marks = self.marks_at(character)
        return marks[0].label if marks else None

    def stretch(self, start: int, end: int) -> str:
        """Return what people call a stretch, "page 3 to page 5", or else its characters."""
        first, last = self.place(start), self.place(end - 1)
        if first is None:
            return f"characters {start:,} to {end:,}"
        return first if first == last else f"{first} to {last}"
