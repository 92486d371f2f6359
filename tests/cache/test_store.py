import asyncio
import contextlib
import functools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cache.keys import call_key
from pipeline.cache.sqlite import SqliteStore
from pipeline.cache.store import NoStore
from pipeline.errors import PyLlamaError
from pipeline.models.base import Reply

HOUR = 3600.0
DAY = 24 * HOUR
posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


def reply(text="A summary.", **changes):
    fields = {"prompt_tokens": 900, "output_tokens": 7, "finish": "stop", "seconds": 1.5}
    return Reply(text, **(fields | changes))


def put_all(store, replies):
    async def together():
        await asyncio.gather(*(store.put(key, reply) for key, reply in replies.items()))

    asyncio.run(together())


def stored(path):
    """Read all that is stored, past the store: key -> (used, reply as JSON)."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT key, used, reply FROM replies").fetchall()
    return {key: (used, text) for key, used, text in rows}


def never(line):
    raise AssertionError(f"unexpected warning: {line}")


def run_script(script, *arguments, **options):
    """Start a Python process that runs a script with asyncio, Path, SqliteStore and reply."""
    head = """
        import asyncio, os, sys
        from pathlib import Path
        from pipeline.cache.sqlite import SqliteStore
        from pipeline.models.base import Reply
        path = Path(sys.argv[1])
        reply = Reply("word " * 200, 900, 200, "stop")
    """
    code = textwrap.dedent(head) + textwrap.dedent(script)
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], **options)


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


# Keys


def model(**changes):
    return SimpleNamespace(**({"name": "a:b", "digest": "d1", "options": {"seed": 0}} | changes))


def test_a_key_names_everything_that_can_change_the_answer():
    calls = [
        (model(), 1, "system", "user", 100),
        (model(digest="d2"), 1, "system", "user", 100),
        (model(digest=""), 1, "system", "user", 100),
        (model(digest="", name="a:c"), 1, "system", "user", 100),
        (model(options={"seed": 1}), 1, "system", "user", 100),
        (model(options={"seed": 0, "top_k": 1}), 1, "system", "user", 100),
        (model(), 2, "system", "user", 100),
        (model(), 1, "systemu", "ser", 100),
        (model(), 1, "system", "user\ud800", 100),
        (model(), 1, "system", "user", 101),
    ]
    assert len({call_key(*call) for call in calls}) == len(calls)


def test_a_key_does_not_hang_on_a_name_or_on_the_order_of_options():
    options = {"seed": 0, "top_k": 1}
    turned = dict(reversed(options.items()))
    one = call_key(model(options=options), 1, "s", "u", 9)
    assert one == call_key(model(name="a:renamed", options=turned), 1, "s", "u", 9)
    assert len(one) == 64
    assert int(one, 16)


# Keeping


def test_no_store_keeps_nothing():
    store = NoStore()
    put_all(store, {"key": reply()})
    assert store.get("key") is None


@settings(max_examples=15, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])),
        st.builds(
            Reply,
            text=st.text(),
            prompt_tokens=st.integers(),
            output_tokens=st.integers(),
            finish=st.sampled_from(["stop", "length"]),
            verified=st.booleans(),
            seconds=st.floats(allow_nan=False),
        ),
        max_size=8,
    )
)
def test_what_is_put_is_what_is_got_now_and_later(replies):
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            with SqliteStore(Path(folder) / "calls", warn=never) as store:
                put_all(store, replies)
                assert {key: store.get(key) for key in replies} == replies
                assert store.get("no such key" * 9) is None
        with SqliteStore(Path(folder) / "calls", warn=never) as store:
            assert {key: store.get(key) for key in replies} == replies


def test_the_last_reply_under_a_key_counts(path):
    with SqliteStore(path, warn=never) as store:
        put_all(store, {"key": reply("old")})
        put_all(store, {"key": reply("new")})
        assert store.get("key") == reply("new")


def test_info_counts(path):
    clock = iter(range(1000, 2000))
    with SqliteStore(path, cache_mb=3, warn=never, now=lambda: next(clock)) as store:
        assert (store.info().entries, store.info().oldest) == (0, None)
        put_all(store, {"a": reply(), "b": reply()})
        info = store.info()
    assert (info.path, info.entries, info.bound) == (path, 2, 3 * 2**20)
    assert info.size == path.stat().st_size
    assert 1000 <= info.oldest.timestamp() < info.newest.timestamp() < 2000


def test_clear_forgets_everything_and_gives_the_room_back(path, filled):
    full = path.stat().st_size
    with SqliteStore(path, warn=never) as store:
        damaged = path.with_name(path.name + ".damaged-1")
        damaged.write_text("set aside long ago")
        store.clear()
        assert store.get("key 0") is None
        assert store.info().entries == 0
    assert path.stat().st_size < full / 5
    assert not damaged.exists()


def test_a_closed_store_keeps_and_knows_nothing(path):
    store = SqliteStore(path, warn=never)
    put_all(store, {"a": reply()})
    store.close()
    store.close()
    put_all(store, {"b": reply()})
    assert store.get("a") is None
    for method in (store.info, store.clear, store.prune):
        with pytest.raises(PyLlamaError, match="closed"):
            method()
    assert stored(path).keys() == {"a"}


@posix_only
def test_files_are_the_users_own(path):
    umask = os.umask(0)
    try:
        with SqliteStore(path, warn=never) as store:
            put_all(store, {"a": reply()})
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(umask)
    names = ["calls.sqlite3", "calls.sqlite3-wal", "calls.sqlite3-shm", "calls.sqlite3.lock"]
    assert modes == dict.fromkeys(names, 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700


# Bounds


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


# Tasks, loops, threads, processes


def test_a_cancelled_put_leaves_the_others_alone(path):
    async def main(store):
        tasks = [asyncio.create_task(store.put(f"{n}", reply())) for n in range(100)]
        await asyncio.sleep(0)  # all have handed in their reply
        for task in tasks[::2]:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(end) for end in ends[:2]] == [asyncio.CancelledError, type(None)]
        await store.put("after", reply())

    with SqliteStore(path, warn=never) as store:
        asyncio.run(main(store))
        assert store.info().entries == 101  # what was cancelled had been paid for, too


def test_a_loop_that_closes_does_not_stop_the_writer(path):
    with SqliteStore(path, warn=never) as store:
        for n in range(20):
            loop = asyncio.new_event_loop()
            put = store.put(f"{n}", reply())
            put.close() if n % 2 else loop.run_until_complete(put)
            task = loop.create_task(store.put(f"left {n}", reply()))
            loop.call_soon(loop.stop)
            loop.run_forever()
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                loop.run_until_complete(task)
            loop.close()
        put_all(store, {"last": reply()})
        assert store.get("last") == reply()


def test_a_loop_that_is_gone_when_its_put_is_done(path):
    """The writer is held up until the loop of a waiting put is closed."""
    with SqliteStore(path, warn=never) as store:
        put_all(store, {"first": reply()})
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            loop = asyncio.new_event_loop()
            put = store.put("orphan", reply())
            with pytest.raises(TimeoutError):
                loop.run_until_complete(asyncio.wait_for(put, 0.05))
            loop.close()
            other.execute("COMMIT")
        put_all(store, {"last": reply()})
        assert store.get("orphan") == reply()


def test_the_loop_goes_on_while_another_program_holds_the_file(path):
    async def main(store, other):
        other.execute("BEGIN IMMEDIATE")
        put = asyncio.create_task(store.put("a", reply()))
        for _ in range(20):
            await asyncio.sleep(0.005)
            assert not put.done()
            assert store.get("first") == reply()
        other.execute("COMMIT")
        await put
        assert store.get("a") == reply()

    with SqliteStore(path, warn=never) as store:
        put_all(store, {"first": reply()})
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            asyncio.run(main(store, other))


def test_threads_with_loops_of_their_own_share_a_store(path):
    wrong = []

    async def main(store, thread):
        async def one(n):
            key = f"{thread} {n}"
            await store.put(key, reply(key))
            if store.get(key) != reply(key):
                wrong.append(key)

        await asyncio.gather(*(one(n) for n in range(100)))

    with SqliteStore(path, warn=never) as store:
        threads = [
            threading.Thread(target=lambda n=n: asyncio.run(main(store, n))) for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (wrong, store.info().entries) == ([], 400)


def test_two_stores_on_one_file_see_each_others_replies(path):
    with SqliteStore(path, warn=never) as one, SqliteStore(path, warn=never) as two:
        put_all(one, {"a": reply("one")})
        put_all(two, {"b": reply("two")})
        assert (one.get("b"), two.get("a")) == (reply("two"), reply("one"))
        one.clear()
        assert two.get("b") is None


def test_a_process_that_forgets_to_close_ends_and_loses_nothing(path):
    script = """
        store = SqliteStore(path, warn=print)
        asyncio.run(store.put("a", reply))
    """
    process = run_script(script, path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, b"")
    assert stored(path).keys() == {"a"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_without(path):
    with SqliteStore(path, warn=never) as store:
        put_all(store, {"a": reply()})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of fork in a threaded process
            child = os.fork()
        if child == 0:
            status = 1
            try:
                put_all(store, {"b": reply()})
                store.close()
                status = 0 if store.get("a") is None else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        put_all(store, {"c": reply()})
    assert stored(path).keys() == {"a", "c"}


WRITER = """
    async def one(store, n):
        key = f"{sys.argv[2]} {n}"
        await store.put(key, reply)
        os.write(1, f"{key}\\n".encode())

    async def main():
        store, n = SqliteStore(path, warn=print), 0
        while True:
            await asyncio.gather(*(one(store, n + i) for i in range(5)))
            n += 5

    asyncio.run(main())
"""


def test_processes_killed_while_writing_lose_nothing_that_was_acknowledged(path, tmp_path):
    acknowledged = set()
    for turn in range(3):
        logs = [tmp_path / f"{turn} {n}" for n in range(4)]
        processes = []
        for log in logs:
            with log.open("wb") as output:
                processes.append(run_script(WRITER, path, log.name, stdout=output))
        deadline = time.monotonic() + 60
        while not all(log.stat().st_size for log in logs[1:]):  # one may be killed while opening
            assert time.monotonic() < deadline, "a writer did not come to write"
            time.sleep(0.01)
        for process in processes:
            time.sleep(random.random() * 0.2)
            process.kill()
            process.wait()
        for log in logs:  # a line that was cut by the kill is not an acknowledgement
            acknowledged |= set(log.read_text().split("\n")[:-1])
    assert len(acknowledged) >= 9
    assert acknowledged <= stored(path).keys()
    with SqliteStore(path, warn=never) as store:
        assert all(store.get(key) for key in acknowledged)


# Damage


def text(path):
    path.write_text("Dear diary, this is no database. " * 100)


def header(path):
    path.write_bytes(os.urandom(100) + path.read_bytes()[100:])


def half(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def stub(path):
    path.write_bytes(path.read_bytes()[:50])


def tables(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE replies")


@pytest.mark.parametrize("damage", [text, header, half, stub, tables])
def test_a_damaged_file_is_set_aside(path, filled, damage):
    damage(path)
    broken = path.read_bytes()
    said = []
    with SqliteStore(path, warn=said.append) as store:
        assert store.get("key 0") is None
        put_all(store, {"new": reply()})
        assert store.get("new") == reply()
    aside = path.with_name("calls.sqlite3.damaged-1")
    assert len(said) == 1
    assert "damaged" in said[0]
    assert aside.name in said[0]
    assert aside.read_bytes() == broken
    assert stored(path).keys() == {"new"}
    with SqliteStore(path, warn=never) as store:
        assert store.get("new") == reply()


def test_the_log_of_a_damaged_file_is_not_taken_for_that_of_the_new_one(path, tmp_path):
    copy = tmp_path / "copy"
    with SqliteStore(path, warn=never) as store:
        put_all(store, {"a": reply()})
    with SqliteStore(path, warn=never) as store:
        put_all(store, {"b": reply()})
        shutil.copytree(path.parent, copy)  # as a killed process leaves it
    text(copy / path.name)
    said = []
    with SqliteStore(copy / path.name, warn=said.append) as store:
        assert (store.get("a"), store.get("b")) == (None, None)
        put_all(store, {"c": reply()})
    assert len(said) == 1
    assert stored(copy / path.name).keys() == {"c"}


def scramble(path):
    """Write garbage over all pages but the first two, under an open store."""
    with path.open("r+b") as file:
        file.seek(2 * 4096)
        file.write(os.urandom(path.stat().st_size - 2 * 4096))


def test_a_read_that_meets_damage_begins_a_new_file(path, filled):
    said = []
    with SqliteStore(path, warn=said.append) as store:
        scramble(path)
        assert [store.get(key) for key in filled] == [None] * len(filled)
        deadline = time.monotonic() + 20
        while not said:
            assert time.monotonic() < deadline, "the damage was not reported"
            time.sleep(0.01)
        put_all(store, {"new": reply()})
    assert len(said) == 1
    assert stored(path).keys() == {"new"}


def test_a_put_that_meets_damage_is_kept_in_a_new_file(path, filled):
    said = []
    with SqliteStore(path, warn=said.append) as store:
        scramble(path)
        put_all(store, {"new": reply()})
        assert store.get("new") == reply()
    assert len(said) == 1
    assert stored(path).keys() == {"new"}


@functools.cache
def image():
    """Return the bytes of a store, and its replies."""
    replies = {f"key {n}": reply(f"{n} " * 9 * n) for n in range(150)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        with SqliteStore(path, warn=never, now=lambda: 1e9) as store:
            put_all(store, replies)
        return path.read_bytes(), replies


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1), st.sampled_from([1, 9, 9000]), st.integers(0, 2**32))
def test_garbage_anywhere_never_becomes_a_reply(where, size, seed):
    content, replies = image()
    at, garbage = int(where * (len(content) - 1)), random.Random(seed).randbytes(size)
    said = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        path.write_bytes((content[:at] + garbage + content[at + len(garbage) :])[: len(content)])
        with SqliteStore(path, warn=said.append) as store:
            for key, kept in replies.items():
                assert store.get(key) in (kept, None)
            put_all(store, {f"new {n}": reply() for n in range(5)})
            # What is put before the damage is met may be set aside with the rest.
            assert store.get("new 0") in (reply(), None)
        assert len(said) <= 2
        with SqliteStore(path, warn=said.append) as store:
            for key, kept in replies.items():
                assert store.get(key) in (kept, None)


def test_processes_that_meet_damaged_files_at_once_begin_one_new_file_each(tmp_path):
    script = """
        print("ready", flush=True)
        sys.stdin.read(1)
        files = [path / f"file {n}" for n in range(9)]
        stores = [SqliteStore(file, warn=lambda line: None) for file in files]
        for store in stores:
            asyncio.run(store.put(sys.argv[2], reply))
            store.close()
    """
    files = [tmp_path / f"file {n}" for n in range(9)]
    for file in files:
        text(file)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [run_script(script, tmp_path, n, **pipes) for n in range(4)]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.communicate(b".")
        assert process.returncode == 0
    assert [set(stored(file)) for file in files] == [{"0", "1", "2", "3"}] * len(files)
    assert len(list(tmp_path.glob("*.damaged-*"))) == len(files)


def test_opening_waits_while_another_process_sets_the_file_aside(path, filled):
    opened = []
    with contextlib.closing(sqlite3.connect(f"{path}.lock", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        thread = threading.Thread(target=lambda: opened.append(SqliteStore(path, warn=never)))
        thread.start()
        thread.join(0.3)
        assert not opened
    thread.join()
    with opened[0] as store:
        assert store.get("key 0") == filled["key 0"]


# Files that must not, or cannot, be written


def refuses(path, said):
    """Check that a store on this path keeps nothing, after one line of warning."""
    with SqliteStore(path, warn=said.append) as store:
        put_all(store, {"a": reply(), "b": reply()})
        assert store.get("a") is None
        for method in (store.info, store.clear, store.prune):
            with pytest.raises(PyLlamaError, match="calls"):
                method()
    assert len(said) == 1
    assert str(path) in said[0]
    assert "\n" not in said[0]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("PRAGMA user_version = 99", "later version"),
        ("PRAGMA application_id = 7", "another program"),
    ],
)
def test_a_file_that_is_not_ours_is_left_alone(path, filled, statement, complaint):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(statement)
    before, said = path.read_bytes(), []
    refuses(path, said)
    assert complaint in said[0]
    assert path.read_bytes() == before
    assert not list(path.parent.glob("*.damaged-*"))


def test_a_folder_that_cannot_be_made_costs_only_the_cache(tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    refuses(file / "cache" / "calls.sqlite3", [])


def test_a_path_that_is_a_folder_costs_only_the_cache(path):
    path.mkdir(parents=True)
    refuses(path, [])


def test_a_record_that_cannot_be_locked_is_still_read(path, filled):
    lock = path.with_name(path.name + ".lock")
    lock.unlink()
    lock.mkdir()
    said = []
    with SqliteStore(path, warn=said.append) as store:
        put_all(store, {"new": reply()})
        assert {key: store.get(key) for key in filled} == filled
        assert store.get("new") is None
        assert store.info().entries == len(filled)
        with pytest.raises(PyLlamaError):
            store.clear()
    assert len(said) == 1


@contextlib.contextmanager
def unprivileged():
    """Let file permissions hold, even where the tests are run by root."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@posix_only
@pytest.mark.parametrize("with_lock", [True, False])
def test_a_read_only_folder_is_read(filled, path, with_lock):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "calls"
        shutil.copy(path, copy)
        if with_lock:
            copy.with_name("calls.lock").touch()
        for file in copy.parent.iterdir():
            file.chmod(0o444)
        copy.parent.chmod(0o555)
        said = []
        try:
            with unprivileged(), SqliteStore(copy, warn=said.append) as store:
                put_all(store, {"new": reply()})
                assert {key: store.get(key) for key in filled} == filled
                assert store.get("new") is None
        finally:
            copy.parent.chmod(0o755)
        assert len(said) == 1


def test_an_error_in_the_middle_costs_only_what_comes_after(path):
    """Stands in for any error of SQLite in the middle of a run: the table refuses new rows."""
    said = []
    with SqliteStore(path, warn=said.append) as store:
        put_all(store, {"a": reply()})
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON replies"
                " BEGIN SELECT raise(ABORT, 'no more room'); END"
            )
        put_all(store, {"b": reply()})
        put_all(store, {"c": reply()})
        assert store.get("a") == reply()
        assert (store.get("b"), store.get("c")) == (None, None)
        with pytest.raises(PyLlamaError, match="no more room"):
            store.clear()
    assert len(said) == 1


@posix_only
def test_a_full_disk_costs_only_what_comes_after(path):
    script = """
        import resource
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        said = []

        async def main(store):
            for n in range(300):
                await store.put(str(n), reply)
                if not said:
                    print(n)
            assert store.get("0") == reply

        with SqliteStore(path, warn=said.append) as store:
            asyncio.run(main(store))
        assert len(said) == 1, said
    """
    process = run_script(script, path, stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    acknowledged = output.split()
    assert 10 < len(acknowledged) < 300
    with SqliteStore(path, warn=never) as store:
        assert all(store.get(key) for key in acknowledged)
    assert set(acknowledged) <= stored(path).keys()


def test_a_store_that_gathers_puts_does_not_keep_its_close_waiting(path):
    async def put_and_close():
        store = SqliteStore(path, gather=60, warn=never)
        putting = asyncio.create_task(store.put("key", reply("kept")))
        await asyncio.sleep(0.05)
        assert not putting.done()
        await asyncio.to_thread(store.close)
        await putting

    began = time.monotonic()
    asyncio.run(put_and_close())
    assert time.monotonic() - began < 30
    assert "key" in stored(path)
