"""Who may go next: a model's calls shared fairly between runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.models.wrapper import ModelWrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable

    from pipeline.models.base import ChatModel, Reply


class FairQueue:
    """A fair queue for slots that runs share: a free one goes to the run that holds the fewest.

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


@dataclass(frozen=True)
class SharedModel(ModelWrapper):
    """A model as one run sees it: its calls take fair turns with those of other runs.

    Who opened the model closes it.
    """

    model: ChatModel
    slots: FairQueue
    run: Hashable

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask the model when this run's turn has come; see `ChatModel.complete`."""
        async with self.slots.slot(self.run):
            return await super().complete(
                system, user, max_tokens=max_tokens, attempt=attempt, emit=emit
            )

    async def aclose(self) -> None:
        """Do nothing: other runs share the model."""
