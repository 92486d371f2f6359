"""Workers in processes of this machine. They choose sentences, so no server is needed."""

import asyncio
import multiprocessing
import os
import signal
import sys
import time

import pytest

from pipeline import Document, InputError
from pipeline.corpus.pool import RunOptions
from pipeline.corpus.processes import LOST, open_processes
from pipeline.errors import ServerDown
from pipeline.settings import Settings

TEXT = "The ferry left at dawn. It carried ten sacks of mail. The crossing took two hours."

kills = pytest.mark.skipif(sys.platform == "win32", reason="sends SIGKILL")


@pytest.fixture
def options(tmp_path):
    return RunOptions(Settings(strategy="extractive", words=5, store=tmp_path / "calls"))


def summaries(options, processes, texts):
    """Return a run's identity, and its summaries or errors."""

    async def main():
        async with open_processes(options, processes, print) as engine:
            results = await asyncio.gather(
                *(engine.result(Document(text)) for text in texts), return_exceptions=True
            )
            return dict(engine.identity), results

    return asyncio.run(asyncio.wait_for(main(), 60))


def test_processes_answer_as_one_does(options):
    texts = [TEXT, " ", TEXT + " Nobody was on deck."]
    one, alone = summaries(options, 1, texts)
    two, shared = summaries(options, 2, texts)
    assert one == two
    assert [result["summary"] for result in (alone[0], alone[2])] == [
        result["summary"] for result in (shared[0], shared[2])
    ]
    assert [(type(errors[1]), str(errors[1])) for errors in (alone, shared)] == [
        (type(alone[1]), str(alone[1]))
    ] * 2
    assert isinstance(shared[1], InputError)


def test_more_processes_than_calls_in_flight_are_refused(options):
    with pytest.raises(InputError, match="9 processes cannot share a concurrency of 4"):
        summaries(options, 9, [])


def workers():
    """Return the processes that run now."""
    return {process.pid for process in multiprocessing.active_children()}


def wait_for_workers(count, without):
    deadline = time.monotonic() + 30
    while len(workers() - without) < count:
        assert time.monotonic() < deadline, "a lost process was not started again"
        time.sleep(0.02)


@kills
def test_a_process_that_is_lost_is_started_again_while_the_other_does_its_work(options):
    async def main():
        async with open_processes(options, 2, print) as engine:
            before = workers()
            assert len(before) == 2
            under_way = [
                asyncio.create_task(engine.result(Document(f"{TEXT} " * 2000, f"{n}")))
                for n in range(4)
            ]
            await asyncio.sleep(0.05)
            os.kill(min(before), signal.SIGKILL)
            results = await asyncio.gather(*under_way)
            assert [result["input"]["name"] for result in results] == list("0123")
            await asyncio.to_thread(wait_for_workers, 2, {min(before)})
            assert (await engine.result(Document(TEXT)))["summary"]

    asyncio.run(asyncio.wait_for(main(), 60))
    assert workers() == set()


@kills
def test_when_all_are_lost_the_error_says_so(options):
    async def main():
        async with open_processes(options, 2, print) as engine:
            for process in workers():
                os.kill(process, signal.SIGKILL)
            with pytest.raises(ServerDown, match=LOST):
                await engine.result(Document(TEXT))

    asyncio.run(asyncio.wait_for(main(), 60))


def test_processes_end_with_their_run(options):
    summaries(options, 2, [TEXT])
    assert workers() == set()
