"""Runs the jobs of the database in this process, as many at once as it may."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.jobs import LeaseLost
from api.problems import Problem, internal
from api.stream import event_data

if TYPE_CHECKING:
    from api.engine import Engine
    from api.jobs import JobEvent, JobStore, LeasedJob
    from api.settings import ServiceSettings
    from pipeline.core.events import Emit, Event

log = structlog.get_logger("api")

POLL_SECONDS = 0.5  # between looks for jobs of other processes
WRITE_SECONDS = 0.25  # between writes of a job's progress
EXPIRE_SECONDS = 60.0
MAX_TRIES = 20  # after which a job is given up: it may be what kills the processes
TRANSIENT = ("model-server-down", "model-missing")  # problems that pass by themselves
MAX_WAIT_SECONDS = 300.0


@dataclass
class Worker:
    """Takes jobs up, runs them, and keeps their leases."""

    store: JobStore
    engine: Engine
    settings: ServiceSettings
    stopping: bool = False
    finished: int = 0
    parked: int = 0
    _running: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def running(self) -> int:
        """Jobs under way in this process."""
        return len(self._running)

    def wake(self) -> None:
        """Have it look for jobs now."""
        self._wake.set()

    def cancel(self, name: str) -> None:
        """End the run of a job that was cancelled in the database."""
        if name in self._running:
            self._running[name].cancel()

    async def run(self) -> None:
        """Run jobs until cancelled. Trouble with the database passes or is met again."""
        renewed = expired = -math.inf
        while True:
            self._wake.clear()
            try:
                if time.monotonic() - renewed >= min(1.0, self.settings.lease_seconds / 3):
                    renewed = time.monotonic()
                    await self._renew()
                if time.monotonic() - expired >= EXPIRE_SECONDS:
                    expired = time.monotonic()
                    await asyncio.to_thread(self.store.expire)
                await self._lease()
            except SQLAlchemyError:
                log.exception("the jobs' database fails")
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _renew(self) -> None:
        if not self._running:
            return
        names = set(self._running)
        for name in names - await asyncio.to_thread(self.store.renew, names):
            self.cancel(name)

    async def _lease(self) -> None:
        free = self.settings.jobs - len(self._running)
        if self.stopping or free <= 0:
            return
        for leased in await asyncio.to_thread(self.store.lease, free):
            task = asyncio.create_task(self._work(leased))
            self._running[leased.id] = task
            task.add_done_callback(partial(self._ended, leased.id))

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        del self._running[name]
        self.wake()

    async def _work(self, leased: LeasedJob) -> None:
        with structlog.contextvars.bound_contextvars(job=leased.id):
            try:
                await self._carry_out(leased)
            except LeaseLost:
                log.info("job left to others")
            except Exception:  # the lease ends, and the job is taken up again
                log.exception("job abandoned")

    async def _carry_out(self, leased: LeasedJob) -> None:
        """Run a job; record its progress, and how it ended."""
        events: list[JobEvent] = []
        run = asyncio.create_task(self._summarize(leased, partial(add_event, events)))
        try:
            while not run.done():
                await asyncio.wait({run}, timeout=WRITE_SECONDS)
                if events and not run.done():
                    new, events[:] = tuple(events), []
                    await asyncio.to_thread(self.store.add_events, leased.id, new)
        finally:
            run.cancel()
            await asyncio.wait({run})
        await self._end(leased, run.result(), events)

    async def _summarize(self, leased: LeasedJob, emit: Emit) -> dict[str, object] | Problem:
        if leased.tries > MAX_TRIES:
            return Problem("gave-up", f"It did not end in {MAX_TRIES} tries.")
        try:
            prepared = await self.engine.prepare(leased.order)
            result = await self.engine.run(prepared, "job", emit)
        except Problem as problem:
            return problem
        except Exception:
            log.exception("job failed")
            return internal()
        return result.to_dict()

    async def _end(
        self, leased: LeasedJob, outcome: dict[str, object] | Problem, events: list[JobEvent]
    ) -> None:
        if not isinstance(outcome, Problem):
            self.finished += 1
            await asyncio.to_thread(self.store.finish, leased.id, "done", events, result=outcome)
        elif outcome.kind == "stopping":
            self.parked += 1
            await asyncio.to_thread(self.store.release, leased.id, events, after=0, counted=False)
        elif outcome.kind in TRANSIENT:
            after = min(MAX_WAIT_SECONDS, 5.0 * 2**leased.tries)
            events.append(("waiting", {"seconds": after, "problem": outcome.body()}))
            await asyncio.to_thread(
                self.store.release, leased.id, events, after=after, counted=True
            )
        else:
            body = outcome.body()
            events.append(("failed", body))
            await asyncio.to_thread(self.store.finish, leased.id, "failed", events, problem=body)
        log.info("job", end=getattr(outcome, "kind", "done"))


def add_event(events: list[JobEvent], event: Event) -> None:
    """Add an event to those that are not written yet; words that follow each other become one."""
    name, data = event_data(event)
    if name == "delta" and events and events[-1][0] == "delta" and not data["restart"]:
        events[-1][1]["text"] += data["text"]
    else:
        events.append((name, data))
