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
    """A cache of replies that lasts from run to run."""

    def get(self, key: str) -> Reply | None:
        """Return the reply under a key; None where there is none, or none that can be read."""

    async def put(self, key: str, reply: Reply) -> None:
        """Cache a reply. When this returns, the reply is on disk, or the store has given up."""


class NoStore:
    """Caches nothing."""

    def get(self, key: str) -> Reply | None:
        """Return None."""

    async def put(self, key: str, reply: Reply) -> None:
        """Forget the reply."""


@contextmanager
def open_store(
    settings: Settings, *, use_cache: bool, warn: Callable[[str], None], gather: float = 0.0
) -> Iterator[Store]:
    """Yield the cache that the settings name, or a store that caches nothing."""
    if not use_cache:
        yield NoStore()
        return
    with SqliteStore(settings.store, cache_mb=settings.cache_mb, gather=gather, warn=warn) as store:
        yield store
