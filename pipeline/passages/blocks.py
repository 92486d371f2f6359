"""Blocks of a text: paragraphs, headings and items of lists, however its lines are broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipeline.text.sentences import FINISHED
from pipeline.text.unicode import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Kind: TypeAlias = Literal["heading", "item", "paragraph"]

# Hard-wrapped text: chosen by eye on plain-text books, mail and manual pages, widths in characters.
LONGEST_LINE = 160  # what has longer lines keeps a paragraph on each
SHARE_WRAPPED = 0.35  # of the breaks inside blocks, that go on in lower case
FULL_LINE = 0.75  # of the width: a line that ends before, though the next word fits, ends a block
HEADING = 14  # words

_ITEM = re.compile(r"(?:[-*+•‣▪–]|\(?(?:\d{1,3}|[a-z]|[ivx]{1,4})[.)])\s+(?=\S)")
_MARKED = re.compile(r"#{1,6}\s+")
_FENCE = re.compile(r"```|~~~")
_RULE = re.compile(r"(?:[-=*_~]\s?){3,}$")
_COLUMN = re.compile(r"\t|\s{3}")
_TAG = re.compile(r"<[/!a-z]|\[[^\[\]]{1,80}\]:\s")  # HTML in Markdown, and the goals of links
_QUOTE = re.compile(r"(?:>\s?)+")
_POINT = re.compile(r"[.!?;:。！？][\"'”’)\]]*$")
_SPACED = re.compile(r"\s")

# Markup that is no part of what is said. Quantifiers are bounded: texts may be hostile.
_MARKUP = (
    (re.compile(r"(?<=\w) (?=[.,;)]{1,3}(?:\s|$))"), ""),  # where a link or italics were
    (re.compile(r"(?<=\() "), ""),
    (re.compile(r"!\[[^\[\]\n]{0,200}\]\([^()\s]{0,400}\)"), ""),  # an image
    (re.compile(r"\[([^\[\]\n]{1,200})\]\([^()\s]{0,400}\)"), r"\1"),  # a link
    (re.compile(r"(?<=\S)\[(?:\d{1,3}|note \d{1,2}|citation needed)\]"), ""),  # a note's number
    (re.compile(r"\[([^\[\]\n]{1,200})\]\[[^\[\]\n]{0,100}\]"), r"\1"),
    (re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,200})(?<=\S)\1"), r"\2"),
    (re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{1,200})(?<=[^\s*])\*(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])_(?=[^\s_])([^_\n]{1,200})(?<=[^\s_])_(?![\w_])"), r"\1"),
    (re.compile(r"`([^`\n]{1,200})`"), r"\1"),
)


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading or an item of a list, with single spaces and without markup.

    `start` and `end` are where it stands, in characters of the text. `apart` says that a blank
    line stands before it.
    """

    text: str
    start: int
    end: int
    kind: Kind
    apart: bool = True


@dataclass(frozen=True)
class _Line:
    text: str
    start: int
    indent: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def blocks(text: str) -> list[Block]:
    """Return the blocks of a text in its order, without code, tables and rules."""
    return [block for group in _groups(text) for block in _of_group(group)]


def is_heading(text: str) -> bool:
    """Say whether a block is a heading: short, and not a sentence."""
    return len(text.split()) <= HEADING and _POINT.search(text) is None


def _groups(text: str) -> Iterator[tuple[list[list[_Line]], bool]]:
    """Yield what stands between blank lines, as lines joined where they are wrapped."""
    lines = list(_lines(visible(text)))
    width = _width(lines)
    group: list[list[_Line]] = []
    for line, following in pairwise([*lines, _Line("", len(text))]):
        if line.text:
            if group and _goes_on(group[-1][-1], line, width):
                group[-1].append(line)
            else:
                group.append([line])
        if group and not (line.text and following.text):
            yield group, True
            group = []


def _of_group(group: tuple[list[list[_Line]], bool]) -> Iterator[Block]:
    apart = True
    for lines in group[0]:
        block = _block(lines, apart=apart)
        if block is not None:
            yield block
            apart = False


def _lines(text: str) -> Iterator[_Line]:
    """Yield a text's lines without white space around them; those of code, as blank ones."""
    at = 0
    fence = ""
    for raw in text.splitlines(keepends=True):
        indent = len(raw) - len(raw.lstrip())
        start = at + indent
        at += len(raw)
        line = raw.strip()
        marker = _FENCE.match(line)
        if fence or marker:
            if marker and fence in ("", marker[0]):
                fence = "" if fence else marker[0]
            yield _Line("", start)
            continue
        quote = _QUOTE.match(line)
        if quote:
            start, line = start + quote.end(), line[quote.end() :]
        yield _Line("" if _is_row(line) or _TAG.match(line) else line, start, indent)


def _is_row(line: str) -> bool:
    """Say whether a line is the row of a table: it has two bars, or gaps in two places."""
    return line.count("|") > 1 or len([part for part in _COLUMN.split(line) if part.strip()]) > 2


def _width(lines: Sequence[_Line]) -> int:
    """Return how many characters a full line of a hard-wrapped text has; 0 where none is wrapped.

    A wrapped text goes on in lower case at most of its breaks, and no line is very long.
    """
    breaks = [
        (line.text, following.text)
        for line, following in pairwise(lines)
        if line.text and following.text and not _opens(following.text)
    ]
    if not breaks:
        return 0
    lower = sum(after[0].islower() and not _POINT.search(line) for line, after in breaks)
    lengths = sorted(len(line) for line, _ in breaks)
    width = lengths[int(0.9 * (len(lengths) - 1))]
    wrapped = lower >= SHARE_WRAPPED * len(breaks) and width <= LONGEST_LINE
    return width if wrapped else 0


def _goes_on(line: _Line, following: _Line, width: int) -> bool:
    """Say whether a line goes on in the following one."""
    if _opens(following.text) or _MARKED.match(line.text) or _RULE.match(line.text):
        return False
    if not width:
        # No heading, and no sentence ends: only a break that somebody put into a paragraph.
        goes_on = following.text[0].islower() or len(line.text.split()) > HEADING
        return goes_on and FINISHED.search(line.text[-12:]) is None and line.text[-1] not in ":;"
    first = _SPACED.split(following.text, maxsplit=1)[0]
    if len(line.text) + 1 + len(first) > FULL_LINE * width:
        return True
    below = following.indent > line.indent and not _ITEM.match(line.text)  # as in manual pages
    return following.text[0].islower() and not below and not line.text.isupper()


def _opens(line: str) -> bool:
    """Say whether a line begins a block, whatever stands before it."""
    return any(pattern.match(line) for pattern in (_ITEM, _MARKED, _RULE))


def _block(lines: Sequence[_Line], *, apart: bool) -> Block | None:
    """Return the block that lines make; None for a rule."""
    text = " ".join(line.text for line in lines)
    if _RULE.match(text):
        return None
    kind: Kind = "paragraph"
    marked = _MARKED.match(text)
    item = _ITEM.match(text)
    if marked:
        kind, text = "heading", text[marked.end() :]
    elif item:
        text = text[item.end() :]
        numbered = item[0][0].isdigit() and apart and len(lines) == 1
        kind = "heading" if numbered and is_heading(text.rstrip("?!")) else "item"
    elif is_heading(text):
        kind = "heading"
    text = " ".join(_plain(text).split())
    return Block(text, lines[0].start, lines[-1].end, kind, apart) if text else None


def _plain(text: str) -> str:
    """Return a text without Markdown's marks, the numbers of notes, spaces before full stops."""
    for pattern, kept in _MARKUP:
        text = pattern.sub(kept, text)
    return text
