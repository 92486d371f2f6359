"""Which store the settings open."""

from cache_files import never, put_all, reply, stored

from pipeline.cache.store import NoStore, open_store
from pipeline.settings import Settings


def test_no_store_keeps_nothing():
    store = NoStore()
    put_all(store, {"key": reply()})
    assert store.get("key") is None


def test_the_file_of_the_settings_is_opened_within_their_bound_and_closed(path):
    with open_store(Settings(store=path, cache_mb=3), use_cache=True, warn=never) as store:
        put_all(store, {"key": reply()})
        assert store.get("key") == reply()
        assert store.info().bound == 3 * 2**20
    assert stored(path).keys() == {"key"}
    assert store.get("key") is None  # it is closed


def test_without_a_cache_no_file_is_made(path):
    with open_store(Settings(store=path), use_cache=False, warn=never) as store:
        put_all(store, {"key": reply()})
        assert store.get("key") is None
    assert not path.parent.exists()
