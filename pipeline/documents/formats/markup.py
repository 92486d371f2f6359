"""HTML and XHTML -> text: the blocks of a tree, one after the other, as a reader sees them."""

from __future__ import annotations

import re
from html.entities import html5
from typing import TYPE_CHECKING

from lxml import etree
from lxml.html import HTMLParser

from pipeline.documents.formats.writer import LINE, PARAGRAPH, Writer

if TYPE_CHECKING:
    from collections.abc import Callable

HEADINGS = {f"h{depth}": depth for depth in range(1, 7)}
BLOCKS = frozenset(HEADINGS) | {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details",
    "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header",
    "hgroup", "hr", "html", "legend", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
CLOSE = frozenset({"li", "dt", "dd", "tr", "br"})  # blocks that follow each other line by line
UNSEEN = frozenset({
    "applet", "area", "audio", "base", "button", "canvas", "datalist", "embed", "frame",
    "frameset", "head", "iframe", "img", "input", "link", "map", "meta", "noembed", "noframes",
    "noscript", "object", "option", "param", "picture", "script", "select", "source", "style",
    "svg", "template", "textarea", "title", "track", "video",
})  # fmt: skip
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31};)")
_XML_ENTITIES = frozenset({"lt;", "gt;", "amp;", "quot;", "apos;"})
# What libxml2 gives up with when a file is too large or too deep, or memory is at its limit.
_EXCESS = (etree.ErrorTypes.ERR_RESOURCE_LIMIT, etree.ErrorTypes.ERR_NO_MEMORY)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BESIDE_BREAK = re.compile(r" *([\t\n]) *")


def parse_html(text: str) -> etree._Element | None:
    """Return the tree of a web page, however broken; None where there is none.

    Raises:
        OverflowError: it is too large, or nested too deeply, to be read to its end.
    """
    parser = HTMLParser(
        encoding="utf-8",
        no_network=True,
        remove_comments=True,
        huge_tree=True,  # or a picture of 10 MB in the page would end it, without an error
    )
    data = text.encode("utf-8", "replace")
    root = _parsed(data, parser) if data.strip() else None
    if any(met.type in _EXCESS for met in parser.error_log):
        raise OverflowError
    return root


def parse_xhtml(text: str) -> etree._Element | None:
    """Return the tree of an XHTML page; what is not well-formed is read as HTML.

    Names of characters are written out beforehand, for no entity is ever looked up.

    Raises:
        OverflowError: it is too large, or nested too deeply, to be read to its end.
    """
    spelled = _ENTITY.sub(_spell, text)
    try:
        return parse_xml(spelled.encode("utf-8", "replace"))
    except (etree.XMLSyntaxError, OverflowError):  # of HTML, larger parts are taken
        return parse_html(text)


def parse_xml(data: bytes) -> etree._Element:
    """Return the tree of an XML file. No entity is expanded, nothing is fetched.

    Raises:
        lxml.etree.XMLSyntaxError: it is not well-formed.
        OverflowError: it is too large, or nested too deeply.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    return _parsed(re.sub(rb"\A\s*<\?xml[^>]*\?>", b"", data), parser)


def _parsed(data: bytes, parser: etree.XMLParser | HTMLParser) -> etree._Element:
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        if is_excess(error):
            raise OverflowError from None
        raise


def is_excess(error: Exception) -> bool:
    """Say whether an XML file was given up for its size or depth; it may well be in order."""
    return getattr(error, "code", None) in _EXCESS


def _spell(found: re.Match[str]) -> str:
    name = found[1]
    return found[0] if name in _XML_ENTITIES else html5.get(name, found[0])


def tag_of(element: etree._Element) -> str:
    """Return an element's name without its name space; "" for what is no element."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def unseen(element: etree._Element) -> bool:
    """Say whether readers do not see an element."""
    get = element.get
    return (
        tag_of(element) in UNSEEN
        or get("hidden") is not None
        or get("aria-hidden") == "true"
        or _HIDDEN.search(get("style") or "") is not None
    )


def write(root: etree._Element, writer: Writer, skip: Callable[[etree._Element], bool]) -> None:
    """Write what readers see of a tree, without the elements to skip.

    Raises:
        OverflowError: see `Writer.add`.
    """
    _Walk(writer).walk(root, skip)


class _Walk:
    """One pass over a tree. Inline text is gathered until a block begins or ends."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._inline: list[str] = []
        self._gap = PARAGRAPH
        self._depth = 0  # of the heading that is being read; 0 for none
        self._pre = 0  # <pre> elements around the place
        self._bullet = ""  # of the next block

    def walk(self, root: etree._Element, skip: Callable[[etree._Element], bool]) -> None:
        walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        skipped = set()
        for event, element in walker:
            if event == "start" and (unseen(element) or skip(element)):
                skipped.add(element)
                walker.skip_subtree()
            elif event == "start":
                self._start(element)
            elif event == "end" and element not in skipped:
                self._end(tag_of(element))
            if event != "start" and element is not root:
                self._text(element.tail)
        self._flush(PARAGRAPH)

    def _start(self, element: etree._Element) -> None:
        tag = tag_of(element)
        if tag in BLOCKS:
            self._flush(LINE if tag in CLOSE else PARAGRAPH)
            self._depth = HEADINGS.get(tag, self._depth)
            self._pre += tag == "pre"
            self._bullet = "- " if tag == "li" else self._bullet
        elif tag == "br":
            self._inline.append(LINE)
        elif tag in {"td", "th"}:
            self._inline.append("\t")  # the first of a row is stripped
        if _is_page(element):
            self._flush(PARAGRAPH)
            number = element.get("title") or element.get("aria-label") or ""
            self._writer.mark("page", f"page {number.lower().removeprefix('page').strip(' .')}")
        self._text(element.text)

    def _end(self, tag: str) -> None:
        if tag in BLOCKS:
            self._flush(LINE if tag in CLOSE else PARAGRAPH)
            if tag in HEADINGS:
                self._depth = 0
            self._pre -= tag == "pre"

    def _text(self, text: str | None) -> None:
        if text:
            self._inline.append(text if self._pre else _SPACE.sub(" ", text))

    def _flush(self, gap: str) -> None:
        """Write the gathered text as a block; `gap` is the least that follows it."""
        text = "".join(self._inline)
        self._inline.clear()
        if not self._pre:
            text = _BESIDE_BREAK.sub(r"\1", text).strip()
        if text.strip():
            if self._depth:
                self._writer.heading(text, self._depth)
            else:
                self._writer.add(self._bullet + text, self._gap)
            self._gap, self._bullet = gap, ""
        elif gap == PARAGRAPH:
            self._gap = PARAGRAPH


def _is_page(element: etree._Element) -> bool:
    kinds = f"{element.get('role')} {element.get('{http://www.idpf.org/2007/ops}type')}"
    return "pagebreak" in kinds
