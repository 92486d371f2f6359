"""Summarizer: what is asked for goes in, a plan and a result come out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipeline.cache.store import NoStore, Store
from pipeline.core.answers import Answers
from pipeline.core.ask import Caller, Retry
from pipeline.core.events import Delta, Finished, Planned, ignore
from pipeline.core.mapreduce import on_record, summarize
from pipeline.core.planner import Planner
from pipeline.core.prompts import Wording
from pipeline.core.run import Run
from pipeline.core.tools import Tools
from pipeline.knobs import KNOBS, Knobs

if TYPE_CHECKING:
    from pipeline.core.budget import Budget
    from pipeline.core.events import Emit
    from pipeline.core.plan import Plan
    from pipeline.core.result import Result
    from pipeline.documents.document import Document
    from pipeline.models.base import ChatModel
    from pipeline.options import Chunking, FormName, Merging, Strategy, Unsupported
    from pipeline.settings import Settings
    from pipeline.text.languages import Languages


@dataclass(frozen=True)
class Summarizer:
    """Summarizes documents with one model.

    `words` is the aim for the final summary. `chunk_tokens` and `summary_tokens` bound a chunk and
    a partial summary; None takes what fits. `query` turns the summary towards a question.
    `language` is what the summary is in, by its ISO 639-1 code or English name; None for the
    document's own. With `chunking` "stable", boundaries follow the content, so that a later version
    of the document needs few new calls. `sources` has the result trace each sentence to the
    document's own.

    `strategy` is how a text too long for one prompt is summarized: "map_reduce"; "refine", one
    chunk after the other; "stuff", which refuses such a text; "extractive", without the model.
    `merge` is how partial summaries become one: "abstractive", by the model; "context", by the
    model with the text's best sentences beside them; "extractive", by choosing among their
    sentences and the text's; "rewrite", the same where the model only reads the best sentences of
    each chunk; "passages", of passages of an English text that can be read alone, each told by the
    model in a sentence that is held against it. "auto" tells passages where a model of that size
    tells them better than it summarizes (`knobs.small`, `knobs.medium`), else it is "extractive"
    for small models and "abstractive" for others. Into another language it is always "abstractive",
    since the text's sentences do not fit. `unsupported` is what becomes of sentences with facts
    that the text does not hold: "drop", "mark" or "keep". `prompt` is the form of the prompts.
    `knobs` are the numbers that all of this goes by.
    """

    model: ChatModel
    words: int = 150
    query: str | None = None
    language: str | None = None
    chunk_tokens: int | None = None
    summary_tokens: int | None = None
    chunking: Chunking = "balanced"
    sources: bool = False
    strategy: Strategy = "map_reduce"
    merge: Merging | Literal["auto"] = "auto"
    unsupported: Unsupported = "drop"
    prompt: FormName = "plain"
    store: Store = field(default_factory=NoStore)
    retry: Retry = field(default_factory=Retry)
    knobs: Knobs = KNOBS

    @classmethod
    def from_settings(
        cls,
        model: ChatModel,
        settings: Settings,
        *,
        store: Store,
        words: int | None = None,
        query: str | None = None,
        language: str | None = None,
        sources: bool = False,
    ) -> Summarizer:
        """Return the summarizer that the settings describe; `words` and `language` override."""
        return cls(
            model,
            words=settings.words if words is None else words,
            query=query,
            language=settings.language if language is None else language,
            chunk_tokens=settings.chunk_tokens,
            summary_tokens=settings.summary_tokens,
            chunking=settings.chunking,
            sources=sources,
            strategy=settings.strategy,
            merge=settings.merge,
            unsupported=settings.unsupported,
            prompt=settings.prompt,
            store=store,
        )

    @property
    def wording(self) -> Wording:
        """The prompts for an English document, and for one whose language is not known."""
        return Wording(self.prompt, self.query)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(
            self.model, self.wording, self.words, self.language, self.chunk_tokens,
            self.summary_tokens, self.chunking, self.strategy, self.merge, self.knobs,
        )  # fmt: skip

    def languages(self, document: Document) -> Languages:
        """Return the languages of a document and of its summary.

        Raises:
            InputError: `language` is none that is known.
        """
        return self._planner.languages(document)

    def budget(self) -> Budget:
        """Share the model's context between instructions, sources and answer.

        Other languages than English take a little more: a plan has the budget for its document.

        Raises:
            BudgetError: the context cannot hold three sources; the message says what to change.
        """
        return self._planner.budget

    def plan(self, document: Document) -> Plan:
        """Decide on every call of a run, and make none.

        Raises:
            InputError: the text is blank, or a number is out of range.
            BudgetError: the context is too small for what was asked.
            LanguageError: the strategy cannot write in the language that was asked for.
        """
        return self._planner.plan(document)

    async def summarize(self, document: Document, emit: Emit = ignore) -> Result:
        """Summarize a document, and tell `emit` what happens on the way.

        Raises:
            InputError: see `plan`.
            ModelUnavailable: the server or the model cannot be had; finished calls are cached.
        """
        # Of a book, planning takes seconds, in which other runs of this loop go on.
        return await self.run(await asyncio.to_thread(self.plan, document), emit)

    async def run(self, plan: Plan, emit: Emit = ignore) -> Result:
        """Carry out a plan of this summarizer; `summarize` for who has planned elsewhere.

        Raises:
            ModelUnavailable: see `summarize`.
        """
        run = Run(plan, self._tools(plan, emit), emit, self.sources)
        if emit is not ignore:
            emit(Planned(plan, on_record(plan.root, run.tools)[0]))
        result = await run.result(await summarize(plan.root, run))
        emit(Finished(result))
        return result

    def finished(self, plan: Plan) -> int:
        """Return how many of a plan's calls are in the cache already, and need not be made."""
        return on_record(plan.root, self._tools(plan, ignore))[0]

    def _tools(self, plan: Plan, emit: Emit) -> Tools:
        def hear(piece: str, restart: bool) -> None:
            emit(Delta(piece, restart))

        answers = Answers(
            self.model, self.store, plan.document, plan.budget, plan.languages,
            self._planner.wording_in(plan.languages), self.words, self.unsupported, self.knobs,
        )  # fmt: skip
        caller = Caller(self.model, answers, self.retry, None if emit is ignore else hear)
        return Tools(caller, answers)
