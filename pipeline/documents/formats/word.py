"""Word's documents (DOCX), whichever program wrote them.

python-docx opens the package and knows the styles. The text is gathered here, because its own
paragraphs leave out what stands in content controls, text boxes, tracked insertions and notes.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import docx
from docx.opc.exceptions import OpcError
from lxml import etree

from pipeline.documents.formats.archive import MAX_BYTES, Archive
from pipeline.documents.formats.detect import BROKEN
from pipeline.documents.formats.markup import is_excess, parse_xml
from pipeline.documents.formats.writer import LINE, PARAGRAPH, SOFT_HYPHEN, Writer
from pipeline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.documents.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_LEVEL = re.compile(r"heading (\d)", re.IGNORECASE)
_CONTENTS = "Table of Contents"  # the kind of Word's own
_CHARACTERS = {"tab": "\t", "br": LINE, "cr": LINE, "noBreakHyphen": "-", "softHyphen": SOFT_HYPHEN}
_BROKEN = (
    OpcError, KeyError, ValueError, AttributeError, etree.LxmlError, zipfile.BadZipFile, zlib.error,
    EOFError,
)  # fmt: skip
_ELSEWHERE = frozenset({"del", "moveFrom", "Fallback", "pPr", "rPr"})  # deleted, or said twice


def read(data: bytes, name: str) -> Document:
    """Read a Word document.

    Raises:
        DocumentError: it is broken.
        OverflowError: it holds more than a document may.
    """
    if Archive(data).unpacked > MAX_BYTES:
        raise OverflowError
    try:
        package = docx.Document(BytesIO(data))
        reader = _Reader(_depths(package), dict(_notes(package)))
        reader.blocks(package.element.body)
        reader.other_notes()
    except _BROKEN as error:
        if is_excess(error):
            raise OverflowError from None
        raise DocumentError(name, BROKEN) from None
    return reader.writer.document(name)


def _depths(package: Any) -> dict[str, int]:  # noqa: ANN401 - python-docx has no types for it
    """Return the depth of every style that makes a heading, by the style's id."""
    depths = {}
    for style in package.styles.element.iter(f"{_W}style"):
        name = style.find(f"{_W}name")
        shown = "" if name is None else name.get(f"{_W}val") or ""
        found = _LEVEL.match(shown)
        if found or shown.lower() == "title":
            depths[style.get(f"{_W}styleId") or ""] = int(found[1]) if found else 1
    return depths


def _notes(package: Any) -> Iterator[tuple[tuple[str, str], etree._Element]]:  # noqa: ANN401
    """Yield the notes of a document by their kind and id."""
    for relation in package.part.rels.values():
        kind = relation.reltype.rpartition("/")[2]
        if kind in {"footnotes", "endnotes"} and not relation.is_external:
            for note in parse_xml(relation.target_part.blob):
                if note.get(f"{_W}type") is None:  # the others are lines between text and notes
                    yield (kind.removesuffix("s"), note.get(f"{_W}id") or ""), note


class _Reader:
    """Walks through a document's body. A note follows the paragraph that refers to it."""

    def __init__(
        self, depths: Mapping[str, int], notes: Mapping[tuple[str, str], etree._Element]
    ) -> None:
        self.writer = Writer()
        self._depths = depths
        self._notes = dict(notes)
        self._page = 1
        self._listing = False  # whether the paragraph before is an item of a list

    def blocks(self, parent: etree._Element) -> None:
        """Read the paragraphs and tables of a body, a cell, a text box or a note."""
        for child in parent:
            tag = _tag(child)
            if tag == "p":
                self._paragraph(child)
            elif tag == "tbl":
                self._table(child)
            elif tag == "sdt" and _is_contents(child):
                self.writer.removed["navigation"] += len(_text(child).split())
            elif tag not in _ELSEWHERE:  # content controls, and what else is put around
                self.blocks(child)

    def other_notes(self) -> None:
        """Read the notes that no paragraph of the text refers to: those of tables."""
        for note in self._notes.values():
            self.blocks(note)

    def _paragraph(self, paragraph: etree._Element) -> None:
        parts = _Parts()
        for element in _parts(paragraph):
            parts.take(element)
        for _ in range(parts.pages):
            self._page += 1
            self.writer.mark("page", f"page {self._page}")
        depth = self._depth(paragraph)
        text = "".join(parts.text)
        if depth:
            self.writer.heading(text, depth)
            self._listing = False
        elif paragraph.find(f"{_W}pPr/{_W}numPr") is not None and text.strip():
            self.writer.add(f"- {text}", LINE if self._listing else PARAGRAPH)
            self._listing = True
        else:
            self.writer.add(text)
            self._listing = False
        for box in parts.boxes:
            self.blocks(box)
        for reference in parts.notes:
            note = self._notes.pop(reference, None)
            if note is not None:
                self.blocks(note)

    def _depth(self, paragraph: etree._Element) -> int:
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        return 0 if style is None else self._depths.get(style.get(f"{_W}val") or "", 0)

    def _table(self, table: etree._Element) -> None:
        gap = PARAGRAPH
        for row in table.iter(f"{_W}tr"):
            if next(row.iterancestors(f"{_W}tbl")) is table:
                cells = [" ".join(_text(p) for p in cell.iter(f"{_W}p")) for cell in row]
                self.writer.add("\t".join(filter(str.strip, cells)), gap)
                gap = LINE


class _Parts:
    """What a paragraph holds: text, text boxes, references to notes, beginnings of pages."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.boxes: list[etree._Element] = []
        self.notes: list[tuple[str, str]] = []
        self.pages = 0

    def take(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag == "t":
            self.text.append(element.text or "")
        elif tag in _CHARACTERS:
            self.text.append(_CHARACTERS[tag])
        elif tag == "txbxContent":
            self.boxes.append(element)
        elif tag in {"footnoteReference", "endnoteReference"}:
            self.notes.append((tag.removesuffix("Reference"), element.get(f"{_W}id") or ""))
        elif tag == "lastRenderedPageBreak":
            self.pages += 1


def _parts(element: etree._Element) -> Iterator[etree._Element]:
    """Yield what is inside an element, in order, but for what stands elsewhere as well."""
    for child in element:
        if _tag(child) in _ELSEWHERE:
            continue
        yield child
        if _tag(child) != "txbxContent":
            yield from _parts(child)


def _text(paragraph: etree._Element) -> str:
    parts = _Parts()
    for element in _parts(paragraph):
        parts.take(element)
    return "".join(parts.text)


def _is_contents(control: etree._Element) -> bool:
    gallery = control.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return gallery is not None and gallery.get(f"{_W}val") == _CONTENTS


def _tag(element: etree._Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
