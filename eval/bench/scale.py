"""How far runs over corpora go, against lower bounds: `python -m eval.bench.scale`.

- mixed: short and long documents on several servers: makespan against total service time / slots,
  which no schedule can beat; the memory on the way; and killed again and again, every document once
  in the output, and how many calls were made again;
- overhead: documents a second of a run over a Parquet file, against those of a bare loop over the
  adapter's calls, by one process, at the same concurrency;
- sick: one of four servers fails, hangs, or is slow: makespan against what the others could do.

The servers are simulated, each a process of its own. They share the machine's cores with what is
measured, so where it is processor time that counts, one answers that takes little of that.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import multiprocessing
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eval.bench.instant import instant
from eval.bench.simulation import Simulation, simulated
from pipeline.core.prompts import Wording
from pipeline.core.summarizer import Summarizer
from pipeline.corpus.batch import run
from pipeline.corpus.ledger import open_ledger
from pipeline.corpus.pool import RunOptions
from pipeline.corpus.processes import open_processes
from pipeline.corpus.read import Columns, open_corpus
from pipeline.models.open import open_model
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence

    from eval.bench.simulation import Simulation
    from pipeline.corpus.ledger import Outcome
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings

SERVERS, SLOTS = 4, 8
SPARE = 2  # calls in flight beyond a server's slots, so that a slot never waits for the next one
WORDS = (
    "river carries sand sea wind stone winter garden letter market engine bridge number paper "
    "window summer island copper valley harbour signal ladder mirror needle orchard pocket quarry"
)


def prose(draw: random.Random, words: int) -> str:
    """Return so many words, in sentences of ten."""
    chosen = draw.choices(WORDS.split(), k=words)
    lines = (" ".join(chosen[i : i + 10]).capitalize() for i in range(0, words, 10))
    return ". ".join(lines) + "."


def write_corpus(path: Path, short: int, short_words: int, long: int, long_words: int) -> None:
    """Write short and long documents in random order."""
    draw = random.Random(0)  # noqa: S311 - no secret depends on it
    kinds = [("short", short_words)] * short + [("long", long_words)] * long
    draw.shuffle(kinds)
    with path.open("w", encoding="utf-8") as file:
        for number, (kind, words) in enumerate(kinds):
            row = {"id": f"{kind} {number}", "text": prose(draw, words)}
            file.write(json.dumps(row) + "\n")


@contextlib.contextmanager
def servers(count: int, **options: Any) -> Iterator[list[Simulation]]:  # noqa: ANN401 - its own
    """Run so many simulated servers."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(simulated(**options)) for _ in range(count)]


@dataclass
class Command:
    """`py-llama batch` in a folder with a corpus of its own; its memory is watched."""

    folder: Path
    hosts: Sequence[str]
    timeout: float = 300.0
    memory: list[float] = field(default_factory=list)  # MB, once a second

    def start(self) -> subprocess.Popen[bytes]:
        """Start it."""
        command = [sys.executable, "-m", "pipeline", "batch", "in.jsonl", "out.jsonl"]
        command += ["--id-column=id", "--model=ollama:sim"]
        environment = {
            **os.environ,
            "PY_LLAMA_OLLAMA_HOST": ",".join(self.hosts),
            "PY_LLAMA_STORE": str(self.folder / "calls.sqlite3"),
            "PY_LLAMA_CONCURRENCY": str(SLOTS + SPARE),
            "PY_LLAMA_TIMEOUT": str(self.timeout),
            "PY_LLAMA_MERGE": "extractive",  # of itself, so small a model would not be asked
        }
        process = subprocess.Popen(command, cwd=self.folder, env=environment)  # noqa: S603
        threading.Thread(target=self._watch, args=(process,), daemon=True).start()
        return process

    def kill(self, enough: float) -> None:
        """Start it, and kill it when so many documents are finished."""
        process = self.start()
        while process.poll() is None and self._finished() < enough:
            time.sleep(0.2)
        process.kill()
        process.wait()

    def _finished(self) -> int:
        ledger = (self.folder / "out.jsonl.ledger").as_uri()
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"{ledger}?mode=ro", uri=True)) as db,
        ):
            return int(db.execute("SELECT count(*) FROM done").fetchone()[0])
        return 0

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError):  # it may end meanwhile
                self.memory.append(resident(process.pid))
            time.sleep(1)

    def check(self) -> Counter[str]:
        """Check that every document is in the output once; return the calls that it took."""
        with (self.folder / "in.jsonl").open() as file:
            expected = Counter(json.loads(line)["id"] for line in file)
        found: Counter[str] = Counter()
        calls: Counter[str] = Counter()
        with (self.folder / "out.jsonl").open() as file:
            for line in map(json.loads, file):
                found[line["id"]] += 1
                calls["planned"] += line["calls"]["map"] + line["calls"]["merge"]
                calls["stand-ins"] += len(line["read"]["stand_ins"])
        if found != expected:
            raise SystemExit(f"{len(found)} of {len(expected)} documents, {found.total()} lines")
        return calls


def resident(pid: int) -> float:
    """Return the memory of a process in MB, as Linux tells it."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def resident_in_all(pid: int) -> float:
    """Return the memory of a process and of those that it started for its work, in MB."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return resident(pid) + sum(map(resident, children))


def answered(simulations: Iterable[Simulation]) -> list[dict[str, Any]]:
    """Return the calls that were answered, besides those that confirm a vocabulary."""
    rows = itertools.chain.from_iterable(server.requests() for server in simulations)
    return [row for row in rows if row["status"] == 200 and row["num_predict"] > 1]


def spell_memory(memory: Sequence[float]) -> str:
    """Return the highest figure, and how the second half of a run compares with its middle."""
    middle, half = len(memory) // 2, memory[len(memory) // 2 :]
    return f"memory at most {max(memory):.0f} MB, {max(half) - memory[middle]:+.0f} MB after half"


@click.group()
def main() -> None:
    """Measure runs over corpora on simulated servers."""


@main.command()
@click.option("--short", default=20_000)
@click.option("--short-words", default=300)
@click.option("--long", default=50)
@click.option("--long-words", default=20_000)
@click.option("--speed", default=4.0, help="How much faster than real the simulation runs.")
@click.option("--kills", default=0, help="Kill the command so often on the way.")
def mixed(
    short: int, short_words: int, long: int, long_words: int, speed: float, kills: int
) -> None:
    """Short and long documents on four servers of eight slots."""
    options = {"slots": SLOTS, "speed": speed, "model_ctx": 2048, "jitter": 0.3}
    with (
        tempfile.TemporaryDirectory() as name,
        servers(SERVERS, **options) as simulations,
    ):
        command = Command(Path(name), [server.url for server in simulations])
        write_corpus(command.folder / "in.jsonl", short, short_words, long, long_words)
        for server in simulations:
            server.reset(mark=not kills)  # marks would differ after a kill, and prompts with them
        began = time.perf_counter()
        for number in range(kills):
            command.kill((number + 0.5) / kills * (short + long))
        command.start().wait()
        seconds = time.perf_counter() - began
        calls, rows = command.check(), answered(simulations)
        text = f"mixed       {calls['planned']:,} calls on {SERVERS} x {SLOTS} slots"
        if kills:
            repeated = len(rows) - calls["planned"]
            text += f", killed {kills} times: every document once, {repeated} calls made again"
        else:
            bound = sum(row["service_s"] for row in rows) / (SERVERS * SLOTS)
            text += f": {spell_makespan(rows, bound)}, {seconds:.1f} s with the start"
        click.echo(f"{text}; {calls['stand-ins']} stand-ins; {spell_memory(command.memory)}")


@main.command()
@click.option("--documents", default=1_000_000, help="In the file.")
@click.option("--take", default=100_000, help="Of which so many are summarized.")
@click.option("--bare", default=10_000, help="Calls of the bare loop, before and after.")
@click.option("--concurrency", default=32)
@click.option("--processes", default=2, help="That share the work; the bare loop is one.")
def overhead(documents: int, take: int, bare: int, concurrency: int, processes: int) -> None:
    """Documents of 200 words from a Parquet file, on a server that answers at once."""
    with (
        tempfile.TemporaryDirectory() as name,
        simulated(model_ctx=2048) as simulation,
        instant(simulation) as url,
    ):
        corpus = Path(name) / "in.parquet"
        write_parquet(corpus, documents)
        settings = load_settings(
            model="ollama:sim",
            ollama_host=url,
            concurrency=concurrency,
            store=Path(name) / "calls.sqlite3",
        )
        asyncio.run(_overhead(corpus, settings, take, bare, processes))


def write_parquet(path: Path, documents: int) -> None:
    """Write documents of 200 words; no two are the same."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    draw = random.Random(0)  # noqa: S311 - no secret depends on it
    pool = [prose(draw, 40) for _ in range(5000)]
    schema = pyarrow.schema([("id", pyarrow.int64()), ("text", pyarrow.string())])
    with ParquetWriter(path, schema) as writer:
        for start in range(0, documents, 10_000):
            ids = list(range(start, min(start + 10_000, documents)))
            texts = [" ".join(draw.choices(pool, k=5)) for _ in ids]
            writer.write_table(pyarrow.table({"id": ids, "text": texts}, schema))


async def _overhead(corpus: Path, settings: Settings, take: int, bare: int, processes: int) -> None:
    columns, memory = Columns("text", "id"), list[float]()
    entries = itertools.islice(open_corpus(str(corpus), columns), bare)
    texts = [entry.document.text for entry in entries]
    async with contextlib.AsyncExitStack() as opened:
        model = open_model(settings)
        opened.push_async_callback(model.aclose)
        opening = open_processes(RunOptions(settings), processes, click.echo)
        engine = await opened.enter_async_context(opening)
        ledger = opened.enter_context(open_ledger(corpus.parent / "out.jsonl", engine.identity))
        taken = itertools.islice(open_corpus(str(corpus), columns), take)
        await _bare(model, texts[:100], settings.concurrency)
        before = await _timed(_bare(model, texts, settings.concurrency))
        ours = await _timed(_ours(run(taken, engine, ledger), memory))
        after = await _timed(_bare(model, texts, settings.concurrency))
        finished, failed = ledger.count()
    bare_call = (before + after) / (2 * bare)
    click.echo(
        f"overhead    {finished:,} documents, {failed} failed, by {processes} processes: "
        f"{take / ours:.0f} a second = {take / ours * bare_call:.3f} x those of a bare loop "
        f"({1 / bare_call:.0f} a second; before {bare / before:.0f}, after {bare / after:.0f}); "
        f"{spell_memory(memory)}"
    )


async def _timed(work: Coroutine[Any, Any, None]) -> float:
    began = time.perf_counter()
    await work
    return time.perf_counter() - began


async def _bare(model: ChatModel, texts: Sequence[str], concurrency: int) -> None:
    """Ask the adapter about each text, and do nothing else."""
    left, bound = iter(texts), Summarizer(model).budget().answer

    async def ask() -> None:
        for text in left:
            prompt = Wording().final(text, Summarizer(model).words)
            await model.complete(*prompt, max_tokens=bound)

    await asyncio.gather(*(ask() for _ in range(concurrency)))


async def _ours(outcomes: AsyncIterator[list[Outcome]], memory: list[float]) -> None:
    memory += [resident_in_all(os.getpid()) async for _ in outcomes]


@main.command()
@click.option("--documents", default=3000)
@click.option("--speed", default=4.0, help="How much faster than real the simulation runs.")
@click.option("--timeout", default=10.0, help="Seconds for a call.")
@click.option("--kind", "chosen", help="Only this one: hangs, say.")
def sick(documents: int, speed: float, timeout: float, chosen: str | None) -> None:
    """One of four servers fails, hangs, or is ten times as slow; then all three at once."""
    fails, hangs, slow = {"f_500": 1.0}, {"f_hang": 1.0}, {"speed": speed / 10}
    well: dict[str, float] = {}
    kinds = {
        "one fails": [fails, well, well, well],
        "one hangs": [hangs, well, well, well],
        "one is slow": [slow, well, well, well],
        "all three": [fails, hangs, slow, well],
    }
    options = {"slots": SLOTS, "speed": speed, "model_ctx": 2048, "jitter": 0.3}
    for kind, states in kinds.items():
        if chosen is not None and chosen not in kind:
            continue
        with (
            tempfile.TemporaryDirectory() as name,
            servers(SERVERS, **options) as simulations,
        ):
            hosts = [server.url for server in simulations]
            command = Command(Path(name), hosts, timeout)
            write_corpus(command.folder / "in.jsonl", documents, 300, 0, 0)
            for server, changes in zip(simulations, states, strict=True):
                server.reset(**changes)
            command.start().wait()
            calls, rows = command.check(), [answered([server]) for server in simulations]
        # Work and capacity are in what a healthy slot does in a second.
        paces = [0.1 if changes is slow else 1.0 for changes in states]
        work = sum(
            pace * row["service_s"] for pace, own in zip(paces, rows, strict=True) for row in own
        )
        slots = SLOTS * (states.count({}) + 0.1 * states.count(slow))
        spelled = spell_makespan(list(itertools.chain(*rows)), work / slots)
        click.echo(f"sick        {kind}: {spelled}; {calls['stand-ins']} stand-ins")


def spell_makespan(rows: Sequence[Mapping[str, Any]], bound: float) -> str:
    """Return the time from the first call's arrival to the last one's end, and its ratio."""
    span = max(row["t_end"] for row in rows) - min(row["t_arrive"] for row in rows)
    return f"{span:.1f} s = {span / bound:.3f} x the lower bound of {bound:.1f} s"


if __name__ == "__main__":
    main()
