"""Replies put and got: by tasks, threads and processes at once, and by those that are killed."""

import asyncio
import contextlib
import os
import random
import sqlite3
import subprocess
import tempfile
import threading
import time
import warnings
from pathlib import Path

import pytest
from cache_files import never, put_all, reply, run_script, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cache.sqlite import SqliteStore
from pipeline.errors import PyLlamaError
from pipeline.models.base import Reply

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


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
