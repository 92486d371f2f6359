"""Documents of all formats -> text with marks. The format is told from the content, not the name.

Text, Markdown and transcripts need nothing more; the other formats need the extra [formats]. Each
has its own module, which is imported when there is something for it. They take any bytes: what is
broken or hostile ends in an error, and what they take of memory and time is bounded by
`pipeline.documents.sandbox`, which runs them in a process of their own.
"""

from __future__ import annotations

import importlib
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.documents.formats import plain
from pipeline.documents.formats.archive import Archive
from pipeline.errors import DocumentError, NoText, TooLarge, Unsupported

if TYPE_CHECKING:
    from pipeline.documents.document import Document

EXTRA = "pip install 'py-llama-backend[formats]'"
BROKEN = "is broken, or not what it says it is; open it and save it anew"
ENCRYPTED = "is encrypted; save it without a password"
TOO_LARGE = "is too large: it holds more than a document may; split it"

_PICTURE = "is a picture; turn it into text first, by OCR"
_SOUND = "is a recording; turn it into text first, by transcription"
_SIGNATURES = {  # what cannot be read here, and what to do about it
    b"\x89PNG": _PICTURE,
    b"\xff\xd8\xff": _PICTURE,
    b"GIF8": _PICTURE,
    b"II*\x00": _PICTURE,
    b"MM\x00*": _PICTURE,
    b"ID3": _SOUND,
    b"OggS": _SOUND,
    b"fLaC": _SOUND,
    b"RIFF": _SOUND,
    b"\x1aE\xdf\xa3": _SOUND,
    b"\x1f\x8b": "is compressed; unpack it first",
    b"BZh": "is compressed; unpack it first",
    b"\xfd7zXZ": "is compressed; unpack it first",
    b"7z\xbc\xaf": "is an archive; name the files in it",
    b"Rar!": "is an archive; name the files in it",
    b"{\\rtf": "is an RTF file; save it as DOCX or PDF",
}
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")


def read(data: bytes, name: str) -> Document:
    """Read a document's bytes; `name` is for people.

    Raises:
        DocumentError: it is broken or encrypted.
        NoText: there is nothing in it.
        Unsupported: the format is not read here, or not without the extra [formats].
        TooLarge: it holds more than a document may.
    """
    try:
        document = _read(sniff(data, name), data, name)
    except ModuleNotFoundError:
        raise Unsupported(name, f"needs the extra for its format: {EXTRA}") from None
    except OverflowError:
        raise TooLarge(name, TOO_LARGE) from None
    if not document.text.strip():
        raise NoText(name, plain.NO_TEXT)
    if len(document.marks) > plain.MAX_MARKS:
        document = replace(document, marks=())
    return replace(document, name=name)


def is_plain(data: bytes) -> bool:
    """Say whether a document is text as it stands, which needs no precautions; looks at no more."""
    if data.startswith((_ZIP, _OLE, *_SIGNATURES)) or _is_pdf(data):
        return False
    return plain.sniff(data) == "plain"


def sniff(data: bytes, name: str) -> str:
    """Return the name of the module that reads a document, told from its bytes.

    Raises:
        DocumentError: it is encrypted, or an archive that is broken.
        Unsupported: no module reads it.
        TooLarge: it is an archive of too many files.
    """
    if _is_pdf(data):
        return "pdf"
    if data.startswith(_ZIP):
        return _sniff_archive(data, name)
    if data.startswith(_OLE):
        encrypted = _ENCRYPTED_PACKAGE in data
        raise Unsupported(
            name, ENCRYPTED if encrypted else "is an old Office file; save it as DOCX"
        )
    for signature, problem in _SIGNATURES.items():
        if data.startswith(signature):
            raise Unsupported(name, problem)
    return plain.sniff(data)


def _is_pdf(data: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def _sniff_archive(data: bytes, name: str) -> str:
    try:
        archive = Archive(data)
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise DocumentError(name, BROKEN) from None
    except OverflowError:
        raise TooLarge(name, TOO_LARGE) from None
    if archive.encrypted:
        raise DocumentError(name, ENCRYPTED)
    if "word/document.xml" in archive.names:
        return "word"
    if "META-INF/container.xml" in archive.names:
        return "epub"
    if "content.xml" in archive.names:
        raise Unsupported(name, "is an OpenDocument file; save it as DOCX or PDF")
    if "[Content_Types].xml" in archive.names:
        raise Unsupported(name, "is an Office file other than Word's; save it as PDF")
    raise Unsupported(name, "is an archive; name the files in it")


def _read(kind: str, data: bytes, name: str) -> Document:
    if kind == "plain":
        return plain.read(data, name)
    module = importlib.import_module(f"pipeline.documents.formats.{kind}")
    document: Document = module.read(data, name)
    return document
