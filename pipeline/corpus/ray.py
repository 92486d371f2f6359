"""Runs over a corpus on a cluster, by Ray: an actor for each model server.

The driver keeps the corpus, the ledger and the output. An actor opens the model of its server and
keeps a record of calls on its own machine. Where a machine is lost, Ray starts its actor elsewhere
and gives it its documents again; a model server that fails rests, and the others do its work.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.corpus.pool import width_of
from pipeline.corpus.workers import Team, Worker
from pipeline.errors import InputError, ServerDown
from pipeline.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from pipeline.corpus.pool import Order
    from pipeline.corpus.workers import Answer
    from pipeline.documents.document import Document

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class _Actor:
    """A `Worker` in a process of the cluster, by Ray's handle, which has no type."""

    handle: Any

    async def identity(self) -> Mapping[str, object]:
        return await _asked(self.handle.identity.remote())

    async def summarize(self, document: Document) -> Mapping[str, object]:
        return await _asked(self.handle.summarize.remote(document))


@contextlib.asynccontextmanager
async def open_cluster(order: Order, address: str) -> AsyncIterator[Team]:
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
        actors = [_Actor(actor.remote(replace(order, settings=host))) for host in hosts]
        async with contextlib.aclosing(Team(actors, width_of(settings.concurrency))) as team:
            await team.join()
            yield team
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
    from ray.exceptions import RayError

    try:
        return (await answering).unpack()
    except RayError as error:
        raise ServerDown(f"an actor of the cluster is lost: {one_line(error)}") from error
