"""Text as it stands: Markdown's headings and the times of transcripts are marked, nothing changes.

Also what other formats made of text have in common: their encodings.
"""

from __future__ import annotations

import codecs
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from pipeline.documents.document import Document, Mark
from pipeline.documents.formats.writer import LABEL
from pipeline.errors import DocumentError, NoText, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_TEXT = "holds no text, so there is nothing to summarize"
CONTROLS = bytes({*range(32), 127} - {8, 9, 10, 11, 12, 13, 27})  # what text files do not hold
MAX_CONTROL_SHARE = 0.01
_HEAD = 4096  # bytes or characters that tell the format
MAX_MARKS = 50_000  # what has more is no text for people, and its marks help nobody
_LEAST_TIMES = 3  # lines with a time make a transcript

_BOMS = (  # the longer ones first: UTF-16's begins UTF-32's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Code, in which "#" begins a comment, or a heading.
_MARKDOWN = re.compile(
    r"^ {0,3}(?:(?P<fence>```|~~~)[\s\S]*?(?:^ {0,3}(?P=fence)|\Z)"
    r"|(?P<depth>\#{1,6}+)[ \t](?P<title>.+))",
    re.MULTILINE,
)
_TIME = r"\d{1,2}:\d\d(?::\d\d)?"
_DATE = r"(?:\d[\d./-]{5,9},?[ \t]+)?"
_TURN = re.compile(  # "[00:14:05] Anna: …", "Anna (14:05): …", "3/12/24, 14:05 - Anna: …"
    rf"^[ \t]*+(?:\[?{_DATE}(?P<first>{_TIME})(?:[.,]\d+)?(?:[ \t]?[AaPp][Mm])?\]?[ \t:–-]++\S"
    rf"|[^\W\d][^\n:(\[]{{0,40}}[ \t]*[(\[](?P<second>{_TIME})[)\]])",
    re.MULTILINE,
)


def head(data: bytes) -> str:
    """Return the first characters of a document; of one that is no text, its bytes as Latin-1."""
    encoding = _bom(data) or "latin-1"
    return data[:_HEAD].decode(encoding, "replace")


def _bom(data: bytes) -> str | None:
    return next((encoding for bom, encoding in _BOMS if data.startswith(bom)), None)


def read(data: bytes, name: str) -> Document:
    """Read a text; see `decode`."""
    return marked(decode(data, name), name)


def marked(text: str, name: str) -> Document:
    """Return a text with marks for its headings and times."""
    marks = list(islice(chain(_headings(text), _times(text)), MAX_MARKS + 1))
    if len(marks) > MAX_MARKS:
        return Document(text, name)
    return Document(text, name, tuple(sorted(marks, key=lambda mark: mark.start)))


def decode(data: bytes, name: str) -> str:
    """Return the text in a file's bytes; `name` is for the errors.

    Raises:
        Unsupported: it is no text.
        DocumentError: it is not in the encoding that it says.
        NoText: it is blank.
        ModuleNotFoundError: it is not in UTF-8 or UTF-16, and charset-normalizer is not installed.
    """
    text = _decode(data, name)
    if not text.strip():
        raise NoText(name, NO_TEXT)
    return text


def _decode(data: bytes, name: str) -> str:
    bom = _bom(data)
    if bom:
        try:
            return data.decode(bom).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            problem = f"is not the {bom} that its first bytes say (byte {error.start})"
            raise DocumentError(name, f"{problem}; save it anew as UTF-8") from None
    if len(data) - len(data.translate(None, CONTROLS)) > MAX_CONTROL_SHARE * len(data):
        raise Unsupported(name, "is not a text file, nor any other that is read here")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _guess(data, name, error.start)


def _guess(data: bytes, name: str, byte: int) -> str:
    from charset_normalizer import from_bytes  # of the extra [formats]

    best = from_bytes(data).best()
    if best is None:
        raise Unsupported(
            name, f"is not UTF-8 (byte {byte}), nor in any other encoding; save it anew as UTF-8"
        )
    return str(best)


def _headings(text: str) -> Iterator[Mark]:
    """Yield marks for Markdown's headings, but not for comments in its code."""
    for found in _MARKDOWN.finditer(text):
        title = (found["title"] or "").strip(" \t\r#")
        if title:
            yield Mark(found.start("depth"), "heading", title[:LABEL], len(found["depth"]))


def _times(text: str) -> Iterator[Mark]:
    """Yield marks for lines that begin with a time, or with a speaker and a time."""
    turns = list(islice(_TURN.finditer(text), MAX_MARKS + 1))
    if len(turns) >= _LEAST_TIMES:
        for found in turns:
            yield Mark(found.start(), "time", found["first"] or found["second"])
