"""Who may come in: runs that wait in a bounded line."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Full(Exception):
    """The line is as long as it may be."""


@dataclass
class Gate:
    """Lets in so many at once; so many more may wait in line."""

    runs: int
    waiting: int
    inside: int = 0
    _line: deque[asyncio.Future[None]] = field(default_factory=deque)

    @property
    def in_line(self) -> int:
        """How many wait."""
        return len(self._line)

    def enter(self) -> Ticket:
        """Take a place, inside or in the line.

        Raises:
            Full: there is none.
        """
        turn = asyncio.get_running_loop().create_future()
        if self.inside < self.runs:
            self.inside += 1
            turn.set_result(None)
        elif len(self._line) < self.waiting:
            self._line.append(turn)
        else:
            raise Full
        return Ticket(turn, self._leave)

    def _leave(self, turn: asyncio.Future[None]) -> None:
        if turn in self._line:
            self._line.remove(turn)
            turn.cancel()
            return
        self.inside -= 1
        while self._line:
            following = self._line.popleft()
            if not following.done():
                self.inside += 1
                following.set_result(None)
                return


@dataclass(frozen=True)
class Ticket:
    """A place at a gate, to be given back with `leave`."""

    _turn: asyncio.Future[None]
    _leave: Callable[[asyncio.Future[None]], None]

    async def wait(self) -> None:
        """Wait for the turn."""
        await asyncio.shield(self._turn)

    def leave(self) -> None:
        """Give the place back."""
        self._leave(self._turn)
