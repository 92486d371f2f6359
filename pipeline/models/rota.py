"""Work shared out between servers, each with slots of its own; what fails rests.

A server that cannot be reached, does not answer in time or fails again and again is set aside, and
its work goes to the others. While it rests it is tried now and then, and comes back with its first
answer.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from pipeline.errors import CallFailed, ModelUnavailable, Passing, TimedOut

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

Worker = TypeVar("Worker")
Made = TypeVar("Made")
Trouble: TypeAlias = Passing | ModelUnavailable

FAILURES = 3  # in a row, after which a server rests; one alone may be the work's fault
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
    trouble: Trouble | None = None  # why it rests


@dataclass
class Rota(Generic[Worker]):
    """Gives each piece of work to the least busy of the servers; `rest` is in seconds."""

    servers: Sequence[Server[Worker]]
    rest: float = REST

    def __post_init__(self) -> None:
        self._freed = asyncio.Event()
        self._revivals: dict[Server[Worker], asyncio.Task[None]] = {}

    async def share(
        self, work: Callable[[Worker], Awaitable[Made]], again: Callable[[], bool] = lambda: True
    ) -> Made:
        """Have a server that has room do some work, and another one where it fails.

        `again` says whether work that failed can be begun anew elsewhere.

        Raises:
            Passing: no server that is awake could do it.
            ModelUnavailable: likewise, and none of the servers can be had.
            CallFailed: it failed for a reason of its own.
        """
        errors: dict[Server[Worker], Trouble] = {}
        while True:
            server, worker = await self._room(errors)
            try:
                made = await work(worker)
            except (Passing, ModelUnavailable) as error:
                self._note(server, error)
                errors[server] = error
                if not again():
                    raise
            else:
                server.failures = 0
                return made
            finally:
                server.in_flight -= 1
                self._freed.set()

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
            await self._freed.wait()

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
        """Try a server that rests now and then, until it answers."""
        rest = self.rest
        while server.trouble:
            await asyncio.sleep(rest)
            rest = min(2 * rest, LONGEST_REST)
            try:
                server.worker = await server.revive()
            except (Passing, ModelUnavailable) as error:
                server.trouble = error
            else:
                server.trouble, server.failures = None, 0
        del self._revivals[server]
        self._freed.set()

    async def aclose(self) -> None:
        """Give up those that rest."""
        for revival in self._revivals.values():
            revival.cancel()
        if self._revivals:
            await asyncio.wait(self._revivals.values())


async def answers(call: Awaitable[object]) -> None:
    """Wait for a call of which only matters that the server answers, whatever it says.

    Raises:
        Passing: it does not.
        ModelUnavailable: it does not.
    """
    try:
        await call
    except Passing:
        raise
    except CallFailed:
        return


def _mildest(errors: Sequence[Trouble]) -> Trouble:
    """Return an error that may pass, if there is one: it does not end a run."""
    return next((error for error in errors if isinstance(error, Passing)), errors[0])
