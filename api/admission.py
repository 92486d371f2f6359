"""Admission of requests: a few are summarized at once, some more wait in a bounded queue."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class QueueFull(Exception):
    """As many requests wait as may."""


@dataclass
class AdmissionQueue:
    """Admits `max_running` requests at once; at most `max_waiting` more wait their turn."""

    max_running: int
    max_waiting: int
    running: int = 0
    _queue: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._queue)

    def enter(self) -> Ticket:
        """Take a place: a running one where one is free, else one in the queue.

        Raises:
            QueueFull: there is none.
        """
        turn = asyncio.get_running_loop().create_future()
        if self.running < self.max_running:
            self.running += 1
            turn.set_result(None)
        elif len(self._queue) < self.max_waiting:
            self._queue.append(turn)
        else:
            raise QueueFull
        return Ticket(turn, self._leave)

    def _leave(self, turn: asyncio.Future[None]) -> None:
        if turn in self._queue:
            self._queue.remove(turn)
            turn.cancel()
            return
        self.running -= 1
        while self._queue:
            following = self._queue.popleft()
            if not following.done():
                self.running += 1
                following.set_result(None)
                return


@dataclass(frozen=True)
class Ticket:
    """A place among the admitted requests, to be given back with `leave`."""

    _turn: asyncio.Future[None]
    _leave: Callable[[asyncio.Future[None]], None]

    async def wait(self) -> None:
        """Wait for the turn."""
        await asyncio.shield(self._turn)

    def leave(self) -> None:
        """Give the place back."""
        self._leave(self._turn)
