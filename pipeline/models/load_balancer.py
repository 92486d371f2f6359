"""A load balancer: work goes to the least busy of several servers, each with slots of its own.

A circuit breaker stands before each server: one that cannot be reached, does not answer in time or
fails FAILURES times in a row is set aside, and its work goes to the others. While it rests it is
tried now and then, and comes back with its first answer. Hedged requests keep the end of a run
short: where servers have nothing else to do, what takes LATE times as long as usual is begun on a
second one, and the first to finish counts. So a server that hangs or is slow keeps nobody waiting.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from pipeline.errors import CallFailed, ModelUnavailable, TimedOut, Transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

Worker = TypeVar("Worker")
Made = TypeVar("Made")
Trouble: TypeAlias = Transient | ModelUnavailable

FAILURES = 3  # in a row, after which a server rests; one alone may be the work's fault
LATE = 2.0  # times the usual; work that takes longer is begun a second time
HELP_EVERY = 0.25  # seconds between looks at what is late
REST, LONGEST_REST = 1.0, 60.0  # seconds between two tries; they double


@dataclass(eq=False)
class Server(Generic[Worker]):
    """A server, and what works with it.

    `revive` returns a worker once the server answers; it raises a Trouble where it does not.
    """

    worker: Worker | None
    slots: int
    revive: Callable[[], Awaitable[Worker]]
    in_flight: int = 0
    failures: int = 0
    trouble: Trouble | None = None  # why it rests: its circuit breaker is open


@dataclass(eq=False)
class _Piece(Generic[Worker, Made]):
    """A piece of work under way: who does it, since when, and what comes of it."""

    work: Callable[[Worker], Awaitable[Made]]
    began: float
    made: asyncio.Future[Made]
    attempts: dict[Server[Worker], asyncio.Task[None]] = field(default_factory=dict)


@dataclass
class LoadBalancer(Generic[Worker]):
    """Gives each piece of work to the least busy server whose circuit breaker is closed.

    `rest` is how long a server that was set aside is first left alone, in seconds.
    """

    servers: Sequence[Server[Worker]]
    rest: float = REST

    def __post_init__(self) -> None:
        self._freed = asyncio.Event()
        self._waiting = 0
        self._revivals: dict[Server[Worker], asyncio.Task[None]] = {}
        self._pieces: dict[_Piece[Worker, Any], None] = {}  # in the order in which they began
        self._usual = 0.0  # seconds of a piece of work
        self._helping: asyncio.Task[None] | None = None

    async def share(
        self,
        work: Callable[[Worker], Awaitable[Made]],
        again: Callable[[], bool] = lambda: True,
        *,
        twice: bool = False,
    ) -> Made:
        """Have a server that has room do some work, and another one where it fails.

        `again` says whether work that failed can be begun anew elsewhere. `twice` allows a hedged
        request: the work may be begun a second time while the first goes on.

        Raises:
            Transient: no server that is awake could do it.
            ModelUnavailable: likewise, and none of the servers can be had.
            CallFailed: it failed for a reason of its own.
        """
        errors: dict[Server[Worker], Trouble] = {}
        while True:
            server, worker = await self._room(errors)
            piece = _Piece(work, time.monotonic(), asyncio.get_running_loop().create_future())
            self._begin(piece, server, worker)
            try:
                return await self._outcome(piece, twice=twice)
            except (Transient, ModelUnavailable) as error:
                errors |= dict.fromkeys(piece.attempts, error)
                if not again():
                    raise

    def _begin(self, piece: _Piece[Worker, Made], server: Server[Worker], worker: Worker) -> None:
        piece.attempts[server] = asyncio.create_task(self._attempt(piece, server, worker))

    async def _attempt(
        self, piece: _Piece[Worker, Made], server: Server[Worker], worker: Worker
    ) -> None:
        """Have a server do a piece of work; its slot is taken already."""
        try:
            made = await piece.work(worker)
        except Exception as error:  # noqa: BLE001 - whoever shared the work gets it
            if isinstance(error, Transient | ModelUnavailable):
                self._note(server, error)
            others = [task for other, task in piece.attempts.items() if other is not server]
            if all(task.done() for task in others) and not piece.made.done():
                piece.made.set_exception(error)
        else:
            server.failures = 0
            seconds = time.monotonic() - piece.began
            self._usual = self._usual + (seconds - self._usual) / 16 if self._usual else seconds
            if not piece.made.done():
                piece.made.set_result(made)
        finally:
            server.in_flight -= 1
            self._freed.set()

    async def _outcome(self, piece: _Piece[Worker, Made], *, twice: bool) -> Made:
        """Wait for a piece of work, and end what is then left of it."""
        if twice:
            self._pieces[piece] = None
            if self._helping is None or self._helping.done():
                self._helping = asyncio.create_task(self._help())
        try:
            return await piece.made
        finally:
            self._pieces.pop(piece, None)
            left = [task for task in piece.attempts.values() if not task.done()]
            for task in left:
                task.cancel()
            if left:
                await asyncio.wait(left)

    async def _help(self) -> None:
        """Hedge: begin late work a second time where a server has nothing else to do."""
        while self._pieces:
            await asyncio.sleep(HELP_EVERY)
            if not self._usual:  # nothing is finished yet, so nobody knows
                continue
            late = time.monotonic() - LATE * self._usual - HELP_EVERY
            for piece in list(self._pieces):
                server = self._idle(piece)
                if self._waiting or piece.began > late or server is None:
                    break
                if len(piece.attempts) == 1 and server.worker is not None:
                    server.in_flight += 1
                    self._begin(piece, server, server.worker)

    def _idle(self, piece: _Piece[Worker, Any]) -> Server[Worker] | None:
        """Return a server with a free slot that does not have this piece already."""
        return next(
            (
                server
                for server in self.servers
                if not server.trouble
                and server.in_flight < server.slots
                and server not in piece.attempts
            ),
            None,
        )

    async def _room(
        self, errors: Mapping[Server[Worker], Trouble]
    ) -> tuple[Server[Worker], Worker]:
        """Take a slot of a server that has not failed this work, once there is one."""
        self._revive_those_at_rest()
        while True:
            awake = [server for server in self.servers if not server.trouble]
            left = [server for server in awake if server not in errors]
            if not left:
                raise _mildest([*errors.values(), *(s.trouble for s in self.servers if s.trouble)])
            server = min(left, key=lambda server: server.in_flight / server.slots)
            if server.worker is not None and server.in_flight < server.slots:
                server.in_flight += 1
                return server, server.worker
            self._freed.clear()
            self._waiting += 1
            try:
                await self._freed.wait()
            finally:
                self._waiting -= 1

    def _note(self, server: Server[Worker], error: Trouble) -> None:
        server.failures += 1
        if isinstance(error, ModelUnavailable | TimedOut) or server.failures >= FAILURES:
            server.trouble = error
            self._revive_those_at_rest()

    def _revive_those_at_rest(self) -> None:
        for server in self.servers:
            if server.trouble and server not in self._revivals:
                self._revivals[server] = asyncio.create_task(self._revive(server))

    async def _revive(self, server: Server[Worker]) -> None:
        """Try a server that rests now and then, until it answers and its breaker closes."""
        rest = self.rest
        while server.trouble:
            await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST)
            try:
                server.worker = await server.revive()
            except (Transient, ModelUnavailable) as error:
                server.trouble = error
            else:
                server.trouble, server.failures = None, 0
        del self._revivals[server]
        self._freed.set()

    async def aclose(self) -> None:
        """Give up those that rest."""
        tasks = [*self._revivals.values(), *([self._helping] if self._helping else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def answers(call: Awaitable[object]) -> None:
    """Wait for a call of which only matters that the server answers, whatever it says.

    Raises:
        Transient: it does not.
        ModelUnavailable: it does not.
    """
    try:
        await call
    except Transient:
        raise
    except CallFailed:
        return


def _mildest(errors: Sequence[Trouble]) -> Trouble:
    """Return an error that may pass, if there is one: it does not end a run."""
    return next((error for error in errors if isinstance(error, Transient)), errors[0])
