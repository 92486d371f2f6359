"""Files, standard input and web addresses -> Document."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.documents.formats.detect import needs_sandbox, read
from pipeline.errors import InputError

if TYPE_CHECKING:
    from pipeline.documents.document import Document
    from pipeline.documents.sandbox import Limits

STDIN = "-"
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)


def load(name: str) -> Document:
    """Read a file, a web address, or standard input for "-"; its format is told from its content.

    Raises:
        InputError: there is no such file, or it cannot be read.
        DocumentError: it is no document, or holds no text.
        Unreachable: nothing answers at the address.
    """
    if name == STDIN:
        return from_bytes(sys.stdin.buffer.read(), "standard input")
    if is_address(name):
        import asyncio  # this and the next load what files do without

        from pipeline.documents.fetch import Fetcher

        return from_bytes(asyncio.run(Fetcher().fetch(name)), name)
    return from_bytes(_read(name), name)


def is_address(name: str) -> bool:
    """Say whether a name is an address of the web rather than a file's."""
    return _ADDRESS.match(name) is not None


def from_bytes(data: bytes, name: str, limits: Limits | None = None) -> Document:
    """Read a document's bytes; plain text here, anything else in a process within limits.

    Raises:
        DocumentError: it is no document, or holds no text.
    """
    if not needs_sandbox(data, name):
        return read(data, name)
    from pipeline.documents.sandbox import read_in_sandbox  # loads what text does without

    return read_in_sandbox(data, name, limits)


def _read(name: str) -> bytes:
    path = Path(name)
    try:
        return path.read_bytes()
    except IsADirectoryError:
        raise InputError(f"{name} is a directory; name the files in it") from None
    except FileNotFoundError:
        raise InputError(f"{name} does not exist") from None
    except OSError as error:
        if path.is_dir():  # Windows refuses to open a directory with a permission error
            raise InputError(f"{name} is a directory; name the files in it") from None
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
