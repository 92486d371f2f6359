"""The table of replies in the cache's SQLite file: its rows, and the bounds on size and age.

Opening refuses what is not ours. All else raises `sqlite3.Error` where the file is damaged or
cannot be used.
"""

from __future__ import annotations

import json
import math
import sqlite3
import zlib
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cache.keys import DERIVED
from pipeline.cache.sqlite_file import Schema, connect, is_empty, pragma, read_ids, transaction
from pipeline.models.base import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

PRUNE_ROWS = 256  # replies deleted in one transaction, so that puts wait for no more than that
PRUNE_PAGES = 1024  # free pages handed back to the file system in one transaction
PRUNE_TO = 0.9  # of the bound; pruning goes on down to it, so that it is seldom needed
WRITE_PATIENCE = 30.0  # seconds to wait for other processes' commits
LOG_BOUND = 2**24  # bytes; a write-ahead log that grew longer is cut back to this
READ_PATIENCE = 1.0  # seconds; only another process's recovery or closing makes a reader wait

SCHEMA = Schema(
    application_id=0x70796C6C,  # "pyll"
    version=1,
    statements=(
        # made, used: seconds since 1970. crc: of the key and the reply, because SQLite itself does
        # not notice garbage inside a value. reply: JSON, the fields of Reply.
        "CREATE TABLE replies (key TEXT PRIMARY KEY, made REAL NOT NULL, used REAL NOT NULL,"
        " crc INTEGER NOT NULL, reply TEXT NOT NULL)",
        "CREATE INDEX replies_by_use ON replies (used, made)",
    ),
)
GET = "SELECT used, crc, reply FROM replies WHERE key = ?"
PUT = (
    "INSERT INTO replies (key, made, used, crc, reply) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (key) DO UPDATE SET made = excluded.made, used = excluded.used,"
    " crc = excluded.crc, reply = excluded.reply"
)
TOUCH = "UPDATE replies SET used = max(used, ?) WHERE key = ?"
DELETE = (
    "DELETE FROM replies WHERE rowid IN"
    " (SELECT rowid FROM replies WHERE used < ? ORDER BY used, made LIMIT ?)"
)

Row: TypeAlias = "tuple[str, float, float, int, str]"


class NotOurs(Exception):
    """The file belongs to another program, or to a later version of this one."""


def open_writer(path: Path) -> sqlite3.Connection:
    """Connect to a file to write to it; make the table where the file is empty.

    Raises:
        NotOurs: it is left as it is.
    """
    with ExitStack() as opened:
        db = opened.enter_context(closing(_connect(path, WRITE_PATIENCE)))
        _prepare(db)
        opened.pop_all()
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """Connect to a file that has the table, to read from it."""
    with ExitStack() as opened:
        db = opened.enter_context(closing(_connect(path, READ_PATIENCE)))
        db.execute("PRAGMA query_only = 1")
        find(db, "")
        opened.pop_all()
    return db


def open_read_only(path: Path) -> sqlite3.Connection | None:
    """Connect to a file that cannot be written; None where it cannot be read either."""
    log = Path(f"{path}-wal")
    queries = ["mode=ro"]
    if not log.exists():  # then the file is all there is, as on a medium that nobody writes
        queries.append("immutable=1")
    for query in queries:
        with suppress(OSError, sqlite3.Error), ExitStack() as opened:
            address = f"{path.as_uri()}?{query}"
            db = opened.enter_context(closing(_connect(address, READ_PATIENCE)))
            find(db, "")
            opened.pop_all()
            return db
    return None


def _connect(database: Path | str, patience: float) -> sqlite3.Connection:
    db = connect(database, patience)
    db.text_factory = bytes  # what is damaged need not be UTF-8
    return db


def _prepare(db: sqlite3.Connection) -> None:
    """Make the table in an empty file; refuse what is not ours; touch what may be damaged."""
    ids = read_ids(db)
    if is_empty(db) and ids == (0, 0):
        db.execute("PRAGMA auto_vacuum = INCREMENTAL")
        db.execute("PRAGMA journal_mode = WAL")
        with transaction(db):
            SCHEMA.create(db)
    elif ids[0] != SCHEMA.application_id:
        raise NotOurs("this is another program's database")
    elif ids[1] != SCHEMA.version:
        raise NotOurs("a later version of py-llama made this cache")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA journal_size_limit = {LOG_BOUND}")
    db.execute("SELECT used, key FROM replies ORDER BY used LIMIT 1").fetchone()


def find(db: sqlite3.Connection, key: str) -> object:
    """Return what the table holds under a key, for `unpack`."""
    return db.execute(GET, (key,)).fetchone()


def unpack(key: str, found: object) -> tuple[float, Reply | None] | None:
    """Return when a reply was last used, and the reply; None where nothing is found, or garbage.

    The reply is None where another version wrote it, whose replies have other fields.
    """
    match found:
        case (float() as used, int() as crc, bytes() as text) if crc == _checksum(key, text):
            return used, _reply(text)
    return None


def pack(key: str, reply: Reply, now: float) -> Row:
    """Return a row for a reply that is put now, in seconds since 1970."""
    text = json.dumps(vars(reply))
    return key, now, now, _checksum(key, text.encode()), text


def _checksum(key: str, text: bytes) -> int:
    return zlib.crc32(text, zlib.crc32(key.encode()))


def _reply(text: bytes) -> Reply | None:
    try:
        return Reply(**json.loads(text))
    except (ValueError, TypeError):
        return None


def save(db: sqlite3.Connection, rows: Iterable[Row], used: Mapping[str, float]) -> None:
    """Write rows, and when replies were last used, in one transaction."""
    with transaction(db):
        db.executemany(PUT, rows)
        db.executemany(TOUCH, [(when, key) for key, when in used.items()])


def totals(db: sqlite3.Connection) -> tuple[int, int, float | None, float | None]:
    """Return how many calls are kept, the file's bytes, and when the first and last were made.

    Times are in seconds since 1970.
    """
    entries, oldest, newest = db.execute(
        "SELECT count(*) FILTER (WHERE key NOT GLOB ?), min(made), max(made) FROM replies",
        (f"{DERIVED}*",),
    ).fetchone()
    return entries, pragma(db, "page_count") * pragma(db, "page_size"), oldest, newest


def prune(db: sqlite3.Connection, bound: int, oldest: float) -> Iterator[int]:
    """Delete replies last used before `oldest`, then what is over the bound, in small steps.

    Yields the size of each step, never 0; each step is a transaction of its own.

    Args:
        db: The file.
        bound: On what the file holds, in bytes.
        oldest: In seconds since 1970.
    """
    while deleted := db.execute(DELETE, (oldest, PRUNE_ROWS)).rowcount:
        yield deleted
    if (size := _bytes_used(db)) > bound:
        (entries,) = db.execute("SELECT count(*) FROM replies").fetchone()
        mean = size / max(entries, 1)
        while (over := _bytes_used(db) - PRUNE_TO * bound) > 0:
            rows = min(math.ceil(over / mean), PRUNE_ROWS)
            if not (deleted := db.execute(DELETE, (math.inf, rows)).rowcount):
                break
            yield deleted
    while (free := pragma(db, "freelist_count")) and _shrink(db, PRUNE_PAGES):
        yield free


def clear(db: sqlite3.Connection) -> None:
    """Delete every reply, and hand the room back."""
    db.execute("DELETE FROM replies")
    _shrink(db, pragma(db, "page_count"))
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _shrink(db: sqlite3.Connection, pages: int) -> bool:
    """Hand free pages back to the file system; say whether there were any to hand back."""
    before = pragma(db, "page_count")
    # Python takes a single step of a statement without columns, and here a step is one page.
    db.executescript(f"PRAGMA incremental_vacuum({pages})")
    return pragma(db, "page_count") < before


def _bytes_used(db: sqlite3.Connection) -> int:
    pages = pragma(db, "page_count") - pragma(db, "freelist_count")
    return pages * pragma(db, "page_size")
