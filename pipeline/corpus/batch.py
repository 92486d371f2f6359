"""Many documents at once, as a library and as a batch job with a ledger.

    async for result in summarize_many(documents): ...

Documents share the model's slots in fair turns, so that a long document neither waits for short
ones nor starves them. `run` does the same for a corpus with a ledger. It skips documents that are
finished, notes why others fail, and summarizes each text once, however many documents have it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.corpus.concurrency import BoundedTasks
from pipeline.corpus.ledger import DONE, Outcome, digest
from pipeline.corpus.pool import Pool, RunOptions, open_pool
from pipeline.corpus.read import writable
from pipeline.errors import ModelUnavailable, PyLlamaError
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping

    from pipeline.core.result import Result
    from pipeline.core.summarizer import Summarizer
    from pipeline.corpus.ledger import Ledger
    from pipeline.corpus.pool import Failure
    from pipeline.corpus.read import Entry
    from pipeline.corpus.stats import Tally
    from pipeline.documents.document import Document

MAX_CHARACTERS = 32_000_000  # of all texts in hand; a longer one is taken alone
GATHER = 0.1  # seconds of finished documents that the ledger writes in one commit
READ_AHEAD = 256  # documents that are read in one go, or fewer, with READ_CHARACTERS
READ_CHARACTERS = 1_000_000


async def summarize_many(
    documents: Iterable[Document] | AsyncIterable[Document], summarizer: Summarizer | None = None
) -> AsyncGenerator[Result | Failure]:
    """Summarize documents side by side; yield each result, or failure, once it is there.

    Documents are taken as they are needed. Without a summarizer, the model and the cache of the
    settings are used.

    Raises:
        ModelUnavailable: the server or the model cannot be had; finished calls are cached.
        InputError: the settings are wrong, or the context too small.
    """
    async with contextlib.AsyncExitStack() as opened:
        if summarizer is None:
            pool = await opened.enter_async_context(open_pool(RunOptions(load_settings())))
        else:
            pool = Pool(summarizer)
        tasks = BoundedTasks(pool.attempt, pool.width, lambda doc: len(doc.text), MAX_CHARACTERS)
        batches = tasks.finished(_each(documents))
        await opened.enter_async_context(contextlib.aclosing(batches))
        async for batch in batches:
            for result in batch:
                yield result


async def _each(
    documents: Iterable[Document] | AsyncIterable[Document],
) -> AsyncGenerator[Document]:
    if isinstance(documents, AsyncIterable):
        async for document in documents:
            yield document
        return
    for document in documents:
        yield document


class Engine(Protocol):
    """What summarizes the documents of a run: a `Pool` in this process, or a `WorkerPool`."""

    @property
    def width(self) -> int:
        """How many documents to summarize at once."""

    @property
    def tally(self) -> Tally | None:
        """The calls so far, those of unfinished documents too; None where that is not known."""

    @property
    def identity(self) -> Mapping[str, object]:
        """What every result depends on."""

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document and return the result's JSON form.

        Raises:
            ModelUnavailable: no document can be summarized.
            PyLlamaError: this one cannot.
        """


async def run(
    corpus: Iterator[Entry], engine: Engine, ledger: Ledger, *, retry_failed: bool = False
) -> AsyncGenerator[list[Outcome]]:
    """Summarize the documents that are not in the ledger yet; yield outcomes once they are in it.

    Raises:
        ModelUnavailable: the server or the model cannot be had; what is finished is in the ledger.
        InputError: the corpus cannot be read on.
    """
    work = _Run(engine, ledger, retry_failed)
    tasks = BoundedTasks(work.outcome, engine.width, _Job.size, MAX_CHARACTERS, GATHER)
    async with contextlib.aclosing(tasks.finished(work.jobs(corpus))) as batches:
        async for outcomes in batches:
            while outcomes:
                await asyncio.to_thread(ledger.add, outcomes)
                yield outcomes
                outcomes = [copy for outcome in outcomes for copy in work.duplicates(outcome)]


@dataclass(frozen=True)
class _Job:
    """A document to summarize. `content` is the digest of its text."""

    entry: Entry
    content: bytes

    def size(self) -> int:
        """Return the length of its text, in characters."""
        return len(self.entry.document.text)


@dataclass
class _Run:
    """One run over a corpus."""

    engine: Engine
    ledger: Ledger
    retry_failed: bool

    def __post_init__(self) -> None:
        # Content -> ids of documents that wait for another one with the same text.
        self._waiting: dict[bytes, list[str]] = {}

    async def jobs(self, corpus: Iterator[Entry]) -> AsyncGenerator[_Job]:
        """Yield the documents that are left."""
        while entries := await asyncio.to_thread(_take, corpus):
            for entry in entries:
                job = _Job(entry, b"" if entry.error else digest(entry.document.text))
                if self._is_left(job):
                    yield job

    def _is_left(self, job: _Job) -> bool:
        name, content = job.entry.document.name, job.content
        state = self.ledger.state(name, content)
        if state is not None and (state == DONE or not self.retry_failed):
            return False
        if content in self._waiting:
            self._waiting[content].append(name)
            return False
        if not job.entry.error:
            self._waiting[content] = []
        return True

    async def outcome(self, job: _Job) -> Outcome:
        """Summarize a document, or copy the result of one with the same text; never fail for it."""
        document = job.entry.document
        outcome = Outcome(document.name, job.content, share=job.entry.share)
        try:
            if job.entry.error:
                raise job.entry.error
            first = self.ledger.line_of(job.content)
            if first is not None:
                return replace(outcome, result=_copied(first, document.name))
            return replace(outcome, result=await self.engine.result(document))
        except ModelUnavailable:
            raise
        except PyLlamaError as error:
            return replace(outcome, kind=type(error).__name__, reason=writable(str(error)))

    def duplicates(self, outcome: Outcome) -> Iterator[Outcome]:
        """Yield the outcomes of documents that waited for one with the same text."""
        for name in self._waiting.pop(outcome.content, ()):
            result = outcome.result
            copied = result and _copied({"id": outcome.id, **result}, name)
            yield replace(outcome, id=name, result=copied)


def _take(corpus: Iterator[Entry]) -> list[Entry]:
    """Return the next few documents of a corpus."""
    entries: list[Entry] = []
    characters = 0
    for entry in corpus:
        entries.append(entry)
        characters += len(entry.document.text)
        if len(entries) >= READ_AHEAD or characters >= READ_CHARACTERS:
            break
    return entries


def _copied(line: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the result of a document as that of another one with the same text."""
    calls = line["calls"]
    return {
        **{key: value for key, value in line.items() if key != "id"},
        "input": {**line["input"], "name": name},
        "calls": {**calls, "retry": 0, "cached": calls["map"] + calls["merge"]},
        "usage": dict.fromkeys(line["usage"], 0),
        "seconds": 0.0,
        "same_as": line.get("same_as", line["id"]),
    }
