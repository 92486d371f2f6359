"""What a client wants summarized, and how: what requests become and what jobs keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.documents.document import Document, Mark, Removed


@dataclass(frozen=True)
class Order:
    """What a client wants summarized, and how. None takes the configured value.

    All of it is as JSON has it. `marks` and the fields after it are those of the Document.
    """

    text: str
    name: str = "text"
    query: str | None = None
    words: int | None = None
    language: str | None = None
    model: str | None = None
    sources: bool = False
    marks: list[list[Any]] = field(default_factory=list)
    removed: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def document(self) -> Document:
        """The document to summarize."""
        marks = tuple(Mark(*mark) for mark in self.marks)
        return Document(self.text, self.name, marks, Removed(**self.removed), tuple(self.warnings))
