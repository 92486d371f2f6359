"""Runs over a corpus on a cluster, by Ray: an actor for each model server.

The driver keeps the corpus, the ledger and the output. An actor opens the model of its server and
keeps a record of calls on its own machine. Where a machine is lost, Ray starts its actor elsewhere
and gives it its documents again; a model server that fails rests, and the others do its work.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline import errors
from pipeline.errors import InputError, ModelMissing, PyLlamaError, ServerDown, TimedOut
from pipeline.models.checks import deadline, one_line
from pipeline.models.rota import Rota, Server
from pipeline.pool import open_pool, width_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from pipeline.pool import Order, Pool
    from pipeline.types import Document

CONNECT_SECONDS = 5.0
START_SECONDS = 120.0  # in which a first actor has to be there; a busy cluster takes its time


@dataclass(frozen=True)
class Answer:
    """What an actor answers: what was asked for, or the name of an error's class and its words."""

    value: Mapping[str, object] | None
    kind: str = ""
    reason: str = ""


class Worker:
    """Summarizes documents with one model server, in a process of the cluster.

    The model is opened by the first question: an actor whose making fails is not made again.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()
        self._opened = contextlib.AsyncExitStack()  # for as long as the process lives

    async def identity(self) -> Answer:
        """Return what every result depends on."""
        return await self._answer(_identity)

    async def summarize(self, document: Document) -> Answer:
        """Summarize a document."""
        return await self._answer(lambda pool: pool.result(document))

    async def _answer(self, ask: Callable[[Pool], Awaitable[Mapping[str, object]]]) -> Answer:
        try:
            async with self._opening:
                if self._pool is None:
                    self._pool = await self._opened.enter_async_context(open_pool(self._order))
            return Answer(await ask(self._pool))
        except PyLlamaError as error:
            return Answer(None, type(error).__name__, str(error))


async def _identity(pool: Pool) -> Mapping[str, object]:
    return pool.identity


class Cluster:
    """Summarizes documents with actors; see `pipeline.batch.Engine`. `open_cluster` opens one."""

    def __init__(self, actors: Sequence[Any], documents: int) -> None:
        """Take handles on Workers, which have no type, and how many documents each takes."""
        self._rota = Rota([self._server(actor, documents) for actor in actors])
        self._identity: Mapping[str, object] = {}

    def _server(self, actor: Any, documents: int) -> Server[Any]:  # noqa: ANN401 - see __init__
        async def revive() -> Any:  # noqa: ANN401
            async with deadline(START_SECONDS):
                identity = await _asked(actor.identity.remote())
            if identity != (self._identity or identity):
                raise ModelMissing("the servers hold different models; pull the same on all")
            self._identity = identity
            return actor

        return Server(None, documents, revive)

    async def join(self) -> None:
        """Wait for the actors. One whose server cannot be had rests.

        Raises:
            ModelUnavailable: none can be had, or they hold different models.
        """
        servers = self._rota.servers
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
        return sum(server.slots for server in self._rota.servers)

    @property
    def identity(self) -> Mapping[str, object]:
        """What every result depends on."""
        return self._identity

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document and return the result's JSON form; see `Engine`."""
        return await self._rota.share(lambda actor: _asked(actor.summarize.remote(document)))

    async def aclose(self) -> None:
        """Give up what rests."""
        await self._rota.aclose()


@contextlib.asynccontextmanager
async def open_cluster(order: Order, address: str) -> AsyncIterator[Cluster]:
    """Join a cluster, and start an actor for each model server of the settings.

    Args:
        order: How to summarize; its settings name the model servers.
        address: Of the cluster: "auto" for the one that this machine belongs to, "local" for one
            of this process alone.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
        ModelUnavailable: no model server can be had, or they hold different models.
    """
    ray = _connected(address)
    try:
        actor = ray.remote(
            # A server's CPUs are not the actor's, so it needs none; where a machine is lost, it
            # finds a place on any other.
            num_cpus=0,
            scheduling_strategy="SPREAD",
            max_restarts=-1,
            max_task_retries=-1,
            max_concurrency=1000,
        )(Worker)
        settings = order.settings
        hosts = [settings.model_copy(update={"ollama_host": h}) for h in settings.ollama_hosts]
        actors = [actor.remote(replace(order, settings=host)) for host in hosts]
        async with contextlib.aclosing(Cluster(actors, width_of(settings.concurrency))) as cluster:
            await cluster.join()
            yield cluster
    finally:
        ray.shutdown()  # which ends the actors


def _connected(address: str) -> Any:  # noqa: ANN401 - the module
    try:
        import ray
    except ImportError:
        raise InputError(
            "the package ray is missing: pip install 'py-llama-backend[ray]'"
        ) from None
    try:
        host, _, port = address.rpartition(":")
        if port.isdigit():  # Ray itself tries for minutes
            socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"there is no Ray cluster at {address} ({one_line(error)}); start one with "
            "`ray start --head`, or take --address local"
        ) from None
    return ray


async def _asked(answering: Awaitable[Answer]) -> Mapping[str, object]:
    """Wait for an actor's answer.

    Raises:
        PyLlamaError: what the actor met.
        ServerDown: the actor is lost, and Ray cannot start it again.
    """
    from ray.exceptions import RayError

    try:
        answer = await answering
    except RayError as error:
        raise ServerDown(f"an actor of the cluster is lost: {one_line(error)}") from error
    if answer.value is None:
        raise _error(getattr(errors, answer.kind), answer.reason)
    return answer.value


def _error(kind: type[PyLlamaError], reason: str) -> PyLlamaError:
    """Return an error that says this, whatever errors of its kind are made of."""
    error = kind.__new__(kind)
    error.args = (reason,)
    return error
