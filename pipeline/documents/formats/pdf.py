"""PDF: lines as PDFium finds them, put together to paragraphs, without what pages add to a text.

A page knows lines and where they stand, but no paragraphs. What stands at the same height of
several pages, at the top or the bottom, is a running head; what also counts along is a page number.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

import pypdfium2 as pdfium
from pypdfium2 import raw

from pipeline.documents.formats.detect import BROKEN, ENCRYPTED
from pipeline.documents.formats.writer import LINE, PARAGRAPH, Writer, one_line
from pipeline.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pipeline.documents.document import Document

SCANNED = "holds pictures of pages but no text; it needs OCR first, for example with ocrmypdf"
EDGE = 3  # lines at the top and the bottom of a page that may be running heads
SAME = 3.0  # points that the same place of two pages may differ by
PAGES = 3  # on which a line stands at the same place, or all where there are fewer: a running head
NEXT = 2  # pages to the next one of the same kind: left and right pages may differ
WIDE_GAP = 1.35  # times the usual distance of lines, and a new paragraph begins
SHORT_LINE = 0.85  # of the width of the text, and a line ends where its words end
TALLER = 1.15  # times the line before, and another paragraph begins

_HYPHENS = "-\u2010"
_PDFIUM_HYPHENS = str.maketrans({"\ufffe": "-", "\x02": "-"})  # the lines that they end go on
_LINE_END = re.compile(r"\r\n?|\n|(?<=[\ufffe\x02])(?!\r|\n)")
_NUMBER = re.compile(r"\d+|\b[ivxlc]+\b", re.IGNORECASE)
_FINISHED = re.compile(r"[.!?:;。！？…][\"'”’»)\]]*$")
_ITEM = re.compile(r"(?:[•‣◦▪●○–-]|\(?\d{1,3}[.)]|[a-z][.)])\s")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True)
class Line:
    """A line of a page. Places are in points from the left and the bottom."""

    text: str
    left: float
    right: float
    bottom: float
    top: float

    @property
    def height(self) -> float:
        """The height of its letters, about."""
        return self.top - self.bottom


_Placed: TypeAlias = tuple[int, Line]  # with the page's number


@dataclass(frozen=True)
class Page:
    """A page: its label, its lines in reading order, and the headings that begin on it.

    `headings` are titles with their depth, in order. `pictures` says whether it shows any.
    """

    label: str
    lines: tuple[Line, ...]
    headings: tuple[tuple[str, int], ...]
    pictures: bool

    @property
    def pitch(self) -> float:
        """The usual distance from one line to the next."""
        steps = [a.bottom - b.bottom for a, b in pairwise(self.lines)]
        return median([step for step in steps if step > 0] or [0.0])

    @property
    def width(self) -> float:
        """How far to the right its text goes."""
        return max((line.right for line in self.lines), default=0.0)


def read(data: bytes, name: str) -> Document:
    """Read a PDF.

    Raises:
        DocumentError: it is encrypted or broken, or holds nothing but pictures.
        OverflowError: it holds more text than a document may.
    """
    try:
        with closing(pdfium.PdfDocument(data)) as pdf:
            pages = list(_pages(pdf))
    except pdfium.PdfiumError as error:
        wants_password = error.err_code in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}
        raise DocumentError(name, ENCRYPTED if wants_password else BROKEN) from None
    unread = [page.label for page in pages if page.pictures and not page.lines]
    if unread and not any(page.lines for page in pages):
        raise DocumentError(name, SCANNED)
    return Setting(pages, unread).document(name)


def _pages(pdf: pdfium.PdfDocument) -> Iterator[Page]:
    headings = _outline(pdf)
    for index in range(len(pdf)):
        label = pdf.get_page_label(index) or str(index + 1)
        with closing(pdf[index]) as page:
            with closing(page.get_textpage()) as text:
                lines = tuple(_lines(text))
            pictures = not lines and any(
                True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE])
            )
            yield Page(label, lines, tuple(headings[index]), pictures)


def _outline(pdf: pdfium.PdfDocument) -> dict[int, list[tuple[str, int]]]:
    """Return the titles of the document's outline by the page that they point at."""
    titles: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for mark in pdf.get_toc():
        target = mark.get_dest()
        index = None if target is None else target.get_index()
        if index is not None:
            titles[index].append((one_line(mark.get_title()), mark.level + 1))
    return titles


def _lines(page: pdfium.PdfTextPage) -> Iterator[Line]:
    """Yield the lines of a page. A character's number is its place in the text."""
    text = page.get_text_range()
    if len(text) != page.count_chars():  # characters beyond the first 65,536 are counted twice
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    start = 0
    for end, after in [*(m.span() for m in _LINE_END.finditer(text)), (len(text), len(text))]:
        line = text[start:end]
        if line.strip():
            first = start + len(line) - len(line.lstrip())
            last = start + len(line.rstrip()) - 1
            left, bottom, _, top = page.get_charbox(first, loose=True)
            right = page.get_charbox(last, loose=True)[2]
            yield Line(line.strip().translate(_PDFIUM_HYPHENS), left, right, bottom, top)
        start = after


@dataclass
class Setting:
    """Sets the pages' lines as one text."""

    pages: Sequence[Page]
    unread: Sequence[str]
    writer: Writer = field(default_factory=Writer)
    _before: Line | None = None
    _titled: bool = False  # by that line, and it is the whole title

    def __post_init__(self) -> None:
        self._furniture = furniture(self.pages)
        words = (word for page in self.pages for line in page.lines for word in line.text.split())
        self._words = Counter(word.strip(".,;:!?()“”\"'’").lower() for word in words)

    def document(self, name: str) -> Document:
        """Return the text with its marks."""
        for number, page in enumerate(self.pages):
            self.writer.mark("page", f"page {page.label}")
            self._page(page, self._furniture.get(number, {}))
        if self.unread:
            self.writer.warnings.append(
                f"{len(self.unread)} of {len(self.pages)} pages hold pictures without text, "
                f"page {self.unread[0]} the first; they need OCR"
            )
        return self.writer.document(name)

    def _page(self, page: Page, furniture: dict[Line, str]) -> None:
        for line in furniture:
            self.writer.removed[furniture[line]] += 1
        lines = [line for line in page.lines if line not in furniture]
        titles = list(page.headings)
        pitch, width = page.pitch, page.width
        for title, depth in _unseen(titles, lines):
            self.writer.mark("heading", title, depth)
        for line in lines:
            heading = _heading(line, titles)
            if heading:
                self.writer.mark("heading", *heading)
            self._line(line, pitch, width, apart=heading is not None or self._titled)
            self._before = line
            self._titled = heading is not None and _folded(heading[0]) == _folded(line.text)

    def _line(self, line: Line, pitch: float, width: float, *, apart: bool) -> None:
        before = self._before
        if before is None or apart:
            self.writer.add(line.text)
        elif (
            before.text[-1] in _HYPHENS and before.text[-2:-1].isalnum() and line.text[0].isalpha()
        ):
            self.writer.join(line.text, hyphen=self._keeps_hyphen(before.text, line.text))
        else:
            self.writer.add(line.text, _gap(before, line, pitch, width))

    def _keeps_hyphen(self, before: str, after: str) -> bool:
        """Say whether a word broken at a line's end has its hyphen elsewhere too."""
        left, right = before.split()[-1][:-1], after.split()[0].strip(".,;:!?()“”\"'’")
        left = left.strip("(“\"'‘").lower()
        if not left or not left[-1].isalpha() or right[:1].isupper():
            return True
        right = right.lower()
        spelled = max(self._words[f"{left}{hyphen}{right}"] for hyphen in "-\u2010")
        return spelled > self._words[left + right]


def _gap(before: Line, line: Line, pitch: float, width: float) -> str:
    """Return what stands between two lines: a paragraph's end, a line's end, or a space."""
    step = before.bottom - line.bottom
    finished = _FINISHED.search(before.text) is not None
    jumped = step < 0 or step > 4 * max(pitch, 1.0)  # to another column or page
    if jumped:
        return PARAGRAPH if finished or line.text[0].isupper() else " "
    if (
        step > WIDE_GAP * max(pitch, line.height)
        or not 1 / TALLER < line.height / max(before.height, 0.1) < TALLER
    ):
        return PARAGRAPH
    if finished and line.left > before.left + line.height:  # indented
        return PARAGRAPH
    if _ITEM.match(line.text):
        return LINE
    if before.right < SHORT_LINE * width:
        return PARAGRAPH if finished else LINE
    return " "


def _heading(line: Line, titles: list[tuple[str, int]]) -> tuple[str, int] | None:
    """Take the title that a line begins with from those that are still looked for."""
    words = _folded(line.text)
    for i, (title, depth) in enumerate(titles):
        folded = _folded(title)
        if words == folded or (len(words) > 8 and (folded.startswith(words) or words in folded)):
            del titles[: i + 1]
            return title, depth
    return None


def _folded(text: str) -> str:
    return one_line(text).casefold()


def _unseen(titles: list[tuple[str, int]], lines: Iterable[Line]) -> list[tuple[str, int]]:
    """Take the titles that no line shows; they are marked where their page begins."""
    left = list(titles)
    while any(_heading(line, left) for line in lines):
        pass
    unseen = [title for title in titles if title in left]
    titles[:] = [title for title in titles if title not in left]
    return unseen


def furniture(pages: Sequence[Page]) -> dict[int, dict[Line, str]]:
    """Return the lines of each page that are no part of the text, and what they are."""
    places: dict[str, list[_Placed]] = defaultdict(list)
    for number, page in enumerate(pages):
        for line in _edges(page):
            places[_NUMBER.sub("#", one_line(line.text)).casefold()].append((number, line))
    found: dict[int, dict[Line, str]] = defaultdict(dict)
    least = max(2, min(PAGES, len(pages)))
    for placed in places.values():
        for run in _runs(placed):
            if len({number for number, _ in run}) >= least:
                for number, line, kind in _furniture(run, least):
                    found[number][line] = kind
    return found


def _edges(page: Page) -> set[Line]:
    ordered = sorted(page.lines, key=lambda line: line.bottom)
    return {*ordered[:EDGE], *ordered[-EDGE:]}


def _runs(placed: list[_Placed]) -> Iterator[list[_Placed]]:
    """Yield the lines that stand at the same height of pages that follow each other."""
    placed.sort(key=lambda at: at[1].bottom)
    for level in _parted(placed, lambda a, b: b[1].bottom - a[1].bottom > SAME):
        level.sort(key=lambda at: at[0])
        yield from _parted(level, lambda a, b: b[0] - a[0] > NEXT)


def _parted(
    placed: Sequence[_Placed], apart: Callable[[_Placed, _Placed], bool]
) -> Iterator[list[_Placed]]:
    """Part a sequence between the neighbours that are apart."""
    starts = [i for i in range(1, len(placed)) if apart(placed[i - 1], placed[i])]
    for start, end in pairwise([0, *starts, len(placed)]):
        yield list(placed[start:end])


def _furniture(run: Sequence[_Placed], least: int) -> Iterator[tuple[int, Line, str]]:
    """Yield the lines of a run whose numbers, if any, count the pages or are always the same."""
    numbers = [_numbers(line.text) for _, line in run]
    counting = Counter(v - page for (page, _), own in zip(run, numbers, strict=True) for v in own)
    constant = Counter(value for own in numbers for value in own)
    for (page, line), own in zip(run, numbers, strict=True):
        if any(counting[value - page] >= least for value in own):
            yield page, line, "page_numbers"
        elif not own or any(constant[value] >= least for value in own):
            yield page, line, "running_heads"


def _numbers(text: str) -> list[int]:
    return [int(n) if n.isdecimal() else _roman(n.lower()) for n in _NUMBER.findall(text)]


def _roman(numeral: str) -> int:
    values = [_ROMAN[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))
