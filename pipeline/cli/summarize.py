"""py-llama summarize: files or standard input in, summaries out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from pipeline.core.events import Planned, ignore
from pipeline.errors import InputError
from pipeline.options import Merging, Strategy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from pipeline.core.events import Emit, Event
    from pipeline.core.plan import Plan
    from pipeline.core.result import Result
    from pipeline.core.summarizer import Summarizer
    from pipeline.documents.document import Document
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings

POSITIVE = click.IntRange(min=1)


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE|ADDRESS]...")
@click.option("-m", "--model", help="ollama:NAME, openai:NAME, embedded[:FILE.gguf] or auto.")
@click.option("-n", "--words", type=POSITIVE, help="Words to aim for in the summary.")
@click.option("-q", "--query", help="Summarize what the text says about this.")
@click.option("--language", help="Language of the summary: de, German, ...; else the text's.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole result, a line for each.")
@click.option("--plan", "plan_only", is_flag=True, help="Show what would be done; call nothing.")
@click.option("--stable", is_flag=True, help="Cut by content, so that an edit needs few calls.")
@click.option("--watch", is_flag=True, help="Summarize FILE again whenever it is edited.")
@click.option("--strategy", type=click.Choice(get_args(Strategy)), help="How to read a long text.")
@click.option(
    "--merge",
    type=click.Choice(["auto", *get_args(Merging)]),
    help="How partial summaries become one.",
)
@click.option("--sources", is_flag=True, help="Show where each sentence comes from.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache of calls.")
@click.option("--quiet", is_flag=True, help="No progress and no notes on stderr.")
@click.option("--context", type=POSITIVE, help="Tokens for prompt and answer together.")
@click.option("--chunk-tokens", type=POSITIVE, help="Upper bound on a chunk, in tokens.")
@click.option(
    "--summary-tokens", type=POSITIVE, help="Upper bound on a partial summary, in tokens."
)
@click.option("-v", "--verbose", is_flag=True, help="Log decisions and retries to stderr.")
def summarize(
    files: tuple[str, ...],
    *,
    query: str | None,
    as_json: bool,
    plan_only: bool,
    stable: bool,
    watch: bool,
    sources: bool,
    no_cache: bool,
    quiet: bool,
    verbose: bool,
    **flags: Any,  # noqa: ANN401 - the settings that flags override, each of its own type
) -> int:
    """Summarize each FILE or web ADDRESS; '-' or nothing reads standard input.

    Text, Markdown, PDF, Word, EPUB, web pages, captions (SRT, WebVTT) and
    transcripts are read; their format is told from their content. One summary
    for each input goes to standard output.

    Exit status: 0 done; 1 failed; 2 wrong usage; 3 done, but sentences of the
    source stand in for some of it; 4 the model or its server cannot be had;
    130 interrupted.
    """
    from pipeline.documents.load import STDIN, is_address, load
    from pipeline.settings import load_settings

    _log(verbose=verbose)
    stable = stable or watch  # a text that is watched is being edited
    settings = load_settings(**flags, chunking="stable" if stable else None)
    if watch and (len(files) != 1 or files[0] == STDIN or is_address(files[0]) or plan_only):
        raise InputError("--watch takes one FILE, without --plan")
    if query is not None and not query.strip():
        raise InputError("--query is blank; leave it out or ask something")
    documents = [load(name) for name in files or ("-",)]
    with _summarizer(
        settings, query, sources=sources, no_cache=no_cache, quiet=quiet
    ) as summarizer:
        if plan_only:
            for document in documents:
                _print_plan(summarizer, document, settings, as_json=as_json)
            return 0
        job = _Job(summarizer, settings.cache_folder, as_json=as_json, quiet=quiet)
        versions = _versions(files[0], documents[0], job) if watch else _once(documents)
        return asyncio.run(job.run(versions, heading=watch or len(documents) > 1))


def _log(*, verbose: bool) -> None:
    if verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(name)s: %(message)s")
        logging.getLogger("httpx").setLevel(logging.WARNING)
    else:
        logging.getLogger().addHandler(logging.NullHandler())


@contextlib.contextmanager
def _summarizer(
    settings: Settings, query: str | None, *, sources: bool, no_cache: bool, quiet: bool
) -> Iterator[Summarizer]:
    from pipeline.cache.store import open_store
    from pipeline.core.ask import log_retries
    from pipeline.core.summarizer import Summarizer
    from pipeline.models.open import open_model

    log_retries()
    note = _silent if quiet else _note
    model = open_model(settings)
    for warning in model.warnings:
        note(warning)
    with open_store(settings, use_cache=not no_cache, warn=note) as store:
        yield Summarizer.from_settings(model, settings, store=store, query=query, sources=sources)


def _note(text: str) -> None:
    logging.getLogger("pipeline").info(text)
    click.echo(f"py-llama: {text}", err=True)


def _silent(text: str) -> None:
    logging.getLogger("pipeline").info(text)


async def _once(documents: Sequence[Document]) -> AsyncIterator[Document]:
    for document in documents:
        yield document


async def _versions(name: str, first: Document, job: _Job) -> AsyncIterator[Document]:
    """Yield a file's text, and again whenever it has changed."""
    import watchfiles

    from pipeline.documents.load import load

    yield first
    seen = first.text
    folder, base = os.path.split(os.path.abspath(name))  # noqa: PTH100, ASYNC240 - asks nothing
    # Editors replace a file instead of writing to it, so its folder is watched.
    async for changes in watchfiles.awatch(folder, recursive=False):
        if base not in {Path(changed).name for _, changed in changes}:
            continue
        try:
            document = load(name)
        except InputError as error:  # half written, or away for a moment
            job.note(str(error))
            continue
        if document.text != seen:
            seen = document.text
            yield document


@dataclass
class _Job:
    """What is done with each document, and what the user has been told."""

    summarizer: Summarizer
    cache_folder: Path
    as_json: bool
    quiet: bool
    status: int = 0

    def __post_init__(self) -> None:
        self._told = set(self.summarizer.model.warnings)

    async def run(self, documents: AsyncIterator[Document], *, heading: bool) -> int:
        """Summarize one document after the other; return the exit status."""
        try:
            async for document in documents:
                await self._summarize(document, heading=heading)
        except asyncio.CancelledError:
            self.note("finished calls are cached; the same command goes on from there")
            raise
        finally:
            await self.summarizer.model.aclose()
        return self.status

    async def _summarize(self, document: Document, *, heading: bool) -> None:
        from pipeline.cli import STAND_INS
        from pipeline.core.throughput import record_rate

        with _progress(document, quiet=self.quiet) as progress:

            def emit(event: Event) -> None:
                if isinstance(event, Planned) and event.done:
                    self.note(f"{event.done:,} of {event.plan.calls:,} calls are cached")
                progress(event)

            result = await self.summarizer.summarize(document, emit)
        record_rate(self.cache_folder, self.summarizer.model, result)
        self._print(result, heading=heading)
        if result.stand_ins:
            self.status = STAND_INS

    def note(self, text: str) -> None:
        """Tell the user, unless the user wants quiet."""
        (_silent if self.quiet else _note)(text)

    def _print(self, result: Result, *, heading: bool) -> None:
        document = result.plan.document
        name = document.name
        if self.as_json:
            click.echo(json.dumps(result.to_dict(), ensure_ascii=False))
        else:
            text = _with_sources(result) or result.summary
            click.echo(f"==> {name} <==\n{text}\n" if heading else text)
        for warning in result.warnings:
            if warning not in self._told:
                self._told.add(warning)
                self.note(warning)
        if result.left_out:
            self.note(f"{name}: {_left_out(len(result.left_out))}")
        for sentence in result.left_out:
            place = document.stretch(sentence.start, sentence.end)
            _silent(f"{name}: left out of what it wrote on {place}: {sentence.sentence}")
        for stand_in in result.stand_ins:
            place = document.stretch(stand_in.start, stand_in.end)
            self.note(f"{name}: its own sentences stand in for {place} ({stand_in.reason})")


def _left_out(count: int) -> str:
    sentences = "1 sentence" if count == 1 else f"{count:,} sentences"
    return (
        f"left out {sentences} that the model wrote, for numbers, names or quotations that the "
        "text does not hold (-v shows them)"
    )


def _with_sources(result: Result) -> str | None:
    if result.evidence is None:
        return None
    from pipeline.cli.footnotes import footnotes

    return footnotes(result.plan.document, result.evidence)


@contextlib.contextmanager
def _progress(document: Document, *, quiet: bool) -> Iterator[Emit]:
    """Yield what shows a run's events: a live line on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield ignore
        return
    from rich.console import Console

    from pipeline.cli.progress import RunProgress

    with RunProgress(Console(stderr=True), document.name) as progress:
        yield progress


def _print_plan(
    summarizer: Summarizer, document: Document, settings: Settings, *, as_json: bool
) -> None:
    from pipeline.core.throughput import estimate_seconds

    plan = summarizer.plan(document)
    done = summarizer.finished(plan)
    left = 1 - done / max(plan.calls, 1)
    seconds = estimate_seconds(settings.cache_folder, summarizer.model, plan, share=left)
    if as_json:
        click.echo(json.dumps(_plan_dict(plan, summarizer.model, done, seconds)))
    else:
        click.echo(_plan_text(plan, summarizer.model, done, seconds))


def _plan_dict(plan: Plan, model: ChatModel, done: int, seconds: float | None) -> dict[str, object]:
    return {
        "name": plan.document.name,
        "model": model.name,
        "context": model.context,
        "exact": plan.exact,
        "characters": len(plan.document.text),
        "tokens": plan.tokens,
        "chunks": len(plan.chunks),
        "largest_chunk": max(chunk.tokens for chunk in plan.chunks),
        "levels": plan.levels,
        "calls": {
            "map": plan.map_calls,
            "merge": plan.merge_calls,
            "cached": done,
        },
        "usage": {"prompt_tokens": plan.prompt_tokens, "output_tokens": plan.output_tokens},
        "seconds": seconds,
    }


def _plan_text(plan: Plan, model: ChatModel, done: int, seconds: float | None) -> str:
    from pipeline.text.display import spell_seconds

    largest = max(chunk.tokens for chunk in plan.chunks)
    counted = "counted" if plan.exact else "estimated, with a margin"
    if not plan.calls:
        pace = "a moment: no model is asked"
    elif seconds is None:
        pace = "not known before the first run with this model"
    else:
        pace = f"about {spell_seconds(seconds)}, at the rate of the last run"
    rows = {
        "text": f"{len(plan.document.text):,} characters, {plan.tokens:,} tokens ({counted})",
        "model": f"{model.name}, context {model.context:,} tokens",
        "chunks": f"{len(plan.chunks):,}, the largest of {largest:,} tokens",
        "levels": f"{plan.levels}",
        "calls": f"{plan.calls:,}: {plan.map_calls:,} for chunks, {plan.merge_calls:,} for merges",
        "to do": f"this version needs {plan.calls - done:,} calls; {done:,} are cached",
        "tokens": f"at most {plan.prompt_tokens:,} read and {plan.output_tokens:,} written",
        "time": pace,
    }
    return "\n".join([plan.document.name, *(f"  {name:<8}{row}" for name, row in rows.items())])
