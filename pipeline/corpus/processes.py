"""A pool of workers on this machine, each a process, for where one core is not enough.

Each has its part of the calls in flight, and all share one cache. A process that dies is started
again, and its documents are retried.

A message is a pickle after its length. The driver sends (number, document), or (number, None) to
ask for the worker's identity. The worker answers (number, Answer), and sends (None, text) where
the user is to be told of trouble.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import multiprocessing
import pickle
import signal
import socket
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, Any

from pipeline.core.ask import log_retries
from pipeline.corpus.pool import open_pool, width_of
from pipeline.corpus.workers import Worker, WorkerPool
from pipeline.errors import InputError, ServerDown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from multiprocessing.process import BaseProcess

    from pipeline.corpus.batch import Engine
    from pipeline.corpus.pool import RunOptions
    from pipeline.corpus.workers import Answer
    from pipeline.documents.document import Document

GARBAGE = 100_000  # new objects between two runs of the garbage collector
LENGTH = 4  # bytes before each message, with its length
STOP_SECONDS = 10.0  # in which a process has to end once its connection is closed
ENDED = (EOFError, ConnectionError)
LOST = "a worker process was lost"


@contextlib.asynccontextmanager
async def open_processes(
    options: RunOptions, processes: int, note: Callable[[str], None] = lambda text: None
) -> AsyncIterator[Engine]:
    """Start so many processes, which share the calls in flight; of one, none is started.

    `note` takes lines about trouble.

    Raises:
        InputError: there are more processes than calls in flight.
        ModelUnavailable: the server or the model cannot be had.
    """
    if processes == 1:
        async with open_pool(options, note) as pool:
            yield pool
        return
    settings = options.settings
    calls = settings.concurrency // processes
    if not calls:
        raise InputError(
            f"{processes} processes cannot share a concurrency of {settings.concurrency}: "
            "take fewer, or a higher concurrency"
        )
    part = replace(options, settings=settings.model_copy(update={"concurrency": calls}))
    workers = [_Process(part, note) for _ in range(processes)]
    try:
        async with contextlib.aclosing(WorkerPool(workers, width_of(calls))) as started:
            await started.start()
            yield started
    finally:
        await asyncio.gather(*(worker.aclose() for worker in workers))


@dataclass(eq=False)
class _Process:
    """The `WorkerHandle` of a process of this machine, which `identity` starts."""

    options: RunOptions
    note: Callable[[str], None]
    _process: BaseProcess | None = None
    _writer: asyncio.StreamWriter | None = None
    _receiving: asyncio.Task[None] | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _pending: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)

    async def identity(self) -> Mapping[str, object]:
        if self._receiving is None or self._receiving.done():
            await self.aclose()
            await self._start()
        return await self._ask(None)

    async def summarize(self, document: Document) -> Mapping[str, object]:
        return await self._ask(document)

    async def aclose(self) -> None:
        """End the process. Its finished calls are in the cache."""
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            await asyncio.to_thread(self._process.join, STOP_SECONDS)
            self._process.kill()
        if self._receiving is not None:
            await self._receiving

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        # The interpreter's start may take a second, and Ctrl-C is for the driver alone.
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(theirs, self.options), daemon=True
        )
        with theirs, _uninterrupted():
            process.start()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._process = process
        self._receiving = asyncio.create_task(self._receive(reader))

    async def _ask(self, document: Document | None) -> Mapping[str, object]:
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._writer is None or self._receiving is None or self._receiving.done():
            raise ServerDown(LOST)
        self._pending[number] = answer
        _send(self._writer, (number, document))
        try:
            return (await answer).unpack()
        finally:
            self._pending.pop(number, None)

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until the process ends; then fail the questions that are left."""
        with contextlib.suppress(*ENDED):
            async for number, said in _messages(reader):
                if number is None:
                    self.note(said)
                elif number in self._pending and not self._pending[number].done():
                    self._pending[number].set_result(said)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ServerDown(LOST))


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have processes that are started meanwhile ignore Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def work(channel: socket.socket, options: RunOptions) -> None:
    """Answer questions until the driver closes the connection: what a worker process runs."""
    # What is loaded by now stays, and what calls make is freed without the collector's help.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    log_retries()
    logging.getLogger().addHandler(logging.NullHandler())
    asyncio.run(_work(channel, options))


async def _work(channel: socket.socket, options: RunOptions) -> None:
    reader, writer = await asyncio.open_connection(sock=channel)
    worker = Worker(options, lambda text: _send(writer, (None, text)))

    async def answer(number: int, document: Document | None) -> None:
        asked = worker.identity() if document is None else worker.summarize(document)
        _send(writer, (number, await asked))

    async with contextlib.aclosing(worker):
        try:
            async with asyncio.TaskGroup() as answering:
                async for number, document in _messages(reader):
                    answering.create_task(answer(number, document))
        except* ENDED:
            pass  # the driver is gone, and the documents under way with it


def _send(writer: asyncio.StreamWriter, message: object) -> None:
    data = pickle.dumps(message)
    writer.write(len(data).to_bytes(LENGTH, "big") + data)


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[Any]:
    """Yield messages of the other end.

    Raises:
        ENDED: the other end is gone.
    """
    while True:
        length = int.from_bytes(await reader.readexactly(LENGTH), "big")
        yield pickle.loads(await reader.readexactly(length))  # noqa: S301 - both ends are ours
