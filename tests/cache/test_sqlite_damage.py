"""Files that are damaged, foreign, or cannot be written: they cost the cache, never the run."""

import contextlib
import functools
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest
from cache_files import never, put_all, reply, run_script, stored
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cache.sqlite import SqliteStore
from pipeline.errors import PyLlamaError

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


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


def test_a_cache_that_cannot_be_locked_is_still_read(path, filled):
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
