"""What a cache of finished calls does, and how the one of the settings is opened."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from pipeline.cache.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pipeline.models.base import Reply
    from pipeline.settings import Settings


class Store(Protocol):
    """Where replies are kept between runs."""

    def get(self, key: str) -> Reply | None:
        """Return what was kept under a key; None where there is nothing, or nothing readable."""

    async def put(self, key: str, reply: Reply) -> None:
        """Keep a reply. When this returns, the reply is on disk, or the store has given up."""


class NoStore:
    """Keeps nothing."""

    def get(self, key: str) -> Reply | None:
        """Return None."""

    async def put(self, key: str, reply: Reply) -> None:
        """Forget the reply."""


@contextmanager
def open_store(
    settings: Settings, *, record: bool, warn: Callable[[str], None], gather: float = 0.0
) -> Iterator[Store]:
    """Yield the record of calls that the settings name, or one that keeps nothing."""
    if not record:
        yield NoStore()
        return
    with SqliteStore(settings.store, cache_mb=settings.cache_mb, gather=gather, warn=warn) as store:
        yield store
