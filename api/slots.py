"""Who may go next: calls shared fairly between runs, and runs that wait in a bounded line."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable


class FairSlots:
    """A number of slots that runs share: a free one goes to the run that holds the fewest.

    Where several hold as few, the one that had to wait longest since its last turn is next. So a
    text of a thousand calls delays a text of one call by no more than a call of its own.
    """

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}  # the next turn first

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot."""
        return sum(len(line) for line in self._waiting.values())

    @contextlib.asynccontextmanager
    async def slot(self, run: Hashable) -> AsyncIterator[None]:
        """Hold a slot for one call of a run."""
        await self._take(run)
        try:
            yield
        finally:
            self._give_back(run)

    async def _take(self, run: Hashable) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(run, deque()).append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(run, turn)
            else:  # the slot came in the same moment
                self._give_back(run)
            raise

    def _leave(self, run: Hashable, turn: asyncio.Future[None]) -> None:
        line = self._waiting[run]
        line.remove(turn)
        if not line:
            del self._waiting[run]

    def _give_back(self, run: Hashable) -> None:
        self._free += 1
        self._held[run] -= 1
        if not self._held[run]:
            del self._held[run]
        self._hand_out()

    def _hand_out(self) -> None:
        while self._free:
            turn = self._next()
            if turn is None:
                return
            turn.set_result(None)

    def _next(self) -> asyncio.Future[None] | None:
        """Take the next turn, for which a slot is taken too; turns that gave up stay in line."""
        for run in sorted(self._waiting, key=lambda run: self._held[run]):
            line = self._waiting[run]
            turn = next((turn for turn in line if not turn.done()), None)
            if turn is None:
                continue
            line.remove(turn)
            del self._waiting[run]
            if line:
                self._waiting[run] = line  # behind the others
            self._free -= 1
            self._held[run] += 1
            return turn
        return None


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
