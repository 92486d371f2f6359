"""Runs over a corpus by several processes of this machine, where one core is not enough.

Each has its part of the calls in flight, and all share one record of calls. A process that dies is
started again, and its documents are done anew.
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
from pipeline.corpus.workers import Team, Worker
from pipeline.errors import InputError, ServerDown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from multiprocessing.process import BaseProcess

    from pipeline.corpus.batch import Engine
    from pipeline.corpus.pool import Order
    from pipeline.corpus.workers import Answer
    from pipeline.documents.document import Document

GARBAGE = 100_000  # objects made since Python last looked for garbage, until it does again
LENGTH = 4  # bytes before each message that tell how long it is
LEAVE_SECONDS = 10.0  # in which a process has to end once nobody asks any more
ENDED = (EOFError, ConnectionError)
LOST = "a process of the run was lost"


@contextlib.asynccontextmanager
async def open_processes(
    order: Order, processes: int, note: Callable[[str], None] = lambda text: None
) -> AsyncIterator[Engine]:
    """Start so many processes, which share the calls in flight; one is this process itself.

    `note` is told of trouble.

    Raises:
        InputError: there are more processes than calls in flight.
        ModelUnavailable: the server or the model cannot be had.
    """
    if processes == 1:
        async with open_pool(order, note) as pool:
            yield pool
        return
    settings = order.settings
    calls = settings.concurrency // processes
    if not calls:
        raise InputError(
            f"{processes} processes cannot share a concurrency of {settings.concurrency}: "
            "take fewer, or a higher concurrency"
        )
    part = replace(order, settings=settings.model_copy(update={"concurrency": calls}))
    members = [_Process(part, note) for _ in range(processes)]
    try:
        async with contextlib.aclosing(Team(members, width_of(calls))) as team:
            await team.join()
            yield team
    finally:
        await asyncio.gather(*(member.aclose() for member in members))


@dataclass(eq=False)
class _Process:
    """A `Worker` in a process of this machine; it is started by `identity`."""

    order: Order
    note: Callable[[str], None]
    _process: BaseProcess | None = None
    _writer: asyncio.StreamWriter | None = None
    _hearing: asyncio.Task[None] | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _asked: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)

    async def identity(self) -> Mapping[str, object]:
        if self._hearing is None or self._hearing.done():
            await self.aclose()
            await self._start()
        return await self._ask(None)

    async def summarize(self, document: Document) -> Mapping[str, object]:
        return await self._ask(document)

    async def aclose(self) -> None:
        """End the process. What it has finished is in the record of calls."""
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            await asyncio.to_thread(self._process.join, LEAVE_SECONDS)
            self._process.kill()
        if self._hearing is not None:
            await self._hearing

    async def _start(self) -> None:
        ours, theirs = socket.socketpair()
        # The interpreter's start may take a second, and Ctrl-C is for the driver alone.
        process = multiprocessing.get_context("spawn").Process(
            target=work, args=(theirs, self.order), daemon=True
        )
        with theirs, _uninterrupted():
            process.start()
        reader, self._writer = await asyncio.open_connection(sock=ours)
        self._process = process
        self._hearing = asyncio.create_task(self._hear(reader))

    async def _ask(self, document: Document | None) -> Mapping[str, object]:
        number = next(self._numbers)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        if self._writer is None or self._hearing is None or self._hearing.done():
            raise ServerDown(LOST)
        self._asked[number] = answer
        _send(self._writer, (number, document))
        try:
            return (await answer).unpack()
        finally:
            self._asked.pop(number, None)

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers until the process ends; then whoever still waits is told."""
        with contextlib.suppress(*ENDED):
            async for number, said in _messages(reader):
                if number is None:
                    self.note(said)
                elif number in self._asked and not self._asked[number].done():
                    self._asked[number].set_result(said)
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(ServerDown(LOST))


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have processes that are started meanwhile take no notice of Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def work(channel: socket.socket, order: Order) -> None:
    """Answer questions until nobody is left to ask any: what a process of a run does."""
    # What is loaded stays, and what calls make is soon let go of: looking for more is wasted time.
    gc.freeze()
    gc.set_threshold(GARBAGE)
    log_retries()
    logging.getLogger().addHandler(logging.NullHandler())
    asyncio.run(_work(channel, order))


async def _work(channel: socket.socket, order: Order) -> None:
    reader, writer = await asyncio.open_connection(sock=channel)
    worker = Worker(order, lambda text: _send(writer, (None, text)))

    async def answer(number: int, document: Document | None) -> None:
        # Questions about documents, and one that is about none: who are you?
        asked = worker.identity() if document is None else worker.summarize(document)
        _send(writer, (number, await asked))

    async with contextlib.aclosing(worker):
        try:
            async with asyncio.TaskGroup() as answering:
                async for number, document in _messages(reader):
                    answering.create_task(answer(number, document))
        except* ENDED:
            pass  # nobody asks any more, and what was under way is given up


def _send(writer: asyncio.StreamWriter, message: object) -> None:
    data = pickle.dumps(message)
    writer.write(len(data).to_bytes(LENGTH, "big") + data)


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[Any]:
    """Yield the messages of the other end, until one of ENDED says that it is gone."""
    while True:
        length = int.from_bytes(await reader.readexactly(LENGTH), "big")
        yield pickle.loads(await reader.readexactly(length))  # noqa: S301 - both ends are ours
