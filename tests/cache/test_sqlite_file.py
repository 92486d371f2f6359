"""What all our files in SQLite's format share."""

import os
import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cache.sqlite_file import (
    Schema,
    connect,
    is_empty,
    lock_of,
    locked,
    make_private,
    primary_code,
    read_ids,
    transaction,
)

SCHEMA = Schema(
    application_id=7, version=3, statements=("CREATE TABLE numbers (number INT UNIQUE)",)
)


@pytest.fixture
def db():
    with closing(connect(":memory:", 0)) as db:
        with transaction(db):
            SCHEMA.create(db)
        yield db


def numbers(db):
    return {number for (number,) in db.execute("SELECT number FROM numbers")}


def test_a_new_file_is_empty_and_says_whose_it_is_once_it_has_its_tables(tmp_path):
    path = tmp_path / "file"
    with closing(connect(path, 0)) as db:
        assert is_empty(db)
        assert read_ids(db) == (0, 0)
        with transaction(db):
            SCHEMA.create(db)
    with closing(connect(path, 0)) as db:
        assert not is_empty(db)
        assert read_ids(db) == SCHEMA.ids == (7, 3)


def test_a_schema_is_made_wholly_or_not_at_all():
    with closing(connect(":memory:", 0)) as db:
        broken = Schema(7, 3, (*SCHEMA.statements, "CREATE NONSENSE"))
        with pytest.raises(sqlite3.OperationalError), transaction(db):
            broken.create(db)
        assert is_empty(db)
        assert read_ids(db) == (0, 0)


@given(st.lists(st.sets(st.integers(0, 9), min_size=1)))
def test_a_transaction_is_done_wholly_or_not_at_all(batches):
    """A set of numbers is the reference; a number that is there already fails its transaction."""
    expected = set()
    with closing(connect(":memory:", 0)) as db:
        with transaction(db):
            SCHEMA.create(db)
        for batch in batches:
            try:
                with transaction(db):
                    for number in batch:
                        db.execute("INSERT INTO numbers VALUES (?)", (number,))
            except sqlite3.IntegrityError:
                assert batch & expected
            else:
                expected |= batch
            assert numbers(db) == expected
            assert not db.in_transaction


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_any_error_undoes_a_transaction(db, error):
    def insert_and_fail():
        with transaction(db):
            db.execute("INSERT INTO numbers VALUES (1)")
            raise error

    with pytest.raises(error):
        insert_and_fail()
    assert numbers(db) == set()


def test_the_error_is_told_that_undid_it_and_not_that_there_is_nothing_to_undo(db):
    def roll_back_and_fail():
        with transaction(db):
            db.execute("ROLLBACK")  # as SQLite does by itself where the disk is full
            raise ValueError("the first")

    with pytest.raises(ValueError, match="the first"):
        roll_back_and_fail()


def test_one_at_a_time_holds_a_lock(tmp_path):
    path = tmp_path / "file"
    with (
        locked(path, 0),
        pytest.raises(sqlite3.OperationalError) as refused,
        locked(path, 0),
    ):
        pass
    assert primary_code(refused.value) == sqlite3.SQLITE_BUSY
    with locked(path, 0):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["file.lock"]


def test_whoever_has_patience_gets_the_lock_next(tmp_path):
    path, order, waiting = tmp_path / "file", [], threading.Event()

    def second():
        waiting.set()
        with locked(path, 20):
            order.append("second")

    thread = threading.Thread(target=second)
    with locked(path, 0):
        thread.start()
        waiting.wait()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_a_private_file_is_its_users_and_one_that_exists_is_left_alone(tmp_path):
    new, old = tmp_path / "new", lock_of(tmp_path / "old")
    old.write_text("mine")
    old.chmod(0o644)
    make_private(new)
    make_private(old)
    assert (new.stat().st_mode & 0o777, old.stat().st_mode & 0o777) == (0o600, 0o644)
    assert old.read_text() == "mine"


def test_the_code_of_an_error_is_its_kind():
    extended = sqlite3.OperationalError("disk I/O error")
    extended.sqlite_errorcode = sqlite3.SQLITE_IOERR | (3 << 8)
    assert primary_code(extended) == sqlite3.SQLITE_IOERR
    assert primary_code(sqlite3.ProgrammingError("Cannot operate on a closed database.")) is None
