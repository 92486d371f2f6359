"""Captions of films and talks, SRT and WebVTT: what was said, by whom, and when."""

from __future__ import annotations

import re
from html import unescape
from io import StringIO
from typing import TYPE_CHECKING

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from pipeline.documents.formats import plain
from pipeline.documents.formats.writer import LINE, PARAGRAPH, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pipeline.documents.document import Document

PAUSE = 3  # seconds of silence that begin a new paragraph
_VOICE = re.compile(r"<v(?:\.[^ <>]*)?[ \t]+([^<>]{1,100})>")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.]{1,20}>|\{\\[^{}]{0,40}\}")
_SPEAKER = re.compile(r"(?:>>|-[ \t]|[^\W\d][^\n:]{0,40}:[ \t])")


def read(data: bytes, name: str) -> Document:
    """Read captions; each of them marks its time. What is malformed is read as text.

    Raises:
        DocumentError: their encoding cannot be told.
        OverflowError: they hold more text than a document may.
    """
    text = plain.decode(data, name).replace("\r\n", LINE).replace("\r", LINE).lstrip()
    kind = "vtt" if text.startswith("WEBVTT") else "srt"
    try:
        captions = webvtt.from_buffer(StringIO(text), kind, strict=True)
    except (MalformedCaptionError, MalformedFileError, ValueError):
        return plain.read(data, name)
    writer = Writer()
    _write(captions.captions, writer)
    return writer.document(name)


def _write(captions: Iterable[webvtt.Caption], writer: Writer) -> None:
    speaker, silent_since = "", 0
    before: Sequence[str] = ()
    for caption in captions:
        lines, start = _lines(caption.raw_text), caption.start_in_seconds
        new = _new(lines, before)
        writer.removed["repeats"] += len(lines) - len(new)
        for line in new:
            said, named = _spoken(line), _VOICE.search(line)
            changed = named is not None and named[1].strip() != speaker
            if named and changed:
                speaker = named[1].strip()
                said = f"{speaker}: {said}"
            writer.mark("time", _spell(start))
            begins = changed or _SPEAKER.match(said) or start - silent_since >= PAUSE
            writer.add(said, PARAGRAPH if begins else LINE)
            silent_since = start
        before, silent_since = lines, caption.end_in_seconds


def _lines(text: str) -> Sequence[str]:
    return [line for line in text.split(LINE) if _spoken(line)]


def _new(lines: Sequence[str], before: Sequence[str]) -> Sequence[str]:
    """Leave out what was shown before already, above new lines: captions of live speech roll."""
    said, shown = [_spoken(line) for line in lines], [_spoken(line) for line in before]
    for count in range(min(len(said) - 1, len(shown)), 0, -1):
        if said[:count] == shown[-count:]:
            return lines[count:]
    return lines


def _spoken(line: str) -> str:
    return unescape(_TAG.sub("", line)).strip()


def _spell(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
