"""The output of a batch job, and its ledger: which documents are finished, and which failed.

    OUT.jsonl              a line for each finished document: its id, and the result
    OUT.jsonl.ledger       the ledger, an SQLite database
    OUT.jsonl.ledger.lock  held by the run that writes them

Lines are on disk before the ledger says so. Where a run is killed in between, the next one cuts off
what was written after the last commit, so that every document is in the output once.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.cache.sqlite_file import (
    Schema,
    connect,
    is_empty,
    lock_of,
    locked,
    primary_code,
    read_ids,
    transaction,
)
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

CACHE_KB = 16_384
PATIENCE = 5.0  # seconds to wait for another connection
SCHEMA = Schema(
    application_id=0x70796C62,  # "pylb"
    version=1,
    statements=(
        # start, length: of the document's line in the output, in bytes. content: a hash of the
        # text, empty where there is none. An edited document is another one with the same id.
        "CREATE TABLE done (id TEXT, content BLOB, start INT NOT NULL, length INT NOT NULL,"
        " PRIMARY KEY (id, content)) WITHOUT ROWID",
        "CREATE INDEX done_by_content ON done (content)",
        "CREATE TABLE failed (id TEXT, content BLOB, kind TEXT NOT NULL, reason TEXT NOT NULL,"
        " PRIMARY KEY (id, content)) WITHOUT ROWID",
        # One row. size: bytes of the output that count. identity: JSON, what every result
        # depends on.
        "CREATE TABLE output (size INT NOT NULL, identity TEXT NOT NULL)",
    ),
)
KNOWN = (
    "SELECT 1 FROM done WHERE id = ? AND content = ?"
    " UNION ALL SELECT 2 FROM failed WHERE id = ? AND content = ?"
)
FINISH = "INSERT OR IGNORE INTO done (id, content, start, length) VALUES (?, ?, ?, ?)"
FAIL = "INSERT OR REPLACE INTO failed (id, content, kind, reason) VALUES (?, ?, ?, ?)"
DONE, FAILED = 1, 2


def digest(text: str) -> bytes:
    """Return what tells texts apart."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True)
class Outcome:
    """The outcome of a document: a result in its JSON form, or a failure's kind and reason.

    `content` is the digest of its text, empty where it could not be read. `share` is how much of
    the corpus had been read with it, between 0 and 1.
    """

    id: str
    content: bytes
    result: Mapping[str, Any] | None = None
    kind: str = ""
    reason: str = ""
    share: float | None = None


class Ledger:
    """The outcome of each document of a corpus; `open_ledger` opens it.

    One thread may add while another one reads.
    """

    def __init__(self, path: Path, file: BinaryIO, db: sqlite3.Connection) -> None:
        self._path = path
        self._file = file
        self._db = db
        self._reader = connect(ledger_of(path), PATIENCE)
        self._adding = threading.Lock()
        (self._size,) = db.execute("SELECT size FROM output").fetchone()

    def state(self, name: str, content: bytes) -> int | None:
        """Return DONE or FAILED for a document that is in the ledger, else None."""
        row = self._reader.execute(KNOWN, (name, content, name, content)).fetchone()
        return None if row is None else int(row[0])

    def line_of(self, content: bytes) -> dict[str, Any] | None:
        """Return the line of a finished document with this content."""
        row = self._reader.execute(
            "SELECT start, length FROM done WHERE content = ? LIMIT 1", (content,)
        ).fetchone()
        if row is None:
            return None
        with self._path.open("rb") as file:
            file.seek(row[0])
            line: dict[str, Any] = json.loads(file.read(row[1]))
        return line

    def count(self) -> tuple[int, int]:
        """Return how many documents are finished, and how many failed."""
        done = self._reader.execute("SELECT count(*) FROM done").fetchone()
        failed = self._reader.execute("SELECT count(*) FROM failed").fetchone()
        return done[0], failed[0]

    def failures(self) -> Iterator[tuple[str, str, str]]:
        """Yield the id, the kind and the reason of each document that failed."""
        yield from self._reader.execute("SELECT id, kind, reason FROM failed ORDER BY id")

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Write the lines of finished documents and note failures; on return all is on disk.

        Of two outcomes of one document the first counts.
        """
        with self._adding, transaction(self._db):
            size = self._size
            for outcome in outcomes:
                size += self._add(outcome, size)
            self._file.flush()
            os.fsync(self._file.fileno())
            self._db.execute("UPDATE output SET size = ?", (size,))
        self._size = size

    def _add(self, outcome: Outcome, start: int) -> int:
        """Return how many bytes were written, without waiting for the disk."""
        name, content = outcome.id, outcome.content
        if outcome.result is None:
            self._db.execute(FAIL, (name, content, outcome.kind, outcome.reason))
            return 0
        line = json.dumps({"id": name, **outcome.result}, ensure_ascii=False) + "\n"
        data = line.encode("utf-8", "backslashreplace")
        if not self._db.execute(FINISH, (name, content, start, len(data))).rowcount:
            return 0
        self._db.execute("DELETE FROM failed WHERE id = ?", (name,))
        return self._file.write(data)

    def close(self) -> None:
        """Wait for what is being added, then release the files."""
        with self._adding:
            self._reader.close()
            self._db.close()
            self._file.close()


def ledger_of(path: Path) -> Path:
    """Return where the ledger of an output is."""
    return path.with_name(f"{path.name}.ledger")


@contextmanager
def open_ledger(path: Path, identity: Mapping[str, object]) -> Iterator[Ledger]:
    """Open an output and its ledger for one run, or begin them.

    `identity` is what every result depends on, such as the model; it must not change.

    Raises:
        InputError: the output is not ours, or another run's; the message says what to do.
    """
    ledger = ledger_of(path)
    if path.exists() and not ledger.exists():
        raise InputError(f"{path} exists and has no ledger, so it is not ours; name another output")
    with _alone(ledger), closing(connect(ledger, PATIENCE)) as db:
        try:
            _prepare(db, ledger, json.dumps(identity, sort_keys=True, default=str))
        except sqlite3.DatabaseError as error:
            raise InputError(f"{ledger} cannot be read ({error}); name another output") from None
        with path.open("ab") as file:
            _cut(file, path, db.execute("SELECT size FROM output").fetchone()[0])
            with closing(Ledger(path, file, db)) as opened:
                yield opened


def _prepare(db: sqlite3.Connection, path: Path, identity: str) -> None:
    """Make the tables in an empty file; refuse what is not ours, or is of other settings."""
    db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    if is_empty(db):
        db.execute("PRAGMA journal_mode = WAL")  # so that readers do not wait for the writer
        with transaction(db):
            SCHEMA.create(db)
            db.execute("INSERT INTO output (size, identity) VALUES (0, ?)", (identity,))
    if read_ids(db) != SCHEMA.ids:
        raise InputError(f"{path} is no ledger of this version; name another output")
    (before,) = db.execute("SELECT identity FROM output").fetchone()
    if before != identity:
        raise InputError(
            f"the results so far were made with other settings ({_changes(before, identity)}); "
            "name another output, or set these as they were"
        )


def _changes(before: str, now: str) -> str:
    old, new = json.loads(before), json.loads(now)
    names = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    return "; ".join(f"{name} was {old.get(name)!r}, is {new.get(name)!r}" for name in names)


def _cut(file: BinaryIO, path: Path, size: int) -> None:
    """Cut off what a killed run wrote beyond its last commit."""
    if file.seek(0, os.SEEK_END) < size:
        raise InputError(
            f"{path} is shorter than its ledger says, so lines are lost; delete {ledger_of(path)} "
            "and the output to start over (finished calls are cached), or bring the output back"
        )
    file.truncate(size)


@contextmanager
def _alone(ledger: Path) -> Iterator[None]:
    """Keep other runs out."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(ledger, patience=0))
        except sqlite3.OperationalError as error:
            if primary_code(error) == sqlite3.SQLITE_BUSY:
                raise InputError(f"another run is writing {ledger.stem}; wait for it") from None
            problem = f"{lock_of(ledger)} cannot be written ({error}); name another output"
            raise InputError(problem) from None
        yield
