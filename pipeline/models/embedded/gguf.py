"""Reading the metadata of a GGUF file: the vocabulary, the trained context, the chat template.

A GGUF begins with its metadata, as a list of keys and typed values; the weights come after it and
are not touched. The format is little-endian, and a string is its length and its UTF-8 bytes.
"""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from pipeline.errors import ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

# struct's letter for each of the format's number types, by the format's own type code.
_NUMBERS = dict(enumerate("BbHhIif?")) | {10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)


def gguf_metadata(path: Path) -> dict[str, object]:
    """Return the metadata of the GGUF file at `path`, under the format's own keys.

    Among them are "general.architecture", "<architecture>.context_length", "tokenizer.ggml.*" and
    "tokenizer.chat_template"; numbers, truth values, strings, and lists of these.

    Raises:
        ModelMissing: the file cannot be read, or it is no GGUF.
    """
    try:
        with (
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data,
        ):
            return _Reader(data).metadata()
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read ({error.strerror}); check the path") from error
    except (ValueError, KeyError, struct.error) as error:
        raise ModelMissing(f"{path} is no GGUF file, or is damaged; fetch it again") from error


class _Reader:
    """Reads values one after the other from the start of a file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def metadata(self) -> dict[str, object]:
        if self._take(4) != b"GGUF" or self._code() not in _VERSIONS:
            raise ValueError("not a GGUF file of a known version")
        self._size()  # how many tensors
        return {self._string(): self._value(self._code()) for _ in range(self._size())}

    def _value(self, code: int) -> object:
        if code == _STRING:
            return self._string()
        if code != _ARRAY:
            return self._numbers(_NUMBERS[code], 1)[0]
        item, size = self._code(), self._size()
        if item in _NUMBERS:
            return list(self._numbers(_NUMBERS[item], size))
        return [self._value(item) for _ in range(size)]

    def _string(self) -> str:
        return self._take(self._size()).decode("utf-8", "replace")

    def _code(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def _size(self) -> int:
        return int.from_bytes(self._take(8), "little")

    def _numbers(self, letter: str, count: int) -> tuple[float, ...]:
        layout = f"<{count}{letter}"
        return struct.unpack(layout, self._take(struct.calcsize(layout)))

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise ValueError("the file ends too early")
        taken = self._data[self._at : end]
        self._at = end
        return taken
