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

from api.jobs import Lost
from api.problems import Problem, internal
from api.stream import event_data

if TYPE_CHECKING:
    from api.engine import Engine
    from api.jobs import JobStore, Taken, Told
    from api.settings import ServiceSettings
    from pipeline.core.events import Emit, Event

log = structlog.get_logger("api")

LOOK_SECONDS = 0.5  # between looks for jobs of other processes
TELL_SECONDS = 0.25  # between notes of a job's progress
EXPIRE_SECONDS = 60.0
MOST_TRIES = 20  # after which a job is given up: it may be what kills the processes
WAITS = ("model-server-down", "model-missing")  # problems that pass without the client's doing
LONGEST_WAIT = 300.0  # seconds


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

    def forget(self, name: str) -> None:
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
                await self._take()
            except SQLAlchemyError:
                log.exception("the jobs' database fails")
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _renew(self) -> None:
        if not self._running:
            return
        names = set(self._running)
        for name in names - await asyncio.to_thread(self.store.renew, names):
            self.forget(name)

    async def _take(self) -> None:
        free = self.settings.jobs - len(self._running)
        if self.stopping or free <= 0:
            return
        for taken in await asyncio.to_thread(self.store.take, free):
            task = asyncio.create_task(self._work(taken))
            self._running[taken.id] = task
            task.add_done_callback(partial(self._ended, taken.id))

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        del self._running[name]
        self.wake()

    async def _work(self, taken: Taken) -> None:
        with structlog.contextvars.bound_contextvars(job=taken.id):
            try:
                await self._carry_out(taken)
            except Lost:
                log.info("job left to others")
            except Exception:  # the lease ends, and the job is taken up again
                log.exception("job abandoned")

    async def _carry_out(self, taken: Taken) -> None:
        """Run a job, noting its progress, and note how it ended."""
        told: list[Told] = []
        run = asyncio.create_task(self._summarize(taken, partial(add_event, told)))
        try:
            while not run.done():
                await asyncio.wait({run}, timeout=TELL_SECONDS)
                if told and not run.done():
                    note, told[:] = tuple(told), []
                    await asyncio.to_thread(self.store.advance, taken.id, note)
        finally:
            run.cancel()
            await asyncio.wait({run})
        await self._end(taken, run.result(), told)

    async def _summarize(self, taken: Taken, emit: Emit) -> dict[str, object] | Problem:
        if taken.tries > MOST_TRIES:
            return Problem("gave-up", f"It did not end in {MOST_TRIES} tries.")
        try:
            prepared = await self.engine.prepare(taken.order)
            result = await self.engine.run(prepared, "job", emit)
        except Problem as problem:
            return problem
        except Exception:
            log.exception("job failed")
            return internal()
        return result.to_dict()

    async def _end(
        self, taken: Taken, outcome: dict[str, object] | Problem, told: list[Told]
    ) -> None:
        if not isinstance(outcome, Problem):
            self.finished += 1
            await asyncio.to_thread(self.store.finish, taken.id, "done", told, result=outcome)
        elif outcome.kind == "stopping":
            self.parked += 1
            await asyncio.to_thread(self.store.release, taken.id, told, after=0, counted=False)
        elif outcome.kind in WAITS:
            after = min(LONGEST_WAIT, 5.0 * 2**taken.tries)
            told.append(("waiting", {"seconds": after, "problem": outcome.body()}))
            await asyncio.to_thread(self.store.release, taken.id, told, after=after, counted=True)
        else:
            body = outcome.body()
            told.append(("failed", body))
            await asyncio.to_thread(self.store.finish, taken.id, "failed", told, problem=body)
        log.info("job", end=getattr(outcome, "kind", "done"))


def add_event(told: list[Told], event: Event) -> None:
    """Add an event to those that are to be told; words that follow each other become one."""
    name, data = event_data(event)
    if name == "delta" and told and told[-1][0] == "delta" and not data["restart"]:
        told[-1][1]["text"] += data["text"]
    else:
        told.append((name, data))
