"""Documents that clients send, or name by their address; each is read in a sandbox process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from api.problems import Problem, retry_after
from pipeline.documents.fetch import Fetcher
from pipeline.documents.load import from_bytes
from pipeline.documents.sandbox import Limits
from pipeline.errors import DocumentError, NoText, TooLarge, Unreachable, Unsupported

if TYPE_CHECKING:
    from api.settings import ServiceSettings
    from pipeline.documents.document import Document

MAX_PROCESSES = 2  # that read documents at once
MAX_DOCUMENTS = 32  # in memory, read or waiting for it
RETRY_SECONDS = 5
FETCH_SECONDS = 20.0
KINDS: dict[type[DocumentError], str] = {
    NoText: "blank",
    Unsupported: "unsupported-media-type",
    TooLarge: "document-too-large",
    Unreachable: "unreachable",
}


class DocumentReader:
    """Reads documents, a few at once. Its errors repeat nothing of their content."""

    def __init__(self, settings: ServiceSettings, fetcher: Fetcher | None = None) -> None:
        self._limits = Limits(settings.document_seconds, settings.document_mb * 2**20)
        self._fetcher = fetcher or Fetcher(
            public=True, most=settings.max_body, seconds=FETCH_SECONDS
        )
        self._fetches = settings.fetch
        self._threads = ThreadPoolExecutor(MAX_PROCESSES, thread_name_prefix="reader")
        self._inside = 0

    async def read(self, data: bytes, name: str) -> Document:
        """Read a document's bytes.

        Raises:
            Problem: it cannot be read, or too many are read already.
        """
        if self._inside >= MAX_DOCUMENTS:
            raise Problem("busy", "Too many documents are read now.", retry_after(RETRY_SECONDS))
        self._inside += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, from_bytes, data, name, self._limits)
        except DocumentError as error:
            raise _problem(error) from None
        finally:
            self._inside -= 1

    async def fetch(self, address: str) -> bytes:
        """Return what is at a public address of the web, where this service fetches any.

        Raises:
            Problem: it does not, or the address gives nothing.
        """
        if not self._fetches:
            raise Problem("unreachable", "This service fetches no addresses; send the file.")
        try:
            return await self._fetcher.fetch(address)
        except DocumentError as error:
            raise _problem(error) from None

    def close(self) -> None:
        """Read nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _problem(error: DocumentError) -> Problem:
    what = "address" if isinstance(error, Unreachable) else "document"
    return Problem(KINDS.get(type(error), "unreadable"), f"The {what} {error.problem}.")
