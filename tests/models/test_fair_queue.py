"""Whose turn it is: a free slot goes to the run that holds the fewest."""

import asyncio

import pytest

from pipeline.models.fair_queue import FairQueue, SharedModel
from pipeline.testing import ScriptedModel, first_words


def served(runs):
    """Have calls of these runs wait, in this order; return the order in which they are served."""
    order = []

    async def call(queue, run):
        async with queue.slot(run):
            order.append(run)
            await asyncio.sleep(0.001)

    async def go():
        queue = FairQueue(1)
        async with asyncio.TaskGroup() as group, queue.slot("another"):
            for run in runs:
                group.create_task(call(queue, run))
            await asyncio.sleep(0.001)
            assert queue.waiting == len(runs)
        assert queue.waiting == 0

    asyncio.run(go())
    return "".join(order)


def test_a_run_of_many_calls_delays_a_short_one_by_one_call_of_its_own():
    assert served("aaaaab") == "abaaaa"


def test_runs_that_hold_as_few_take_turns():
    assert served("aaabbbccc") == "abcabcabc"


def test_a_call_that_gives_up_leaves_its_place_and_its_slot():
    async def go():
        queue = FairQueue(1)
        async with queue.slot("a"):
            waits = asyncio.create_task(queue.slot("b").__aenter__())
            await asyncio.sleep(0)
            assert queue.waiting == 1
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
            assert queue.waiting == 0
        async with asyncio.timeout(1), queue.slot("c"):
            pass

    asyncio.run(go())


def test_a_shared_model_asks_when_its_run_has_a_turn_and_is_closed_by_its_owner():
    async def go():
        model = ScriptedModel(first_words(1), concurrency=9, delay=lambda call: 0.001)
        queue = FairQueue(2)
        runs = [SharedModel(model, queue, run) for run in "abc"]
        calls = [run.complete("", "Hello there.", max_tokens=3) for run in runs for _ in range(3)]
        await asyncio.gather(*calls)
        assert (model.peak, len(model.calls)) == (2, 9)
        await runs[0].aclose()
        assert (await runs[1].complete("", "Hello.", max_tokens=3)).text == "Hello."

    asyncio.run(go())
