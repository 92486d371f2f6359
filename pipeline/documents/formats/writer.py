"""A text as it is put together from a document's parts, with marks and counts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.documents.document import MARK_KINDS, Document, Mark, Removed

if TYPE_CHECKING:
    from pipeline.documents.document import MarkKind

PARAGRAPH = "\n\n"
LINE = "\n"
LABEL = 100  # characters of a heading that name a place
MAX_CHARACTERS = 20_000_000  # of a document's text; 3 million words

SOFT_HYPHEN = "\u00ad"
_LIGATURES = {
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "ﬅ": "st",
    "ﬆ": "st",
}
_LIGATURE = re.compile("[ﬀ-ﬆ]")
# Controls that no text needs, halves of characters, and what Unicode has for no character.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")


class Writer:
    """Takes a document's parts in order, and makes the Document of them."""

    def __init__(self) -> None:
        self.removed: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.parts: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._waiting: list[tuple[MarkKind, str, int]] = []

    def mark(self, kind: MarkKind, label: str, depth: int = 1) -> None:
        """Mark the place where the next part will begin.

        Args:
            kind: "page", "heading" or "time"; `Mark` says what each is.
            label: What people call the place: "page 12".
            depth: A heading's, 1 for the highest.

        Raises:
            ValueError: there is no such kind.
        """
        if kind not in MARK_KINDS:
            raise ValueError(f"a mark is one of {', '.join(MARK_KINDS)}, not {kind!r}")
        self._waiting.append((kind, one_line(label)[:LABEL], depth))

    def heading(self, text: str, depth: int) -> None:
        """Add a heading and mark its place."""
        if text.strip():
            self.mark("heading", self._tidied(text), depth)
        self.add(text)

    def add(self, text: str, gap: str = PARAGRAPH) -> None:
        """Add a part, with a gap between it and the one before.

        Raises:
            OverflowError: the document holds more text than any that people read.
        """
        text = self._tidied(text).strip()
        if not text:
            return
        if self.parts:
            self._append(gap)
        for kind, label, depth in self._waiting:
            if label:
                self._marks.append(Mark(self._length, kind, label, depth))
        self._waiting.clear()
        self._append(text)

    def join(self, text: str, *, hyphen: bool) -> None:
        """Go on inside a word whose first half was added last, with or without its hyphen."""
        if not hyphen:
            self._length -= 1
            self.parts[-1] = self.parts[-1][:-1]
            self.removed["hyphens"] += 1
        self.add(text, gap="")

    def document(self, name: str) -> Document:
        """Return what was added."""
        return Document(
            "".join(self.parts),
            name,
            tuple(self._marks),
            replace(Removed(), **self.removed),
            tuple(self.warnings),
        )

    def _append(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)
        if self._length > MAX_CHARACTERS:
            raise OverflowError

    def _tidied(self, text: str) -> str:
        self.removed["soft_hyphens"] += text.count(SOFT_HYPHEN)
        text, ligatures = _LIGATURE.subn(lambda found: _LIGATURES[found[0]], text)
        self.removed["ligatures"] += ligatures
        return _NO_TEXT.sub("", text.replace(SOFT_HYPHEN, ""))


def one_line(text: str) -> str:
    """Return a text with single spaces for all white space."""
    return " ".join(text.split())
