"""ZIP archives, as Word and EPUB files are, within limits that no bomb can pass."""

from __future__ import annotations

import zipfile
from io import BytesIO

MAX_FILES = 20_000
MAX_BYTES = 128 * 2**20  # of what is unpacked


class Archive:
    """The files of a ZIP archive in memory. What is unpacked is bounded over all of them."""

    def __init__(self, data: bytes) -> None:
        """Read the archive's table of contents.

        Raises:
            zipfile.BadZipFile: it is broken.
            OverflowError: it holds too many files.
        """
        self._zip = zipfile.ZipFile(BytesIO(data))
        self._left = MAX_BYTES
        self.names = frozenset(self._zip.namelist())
        if len(self._zip.infolist()) > MAX_FILES:
            raise OverflowError
        self.encrypted = any(info.flag_bits & 1 for info in self._zip.infolist())

    @property
    def unpacked(self) -> int:
        """The bytes that all files together claim to be."""
        return sum(info.file_size for info in self._zip.infolist())

    def read(self, name: str) -> bytes:
        """Unpack one file.

        Raises:
            KeyError: there is none of that name.
            OverflowError: more would be unpacked than may be.
        """
        with self._zip.open(name) as file:
            data = file.read(self._left + 1)
        self._left -= len(data)
        if self._left < 0:
            raise OverflowError
        return data
