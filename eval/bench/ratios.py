"""Speed as ratios, each measured in one run against a lower bound: `python -m eval.bench.ratios`.

- chunking: time to cut a million words into chunks, against encoding the same text once;
- makespan: time to summarize 100,000 words on a simulated server of 4 slots, against
  max(total service time / slots, longest path through the tree), which no schedule can beat;
- edits: calls that are made again after an edit, with stable and with balanced chunks;
- start: time until the help is there, and until the first model call is sent;
- again: time that a command takes whose calls are all cached.

Times wander from machine to machine and from hour to hour; the ratios do so far less.
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eval.bench.simulation import SIMULATOR, simulated
from pipeline.core.chunk import split
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.models.base import ModelOptions
from pipeline.models.embedded.model import open_embedded
from pipeline.models.ollama.model import open_ollama
from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Callable

    from eval.bench.simulation import Simulation
    from pipeline.core.plan import Node
    from pipeline.core.result import Result
    from pipeline.models.base import ChatModel

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "how-it-works.md"
RUNS = 5  # of which the median counts
CHUNK_TOKENS = 1700  # what is left of a context of 2,048
EDITS = 20
SPARE = 2  # calls in flight beyond the slots, so that a slot never waits for the next one
PIECE = 2000  # characters, in which a text is encoded faster than in one call


def prose(words: int, source: Path) -> str:
    """Make a text of so many words from a file's own sentences, drawn at random."""
    text = source.read_text(encoding="utf-8")
    pool = [" ".join(text[start:end].split()) for start, end in sentences(text)]
    draw, made, count = random.Random(0), [], 0  # noqa: S311 - no secret depends on it
    while count < words:
        paragraph = draw.choices(pool, k=6)
        made.append(" ".join(paragraph))
        count += sum(len(sentence.split()) for sentence in paragraph)
    return "\n\n".join(made)


def median_seconds(action: Callable[[], object]) -> float:
    """Return the median time of some runs of an action."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def bench_chunking(text: str, count: Callable[[str], int]) -> None:
    """Print the speed of chunking and its ratio to one encoding of the text."""
    document = Document(text)
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    once = min(
        median_seconds(lambda: count(text)),
        median_seconds(lambda: sum(count(piece) for piece in pieces)),
    )
    chunks = split(document, count, CHUNK_TOKENS)
    cutting = median_seconds(lambda: split(document, count, CHUNK_TOKENS))
    size = len(text.encode()) / 1e6
    ends = sum(chunk.text.rstrip()[-1:] in ".!?…:)\"'”’" for chunk in chunks) / len(chunks)
    click.echo(
        f"chunking    {len(text.split()):,} words, {size:.1f} MB, {len(chunks):,} chunks: "
        f"{size / cutting:.1f} MB/s = {cutting / once:.2f} x encoding once "
        f"({size / once:.1f} MB/s); {ends:.1%} end at a sentence end, "
        f"the largest has {max(chunk.tokens for chunk in chunks):,} of {CHUNK_TOKENS:,} tokens"
    )


def bench_edits(text: str, model: ChatModel) -> None:
    """Print how many calls an edit costs with stable and with balanced chunks."""
    draw = random.Random(1)  # noqa: S311 - no secret depends on it
    versions = [_edited(text, draw, i) for i in range(EDITS)]
    balanced = Summarizer(model, merge="abstractive")  # the simulated model counts as a small one
    least = balanced.plan(Document(text))
    for summarizer in (replace(balanced, chunking="stable"), balanced):
        plan = summarizer.plan(Document(text))
        known = set(_keys(plan.root))
        made = [
            len(set(_keys(summarizer.plan(Document(version)).root)) - known) for version in versions
        ]
        tokens = (plan.prompt_tokens + plan.output_tokens) / (
            least.prompt_tokens + least.output_tokens
        )
        click.echo(
            f"edits       {summarizer.chunking}, context {model.context:,}: {plan.calls} calls on "
            f"{plan.levels} levels, {tokens:.2f} x the tokens of balanced chunks; {EDITS} edits of "
            f"a paragraph cost {statistics.median(made):.0f} calls at the median, {max(made)} at "
            f"the most ({max(made) / plan.calls:.0%})"
        )


def _edited(text: str, draw: random.Random, number: int) -> str:
    """Insert, delete or replace a paragraph, at the start, in the middle or at the end."""
    paragraphs = text.split("\n\n")
    last = len(paragraphs) - 1
    place = (draw.randint(0, last // 20), draw.randint(0, last), last)[number % 3]
    new = f"A paragraph of its own, number {number}, that nobody has read before."
    kind = (number // 3) % 3
    paragraphs[place : place + (kind > 0)] = [] if kind == 1 else [new]
    return "\n\n".join(paragraphs)


def _keys(node: Node) -> list[bytes]:
    """Return what each call below and at a node depends on: the text of all its chunks."""
    if not node.sources:
        return [blake2b(node.chunks[0].text.encode()).digest()]
    below = [_keys(source) for source in node.sources]
    return [*chain.from_iterable(below), blake2b(b"".join(keys[-1] for keys in below)).digest()]


def bench_makespan(text: str, simulation: Simulation, slots: int) -> None:
    """Print the time that a run takes and its ratio to the lower bound."""
    with tempfile.TemporaryDirectory() as folder:
        options = ModelOptions(concurrency=slots + SPARE)
        host, cache = simulation.url, Path(folder)
        model = open_ollama("sim", host=host, options=options, cache_folder=cache)
        result, seconds = asyncio.run(_timed_run(model, text, simulation))
    bound = lower_bound(simulation.requests(), slots)
    click.echo(
        f"makespan    {len(text.split()):,} words, {result.map_calls} + {result.merge_calls} calls "
        f"on {slots} slots, {slots + SPARE} in flight: {seconds:.1f} s = {seconds / bound:.3f} x "
        f"the lower bound of {bound:.1f} s; {result.verified} prompts verified"
    )


async def _timed_run(model: ChatModel, text: str, simulation: Simulation) -> tuple[Result, float]:
    summarizer = Summarizer(model, merge="abstractive")
    await summarizer.summarize(Document("One short text to load what is loaded once."))
    simulation.reset()
    started = time.perf_counter()
    result = await summarizer.summarize(Document(text))
    seconds = time.perf_counter() - started
    await model.aclose()
    return result, seconds


def lower_bound(journal: list[dict[str, Any]], slots: int) -> float:
    """Return max(total service time / slots, longest path), in seconds.

    The simulated server notes for each request how long it was served and, in `children`, which
    earlier answers its prompt held.
    """
    service: dict[int, float] = {row["id"]: row["service_s"] for row in journal}
    path: dict[int, float] = {}
    for row in sorted(journal, key=lambda row: row["id"]):
        below = [path[child] for child in row.get("children", ()) if child in path]
        path[row["id"]] = service[row["id"]] + max(below, default=0.0)
    return max(sum(service.values()) / slots, max(path.values()))


def bench_start(simulation: Simulation, source: Path) -> None:
    """Print how long the help takes, and how long it is until the first call is sent."""

    def run(*command: str) -> None:
        subprocess.run([sys.executable, *command], check=True, capture_output=True)  # noqa: S603

    helped = median_seconds(lambda: run("-m", "pipeline", "--help"))
    bare = median_seconds(lambda: run("-c", "pass"))
    with tempfile.TemporaryDirectory() as folder:
        firsts = [_first_call(simulation, source, Path(folder)) for _ in range(RUNS + 1)]
    click.echo(
        f"start       help after {helped * 1000:.0f} ms (Python alone {bare * 1000:.0f} ms); "
        f"first model call after {statistics.median(firsts[1:]):.2f} s, "
        f"{firsts[0]:.2f} s with a model never used before"
    )


def _first_call(simulation: Simulation, source: Path, cache: Path) -> float:
    """Return the seconds from starting the program to its first call's arrival at the server."""
    simulation.reset()
    _summarize(simulation, source, cache, "--no-cache")
    arrivals: list[float] = [row["t_arrive"] for row in simulation.requests()]
    return min(arrivals)


def bench_again(simulation: Simulation, text: str) -> None:
    """Print how long a command takes whose calls are all cached, and the calls it makes."""
    with tempfile.TemporaryDirectory() as folder:
        source, cache = Path(folder, "text.txt"), Path(folder)
        source.write_text(text)
        _summarize(simulation, source, cache)
        simulation.reset()
        seconds = median_seconds(lambda: _summarize(simulation, source, cache))
    click.echo(
        f"again       {len(text.split()):,} words whose calls are all cached: {seconds:.2f} s, "
        f"{len(simulation.requests())} calls made"
    )


def _summarize(simulation: Simulation, source: Path, cache: Path, *flags: str) -> None:
    """Run the command on a file, to its end."""
    environment = {
        **os.environ,
        "OLLAMA_HOST": simulation.url,
        "PY_LLAMA_STORE": str(cache / "calls.sqlite3"),
        "PY_LLAMA_MERGE": "extractive",  # of itself, so small a model would not be asked
    }
    command = [sys.executable, "-m", "pipeline", "summarize", "--model=ollama:sim"]
    command += ["--context=2048", *flags, str(source)]
    subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603


@click.command()
@click.option(
    "--simulator",
    type=click.Path(path_type=Path, dir_okay=False),
    default=SIMULATOR,
    help="The program that simulates an Ollama server; without it, only chunking is measured.",
)
@click.option(
    "--text",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    default=SOURCE,
    help="The file whose sentences make the texts.",
)
@click.option("--words", default=100_000, help="Length of the text that is summarized.")
@click.option("--slots", default=4, help="Calls that the simulated server answers at once.")
@click.option("--speed", default=1.0, help="How much faster than real the simulation runs.")
def main(simulator: Path, source: Path, words: int, slots: int, speed: float) -> None:
    """Measure chunking, the makespan of a run, and the start of the program."""
    with tempfile.TemporaryDirectory() as folder:
        model = open_embedded("", options=ModelOptions(), cache_folder=Path(folder))
        bench_chunking(prose(1_000_000, source), model.count_text)
        for context in (2048, 8192):
            options = ModelOptions(context=context)
            model = open_embedded("", options=options, cache_folder=Path(folder))
            bench_edits(prose(words, source), model)
    if not simulator.exists():
        click.echo(f"makespan    not measured: there is no simulated server at {simulator}")
        return
    server = simulated(simulator=simulator, slots=slots, speed=speed, model_ctx=2048, jitter=0.3)
    with server as simulation:
        bench_start(simulation, source)
        bench_makespan(prose(words, source), simulation, slots)
    with simulated(simulator=simulator, slots=slots, speed=200, model_ctx=2048) as simulation:
        bench_again(simulation, prose(words, source))


if __name__ == "__main__":
    main()
