"""Many documents at once: one pool of calls, and each document written down once.

    async for result in summarize_many(documents): ...

Documents and their chunks share one pool of calls in fair turns, so that a long document neither
waits for short ones nor starves them. `run` does the same for a corpus with a ledger: what is
finished is skipped, what fails is noted with its reason, and what has the same content is
summarized once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable
from dataclasses import dataclass, fields, replace
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from pipeline.crowd import Crowd
from pipeline.errors import ModelUnavailable, PyLlamaError
from pipeline.ledger import DONE, Outcome, digest
from pipeline.models.shared import FairSlots, SharedModel
from pipeline.prompts import PROMPT_VERSION
from pipeline.types import Document, Result

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping

    from pipeline.corpus import Entry
    from pipeline.ledger import Ledger
    from pipeline.mapreduce import Summarizer

SPARE = 4  # documents under way beyond the calls in flight, at least, so that no slot waits for one
MOST_CHARACTERS = 32_000_000  # of the texts under way, where they are more than one
LONG = 100_000  # characters; planning more than these would hold up the event loop
READ_AHEAD = 256  # documents that are read at once, or as many as hold READ_CHARACTERS
READ_CHARACTERS = 1_000_000
WITHOUT = {"model", "store", "retry"}  # fields of a Summarizer that change no result of theirs


@dataclass(frozen=True)
class Failure:
    """A document that has no summary, and why."""

    document: Document
    error: PyLlamaError


async def summarize_many(
    documents: Iterable[Document] | AsyncIterable[Document], summarizer: Summarizer | None = None
) -> AsyncGenerator[Result | Failure]:
    """Summarize documents side by side and yield what becomes of each as soon as that is known.

    Documents are taken as they are needed. Without a summarizer, the settings' own model and
    record of calls are used.

    Raises:
        ModelUnavailable: the server or the model cannot be had; finished calls are kept.
        InputError: the settings are wrong, or the context too small.
    """
    async with contextlib.AsyncExitStack() as opened:
        if summarizer is None:
            summarizer = await opened.enter_async_context(_configured())
        pool = Pool(summarizer)
        crowd = Crowd(pool.attempt, pool.width, lambda doc: len(doc.text), MOST_CHARACTERS)
        batches = crowd.finished(_each(documents))
        await opened.enter_async_context(contextlib.aclosing(batches))
        async for batch in batches:
            for result in batch:
                yield result


@contextlib.asynccontextmanager
async def _configured() -> AsyncIterator[Summarizer]:
    from pipeline.mapreduce import Summarizer
    from pipeline.models import open_model
    from pipeline.settings import load_settings
    from pipeline.store import open_store

    settings = load_settings()
    model = await asyncio.to_thread(open_model, settings)
    with open_store(settings, record=True, warn=model.warnings.append) as store:
        try:
            yield Summarizer.from_settings(model, settings, store=store)
        finally:
            await model.aclose()


async def _each(
    documents: Iterable[Document] | AsyncIterable[Document],
) -> AsyncGenerator[Document]:
    if isinstance(documents, AsyncIterable):
        async for document in documents:
            yield document
        return
    for document in documents:
        yield document


class Pool:
    """Summarizes documents with one summarizer, side by side: their calls take fair turns.

    Raises:
        InputError: the summarizer's settings fit no document.
    """

    def __init__(self, summarizer: Summarizer) -> None:
        summarizer.budget()
        self._summarizer = summarizer
        self._slots = FairSlots(summarizer.model.concurrency)
        self._numbers = count()

    @property
    def width(self) -> int:
        """How many documents are to be under way so that the model is never idle."""
        calls = self._summarizer.model.concurrency
        return calls + max(SPARE, calls // 2)

    async def identity(self) -> dict[str, object]:
        """Return what every result depends on."""
        return identity_of(self._summarizer)

    async def summarize(self, document: Document) -> Result:
        """Summarize a document; see `Summarizer.summarize`."""
        whole = self._summarizer
        if len(document.text) > LONG:
            plan = await asyncio.to_thread(whole.plan, document)
        else:
            plan = whole.plan(document)
        model = SharedModel(whole.model, self._slots, next(self._numbers))
        return await replace(whole, model=model).run(plan)

    async def attempt(self, document: Document) -> Result | Failure:
        """Summarize a document, or say why that cannot be.

        Raises:
            ModelUnavailable: no document can be summarized.
        """
        try:
            return await self.summarize(document)
        except ModelUnavailable:
            raise
        except PyLlamaError as error:
            return Failure(document, error)

    async def result(self, document: Document) -> dict[str, object]:
        """Summarize a document and return the result's JSON form; see `Engine`."""
        return (await self.summarize(document)).to_dict()

    async def aclose(self) -> None:
        """Release the model."""
        await self._summarizer.model.aclose()


def identity_of(summarizer: Summarizer) -> dict[str, object]:
    """Return what every result of a summarizer depends on."""
    model = summarizer.model
    options = {field.name: getattr(summarizer, field.name) for field in fields(summarizer)}
    return {
        "model": model.name,
        "digest": model.digest,
        "options": dict(model.options),
        "prompts": PROMPT_VERSION,
        **{name: value for name, value in options.items() if name not in WITHOUT},
    }


class Engine(Protocol):
    """What summarizes the documents of a run: a `Pool` in this process, or a cluster."""

    @property
    def width(self) -> int:
        """How many documents are to be under way."""

    async def identity(self) -> dict[str, object]:
        """Return what every result depends on."""

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document and return the result's JSON form.

        Raises:
            ModelUnavailable: no document can be summarized.
            PyLlamaError: this one cannot.
        """

    async def aclose(self) -> None:
        """Release what was opened."""


async def run(
    corpus: Iterator[Entry], engine: Engine, ledger: Ledger, *, retry_failed: bool = False
) -> AsyncGenerator[list[Outcome]]:
    """Summarize what of a corpus is not in its ledger yet; yield outcomes once they are in it.

    Raises:
        ModelUnavailable: the server or the model cannot be had; what is finished is in the ledger.
        InputError: the corpus cannot be read on.
    """
    work = _Run(engine, ledger, retry_failed)
    crowd = Crowd(work.outcome, engine.width, lambda job: len(job.entry.text), MOST_CHARACTERS)
    async with contextlib.aclosing(crowd.finished(work.jobs(corpus))) as batches:
        async for outcomes in batches:
            while outcomes:
                await asyncio.to_thread(ledger.add, outcomes)
                yield outcomes
                outcomes = [twin for outcome in outcomes for twin in work.twins(outcome)]


@dataclass(frozen=True)
class _Job:
    """A document that has to be done. `content` is the digest of its text."""

    entry: Entry
    content: bytes


@dataclass
class _Run:
    """One run over a corpus."""

    engine: Engine
    ledger: Ledger
    retry_failed: bool

    def __post_init__(self) -> None:
        # The ids of documents whose text is that of one under way, which they wait for.
        self._twins: dict[bytes, list[str]] = {}

    async def jobs(self, corpus: Iterator[Entry]) -> AsyncGenerator[_Job]:
        """Yield what is left to do."""
        while entries := await asyncio.to_thread(_take, corpus):
            for entry in entries:
                job = _Job(entry, digest(entry.text) if entry.text else b"")
                if self._is_left(job):
                    yield job

    def _is_left(self, job: _Job) -> bool:
        entry, content = job.entry, job.content
        state = self.ledger.state(entry.id, content)
        if state is not None and (state == DONE or not self.retry_failed):
            return False
        if entry.text and content in self._twins:
            self._twins[content].append(entry.id)
            return False
        if entry.text:
            self._twins[content] = []
        return True

    async def outcome(self, job: _Job) -> Outcome:
        """Do a job."""
        outcome = Outcome(job.entry.id, job.content, share=job.entry.share)
        if job.entry.problem:
            return replace(outcome, kind="Unreadable", reason=job.entry.problem)
        first = self.ledger.line_of(job.content)
        if first is not None:
            return replace(outcome, result=_copied(first, job.entry.id))
        try:
            result = await self.engine.result(Document(job.entry.text, job.entry.id))
        except ModelUnavailable:
            raise
        except PyLlamaError as error:
            return replace(outcome, kind=type(error).__name__, reason=str(error))
        return replace(outcome, result=result)

    def twins(self, outcome: Outcome) -> Iterator[Outcome]:
        """Yield what becomes of the documents with the same text as one that is in the ledger."""
        for name in self._twins.pop(outcome.content, ()):
            result = outcome.result
            copied = result and _copied({"id": outcome.id, **result}, name)
            yield replace(outcome, id=name, result=copied)


def _take(corpus: Iterator[Entry]) -> list[Entry]:
    """Return the next few documents of a corpus."""
    entries: list[Entry] = []
    characters = 0
    for entry in corpus:
        entries.append(entry)
        characters += len(entry.text)
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
