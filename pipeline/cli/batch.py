"""py-llama batch: a corpus in, a result for each of its documents out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager

    from pipeline.corpus.batch import Engine
    from pipeline.corpus.ledger import Ledger
    from pipeline.corpus.read import Entry
    from pipeline.corpus.stats import BatchStats

POSITIVE = click.IntRange(min=1)
PRICE = click.FloatRange(min=0)
EVERY, EVERY_ON_TERMINAL = 60.0, 1.0  # seconds between two lines of progress


@click.command()
@click.argument("corpus", metavar="IN")
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--text-column", default="text", help="Where a record has its text. [text]")
@click.option("--id-column", help="Where a record has its id; else they are numbered.")
@click.option("--split", default="train", help="Part of a data set hub:NAME. [train]")
@click.option("-m", "--model", help="ollama:NAME, openai:NAME, embedded[:FILE.gguf] or auto.")
@click.option("-n", "--words", type=POSITIVE, help="Words to aim for in a summary.")
@click.option("-q", "--query", help="Summarize what the texts say about this.")
@click.option("--language", help="Language of the summaries: de, German, ...; else each text's.")
@click.option("--sources", is_flag=True, help="Trace each sentence of a summary.")
@click.option("--context", type=POSITIVE, help="Tokens for prompt and answer together.")
@click.option("--concurrency", type=POSITIVE, help="Calls in flight, for each model server.")
@click.option(
    "--processes", type=POSITIVE, default=1, help="Processes on this machine that share the work."
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    help="Work on this machine, or on a Ray cluster. [local]",
)
@click.option("--address", default="auto", help="Address of the Ray cluster, or local. [auto]")
@click.option("--retry-failed", is_flag=True, help="Try documents again that failed before.")
@click.option(
    "--fail-on-error",
    type=click.FloatRange(0, 1),
    default=1.0,
    metavar="SHARE",
    help="Stop when more than this share of the documents fails. [1: never]",
)
@click.option(
    "--price-tokens",
    type=(PRICE, PRICE),
    help="Price of a million tokens read, and of a million written.",
)
@click.option("--price-hour", type=PRICE, help="Price of an hour of all model servers.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache of calls.")
@click.option("--quiet", is_flag=True, help="No progress and no summary on stderr.")
def batch(
    corpus: str,
    out: Path,
    *,
    text_column: str,
    id_column: str | None,
    split: str,
    query: str | None,
    sources: bool,
    processes: int,
    engine: str,
    address: str,
    retry_failed: bool,
    fail_on_error: float,
    price_tokens: tuple[float, float] | None,
    price_hour: float | None,
    no_cache: bool,
    quiet: bool,
    **flags: Any,  # noqa: ANN401 - the settings that flags override, each of its own type
) -> int:
    """Summarize every document of IN, with a line of OUT for each.

    IN is a folder, a glob in quotes, a .jsonl, .csv or .parquet file, or hub:NAME.
    OUT ends in .jsonl or .parquet. To resume after an interruption, give the same
    command again. Documents that failed are listed in OUT.failed.jsonl.

    Exit status: 0 done; 1 some documents failed; 2 wrong usage; 3 done, but some
    summaries have sentences of the source where calls failed; 4 the model or its
    server is not available; 130 interrupted.
    """
    from pipeline.core.ask import log_retries
    from pipeline.corpus.pool import RunOptions
    from pipeline.corpus.processes import open_processes
    from pipeline.corpus.ray import open_cluster
    from pipeline.corpus.read import Columns, open_corpus
    from pipeline.corpus.stats import BatchStats, Prices
    from pipeline.corpus.write import lines_path
    from pipeline.settings import load_settings

    log_retries()
    logging.getLogger().addHandler(logging.NullHandler())
    settings = load_settings(**flags)
    if query is not None and not query.strip():
        raise InputError("--query is blank; leave it out or ask something")
    if engine == "ray" and processes > 1:
        raise InputError("--processes are of this machine; a Ray cluster has its own")
    lines = lines_path(out, Path(corpus))
    entries = open_corpus(corpus, Columns(text_column, id_column), split=split)
    read, written = price_tokens or (0.0, 0.0)
    prices = Prices(read, written, price_hour or 0.0)
    job = _Job(out, lines, BatchStats(time.monotonic(), prices=prices), fail_on_error, quiet=quiet)
    options = RunOptions(settings, query, sources=sources, use_cache=not no_cache)
    if engine == "ray":
        opening: AbstractAsyncContextManager[Engine] = open_cluster(options, address)
    else:
        opening = open_processes(options, processes, job.note)
    return asyncio.run(job.run(entries, opening, retry_failed=retry_failed))


@dataclass(frozen=True)
class _Job:
    """One run of the command. `lines` is where the output's lines are gathered."""

    out: Path
    lines: Path
    stats: BatchStats
    fail_on_error: float
    quiet: bool
    told: set[str] = field(default_factory=set)

    async def run(
        self,
        corpus: Iterator[Entry],
        opening: AbstractAsyncContextManager[Engine],
        *,
        retry_failed: bool,
    ) -> int:
        """Summarize what is left of the corpus; return the exit status."""
        from pipeline.corpus.ledger import open_ledger
        from pipeline.corpus.write import write_outputs

        try:
            async with opening as engine:
                with open_ledger(self.lines, engine.identity) as ledger:
                    self.stats.before = ledger.count()[0]
                    self.stats.live = engine.tally
                    await self._follow(corpus, engine, ledger, retry_failed=retry_failed)
                    write_outputs(self.out, self.lines, ledger)
                    return self._status(ledger)
        except asyncio.CancelledError:
            self.note(
                "stopped; finished documents are written, and the same command goes on from there"
            )
            raise

    async def _follow(
        self, corpus: Iterator[Entry], engine: Engine, ledger: Ledger, *, retry_failed: bool
    ) -> None:
        from pipeline.corpus.batch import run

        outcomes = run(corpus, engine, ledger, retry_failed=retry_failed)
        async with contextlib.aclosing(outcomes) as batches, self._progress():
            async for batch in batches:
                self.stats.add(batch)
                if self.stats.too_many_failed(self.fail_on_error):
                    break
        for line in (*self.stats.warnings, *self.stats.summary(time.monotonic())):
            self.note(line)

    def _status(self, ledger: Ledger) -> int:
        from pipeline.cli import FAILED, STAND_INS

        if self.stats.too_many_failed(self.fail_on_error):
            self.note(
                "stopped, because too many documents failed; the same command goes on from there"
            )
            return FAILED
        if ledger.count()[1]:
            return FAILED
        return STAND_INS if self.stats.stand_ins else 0

    @contextlib.asynccontextmanager
    async def _progress(self) -> AsyncIterator[None]:
        """Show the state: in one place on a terminal, elsewhere in a line a minute."""
        if self.quiet:
            yield
            return
        show = self._live() if sys.stderr.isatty() else self._logged()
        showing = asyncio.create_task(show)
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.wait([showing])

    async def _logged(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            self._say(self.stats.line(time.monotonic()))

    async def _live(self) -> None:
        from rich.console import Console

        with Console(stderr=True).status("reading") as status:
            while True:
                await asyncio.sleep(EVERY_ON_TERMINAL)
                status.update(self.stats.line(time.monotonic()))

    def note(self, text: str) -> None:
        """Print a line on stderr, once, unless the user wants quiet."""
        if text not in self.told:
            self.told.add(text)
            self._say(text)

    def _say(self, text: str) -> None:
        if not self.quiet:
            click.echo(f"py-llama: {text}", err=True)
