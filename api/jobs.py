"""Jobs as rows of a database: SQLite in one file by default, PostgreSQL by its URL.

A running job is leased: its process renews the lease while it works, and when the process is dead
the lease ends and any other takes the job up. Times are the database's own, so the clocks of
several machines need not agree.

    queued ─→ running ─→ done | failed
       ↑─────────┘           cancelled from anywhere before
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import (
    Column,
    Connection,
    Float,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from api.orders import Order
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement

    from api.settings import ServiceSettings

UNFINISHED = ("queued", "running")

metadata = MetaData()
jobs = Table(
    "py_llama_jobs",
    metadata,
    Column("id", String(40), primary_key=True),  # begins with the time, so it sorts by age
    Column("client", Text, nullable=False),
    Column("key", String(255)),  # the Idempotency-Key
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("name", Text, nullable=False),
    Column("request", Text, nullable=False),  # JSON, the fields of Order
    Column("created", Float(53), nullable=False),  # this and other times: seconds since 1970
    Column("finished", Float(53)),
    Column("expires", Float(53)),
    Column("ready", Float(53), nullable=False),  # when it may be taken up: a running one's lease
    Column("owner", String(40)),  # the process that runs it
    Column("tries", Integer, nullable=False),  # how often it was taken up
    Column("done", Integer, nullable=False),
    Column("total", Integer),
    Column("events", Integer, nullable=False),  # the number of the last one
    Column("result", Text),
    Column("problem", Text),
    UniqueConstraint("client", "key", name="py_llama_jobs_key"),
    Index("py_llama_jobs_ready", "state", "ready"),
    Index("py_llama_jobs_expires", "expires"),
)
events = Table(
    "py_llama_job_events",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("data", Text, nullable=False),
)
LISTED = (
    jobs.c.id,
    jobs.c.state,
    jobs.c.name,
    jobs.c.done,
    jobs.c.total,
    jobs.c.created,
    jobs.c.finished,
    jobs.c.expires,
)
SHOWN = (*LISTED, jobs.c.result, jobs.c.problem)

JobRow: TypeAlias = Row[*tuple[Any, ...]]
Told: TypeAlias = tuple[str, dict[str, Any]]  # an event's name and data


class KeyReused(Exception):
    """The Idempotency-Key came with another request before."""


class TooMany(Exception):
    """The client has as many unfinished jobs as it may have."""


class Lost(Exception):
    """The job is no longer this process's: it was cancelled, or another process took it up."""


@dataclass(frozen=True)
class Taken:
    """A job that this process has taken up. `tries` counts this time."""

    id: str
    order: Order
    tries: int


class JobStore:
    """The jobs' database. Every method blocks for its answer; call them in threads.

    Args:
        settings: What is kept where, and for how long.
        owner: Names this process.

    Raises:
        InputError: the database cannot be opened.
    """

    def __init__(self, settings: ServiceSettings, owner: str) -> None:
        self._settings = settings
        self._owner = owner
        try:
            self._engine = create_engine(settings.jobs_url, hide_parameters=True)
            if settings.jobs_file is not None:
                settings.jobs_file.parent.mkdir(parents=True, exist_ok=True)
                settings.jobs_file.touch(mode=0o600)  # texts are nobody else's business
                event.listen(self._engine, "connect", _prepare_sqlite)
            with self._engine.begin() as db:
                _create_tables(db)
        except (SQLAlchemyError, ImportError, OSError) as error:
            raise InputError(
                f"the jobs' database cannot be opened ({type(error).__name__}); check jobs_url, "
                "and for PostgreSQL install the extra [postgres]"
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def create(self, client: str, order: Order, key: str | None, fingerprint: str) -> JobRow:
        """Add a job, or return the one that the same key and request made before.

        Raises:
            KeyReused: the key belongs to another request.
            TooMany: the client has too many unfinished jobs.
        """
        found = self._by_key(client, key, fingerprint)
        if found is not None:
            return found
        try:
            with self._engine.begin() as db:
                now = _now(db)
                self._check_number(db, client)
                values = {
                    "id": f"{int(now * 1000):012x}{secrets.token_hex(12)}",
                    "client": client,
                    "key": key,
                    "fingerprint": fingerprint,
                    "state": "queued",
                    "name": order.name,
                    "request": json.dumps(asdict(order)),
                    "created": now,
                    "ready": now,
                    "tries": 0,
                    "done": 0,
                    "events": 0,
                }
                return db.execute(insert(jobs).values(values).returning(*SHOWN)).one()
        except IntegrityError:  # the same key at the same moment
            found = self._by_key(client, key, fingerprint)
            if found is None:
                raise
            return found

    def _by_key(self, client: str, key: str | None, fingerprint: str) -> JobRow | None:
        if key is None:
            return None
        with self._engine.connect() as db:
            query = select(*SHOWN, jobs.c.fingerprint).where(
                jobs.c.client == client, jobs.c.key == key
            )
            found = db.execute(query).one_or_none()
        if found is not None and found.fingerprint != fingerprint:
            raise KeyReused
        return found

    def _check_number(self, db: Connection, client: str) -> None:
        unfinished = select(func.count()).where(
            jobs.c.client == client, jobs.c.state.in_(UNFINISHED)
        )
        if db.execute(unfinished).scalar_one() >= self._settings.jobs_per_client:
            raise TooMany

    def get(self, client: str, name: str) -> JobRow | None:
        """Return a client's job; None where there is none, or it is another client's."""
        with self._engine.connect() as db:
            query = select(*SHOWN).where(jobs.c.id == name, jobs.c.client == client)
            return db.execute(query).one_or_none()

    def page(self, client: str, after: str | None, limit: int) -> Sequence[JobRow]:
        """Return a client's jobs, the newest first, those older than `after`."""
        query = select(*LISTED).where(jobs.c.client == client)
        if after is not None:
            query = query.where(jobs.c.id < after)
        with self._engine.connect() as db:
            return db.execute(query.order_by(jobs.c.id.desc()).limit(limit)).all()

    def cancel(self, client: str, name: str) -> bool:
        """Cancel a client's job; tell whether it was unfinished."""
        with self._engine.begin() as db:
            mine = (jobs.c.id == name, jobs.c.client == client, jobs.c.state.in_(UNFINISHED))
            return self._end(db, mine, "cancelled", [("cancelled", {})])

    def forget(self, client: str, name: str) -> None:
        """Delete all that is kept of a client's job, finished or not."""
        with self._engine.begin() as db:
            mine = (jobs.c.id == name, jobs.c.client == client)
            if db.execute(delete(jobs).where(*mine)).rowcount:
                db.execute(delete(events).where(events.c.job == name))

    def order(self, client: str, name: str) -> Order | None:
        """Return what a client's job was asked for; None where there is no such job."""
        with self._engine.connect() as db:
            query = select(jobs.c.request).where(jobs.c.id == name, jobs.c.client == client)
            request = db.execute(query).scalar_one_or_none()
        return None if request is None else Order(**json.loads(request))

    def told(self, name: str, after: int) -> Sequence[JobRow]:
        """Return the events of a job after the one of this number."""
        query = select(events).where(events.c.job == name, events.c.number > after)
        with self._engine.connect() as db:
            return db.execute(query.order_by(events.c.number)).all()

    def waiting(self) -> int:
        """Count the jobs that nobody runs."""
        with self._engine.connect() as db:
            query = select(func.count()).select_from(jobs).where(jobs.c.state == "queued")
            return int(db.execute(query).scalar_one())

    # What follows is for the process that runs jobs.

    def take(self, most: int) -> list[Taken]:
        """Take up the oldest jobs that are queued, or whose process is dead."""
        with self._engine.connect() as db:  # asking does not wait for who writes
            free = jobs.c.state.in_(UNFINISHED) & (jobs.c.ready <= _now(db))
            if db.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return []
        with self._engine.begin() as db:
            now = _now(db)
            free = jobs.c.state.in_(UNFINISHED) & (jobs.c.ready <= now)
            oldest = select(jobs.c.id).where(free).order_by(jobs.c.id).limit(most)
            taken = db.execute(
                update(jobs)
                .where(jobs.c.id.in_(oldest.with_for_update(skip_locked=True)), free)
                .values(
                    state="running",
                    owner=self._owner,
                    ready=now + self._settings.lease_seconds,
                    tries=jobs.c.tries + 1,
                )
                .returning(jobs.c.id, jobs.c.request, jobs.c.tries)
            ).all()
        return [Taken(row.id, Order(**json.loads(row.request)), row.tries) for row in taken]

    def renew(self, names: Iterable[str]) -> set[str]:
        """Renew the leases of these jobs; return those that are still this process's."""
        mine = (jobs.c.id.in_(names), jobs.c.owner == self._owner, jobs.c.state == "running")
        with self._engine.begin() as db:
            ready = _now(db) + self._settings.lease_seconds
            renewed = update(jobs).where(*mine).values(ready=ready).returning(jobs.c.id)
            return set(db.execute(renewed).scalars())

    def advance(self, name: str, told: Sequence[Told]) -> None:
        """Note what happened in a running job.

        Raises:
            Lost: it is no longer this process's.
        """
        with self._engine.begin() as db:
            if not self._tell(db, self._held(name), told):
                raise Lost

    def finish(
        self,
        name: str,
        state: str,
        told: Sequence[Told],
        *,
        result: dict[str, Any] | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        """Note how a running job ended; one that was lost meanwhile is left alone."""
        with self._engine.begin() as db:
            self._end(
                db,
                self._held(name),
                state,
                told,
                result=None if result is None else json.dumps(result),
                problem=None if problem is None else json.dumps(problem),
            )

    def release(self, name: str, told: Sequence[Told], *, after: float, counted: bool) -> None:
        """Give a running job back, to be taken up again `after` so many seconds.

        `counted` says whether this time counts as a try.
        """
        with self._engine.begin() as db:
            values = {"state": "queued", "owner": None, "ready": _now(db) + after}
            tries = jobs.c.tries if counted else jobs.c.tries - 1
            self._tell(db, self._held(name), told, **values, tries=tries)

    def expire(self) -> int:
        """Delete the jobs that were finished long enough ago; return how many."""
        with self._engine.begin() as db:
            old = delete(jobs).where(jobs.c.expires <= _now(db)).returning(jobs.c.id)
            names = list(db.execute(old).scalars())
            db.execute(delete(events).where(events.c.job.in_(names)))
        return len(names)

    def _held(self, name: str) -> tuple[ColumnElement[bool], ...]:
        return (jobs.c.id == name, jobs.c.owner == self._owner, jobs.c.state == "running")

    def _end(
        self,
        db: Connection,
        where: Iterable[ColumnElement[bool]],
        state: str,
        told: Sequence[Told],
        **values: str | None,
    ) -> bool:
        now = _now(db)
        ended = {
            "state": state,
            "owner": None,
            "finished": now,
            "expires": now + self._settings.keep_hours * 3600,
            **values,
        }
        return self._tell(db, where, told, **ended)

    def _tell(
        self,
        db: Connection,
        where: Iterable[ColumnElement[bool]],
        told: Sequence[Told],
        **values: object,
    ) -> bool:
        """Change a job and add its events; tell whether it was there."""
        for _, data in told:
            values |= {key: data[key] for key in ("done", "total") if key in data}
        last = jobs.c.events + len(told)
        changed = update(jobs).where(*where).values(**values, events=last)
        row = db.execute(changed.returning(jobs.c.id, jobs.c.events)).one_or_none()
        if row is not None and told:
            first = row.events - len(told) + 1
            rows = [
                {"job": row.id, "number": first + i, "name": name, "data": json.dumps(data)}
                for i, (name, data) in enumerate(told)
            ]
            db.execute(insert(events), rows)
        return row is not None


def _create_tables(db: Connection) -> None:
    if db.dialect.name == "postgresql":  # two processes that start at once would both create them
        db.execute(select(func.pg_advisory_xact_lock(0x70796C6C)))
    metadata.create_all(db)


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401 - the driver's own
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _now(db: Connection) -> float:
    """Return the time as the database has it; SQLite has this machine's."""
    if db.dialect.name == "postgresql":
        epoch = func.extract("epoch", func.clock_timestamp())
        return float(db.execute(select(epoch)).scalar_one())
    return time.time()
