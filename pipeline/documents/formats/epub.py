"""E-books in EPUB: the chapters that the book's spine names, in its order."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lxml import etree

from pipeline.documents.formats import markup
from pipeline.documents.formats.archive import Archive
from pipeline.documents.formats.detect import BROKEN, ENCRYPTED
from pipeline.documents.formats.html import decode
from pipeline.documents.formats.writer import Writer
from pipeline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.documents.document import Document

_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_FONTS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")  # no secrets


def read(data: bytes, name: str) -> Document:
    """Read an e-book.

    Raises:
        DocumentError: it is encrypted, or broken.
        OverflowError: it holds more than a document may.
    """
    writer = Writer()
    try:
        archive = Archive(data)
        _check(archive, name)
        for page in _pages(archive):
            root = markup.parse_xhtml(decode(archive.read(page), name))
            if root is not None:
                markup.write(_body(root), writer, lambda element: False)
    except (KeyError, etree.XMLSyntaxError, zipfile.BadZipFile, zlib.error, EOFError):
        raise DocumentError(name, BROKEN) from None
    return writer.document(name)


def _check(archive: Archive, name: str) -> None:
    """Raise DocumentError for a book whose chapters are encrypted; fonts often are."""
    if "META-INF/encryption.xml" not in archive.names:
        return
    root = markup.parse_xml(archive.read("META-INF/encryption.xml"))
    methods = {method.get("Algorithm") for method in root.iter("{*}EncryptionMethod")}
    if methods - set(_FONTS):
        raise DocumentError(name, ENCRYPTED)


def _pages(archive: Archive) -> Iterator[str]:
    """Yield the names of the book's pages in reading order, its table of contents left out."""
    container = markup.parse_xml(archive.read("META-INF/container.xml"))
    package = next(container.iter("{*}rootfile"), None)
    path = "" if package is None else package.get("full-path") or ""
    book = markup.parse_xml(archive.read(path))
    items = {item.get("id"): item for item in book.iter("{*}item")}
    for reference in book.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _PAGES:
            continue
        if "nav" not in (item.get("properties") or "").split():
            address = unquote((item.get("href") or "").partition("#")[0])
            yield posixpath.normpath(posixpath.join(posixpath.dirname(path), address))


def _body(root: etree._Element) -> etree._Element:
    return next((child for child in root if markup.tag_of(child) == "body"), root)
