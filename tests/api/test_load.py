"""Load: 200 clients at once, and what the service adds to a call. Prints its figures with -s."""

import asyncio
import random
import statistics
import time
from collections import Counter
from pathlib import Path

import pytest
from api_service import process

from eval.bench.simulation import SIMULATOR, simulated
from pipeline.core.prompts import Wording
from pipeline.core.summarizer import Summarizer
from pipeline.models.base import ModelOptions
from pipeline.models.ollama.model import open_ollama

pytestmark = pytest.mark.slow

CLIENTS, SECONDS, WARM_UP = 200, 60, 20
MOST_GROWTH = 50 * 2**20  # bytes
MOST_ADDED = 0.020  # seconds


VOCABULARY = (
    "river carries sand sea wind stone winter garden letter market engine bridge number paper "
    "window summer island copper valley harbour signal ladder mirror needle orchard pocket quarry "
    "ribbon saddle timber velvet wagon yellow anchor basket candle"
)


def prose(draw, sentences):
    return " ".join(
        " ".join(draw.choices(VOCABULARY.split(), k=9)).capitalize() + "." for _ in range(sentences)
    )


def short_text(draw):
    return prose(draw, 20)


def long_text(draw):
    return prose(draw, 600)


def resident(pid):
    """Return a process's memory in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no such process")


@pytest.fixture(scope="module")
def simulation():
    pytest.importorskip("aiohttp")
    if not SIMULATOR.exists() or not Path("/proc/self/status").exists():
        pytest.skip("no simulated Ollama lies beside the project, or this is no Linux")
    with simulated(slots=8, model_ctx=2048, speed=20) as simulation:
        yield simulation


def test_what_the_service_adds_to_one_call(simulation, tmp_path):
    """Requests and bare calls of the same size in turns, so that both meet the same machine."""
    draw, taken, bare = random.Random(1), [], []
    options = ModelOptions(context=2048, concurrency=8)
    model = open_ollama("smollm2:135m", host=simulation.url, options=options, cache_folder=tmp_path)
    bound = Summarizer(model).budget().answer
    with (
        process(tmp_path, url=simulation.url, context=2048, concurrency=8) as service,
        asyncio.Runner() as runner,
    ):
        for number in range(110):
            began = time.perf_counter()
            answer = service.client.post("/summarize", json={"text": short_text(draw)})
            middle = time.perf_counter()
            prompt = Wording().final(short_text(draw), 150)
            runner.run(model.complete(*prompt, max_tokens=bound))
            if number >= 10:
                assert answer.json()["calls"] == {"map": 1, "merge": 0, "retry": 0, "cached": 0}
                taken.append(middle - began)
                bare.append(time.perf_counter() - middle)
        runner.run(model.aclose())
    added = statistics.median(taken) - statistics.median(bare)
    print(
        f"\na request {1000 * statistics.median(taken):.1f} ms, a bare call "
        f"{1000 * statistics.median(bare):.1f} ms: {1000 * added:.1f} ms added at the median"
    )
    assert added <= MOST_ADDED


async def one_client(session, url, end, number, seen):
    """Ask again and again, as told by Retry-After where refused."""
    draw = random.Random(number)
    while time.monotonic() < end:
        text = long_text(draw) if draw.random() < 0.1 else short_text(draw)
        began = time.monotonic()
        async with session.post(f"{url}/summarize", json={"text": text}) as answer:
            body = await answer.json(content_type=None)
            seen.append((answer.status, time.monotonic() - began))
            if answer.status == 200:
                assert body["input"]["characters"] == len(text)
                assert body["summary"]
            else:
                await asyncio.sleep(int(answer.headers["Retry-After"]))


async def load(url, pid, seconds):
    """Return (status, seconds) of every request, and the memory once a second."""
    import aiohttp

    seen, memory, end = [], [], time.monotonic() + seconds
    connector = aiohttp.TCPConnector(limit=CLIENTS)
    timeout = aiohttp.ClientTimeout(total=120)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        clients = asyncio.gather(
            *(one_client(session, url, end, number, seen) for number in range(CLIENTS))
        )
        while not clients.done():
            memory.append(resident(pid))
            await asyncio.wait({clients}, timeout=1)
        await clients
    return seen, memory


def test_two_hundred_clients(simulation, tmp_path):
    simulation.reset()
    settings = {"context": 2048, "concurrency": 8, "runs": 16, "waiting": 64, "rate_limit": ""}
    with process(tmp_path, url=simulation.url, **settings) as service:
        url, pid = str(service.client.base_url).rstrip("/"), service.running.pid
        seen, memory = asyncio.run(load(url, pid, SECONDS))
        assert service.client.get("/readyz").status_code == 200
    statuses = Counter(status for status, _ in seen)
    growth = max(memory[WARM_UP:]) - memory[WARM_UP]
    answered = sorted(seconds for status, seconds in seen if status == 200)
    print(
        f"\n{dict(statuses)} in {SECONDS} s; median {statistics.median(answered):.2f} s, longest "
        f"{answered[-1]:.2f} s; memory {memory[WARM_UP] / 2**20:.0f} MB after {WARM_UP} s, at most "
        f"{growth / 2**20:+.1f} MB after that"
    )
    assert set(statuses) == {200, 429}
    assert growth <= MOST_GROWTH
