"""The cache of finished calls, in one SQLite file: nothing is paid for twice.

Any number of threads and processes share the file. A put returns when its reply is on the disk
(WAL, synchronous = FULL), so it outlives a killed process and a power cut alike. One thread
writes. Puts that arrive while a commit is under way share the next one.

    calls.sqlite3            the cache; readable and writable by its user only
    calls.sqlite3-wal, -shm  SQLite's own
    calls.sqlite3.lock       held for the moment in which a process opens the cache
    calls.sqlite3.damaged-N  a damaged cache that was set aside

Whatever happens to the file costs at most what is cached, never the run: the store warns once and
goes on. A file counts as damaged where SQLite reports it. It is not searched for damage, which
would take seconds, so replies put before the damage is met are set aside with it. Garbage inside
a reply is noticed by its checksum and costs that reply alone.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import defaultdict
from concurrent.futures import Future
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cache import replies
from pipeline.cache.sqlite_file import lock_of, locked, make_private, primary_code
from pipeline.errors import PyLlamaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from pipeline.cache.replies import Row
    from pipeline.models.base import Reply

MAX_AGE_DAYS = 365
TOUCH_AFTER = 3600  # seconds; a use is noted only where the last one is longer ago
TOUCHES_WAITING = 256  # noted uses that wait for the next commit, before they have their own
PRUNE_EVERY = 256  # puts between looks at the bounds

DAMAGE = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_ERROR,  # our statements are fixed: one is wrong only where the tables are
}


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds: `entries` calls; `size` and `bound` are in bytes; times are when made."""

    path: Path
    entries: int
    size: int
    bound: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True)
class _Put:
    row: Row
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


@dataclass(frozen=True)
class _Action:
    """Something other than a put for the writer thread to do; `done` gets its outcome."""

    run: Callable[[sqlite3.Connection], None]
    done: Future[None]


@dataclass
class _Work:
    """What waits for the writer thread. `used`: when replies were last used, by their keys."""

    puts: list[_Put] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)
    actions: list[_Action] = field(default_factory=list)
    damage: sqlite3.Error | None = None
    last: bool = False

    def save(self, db: sqlite3.Connection) -> None:
        """Write what was put, and what was used."""
        if self.puts or self.used:
            replies.save(db, [put.row for put in self.puts], self.used)

    def is_urgent(self) -> bool:
        """Whether the writer thread should wake up for it."""
        enough = len(self.used) >= TOUCHES_WAITING
        return bool(self.puts or self.actions or self.damage or self.last or enough)


class SqliteStore:
    """Replies in one SQLite file, bounded in size and age, the least recently used going first.

    Any thread may call any method, and `put` may be awaited in any event loop. Close the store,
    or use it as a context manager, to note the last uses and to tidy the file; a process that
    ends without loses no reply whose put has returned.

    Args:
        path: The file. It and its folder are made where they are missing.
        cache_mb: Bound on the file, in MB (2**20 bytes), without SQLite's write-ahead log.
        max_age_days: Replies that nobody has used for so long are deleted.
        gather: Seconds in which puts are gathered for one commit, which spares the processor where
            many come; each put takes so much longer.
        warn: Takes a line about trouble with the file, in whichever thread meets it.
        now: The clock: seconds since 1970.
    """

    def __init__(
        self,
        path: Path,
        *,
        cache_mb: int = 512,
        max_age_days: float = MAX_AGE_DAYS,
        gather: float = 0.0,
        warn: Callable[[str], None],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = path.absolute()
        self._bound = cache_mb * 2**20
        self._max_age = max_age_days * 86400
        self._gather = gather
        self._warn = warn
        self._now = now
        self._wake = threading.Condition()  # guards _work and _gathering
        self._work = _Work()
        self._gathering = False  # the writer, more puts, whether it is told of them or not
        self._reading = threading.Lock()  # guards _reader
        self._reader: sqlite3.Connection | None = None
        self._db: sqlite3.Connection | None = None  # the writer thread's, once that runs
        self._pruning: Iterator[int] | None = None
        self._puts_to_prune = 0
        self._identity = (0, 0)  # of the open file: device and inode
        self._trouble = ""
        self._open()
        self._thread = threading.Thread(target=self._run, name="store writer", daemon=True)
        self._thread.start()

    def get(self, key: str) -> Reply | None:
        """Return the reply under a key; None where there is none, or none that can be read."""
        if not self._thread.is_alive():  # closed, or in a forked child
            return None
        with self._reading:
            if self._reader is None:
                return None
            try:
                found = replies.find(self._reader, key)
            except sqlite3.Error as error:
                self._report(error)
                return None
        unpacked = replies.unpack(key, found)
        if unpacked is None:
            return None
        used, reply = unpacked
        self._note_use(key, used)
        return reply

    async def put(self, key: str, reply: Reply) -> None:
        """Cache a reply. When this returns, the reply is on disk, or the store has given up.

        It is cached even where the waiting task is cancelled: it has been paid for.
        """
        if not self._thread.is_alive():
            return
        loop = asyncio.get_running_loop()
        put = _Put(replies.pack(key, reply, self._now()), loop, loop.create_future())
        with self._wake:
            if self._work.last:
                return
            self._work.puts.append(put)
            if not self._gathering:
                self._wake.notify()
        await put.done

    def info(self) -> StoreInfo:
        """Return what the store holds now.

        Raises:
            PyLlamaError: The file cannot be read.
        """
        with self._reading:
            if self._reader is None:
                raise PyLlamaError(self._trouble or f"the cache {self._path} is closed")
            try:
                entries, size, oldest, newest = replies.totals(self._reader)
            except sqlite3.Error as error:
                self._report(error)
                raise PyLlamaError(f"the cache {self._path} cannot be read ({error})") from error
        return StoreInfo(self._path, entries, size, self._bound, _utc(oldest), _utc(newest))

    def clear(self) -> None:
        """Delete every reply, and damaged files that were set aside.

        Raises:
            PyLlamaError: The file cannot be written.
        """
        self._send(replies.clear)
        for file in self._path.parent.iterdir():
            if file.name.startswith(f"{self._path.name}.damaged-"):
                file.unlink(missing_ok=True)

    def prune(self) -> None:
        """Delete what is over the bounds now. The store does so by itself, now and then.

        Raises:
            PyLlamaError: The file cannot be written.
        """
        self._send(self._prune_wholly)

    def close(self) -> None:
        """Wait for pending puts, then release the file. What is put later is not cached."""
        if not self._thread.is_alive():  # closed before, or in a forked child: not ours to release
            return
        with self._wake:
            self._work.last = True
            self._wake.notify()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _note_use(self, key: str, used: float) -> None:
        now = self._now()
        if now - used < TOUCH_AFTER:
            return
        with self._wake:
            self._work.used[key] = now
            if self._work.is_urgent():
                self._wake.notify()

    def _report(self, error: sqlite3.Error) -> None:
        """Have the writer look after what a reader met. `_reading` is held."""
        if primary_code(error) == sqlite3.SQLITE_BUSY:
            return
        with self._wake:
            self._work.damage = error
            self._wake.notify()

    def _send(self, action: Callable[[sqlite3.Connection], None]) -> None:
        todo = _Action(action, Future())
        with self._wake:
            if self._work.last or not self._thread.is_alive():
                raise PyLlamaError(f"the cache {self._path} is closed")
            self._work.actions.append(todo)
            self._wake.notify()
        todo.done.result()

    # What follows runs in the writer thread, and `_open` before that thread starts.

    def _run(self) -> None:
        work = _Work()
        try:
            while not work.last:
                work = self._take()
                self._do(work)
        finally:
            with self._wake:  # nobody may wait for a thread that is gone
                left, self._work = self._work, _Work(last=True)
            _acknowledge(work.puts + left.puts)
            for action in work.actions + left.actions:
                action.done.cancel()
            self._release()

    def _take(self) -> _Work:
        with self._wake:
            if self._pruning is None:
                self._wake.wait_for(lambda: self._work.is_urgent())
                self._gathering = True
                self._wake.wait_for(lambda: self._work.last, self._gather)
                self._gathering = False
            work = self._work
            self._work = _Work(last=work.last)
            return work

    def _do(self, work: _Work) -> None:
        if work.damage is not None:
            self._recover(work.damage)
        self._guard(work.save)
        _acknowledge(work.puts)
        for action in work.actions:
            if self._guard(action.run):
                action.done.set_result(None)
            else:
                action.done.set_exception(PyLlamaError(self._trouble))
        self._puts_to_prune -= len(work.puts)
        self._guard(self._prune_wholly if work.last else self._prune_on)

    def _guard(self, action: Callable[[sqlite3.Connection], None]) -> bool:
        """Do something with the file, again if a new one is begun; say whether it worked."""
        for _ in range(2):
            if self._db is None:
                break
            try:
                action(self._db)
            except sqlite3.Error as error:
                self._recover(error)
            else:
                return True
        return False

    def _prune_on(self, db: sqlite3.Connection) -> None:
        """Take one step of pruning, where it is due or under way."""
        if self._pruning is None and self._puts_to_prune <= 0:
            self._pruning = self._prune_steps(db)
            self._puts_to_prune = PRUNE_EVERY
        if self._pruning is not None and next(self._pruning, None) is None:
            self._pruning = None

    def _prune_wholly(self, db: sqlite3.Connection) -> None:
        for _ in self._prune_steps(db):
            pass

    def _prune_steps(self, db: sqlite3.Connection) -> Iterator[int]:
        return replies.prune(db, self._bound, self._now() - self._max_age)

    def _recover(self, error: sqlite3.Error) -> None:
        """Begin anew where the file is damaged; else stop writing, and at last reading too."""
        self._pruning = None
        if self._db is None:
            self._release()
        elif primary_code(error) in DAMAGE:
            self._release()
            self._open(error)
        else:
            self._give_up(error)

    def _open(self, damage: sqlite3.Error | None = None) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            make_private(lock_of(self._path))
            with locked(self._path, replies.WRITE_PATIENCE):
                if damage is not None:
                    self._set_aside(damage)
                try:
                    self._connect()
                except sqlite3.Error as error:
                    if primary_code(error) not in DAMAGE:
                        raise
                    self._identity = _identity(self._path)
                    self._set_aside(error)
                    self._connect()
        except (OSError, sqlite3.Error, replies.NotOurs) as error:
            self._give_up(error)

    def _connect(self) -> None:
        make_private(self._path)
        with ExitStack() as opened:
            db = opened.enter_context(closing(replies.open_writer(self._path)))
            reader = opened.enter_context(closing(replies.open_reader(self._path)))
            self._identity = _identity(self._path)
            opened.pop_all()
        self._db = db
        self._puts_to_prune = 0
        with self._reading:
            self._reader = reader

    def _set_aside(self, error: sqlite3.Error) -> None:
        """Rename the file that was found damaged, unless another process has done so."""
        kind = error.sqlite_errorname  # not the message, which may quote the garbage
        self._trouble = f"{self._path} was damaged ({kind}); a new cache is begun"
        if _identity(self._path) == self._identity:
            names = (Path(f"{self._path}.damaged-{n}") for n in count(1))
            aside = next(name for name in names if not name.exists())
            # SQLite ignores the log of a file that is gone, so the file itself goes first.
            for suffix in ("", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    Path(f"{self._path}{suffix}").rename(f"{aside}{suffix}")
            self._trouble += f", the damaged one is now {aside.name}"
        self._warn(self._trouble)

    def _give_up(self, error: Exception) -> None:
        """Stop writing; read on, or begin to, where the file is ours and can be read."""
        self._trouble = f"{self._path}: {error}"
        self._warn(f"{self._trouble}; finished calls are not cached")
        if self._db is not None:
            self._db.close()
            self._db = None
        elif not isinstance(error, replies.NotOurs):
            with self._reading:
                self._reader = replies.open_read_only(self._path)

    def _release(self) -> None:
        with self._reading:
            if self._reader is not None:
                self._reader.close()
                self._reader = None
            with self._wake:  # what was reported of the reader goes with it
                self._work.damage = None
        if self._db is not None:
            self._db.close()
            self._db = None


def _acknowledge(puts: list[_Put]) -> None:
    """Let the tasks go on that wait for puts; each event loop is told once."""
    waiting = defaultdict(list)
    for put in puts:
        waiting[put.loop].append(put.done)
    for loop, futures in waiting.items():
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_finish, futures)


def _finish(futures: list[asyncio.Future[None]]) -> None:
    for done in futures:
        if not done.done():  # cancelled, or acknowledged already
            done.set_result(None)


def _identity(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return status.st_dev, status.st_ino


def _utc(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
