"""A bounded number of tasks, over as many items as one likes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine

Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass
class BoundedTasks(Generic[Item, Made]):
    """Runs a task for each item; items are taken only as there is room for their tasks.

    Args:
        work: What a task does with its item.
        width: Bound on the tasks that run, and on the results that wait to be taken.
        size: Measures an item.
        max_size: Bound on the sizes of all items in hand together. A larger one is taken alone.
        gather: Seconds in which results are gathered before they are yielded.
    """

    work: Callable[[Item], Coroutine[Any, Any, Made]]
    width: int
    size: Callable[[Item], int]
    max_size: int
    gather: float = 0.0
    _under_way: dict[asyncio.Task[Any], int] = field(default_factory=dict)  # task -> item's size
    _held: int = 0  # the sum of these sizes
    _ended: asyncio.Queue[asyncio.Task[Any]] = field(default_factory=asyncio.Queue)
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    async def finished(self, items: AsyncIterator[Item]) -> AsyncGenerator[list[Made]]:
        """Yield the tasks' results in the order in which they are finished.

        Each list holds all results since the last one. The first error, of a task or of the
        iterator, cancels all tasks, once what was finished with it has been yielded.
        """
        feeder = self._start(self._feed(items), 0)
        try:
            while self._under_way:
                tasks = await self._take()
                done = [task for task in tasks if task is not feeder and not task.exception()]
                if done:
                    yield [task.result() for task in done]
                for task in tasks:
                    task.result()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _feed(self, items: AsyncIterator[Item]) -> None:
        async for item in items:
            size = self.size(item)
            while not self._fits(size):
                self._room.clear()
                await self._room.wait()
            self._start(self.work(item), size)

    def _fits(self, size: int) -> bool:
        items = len(self._under_way) - 1  # the feeder is none
        waiting = self._ended.qsize()
        return not items or (
            items - waiting < self.width > waiting and self._held + size <= self.max_size
        )

    def _start(self, work: Coroutine[Any, Any, Any], size: int) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._under_way[task] = size
        self._held += size
        task.add_done_callback(self._end)
        return task

    def _end(self, task: asyncio.Task[Any]) -> None:
        self._ended.put_nowait(task)
        self._room.set()

    async def _take(self) -> list[asyncio.Task[Any]]:
        tasks = [await self._ended.get()]
        if self.gather and len(self._under_way) > len(tasks):
            await asyncio.sleep(self.gather)
        while not self._ended.empty():
            tasks.append(self._ended.get_nowait())
        for task in tasks:
            self._held -= self._under_way.pop(task)
        self._room.set()
        return tasks
