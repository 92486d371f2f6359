"""The parts of one running service, handed to the routes as one value."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.admission import AdmissionQueue, QueueFull
from api.keys import KeyRing
from api.problems import Problem, retry_after
from api.uploads import DocumentReader
from api.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opentelemetry.trace import TracerProvider

    from api.admission import Ticket
    from api.engine import Engine
    from api.jobs import JobStore
    from api.metrics import Metrics
    from api.settings import ServiceSettings

log = structlog.get_logger("api")

END_SECONDS = 5.0  # for what was ended to be recorded and answered
RETRY_SECONDS = 5  # after which a place in the queue may be free


@dataclass
class Service:
    """A running service."""

    settings: ServiceSettings
    engine: Engine
    metrics: Metrics
    jobs: JobStore
    tracers: TracerProvider | None = None  # None takes the process's own
    worker: Worker = field(init=False)
    keys: KeyRing = field(init=False)
    admission: AdmissionQueue = field(init=False)
    reader: DocumentReader = field(init=False)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.keys = KeyRing(self.settings.api_keys)
        self.worker = Worker(self.jobs, self.engine, self.settings)
        self.admission = AdmissionQueue(self.settings.runs, self.settings.waiting)
        self.reader = DocumentReader(self.settings)
        self.metrics.watch(
            "py_llama_waiting_requests", "Requests in line", lambda: self.admission.waiting
        )
        self.metrics.watch(
            "py_llama_waiting_calls", "Model calls in line", lambda: self.engine.pool.waiting
        )
        self.metrics.watch("py_llama_waiting_jobs", "Jobs that nobody runs", self._waiting_jobs)

    def _waiting_jobs(self) -> float:
        try:
            return self.jobs.count_queued()
        except SQLAlchemyError:
            return math.nan

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Run jobs meanwhile, and release the models at the end."""
        work = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            await self.stop()
            work.cancel()
            await asyncio.wait([work])
            self.reader.close()
            await self.engine.aclose()

    async def stop(self) -> None:
        """Take nothing new; give what runs its time, then end it. Jobs are queued again.

        Their finished calls are in the cache, so the next process goes on where they were.
        """
        if self.stopping:
            return
        self.stopping = self.worker.stopping = True
        before = self.worker.finished
        log.info("stopping", requests=self.admission.running, jobs=self.worker.running)
        await self._idle(self.settings.grace_seconds)
        ended = self.engine.stop()
        await self._idle(END_SECONDS)
        log.info(
            "stopped",
            jobs_finished=self.worker.finished - before,
            jobs_parked=self.worker.parked,
            requests_ended=ended - self.worker.parked,
        )

    async def _idle(self, seconds: float) -> None:
        """Wait until nothing runs, at most so long."""
        end = time.monotonic() + seconds
        while (self.admission.running or self.worker.running) and time.monotonic() < end:  # noqa: ASYNC110 - two counts, and it is the end
            await asyncio.sleep(0.02)

    def refuse_if_stopping(self) -> None:
        """Refuse what is new when the service stops.

        Raises:
            Problem: it does.
        """
        if self.stopping:
            raise Problem("stopping", "Send the request again.", retry_after(RETRY_SECONDS))

    def enter(self) -> Ticket:
        """Take a place among the requests that are summarized.

        Raises:
            Problem: the queue is full, or the service is stopping.
        """
        self.refuse_if_stopping()
        try:
            return self.admission.enter()
        except QueueFull:
            raise Problem(
                "busy",
                "Try again, or use POST /jobs, which waits for you.",
                retry_after(RETRY_SECONDS),
            ) from None
