"""A pool of workers for a corpus. Each is a process somewhere, with a model of its own.

The driver holds the corpus, the ledger and the output. It hands each document to the least busy
worker. Where a worker's process or model server is lost, the others take over its documents, and
the worker is tried again after a rest.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline import errors
from pipeline.corpus.pool import open_pool
from pipeline.errors import ModelMissing, PyLlamaError, ServerDown, TimedOut
from pipeline.models.adapter import deadline
from pipeline.models.load_balancer import LoadBalancer, Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from pipeline.corpus.pool import Pool, RunOptions
    from pipeline.documents.document import Document

START_SECONDS = 120.0  # in which a worker has to start; a busy machine takes its time


@dataclass(frozen=True)
class Answer:
    """A worker's answer: what was asked for, or an error, as its class's name and its message."""

    value: Mapping[str, object] | None
    kind: str = ""
    reason: str = ""

    def unpack(self) -> Mapping[str, object]:
        """Return what was asked for.

        Raises:
            PyLlamaError: the worker's error.
        """
        if self.value is not None:
            return self.value
        kind: type[PyLlamaError] = getattr(errors, self.kind)
        error = kind.__new__(kind)  # some constructors make the message; this one is made
        error.args = (self.reason,)
        raise error


class Worker:
    """Summarizes documents in its own process; it never raises a PyLlamaError, but answers with it.

    The first question opens the model. The constructor does not, because Ray does not restart an
    actor whose constructor fails. `note` takes lines about trouble.
    """

    def __init__(
        self, options: RunOptions, note: Callable[[str], None] = lambda text: None
    ) -> None:
        self._options = options
        self._note = note
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._opened = contextlib.AsyncExitStack()  # until the process ends

    async def identity(self) -> Answer:
        """Return what every result depends on."""
        return await self._answer(_identity)

    async def summarize(self, document: Document) -> Answer:
        """Summarize a document."""
        return await self._answer(lambda pool: pool.result(document))

    async def aclose(self) -> None:
        """Close the model and the cache."""
        await self._opened.aclose()

    async def _answer(self, ask: Callable[[Pool], Awaitable[Mapping[str, object]]]) -> Answer:
        try:
            async with self._opening:
                if self._pool is None:
                    opening = open_pool(self._options, self._note)
                    self._pool = await self._opened.enter_async_context(opening)
            return Answer(await ask(self._pool))
        except PyLlamaError as error:
            return Answer(None, type(error).__name__, str(error))


async def _identity(pool: Pool) -> Mapping[str, object]:
    return pool.identity


class WorkerHandle(Protocol):
    """The driver's end of a worker.

    Raises:
        PyLlamaError: the worker's error.
        ServerDown: the worker is lost.
    """

    async def identity(self) -> Mapping[str, object]:
        """Return what every result depends on; start the worker if it does not run."""

    async def summarize(self, document: Document) -> Mapping[str, object]:
        """Return a result in its JSON form."""


class WorkerPool:
    """Summarizes documents with workers; see `pipeline.corpus.batch.Engine`."""

    tally = None  # the workers make the calls; results tell how many

    def __init__(self, workers: Sequence[WorkerHandle], documents: int) -> None:
        """Take the workers, and how many documents each of them summarizes at once."""
        self._balancer = LoadBalancer([self._server(worker, documents) for worker in workers])
        self._identity: Mapping[str, object] = {}

    def _server(self, worker: WorkerHandle, documents: int) -> Server[WorkerHandle]:
        async def revive() -> WorkerHandle:
            async with deadline(START_SECONDS):
                identity = await worker.identity()
            if identity != (self._identity or identity):
                raise ModelMissing("the servers hold different models; pull the same on all")
            self._identity = identity
            return worker

        return Server(None, documents, revive)

    async def start(self) -> None:
        """Start the workers. One that is down is tried again later.

        Raises:
            ModelUnavailable: all are down, or their models differ.
        """
        servers = self._balancer.servers
        found = await asyncio.gather(*(s.revive() for s in servers), return_exceptions=True)
        for server, worker in zip(servers, found, strict=True):
            if isinstance(worker, ServerDown | TimedOut):
                server.trouble = worker
            elif isinstance(worker, BaseException):
                raise worker
            else:
                server.worker = worker
        if not self._identity:
            raise next(server.trouble for server in servers if server.trouble)

    @property
    def width(self) -> int:
        """How many documents to summarize at once."""
        return sum(server.slots for server in self._balancer.servers)

    @property
    def identity(self) -> Mapping[str, object]:
        """What every result depends on."""
        return self._identity

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document and return the result's JSON form; see `Engine`."""
        return await self._balancer.share(lambda worker: worker.summarize(document))

    async def aclose(self) -> None:
        """Stop trying workers that are down."""
        await self._balancer.aclose()
