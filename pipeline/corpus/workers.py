"""Runs over a corpus by several workers, each a process somewhere with a model of its own.

The driver keeps the corpus, the ledger and the output, and gives each document to the least busy
worker. A worker whose process or model server is lost rests, and the others do its work.
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

    from pipeline.corpus.pool import Order, Pool
    from pipeline.documents.document import Document

START_SECONDS = 120.0  # in which a worker has to be there; a busy machine takes its time


@dataclass(frozen=True)
class Answer:
    """What a worker answers: what was asked for, or the name of an error's class and its words."""

    value: Mapping[str, object] | None
    kind: str = ""
    reason: str = ""

    def unpack(self) -> Mapping[str, object]:
        """Return what was asked for.

        Raises:
            PyLlamaError: what the worker met.
        """
        if self.value is not None:
            return self.value
        kind: type[PyLlamaError] = getattr(errors, self.kind)
        error = kind.__new__(kind)  # it says this, whatever errors of its kind are made of
        error.args = (self.reason,)
        raise error


class Worker:
    """Summarizes documents in the process where it lives.

    The model is opened by the first question: an actor of Ray whose making fails is not made again.
    `note` is told of trouble.
    """

    def __init__(self, order: Order, note: Callable[[str], None] = lambda text: None) -> None:
        self._order = order
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
        """Close the model, and write down what is left of the record of calls."""
        await self._opened.aclose()

    async def _answer(self, ask: Callable[[Pool], Awaitable[Mapping[str, object]]]) -> Answer:
        try:
            async with self._opening:
                if self._pool is None:
                    opening = open_pool(self._order, self._note)
                    self._pool = await self._opened.enter_async_context(opening)
            return Answer(await ask(self._pool))
        except PyLlamaError as error:
            return Answer(None, type(error).__name__, str(error))


async def _identity(pool: Pool) -> Mapping[str, object]:
    return pool.identity


class Member(Protocol):
    """How the driver reaches a worker.

    Raises:
        PyLlamaError: what the worker met.
        ServerDown: it is lost.
    """

    async def identity(self) -> Mapping[str, object]:
        """Return what every result depends on; start the worker where there is none."""

    async def summarize(self, document: Document) -> Mapping[str, object]:
        """Return a result in its JSON form."""


class Team:
    """Summarizes documents with workers; see `pipeline.corpus.batch.Engine`."""

    tally = None  # calls are made elsewhere, and told of with the documents

    def __init__(self, members: Sequence[Member], documents: int) -> None:
        """Take the workers, and how many documents each has under way."""
        self._balancer = LoadBalancer([self._server(member, documents) for member in members])
        self._identity: Mapping[str, object] = {}

    def _server(self, member: Member, documents: int) -> Server[Member]:
        async def revive() -> Member:
            async with deadline(START_SECONDS):
                identity = await member.identity()
            if identity != (self._identity or identity):
                raise ModelMissing("the servers hold different models; pull the same on all")
            self._identity = identity
            return member

        return Server(None, documents, revive)

    async def join(self) -> None:
        """Wait for the workers. One whose server cannot be had rests.

        Raises:
            ModelUnavailable: none can be had, or they hold different models.
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
        """How many documents are to be under way."""
        return sum(server.slots for server in self._balancer.servers)

    @property
    def identity(self) -> Mapping[str, object]:
        """What every result depends on."""
        return self._identity

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document and return the result's JSON form; see `Engine`."""
        return await self._balancer.share(lambda member: member.summarize(document))

    async def aclose(self) -> None:
        """Give up those that rest."""
        await self._balancer.aclose()
