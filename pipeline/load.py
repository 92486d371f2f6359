"""Files and standard input -> Document. Text and Markdown, in UTF-8."""

from __future__ import annotations

import sys
from pathlib import Path

from pipeline.errors import InputError
from pipeline.types import Document

STDIN = "-"
CONTROLS = {*range(32), 127} - {8, 9, 10, 11, 12, 13, 27}  # what text files do not hold
MAX_CONTROL_SHARE = 0.01


def load(name: str) -> Document:
    """Read a text file, or standard input for "-".

    Raises:
        InputError: there is no such file, it cannot be read, or it is not UTF-8 text.
    """
    if name == STDIN:
        return Document(decode(sys.stdin.buffer.read(), "standard input"), "standard input")
    path = Path(name)
    try:
        data = path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{name} is a directory; name the files in it") from None
    except FileNotFoundError:
        raise InputError(f"{name} does not exist") from None
    except OSError as error:
        if path.is_dir():  # Windows refuses to open a directory with a permission error
            raise InputError(f"{name} is a directory; name the files in it") from None
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
    return Document(decode(data, name), name)


def decode(data: bytes, name: str) -> str:
    """Return the text in a file's bytes; `name` is for the errors.

    Raises:
        InputError: it is not UTF-8 text, or blank.
    """
    controls = sum(data.count(control) for control in CONTROLS)
    if controls > MAX_CONTROL_SHARE * len(data):
        raise InputError(f"{name} is not a text file; convert it to text first")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 (byte {error.start}); convert it, for example with "
            "iconv -f LATIN1 -t UTF-8"
        ) from None
    if not text.strip():
        raise InputError(f"{name} holds no text, so there is nothing to summarize")
    return text
