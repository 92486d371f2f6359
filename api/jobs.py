"""The jobs, as rows of the database.

A running job is leased: its process renews the lease while it works, and when the process is dead
the lease ends and any other takes the job up. Times are the database's own, so the clocks of
several machines need not agree.

    queued ─→ running ─→ done | failed
       ↑─────────┘           cancelled from anywhere before
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from api.database import database_time, events, jobs, open_database
from api.orders import Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement

    from api.settings import ServiceSettings

UNFINISHED = ("queued", "running")
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
JobEvent: TypeAlias = tuple[str, dict[str, Any]]  # an event's name and data


class KeyReused(Exception):
    """The Idempotency-Key came with another request before."""


class TooManyJobs(Exception):
    """The client has as many unfinished jobs as it may have."""


class LeaseLost(Exception):
    """The job is no longer this process's: it was cancelled, or another process took it up."""


@dataclass(frozen=True)
class LeasedJob:
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
        self._engine = open_database(settings)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    def create(self, client: str, order: Order, key: str | None, fingerprint: str) -> JobRow:
        """Add a job, or return the one that the same key and request made before.

        Raises:
            KeyReused: the key belongs to another request.
            TooManyJobs: the client has too many unfinished jobs.
        """
        found = self._by_key(client, key, fingerprint)
        if found is not None:
            return found
        try:
            with self._engine.begin() as db:
                now = database_time(db)
                self._check_count(db, client)
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

    def _check_count(self, db: Connection, client: str) -> None:
        unfinished = select(func.count()).where(
            jobs.c.client == client, jobs.c.state.in_(UNFINISHED)
        )
        if db.execute(unfinished).scalar_one() >= self._settings.jobs_per_client:
            raise TooManyJobs

    def get(self, client: str, job_id: str) -> JobRow | None:
        """Return a client's job; None where there is none, or it is another client's."""
        with self._engine.connect() as db:
            query = select(*SHOWN).where(jobs.c.id == job_id, jobs.c.client == client)
            return db.execute(query).one_or_none()

    def page(self, client: str, after: str | None, limit: int) -> Sequence[JobRow]:
        """Return a client's jobs, the newest first, those older than `after`."""
        query = select(*LISTED).where(jobs.c.client == client)
        if after is not None:
            query = query.where(jobs.c.id < after)
        with self._engine.connect() as db:
            return db.execute(query.order_by(jobs.c.id.desc()).limit(limit)).all()

    def cancel(self, client: str, job_id: str) -> bool:
        """Cancel a client's job; tell whether it was unfinished."""
        with self._engine.begin() as db:
            mine = (jobs.c.id == job_id, jobs.c.client == client, jobs.c.state.in_(UNFINISHED))
            return self._end(db, mine, "cancelled", [("cancelled", {})])

    def delete(self, client: str, job_id: str) -> None:
        """Delete all that is kept of a client's job, finished or not."""
        with self._engine.begin() as db:
            mine = (jobs.c.id == job_id, jobs.c.client == client)
            if db.execute(delete(jobs).where(*mine)).rowcount:
                db.execute(delete(events).where(events.c.job == job_id))

    def order(self, client: str, job_id: str) -> Order | None:
        """Return what a client's job was asked for; None where there is no such job."""
        with self._engine.connect() as db:
            query = select(jobs.c.request).where(jobs.c.id == job_id, jobs.c.client == client)
            request = db.execute(query).scalar_one_or_none()
        return None if request is None else Order(**json.loads(request))

    def events_after(self, job_id: str, number: int) -> Sequence[JobRow]:
        """Return the events of a job that come after the one of this number."""
        query = select(events).where(events.c.job == job_id, events.c.number > number)
        with self._engine.connect() as db:
            return db.execute(query.order_by(events.c.number)).all()

    def count_queued(self) -> int:
        """Count the jobs that nobody runs."""
        with self._engine.connect() as db:
            query = select(func.count()).select_from(jobs).where(jobs.c.state == "queued")
            return int(db.execute(query).scalar_one())

    # What follows is for the process that runs jobs.

    def lease(self, most: int) -> list[LeasedJob]:
        """Lease the oldest jobs that are queued, or whose process is dead."""
        with self._engine.connect() as db:  # asking does not wait for who writes
            free = jobs.c.state.in_(UNFINISHED) & (jobs.c.ready <= database_time(db))
            if db.execute(select(jobs.c.id).where(free).limit(1)).first() is None:
                return []
        with self._engine.begin() as db:
            now = database_time(db)
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
        return [LeasedJob(row.id, Order(**json.loads(row.request)), row.tries) for row in taken]

    def renew(self, job_ids: Iterable[str]) -> set[str]:
        """Renew the leases of these jobs; return those that are still this process's."""
        mine = (jobs.c.id.in_(job_ids), jobs.c.owner == self._owner, jobs.c.state == "running")
        with self._engine.begin() as db:
            ready = database_time(db) + self._settings.lease_seconds
            renewed = update(jobs).where(*mine).values(ready=ready).returning(jobs.c.id)
            return set(db.execute(renewed).scalars())

    def add_events(self, job_id: str, new: Sequence[JobEvent]) -> None:
        """Record what happened in a running job.

        Raises:
            LeaseLost: it is no longer this process's.
        """
        with self._engine.begin() as db:
            if not self._update(db, self._held(job_id), new):
                raise LeaseLost

    def finish(
        self,
        job_id: str,
        state: str,
        new: Sequence[JobEvent],
        *,
        result: dict[str, Any] | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        """Record how a running job ended; one whose lease was lost meanwhile is left alone."""
        with self._engine.begin() as db:
            self._end(
                db,
                self._held(job_id),
                state,
                new,
                result=None if result is None else json.dumps(result),
                problem=None if problem is None else json.dumps(problem),
            )

    def release(self, job_id: str, new: Sequence[JobEvent], *, after: float, counted: bool) -> None:
        """Give a running job back, to be taken up again `after` so many seconds.

        `counted` says whether this time counts as a try.
        """
        with self._engine.begin() as db:
            values = {"state": "queued", "owner": None, "ready": database_time(db) + after}
            tries = jobs.c.tries if counted else jobs.c.tries - 1
            self._update(db, self._held(job_id), new, **values, tries=tries)

    def expire(self) -> int:
        """Delete the jobs that were finished long enough ago; return how many."""
        with self._engine.begin() as db:
            old = delete(jobs).where(jobs.c.expires <= database_time(db)).returning(jobs.c.id)
            job_ids = list(db.execute(old).scalars())
            db.execute(delete(events).where(events.c.job.in_(job_ids)))
        return len(job_ids)

    def _held(self, job_id: str) -> tuple[ColumnElement[bool], ...]:
        return (jobs.c.id == job_id, jobs.c.owner == self._owner, jobs.c.state == "running")

    def _end(
        self,
        db: Connection,
        where: Iterable[ColumnElement[bool]],
        state: str,
        new: Sequence[JobEvent],
        **values: str | None,
    ) -> bool:
        now = database_time(db)
        ended = {
            "state": state,
            "owner": None,
            "finished": now,
            "expires": now + self._settings.keep_hours * 3600,
            **values,
        }
        return self._update(db, where, new, **ended)

    def _update(
        self,
        db: Connection,
        where: Iterable[ColumnElement[bool]],
        new: Sequence[JobEvent],
        **values: object,
    ) -> bool:
        """Change a job and add its events; tell whether it was there."""
        for _, data in new:
            values |= {key: data[key] for key in ("done", "total") if key in data}
        last = jobs.c.events + len(new)
        changed = update(jobs).where(*where).values(**values, events=last)
        row = db.execute(changed.returning(jobs.c.id, jobs.c.events)).one_or_none()
        if row is not None and new:
            first = row.events - len(new) + 1
            rows = [
                {"job": row.id, "number": first + i, "name": name, "data": json.dumps(data)}
                for i, (name, data) in enumerate(new)
            ]
            db.execute(insert(events), rows)
        return row is not None
