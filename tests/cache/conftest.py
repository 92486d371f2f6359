"""A cache for each test, empty or filled."""

import pytest
from cache_files import never, put_all, reply

from pipeline.cache.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "calls.sqlite3"


@pytest.fixture
def filled(path):
    """A closed store of 300 replies."""
    replies = {f"key {n}": reply(f"{n} " * 300) for n in range(300)}
    with SqliteStore(path, warn=never) as store:
        put_all(store, replies)
    return replies
