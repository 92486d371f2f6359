"""Many documents summarized by one summarizer; their calls take fair turns at the model."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, fields, replace
from itertools import count
from typing import TYPE_CHECKING

from pipeline.cache.store import open_store
from pipeline.core.compose import COMPOSE_VERSION
from pipeline.core.prompts import PROMPT_VERSION
from pipeline.core.summarizer import Summarizer
from pipeline.corpus.stats import Tally
from pipeline.errors import ModelUnavailable, PyLlamaError
from pipeline.models.fair_queue import FairQueue, SharedModel
from pipeline.models.open import open_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from pipeline.core.result import Result
    from pipeline.documents.document import Document
    from pipeline.models.base import Reply
    from pipeline.settings import Settings

SPARE = 4  # documents under way beyond the calls in flight, at least, so that no slot is idle
LONG = 100_000  # characters; planning more than these would hold up the event loop
GATHER = 0.02  # seconds of finished calls that the cache writes in one commit
WITHOUT = {"model", "store", "retry"}  # fields of a Summarizer that change no result


@dataclass(frozen=True)
class RunOptions:
    """How to summarize; see `Summarizer`. `use_cache` is for finished calls."""

    settings: Settings
    query: str | None = None
    sources: bool = False
    use_cache: bool = True


@dataclass(frozen=True)
class Failure:
    """A document that has no summary, and why."""

    document: Document
    error: PyLlamaError


class Pool:
    """Summarizes documents side by side with one model. `tally` counts the calls so far.

    Raises:
        InputError: the summarizer's settings fit no document.
    """

    def __init__(self, summarizer: Summarizer) -> None:
        summarizer.budget()
        self._summarizer = summarizer
        self._slots = FairQueue(summarizer.model.concurrency)
        self._numbers = count()
        self.tally = Tally()

    @property
    def width(self) -> int:
        """How many documents to summarize at once."""
        return width_of(self._summarizer.model.concurrency)

    @property
    def identity(self) -> Mapping[str, object]:
        """What every result depends on, by name."""
        summarizer, model = self._summarizer, self._summarizer.model
        names = {field.name for field in fields(summarizer)} - WITHOUT
        return {
            "model": model.name,
            "digest": model.digest,
            "options": dict(model.options),
            "prompts": PROMPT_VERSION,
            "composition": COMPOSE_VERSION,
            **{name: getattr(summarizer, name) for name in names},
        }

    async def summarize(self, document: Document) -> Result:
        """Summarize a document; see `Summarizer.summarize`."""
        whole = self._summarizer
        if len(document.text) > LONG:
            plan = await asyncio.to_thread(whole.plan, document)
        else:
            plan = whole.plan(document)
        model = _CountedModel(whole.model, self._slots, next(self._numbers), self.tally)
        return await replace(whole, model=model).run(plan)

    async def attempt(self, document: Document) -> Result | Failure:
        """Summarize a document, or return why that failed.

        Raises:
            ModelUnavailable: no document can be summarized.
        """
        try:
            return await self.summarize(document)
        except ModelUnavailable:
            raise
        except PyLlamaError as error:
            return Failure(document, error)

    async def result(self, document: Document) -> Mapping[str, object]:
        """Summarize a document; the result's JSON form, as `pipeline.corpus.batch.Engine` asks."""
        return (await self.summarize(document)).to_dict()


@dataclass(frozen=True)
class _CountedModel(SharedModel):
    """A model as one run sees it: its calls take fair turns, and are counted once answered."""

    tally: Tally

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        reply = await super().complete(
            system, user, max_tokens=max_tokens, attempt=attempt, emit=emit
        )
        self.tally.add(1, reply.prompt_tokens, reply.output_tokens)
        return reply


def width_of(calls: int) -> int:
    """Return how many documents at once keep so many calls in flight, short ones and long ones."""
    return calls + max(SPARE, calls // 2)


@contextlib.asynccontextmanager
async def open_pool(
    options: RunOptions, note: Callable[[str], None] = lambda text: None
) -> AsyncIterator[Pool]:
    """Open the model and the cache that the settings name; `note` takes lines about trouble.

    Raises:
        ModelUnavailable: the server or the model cannot be had.
        InputError: the settings are wrong, or the context too small.
    """
    settings = options.settings
    model = await asyncio.to_thread(open_model, settings)
    for warning in model.warnings:
        note(warning)
    async with contextlib.aclosing(model):
        with open_store(settings, use_cache=options.use_cache, gather=GATHER, warn=note) as store:
            yield Pool(
                Summarizer.from_settings(
                    model, settings, store=store, query=options.query, sources=options.sources
                )
            )
