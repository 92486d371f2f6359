"""What a cache forgets, and when: by its size, and by the age of the last use."""

import asyncio
import random
import tempfile
import time
from pathlib import Path

from cache_files import never, put_all, reply, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cache.sqlite import SqliteStore

HOUR = 3600.0
DAY = 24 * HOUR


steps = st.one_of(
    st.tuples(st.just("put"), st.sets(st.integers(0, 39), min_size=9)),
    st.tuples(st.just("get"), st.sets(st.integers(0, 39), min_size=1)),
    st.tuples(st.just("wait"), st.integers(1, 5)),
    st.tuples(st.sampled_from(["prune", "reopen"]), st.just(None)),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(steps, max_size=15), st.integers(0, 2**32))
def test_the_least_recently_used_go_first(steps, seed):
    """A dict of uses is the reference. At any time, what is left is the most recently used."""
    clock = [1e9]
    draw = random.Random(seed)
    uses = {}  # key -> when last used, to the hour, as the store should note it
    texts = {}

    async def put(store, key):
        clock[0] += 1
        uses[key] = clock[0]
        await store.put(key, reply(texts[key]))

    async def put_together(store, keys):
        await asyncio.gather(*(put(store, key) for key in keys))

    def check():
        left = sorted(stored(path).items(), key=lambda item: item[1][0])
        expected = sorted(uses.items(), key=lambda item: item[1])
        assert [key for key, _ in left] == [key for key, _ in expected][len(uses) - len(left) :]
        for key in uses.keys() - dict(left).keys():
            del uses[key]

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        store = SqliteStore(path, cache_mb=1, max_age_days=1e6, warn=never, now=lambda: clock[0])
        for kind, value in steps:
            if kind == "put":
                texts |= {f"{n}": f"{draw.random()} " * draw.randrange(6000) for n in value}
                asyncio.run(put_together(store, [f"{n}" for n in sorted(value)]))
            elif kind == "get":
                store.prune()  # nothing may be forgotten in the midst of being used
                for key in map(str, sorted(value)):
                    clock[0] += 1
                    if (got := store.get(key)) is not None:
                        assert got == reply(texts[key])
                        if clock[0] - uses[key] >= HOUR:
                            uses[key] = clock[0]
                store.prune()  # has the uses written: until then, the hour does not count anew
                check()
            elif kind == "wait":
                clock[0] += value * HOUR / 2
            elif kind == "prune":
                store.prune()
                check()
                assert store.info().size <= 2**20
            else:
                store.close()
                check()
                assert path.stat().st_size <= 2**20
                store = SqliteStore(
                    path, cache_mb=1, max_age_days=1e6, warn=never, now=lambda: clock[0]
                )
        store.close()
        check()


def test_pruning_stops_ten_percent_below_the_bound(path):
    with SqliteStore(path, cache_mb=1, warn=never) as store:
        put_all(store, {f"{n}": reply("x" * 1500) for n in range(250)})
        before = store.info()
        store.prune()
        assert store.info().entries == before.entries  # nothing goes before it must
        for start in range(250, 1500, 250):  # pruned in passing, from time to time
            put_all(store, {f"{n}": reply("x" * 1500) for n in range(start, start + 250)})
        put_all(store, {f"{n}": reply("x" * 1500) for n in range(1500, 2500)})
        store.prune()
        after = store.info()
    assert 0.88 * 2**20 < after.size <= 2**20
    assert path.stat().st_size <= 2**20
    numbers = sorted(map(int, stored(path)))
    assert numbers[-1] == 2499


def test_what_was_read_lately_is_kept(path):
    clock = [1e9]
    with SqliteStore(path, cache_mb=1, warn=never, now=lambda: clock[0]) as store:
        for n in range(80):
            clock[0] += 1
            put_all(store, {f"{n}": reply("x" * 9000)})
        clock[0] += DAY
        for n in range(10):
            store.get(f"{n}")
        put_all(store, {f"{n}": reply("x" * 9000) for n in range(80, 120)})
        store.prune()
    left = stored(path).keys()
    assert left < {f"{n}" for n in range(120)}
    assert left > {f"{n}" for n in [*range(10), *range(80, 120)]}


def test_a_store_prunes_by_itself(path):
    with SqliteStore(path, cache_mb=1, warn=never) as store:
        put_all(store, {f"{n}": reply("x" * 3000) for n in range(1000)})
    assert path.stat().st_size <= 2**20
    with SqliteStore(path, warn=never) as store:  # three times as much under a wider bound
        put_all(store, {f"{n}": reply("x" * 3000) for n in range(1000)})
    assert len(stored(path)) == 1000


def test_what_nobody_used_for_long_is_forgotten(path):
    clock = [1e9]
    with SqliteStore(path, max_age_days=30, warn=never, now=lambda: clock[0]) as store:
        put_all(store, {f"{n}": reply() for n in range(100)})
        store.prune()
        clock[0] += 20 * DAY
        assert store.get("7") == reply()
        clock[0] += 20 * DAY
        store.prune()
    assert stored(path).keys() == {"7"}


def test_a_use_is_noted_once_an_hour(path):
    clock = [1e9]
    noted = []
    for wait in (0, HOUR - 1, 2, 5):
        clock[0] += wait
        with SqliteStore(path, warn=never, now=lambda: clock[0]) as store:
            if wait == 0:
                put_all(store, {"a": reply()})
            store.get("a")
        noted.append(stored(path)["a"][0] - 1e9)
    assert noted == [0, 0, HOUR + 1, HOUR + 1]


def test_a_long_row_of_uses_does_not_wait_for_a_put(path):
    clock = [1e9]
    with SqliteStore(path, warn=never, now=lambda: clock[0]) as store:
        put_all(store, {f"{n}": reply() for n in range(300)})
        clock[0] += DAY
        for n in range(300):
            store.get(f"{n}")
        deadline = time.monotonic() + 20
        while sum(used > 1e9 for used, _ in stored(path).values()) < 256:
            assert time.monotonic() < deadline, "uses were not noted"
            time.sleep(0.01)
