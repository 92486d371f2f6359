"""Cutting a text into chunks that a model can read.

Chunks are a partition: joined, they are the text. Each is within its budget by the model's own
count, they are balanced, and they end where the text itself pauses, if it does so within reach.

Three ideas make that fast and exact:

1. Counting. The text is encoded once, in short blocks. A vocabulary keeps a word and the single
   space before it together, so where blocks meet in front of such a space (a seam), their counts
   add up to the count of the whole. A chunk's count is then a difference of two running sums plus
   the pieces of blocks at its ends. Where a text has no seams, a chunk is counted as a whole.
2. Structure. Only the stretch in which a chunk may end is searched for headings, paragraphs and
   sentences, by langchain-text-splitters; ends of clauses and words only where there are none.
3. Balance. Of a text that needs k chunks, about one k-th is taken, and so on with what is left:
   ten tokens too many for one chunk give two halves, not a full chunk and a scrap.

Where a document marks its headings, a chunk rather ends before one, even if it gets smaller.
"""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from enum import IntEnum
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from pipeline.errors import InputError
from pipeline.text.english import PARTS
from pipeline.text.sentences import CLOSERS, FINISHED, PAUSE
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from pipeline.documents.document import Document, Mark

MIN_CHUNK_TOKENS = 8  # holds any single character: 4 bytes at most, and a token or two to spare

_LEEWAY = 0.2  # how far from an even share a chunk may end to find a good place
_REACH = 0.5  # the same to end it before a heading that is marked
_BLOCK = 600  # characters; shorter blocks mean more calls, longer ones more recounting at cuts
_CONTEXT = 128  # characters around a stretch that decide what kind of boundary a place is
_CLUSTER = 16  # characters that a cut moves back at most to keep together what is read as one

_SEAM = re.compile(r"[\w,.;] (?=\w)")

_CLAUSE = rf"[,;:–—.!?…、，；：](?:{CLOSERS}\s++|(?<=[、，；：]))"
_WORD = r"\s++"

_HEADING = re.compile(
    r"#{1,6}[ \t]\S"
    rf"|(?i:{PARTS})[ \t][^\r\n]{{1,60}}+(?:[\r\n]|\Z)"
    r"|(?:[IVXLC]{1,8}+|\d{1,4}+)\.?[ \t]*+(?:[\r\n]|\Z)"
    r"|[A-Z][A-Z .'’][^\r\na-z]{1,60}+(?:[\r\n]|\Z)"
    r"|[^\r\n]{1,100}+(?:\r\n?|\n)(?:={3,}+|-{3,}+)[ \t]*+(?:[\r\n]|\Z)"
)


class Boundary(IntEnum):
    """The kinds of places where a chunk may end, the best first."""

    HEADING = 0  # before a heading, after a finished sentence
    SUBHEADING = 1  # before a heading, but perhaps right after another
    PARAGRAPH = 2
    LINE = 3
    SENTENCE = 4
    OPEN_PARAGRAPH = 5  # at a blank line inside a sentence
    OTHER = 6


# What to look for, in turn, and the worst kind of place that is good enough.
_SEARCHES = (
    (PAUSE, Boundary.SENTENCE),
    (PAUSE, Boundary.OTHER),
    (_CLAUSE, Boundary.OTHER),
    (_WORD, Boundary.OTHER),
)


def split(document: Document, count: Callable[[str], int], max_tokens: int) -> list[Chunk]:
    """Cut a document into the chunks of a run.

    Args:
        document: the text; an empty one has no chunks.
        count: tokens of a text. Where a text is cut before a single space between two words, the
            parts' counts must add up to the whole's, as `ChatModel.count_text` promises.
        max_tokens: upper bound on a chunk, at least MIN_CHUNK_TOKENS.

    Returns:
        Chunks of at most `max_tokens` tokens that, joined, are the text. One may be blank where
        the text has that much white space in one place.

    Raises:
        InputError: `max_tokens` is too small, or a single character takes more.
    """
    check_max_tokens(max_tokens)
    sums = TokenSums(document.text, count)
    headings = [mark for mark in document.marks if mark.kind == "heading"]
    chunks: list[Chunk] = []
    start = 0
    while start < len(document.text):
        chunk = _next_chunk(sums, start, max_tokens, headings)
        chunks.append(chunk)
        start = chunk.end
    return chunks


def check_max_tokens(max_tokens: int) -> None:
    """Raise InputError for a bound on chunks that some single character might not fit."""
    if max_tokens < MIN_CHUNK_TOKENS:
        raise InputError(f"a chunk takes at least {MIN_CHUNK_TOKENS} tokens, got {max_tokens}")


def halve(chunk: Chunk, count: Callable[[str], int]) -> tuple[Chunk, Chunk]:
    """Cut a chunk in two at the best place near its middle.

    Neither half is blank if the text has two characters that are not white space, and neither is
    empty if it has two characters. Otherwise the second half is empty.
    """
    text = chunk.text
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    if last - first < 2:
        first, last = 0, len(text)
    margin = max(1, (last - first) // 4)
    cut = last
    if last - first >= 2:
        cut = best_cut(text, [Stretch(first + margin, (first + last) // 2, last - margin)])
    left, right = text[:cut], text[cut:]
    middle = chunk.start + cut
    return (
        Chunk(left, chunk.start, middle, count(left)),
        Chunk(right, middle, chunk.end, count(right)),
    )


class TokenSums:
    """Token counts of any part of a text, from one pass over it."""

    def __init__(self, text: str, count: Callable[[str], int]) -> None:
        self.text = text
        self._count = count
        self._joints = [0]  # where blocks meet, the text's start and end included
        self._sums = [0]  # tokens of the blocks before each joint
        self._rough = [0]  # joints so far that are not seams
        start = 0
        while start < len(text):
            seam = _SEAM.search(text, start + _BLOCK, start + 2 * _BLOCK)
            end = seam.end() - 1 if seam else min(start + 2 * _BLOCK, len(text))
            self._joints.append(end)
            self._sums.append(self._sums[-1] + count(text[start:end]))
            self._rough.append(self._rough[-1] + (seam is None))
            start = end

    def count(self, start: int, end: int) -> int:
        """Count the tokens of `text[start:end]` exactly."""
        text, joints = self.text, self._joints
        first = bisect_right(joints, start)
        last = bisect_left(joints, end - 1) - 1  # the last piece holds more than its space
        if first > last or self._rough[first - 1] < self._rough[last]:
            return self._count(text[start:end])
        head, tail = text[start : joints[first]], text[joints[last] : end]
        return self._count(head) + self._sums[last] - self._sums[first] + self._count(tail)

    def before(self, offset: int) -> float:
        """Estimate the tokens of `text[:offset]`, counting nothing."""
        return _interpolate(offset, self._joints, self._sums)

    def offset(self, tokens: float) -> int:
        """Estimate where the first so many tokens of the text end, counting nothing."""
        return int(_interpolate(tokens, self._sums, self._joints))


def _interpolate(x: float, xs: Sequence[int], ys: Sequence[int]) -> float:
    """Return the value at `x` of the line through the points; beyond them, that of the nearest."""
    i = bisect_right(xs, x)
    if i == len(xs):
        return ys[-1]
    if i == 0:
        return ys[0]
    return ys[i - 1] + (x - xs[i - 1]) * (ys[i] - ys[i - 1]) / (xs[i] - xs[i - 1])


class Stretch(NamedTuple):
    """Where a chunk may end, in characters, both ends included, and where it would best end."""

    low: int
    aim: int
    high: int


def _next_chunk(sums: TokenSums, start: int, max_tokens: int, headings: Sequence[Mark]) -> Chunk:
    text, end = sums.text, len(sums.text)
    rest = sums.before(end) - sums.before(start)
    # Where blocks do not meet at seams, the estimate may be off; near the end, make sure.
    if rest <= 1.25 * max_tokens + MIN_CHUNK_TOKENS or end - start <= max_tokens:
        tokens = sums.count(start, end)
        if tokens <= max_tokens:
            return Chunk(text[start:], start, end, tokens)
    pieces = max(2, math.ceil(rest / max_tokens))
    heading = _heading(headings, _share(sums, start, rest, pieces, max_tokens, _REACH))
    if heading is not None:
        tokens = sums.count(start, heading)
        if tokens <= max_tokens:
            return Chunk(text[start:heading], start, heading, tokens)
    # Rather one chunk more than a cut inside a sentence.
    stretches = [_share(sums, start, rest, n, max_tokens, _LEEWAY) for n in (pieces, pieces + 1)]
    while end > start + 1:
        end = best_cut(text, stretches)
        tokens = sums.count(start, end)
        if tokens <= max_tokens:
            return Chunk(text[start:end], start, end, tokens)
        high = start + max(1, int((end - start) * min(0.98, max_tokens / tokens)))
        low = start + max(1, int((high - start) * (1 - _LEEWAY)))
        stretches = [Stretch(low, high, high)]
    raise InputError(f"the character at {start} alone takes more than {max_tokens} tokens")


def _heading(headings: Sequence[Mark], stretch: Stretch) -> int | None:
    """Return where the best heading of a stretch begins: the highest, then the nearest."""
    inside = headings[
        bisect_left(headings, stretch.low, key=_start) : bisect_right(
            headings, stretch.high, key=_start
        )
    ]
    places = [(mark.depth, abs(mark.start - stretch.aim), mark.start) for mark in inside]
    return min(places)[2] if places else None


def _start(mark: Mark) -> int:
    return mark.start


def _share(
    sums: TokenSums, start: int, rest: float, pieces: int, max_tokens: int, leeway: float
) -> Stretch:
    """Say where the next chunk may end if what is left is cut into so many pieces.

    With a leeway up to _LEEWAY, the pieces suffice for what is left.
    """
    share = rest / pieces
    low = share * (1 - leeway)
    if leeway <= _LEEWAY:
        low = max(low, rest - (pieces - 1) * max_tokens)
    high = min(share * (1 + leeway), max_tokens)
    before, last = sums.before(start), len(sums.text) - 1
    ends = [sums.offset(before + tokens) for tokens in (low, share, high)]
    return Stretch(*(min(max(end, start + 1), last) for end in ends))


def best_cut(text: str, stretches: Sequence[Stretch]) -> int:
    """Return the best place in the stretches for a chunk to end.

    The end of a sentence, or better, is looked for in every stretch before anything worse is.
    Among places of the same kind, the nearest to the aim is best.
    """
    for pattern, worst in _SEARCHES:
        for stretch in stretches:
            ends = _ends(text, stretch, pattern)
            places = [(kind_at(text, end), abs(end - stretch.aim), end) for end in ends]
            kind, _, end = min(places, default=(Boundary.OTHER + 1, 0, 0))
            if kind <= worst:
                return end
    aim, low = stretches[0].aim, min(stretch.low for stretch in stretches)
    nearby = range(aim, max(low, aim - _CLUSTER) - 1, -1)
    return next((cut for cut in nearby if _apart(text, cut)), aim)


def _ends(text: str, stretch: Stretch, pattern: str) -> list[int]:
    """Return where in the stretch the matches of a pattern end."""
    begin = max(0, stretch.low - _CONTEXT)
    pieces = _splitter(pattern).split_text(text[begin : stretch.high + _CONTEXT])
    ends = accumulate(map(len, pieces), initial=begin)
    return [end for end in ends if stretch.low <= end <= stretch.high]


def kind_at(text: str, cut: int) -> Boundary:
    """Say what kind of place a cut after white space, or after a sentence, is."""
    left = text[max(0, cut - _CONTEXT) : cut]
    body = left.rstrip()
    gap = left[len(body) :]
    breaks = max(gap.count("\n"), gap.count("\r"))
    if not breaks:
        return Boundary.SENTENCE
    finished = FINISHED.search(body, len(body) - 8) and not text[cut : cut + 1].islower()
    if _HEADING.match(text, cut):
        if finished:
            return Boundary.HEADING
        if breaks > 1 or text.startswith("#", cut):
            return Boundary.SUBHEADING
    if finished:
        return Boundary.PARAGRAPH if breaks > 1 else Boundary.LINE
    return Boundary.OPEN_PARAGRAPH if breaks > 1 else Boundary.OTHER


@cache
def _splitter(pattern: str) -> RecursiveCharacterTextSplitter:
    """Return a splitter after every match of one pattern, which merges nothing."""
    from langchain_text_splitters import RecursiveCharacterTextSplitter  # slow to import

    return RecursiveCharacterTextSplitter(
        [pattern],
        is_separator_regex=True,
        keep_separator="end",
        strip_whitespace=False,
        chunk_size=1,
        chunk_overlap=0,
    )


def _apart(text: str, cut: int) -> bool:
    """Say whether the characters around a cut are not read as one."""
    left, right = text[cut - 1], text[cut]
    return not (
        (left == "\r" and right == "\n")
        or ("\ud800" <= left <= "\udbff" and "\udc00" <= right <= "\udfff")
        or "\u200d" in (left, right)  # zero width joiner
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # skin tones
        or unicodedata.category(right).startswith("M")
    )
