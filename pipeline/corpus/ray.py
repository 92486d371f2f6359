"""A pool of workers on a Ray cluster: an actor for each model server.

The driver holds the corpus, the ledger and the output. An actor opens the model of its server, and
has a cache on its own machine. Where a machine is lost, Ray restarts its actor elsewhere and
retries its documents. Where a model server fails, the other actors take over its documents.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipeline.corpus.pool import width_of
from pipeline.corpus.workers import Worker, WorkerPool
from pipeline.errors import InputError, ServerDown
from pipeline.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping

    from pipeline.corpus.pool import RunOptions
    from pipeline.corpus.workers import Answer
    from pipeline.documents.document import Document

CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class _Actor:
    """The `WorkerHandle` of an actor. Ray's own handle has no type."""

    handle: Any

    async def identity(self) -> Mapping[str, object]:
        return await _asked(self.handle.identity.remote())

    async def summarize(self, document: Document) -> Mapping[str, object]:
        return await _asked(self.handle.summarize.remote(document))


@contextlib.asynccontextmanager
async def open_cluster(options: RunOptions, address: str) -> AsyncIterator[WorkerPool]:
    """Connect to a cluster, and start an actor for each model server of the settings.

    Args:
        options: How to summarize; the settings name the model servers.
        address: Of the cluster: "auto" for the one that this machine belongs to, "local" for one
            of this process alone.

    Raises:
        InputError: Ray is not installed, or there is no such cluster.
        ModelUnavailable: all model servers are down, or their models differ.
    """
    ray = _connected(address)
    try:
        actor = ray.remote(
            # Its model server does the work, so an actor asks for no CPU; then any machine has
            # room for one whose machine is lost.
            num_cpus=0,
            scheduling_strategy="SPREAD",
            max_restarts=-1,
            max_task_retries=-1,
            max_concurrency=1000,
        )(Worker)
        settings = options.settings
        hosts = [settings.model_copy(update={"ollama_host": h}) for h in settings.ollama_hosts]
        actors = [_Actor(actor.remote(replace(options, settings=host))) for host in hosts]
        async with contextlib.aclosing(WorkerPool(actors, width_of(settings.concurrency))) as pool:
            await pool.start()
            yield pool
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
        raise ServerDown(f"a worker on the cluster is lost: {one_line(error)}") from error
