"""Web pages: trafilatura finds where the content is, and all of it there is kept.

Trafilatura alone leaves out headings, short paragraphs and what it takes for repetitions. So its
text only votes: the smallest element that holds nearly all of it is the content, and of that every
word is read, but for navigation.
"""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from typing import TYPE_CHECKING

from pipeline.documents.formats import markup, plain
from pipeline.documents.formats.writer import Writer

if TYPE_CHECKING:
    from lxml import etree

    from pipeline.documents.document import Document

MOST = 0.99  # of the words that trafilatura finds are in the content
TITLE = 30  # words beside the content that may be its title
LINKED = 0.5  # more of its words in links, and a list is a menu

_DECLARED = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_NAVIGATION = frozenset({"nav", "aside", "menu", "dialog", "footer"})
_ROLES = frozenset({
    "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar",
    "dialog", "alertdialog", "alert",
})  # fmt: skip
_OFFICE = frozenset({"header", "footer"})  # how LibreOffice says what they are
_ANCHORS = frozenset({"¶", "#", "§", "🔗"})  # links of a heading to itself
_NAMES = re.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|sidebar|breadcrumbs?|cookies?|consent|share|social|"
    r"related|footer|adverts?|ads?|promo|newsletter|subscribe|pagination|pager|toolbar|skip|banner|"
    r"popup|modal)(?:$|[\s_-])",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")


def read(data: bytes, name: str) -> Document:
    """Read a web page.

    Raises:
        DocumentError: its encoding cannot be told.
        ModuleNotFoundError: the extra [formats] is not installed.
        OverflowError: it holds more text than a document may.
    """
    text = decode(data, name)
    writer = Writer()
    root = markup.parse_html(text)
    if root is not None:
        content = Content(root, _found(root))
        markup.write(content.element, writer, content.is_navigation)
        kept = len(_WORD.findall("".join(writer.parts)))
        writer.removed["navigation"] = max(0, _seen(root) - kept)
    return writer.document(name)


def decode(data: bytes, name: str) -> str:
    """Return a page's text in the encoding that it is in, or else says that it is in."""
    declared = _DECLARED.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        for encoding in ("utf-8", declared[1].decode("ascii")):
            try:
                return data.decode(encoding)
            except (UnicodeDecodeError, LookupError):
                continue
    return plain.decode(data, name)


def _found(root: etree._Element) -> str:
    """Return what trafilatura takes for the page's content; it may be nothing."""
    import trafilatura

    found = trafilatura.extract(
        deepcopy(root),  # of a text, its own parser might not reach the end
        favor_recall=True,
        include_comments=False,
        include_tables=True,
        deduplicate=False,
    )
    return found or ""


class Content:
    """The element that holds a page's content, and what in it is navigation."""

    def __init__(self, root: etree._Element, found: str) -> None:
        self._found = Counter(_WORD.findall(found))
        bodies = [child for child in root if markup.tag_of(child) == "body"]
        self.element = self._smallest(bodies[0] if bodies else root)

    def _smallest(self, element: etree._Element) -> etree._Element:
        """Go down as long as one child holds nearly all of what was found."""
        whole = self._held(element)
        while whole:
            best = max(element, key=self._held, default=None)
            if best is None or self._held(best) < MOST * whole:
                break
            element = best
        return self._titled(element)

    def _titled(self, element: etree._Element) -> etree._Element:
        """Go up again to where the content's title stands, if nothing else stands there."""
        parent = element.getparent()
        while parent is not None and markup.tag_of(parent) != "html":
            beside = [child for child in parent if child is not element]
            words = sum((_words(child) for child in beside), Counter[str]())
            titles = [child for child in beside if _has_heading(child)]
            if not titles or words.total() > TITLE:
                break
            element, parent = parent, parent.getparent()
        return element

    def _held(self, element: etree._Element) -> int:
        """Count the words of an element that were found."""
        if markup.unseen(element):
            return 0
        return sum((_words(element) & self._found).values())

    def is_navigation(self, element: etree._Element) -> bool:
        """Say whether an element is there to get elsewhere, or to be clicked away."""
        if element is self.element:
            return False
        tag, role = markup.tag_of(element), element.get("role") or ""
        if role.startswith("doc-"):  # notes and other parts of a publication
            return False
        if tag in _NAVIGATION or role in _ROLES or element.get("title") in _OFFICE:
            return True
        if tag == "a":
            return "".join(map(str, element.itertext())).strip() in _ANCHORS
        if tag not in markup.BLOCKS:
            return False
        named = _NAMES.search(f"{element.get('id') or ''} {element.get('class') or ''}")
        if not named and tag not in {"ul", "ol", "header"}:
            return False
        words = _words(element)
        if named and not words & self._found:
            return True
        linked = sum((_words(link) for link in element.iter("a")), Counter[str]())
        return linked.total() > LINKED * words.total()


def _has_heading(element: etree._Element) -> bool:
    return any(markup.tag_of(inner) in markup.HEADINGS for inner in element.iter())


def _words(element: etree._Element) -> Counter[str]:
    return Counter(_WORD.findall(" ".join(map(str, element.itertext()))))


def _seen(root: etree._Element) -> int:
    writer = Writer()
    markup.write(root, writer, lambda element: False)
    return len(_WORD.findall("".join(writer.parts)))
