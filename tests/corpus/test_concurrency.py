"""Bounded tasks: never too many at once, every item once, and nothing left behind."""

import asyncio
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.corpus.concurrency import BoundedTasks


class Meter:
    """Works on items, which are numbers, and measures how many and how much is under way."""

    def __init__(self, delays=(), fails=()):
        self.delays = delays
        self.fails = fails
        self.items = []
        self.running = []
        self.most_running = 0
        self.ended = []

    async def work(self, item):
        self.running.append(item)
        self.most_running = max(self.most_running, len(self.running))
        try:
            for _ in range(self.delays[item] if self.delays else 0):
                await asyncio.sleep(0)
            if item in self.fails:
                raise ValueError(item)
            return item
        finally:
            self.running.remove(item)
            self.ended.append(item)

    async def feed(self, items):
        for item in items:
            self.items.append(item)
            yield item


async def collect(tasks, items):
    batches = []
    async with aclosing(tasks.finished(items)) as finished:
        async for batch in finished:
            batches.append(batch)
    return batches


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 5), st.integers(1, 40))
def test_every_item_is_worked_on_once_within_the_bounds(delays, width, max_size):
    """Sizes are the items' delays; only an item that is larger than the bound may exceed it."""
    meter = Meter(delays)
    in_hand = []  # their sizes, when a task has just been started

    def size(item):
        return delays[item]

    async def work(item):
        in_hand.append(sum(delays[other] for other in [*meter.running, item]))
        if len(meter.running):
            assert in_hand[-1] <= max_size
        return await meter.work(item)

    tasks = BoundedTasks(work, width, size, max_size)
    batches = asyncio.run(collect(tasks, meter.feed(range(len(delays)))))
    made = [item for batch in batches for item in batch]
    assert all(batches)
    assert sorted(made) == list(range(len(delays)))
    assert made == meter.ended  # in the order in which they were finished
    assert meter.most_running <= width


def test_an_item_above_the_bound_is_taken_alone():
    meter = Meter([1, 1, 1])
    sizes = [1, 100, 1]
    tasks = BoundedTasks(meter.work, 3, sizes.__getitem__, 10)
    assert asyncio.run(collect(tasks, meter.feed(range(3)))) == [[0], [1], [2]]
    assert meter.most_running == 1


def test_items_are_taken_no_faster_than_results():
    meter = Meter()

    async def main():
        tasks = BoundedTasks(meter.work, 2, lambda item: 0, 1)
        async with aclosing(tasks.finished(meter.feed(range(100)))) as finished:
            await anext(finished)
            for _ in range(50):  # nobody takes what is finished meanwhile
                await asyncio.sleep(0)
            return len(meter.items)

    assert asyncio.run(main()) < 10


def test_the_first_error_of_a_task_ends_all_once_what_is_finished_has_been_yielded():
    meter = Meter([0, 2, 900], fails={1})
    taken = []

    async def main():
        async for batch in BoundedTasks(meter.work, 3, lambda item: 0, 1).finished(
            meter.feed(range(3))
        ):
            taken.extend(batch)

    with pytest.raises(ValueError, match="1"):
        asyncio.run(main())
    assert taken == [0]
    assert meter.running == []


def test_an_error_of_the_items_ends_all():
    meter = Meter([900, 900])

    async def broken():
        yield 0
        raise OSError("the corpus cannot be read on")

    async def main():
        await collect(BoundedTasks(meter.work, 3, lambda item: 0, 1), broken())

    with pytest.raises(OSError, match="cannot be read on"):
        asyncio.run(main())
    assert meter.running == []


def test_leaving_early_cancels_the_tasks_and_stops_taking_items():
    meter = Meter([0, *[10**6] * 99])

    async def main():
        tasks = BoundedTasks(meter.work, 4, lambda item: 0, 1)
        async with aclosing(tasks.finished(meter.feed(range(100)))) as finished:
            assert await anext(finished) == [0]
        assert meter.running == []

    asyncio.run(asyncio.wait_for(main(), 20))
    assert len(meter.items) < 10


def test_results_are_gathered_for_a_while():
    meter = Meter(list(range(8)))
    tasks = BoundedTasks(meter.work, 8, lambda item: 0, 1, gather=0.05)
    batches = asyncio.run(collect(tasks, meter.feed(range(8))))
    assert len(batches) < 8
    assert sorted(item for batch in batches for item in batch) == list(range(8))


def test_no_items_are_no_work():
    meter = Meter()
    tasks = BoundedTasks(meter.work, 3, lambda item: 0, 1)
    assert asyncio.run(collect(tasks, meter.feed([]))) == []
