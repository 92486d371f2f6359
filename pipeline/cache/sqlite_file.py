"""Files of ours in SQLite's format: connections, transactions, locks, and telling whose they are.

A lock is an empty database beside the file. Unlike the locks of operating systems it is the same
on every one of them, and it goes with the process that holds it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Schema:
    """The tables of a kind of file, and the numbers in its header that tell it from others."""

    application_id: int
    version: int
    statements: tuple[str, ...]

    @property
    def ids(self) -> tuple[int, int]:
        """What `read_ids` finds in such a file."""
        return self.application_id, self.version

    def create(self, db: sqlite3.Connection) -> None:
        """Make the tables in an empty file; the caller holds the transaction."""
        for statement in self.statements:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {self.application_id}")
        db.execute(f"PRAGMA user_version = {self.version}")


def read_ids(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the application id and the version of a file's schema; zeros where none was set."""
    return pragma(db, "application_id"), pragma(db, "user_version")


def is_empty(db: sqlite3.Connection) -> bool:
    """Whether a file has no tables."""
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return not tables


def connect(database: Path | str, patience: float) -> sqlite3.Connection:
    """Connect to a file by its path, or by a "file:" address, from whichever thread.

    Every statement is a transaction of its own, unless it stands in a `transaction`.

    Args:
        database: The path, or the address as text.
        patience: Seconds to wait for others' locks.
    """
    return sqlite3.connect(
        database,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,
        uri=isinstance(database, str),
    )


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Have what is done to a database done wholly, or not at all where it ends in an error."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite rolls back by itself after some errors
            db.execute("ROLLBACK")
        raise


def lock_of(path: Path) -> Path:
    """Return where the lock of a file is."""
    return path.with_name(f"{path.name}.lock")


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock of a file, waiting so many seconds for whoever else holds it.

    Raises:
        sqlite3.OperationalError: somebody still holds it, or it cannot be made.
    """
    with closing(connect(lock_of(path), patience)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield


def make_private(path: Path) -> None:
    """Make an empty file for its user only, if there is none; SQLite's own files follow its mode.

    A file that exists is not even opened: closing it would drop SQLite's locks in this process.
    """
    with suppress(FileExistsError):
        path.touch(mode=0o600, exist_ok=False)


def pragma(db: sqlite3.Connection, name: str) -> int:
    """Return a number that SQLite knows of a database."""
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])


def primary_code(error: sqlite3.Error) -> int | None:
    """Return SQLite's primary result code; None for an error of Python's own module."""
    extended: int | None = getattr(error, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF
