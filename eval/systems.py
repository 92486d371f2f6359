"""The summarizers that are run side by side: ours, peers, and baselines without a model."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from eval import baselines
from eval.records import Output
from pipeline.core.prompts import PROMPT_VERSION
from pipeline.documents.document import Document
from pipeline.errors import ModelUnavailable, PyLlamaError
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eval.tasks import Item
    from pipeline.core.events import Emit
    from pipeline.core.summarizer import Summarizer
    from pipeline.tree import Summary

OURS = "py-llama"


class System(Protocol):
    """Something that summarizes documents. `about` goes into the manifest."""

    @property
    def about(self) -> dict[str, Any]:
        """Everything that its summaries depend on."""

    async def summarize(self, item: Item, seed: int, emit: Emit) -> Output:
        """Summarize a document; a failure is an output too.

        Raises:
            ModelUnavailable: the model or its server cannot be had.
        """

    async def aclose(self) -> None:
        """Close the connections."""


@dataclass(frozen=True)
class Ours:
    """Our summarizer."""

    summarizer: Summarizer

    @property
    def about(self) -> dict[str, Any]:
        """Model, budget and prompts."""
        one = self.summarizer
        budget = one.budget()
        return {
            "name": OURS,
            **about_model(one),
            "chunk_tokens": one.chunk_tokens,
            "summary_tokens": budget.summary,
            "chunking": one.chunking,
            "prompt_version": PROMPT_VERSION,
            "knobs": vars(one.knobs),
            "prompts": {
                "partial": one.wording.partial("{text}"),
                "final": one.wording.final("{text}", one.words),
            },
        }

    async def summarize(self, item: Item, seed: int, emit: Emit) -> Output:
        """Summarize a document, with its query if the task asks one."""
        summarizer = replace(self.summarizer, query=item.query)
        try:
            result = await summarizer.summarize(Document(item.document, item.id), emit)
        except ModelUnavailable:
            raise
        except PyLlamaError as error:
            return Output(item.id, seed, item.digest, "failed", error=str(error))
        measured = result.cached_calls == 0
        return Output(
            id=item.id,
            seed=seed,
            item=item.digest,
            status="done",
            summary=result.summary,
            seconds=result.seconds if measured else None,
            usage=result.usage if measured else None,
            calls=result.calls,
            read={
                "exact": result.exact,
                "verified": result.verified,
                "stand_ins": len(result.stand_ins),
            },
            tree=list(_tree(result.root)),
        )

    async def aclose(self) -> None:
        """Close the model."""
        await self.summarizer.model.aclose()


def about_model(summarizer: Summarizer) -> dict[str, Any]:
    """Say what a model-run system shares with any other on the same model."""
    model = summarizer.model
    return {
        "model": model.name,
        "digest": model.digest,
        "context": model.context,
        "exact": model.exact,
        "options": dict(model.options),
        "words": summarizer.words,
    }


def _tree(root: Summary) -> Iterator[dict[str, Any]]:
    """Yield the partial summaries, the root first."""
    yield {
        "level": root.level,
        "start": root.start,
        "end": root.end,
        "tokens": root.tokens,
        "text": root.text,
        "stand_in": root.stand_in,
    }
    for source in root.sources:
        if not isinstance(source, Chunk):
            yield from _tree(source)


@dataclass(frozen=True)
class Baseline:
    """A summary without a model."""

    name: str
    words: int
    make: Callable[[Item, int, int], str]

    @property
    def about(self) -> dict[str, Any]:
        """Its name and length."""
        return {"name": self.name, "words": self.words}

    async def summarize(self, item: Item, seed: int, emit: Emit) -> Output:
        """Make the summary; no event is emitted on the way."""
        started = time.perf_counter()
        summary = self.make(item, self.words, seed)
        seconds = time.perf_counter() - started
        return Output(item.id, seed, item.digest, "done", summary, seconds=seconds)

    async def aclose(self) -> None:
        """There is nothing to close."""


# Each takes an item, a length in words, and a seed.
BASELINES: dict[str, Callable[[Item, int, int], str]] = {
    "lead-3": lambda item, _words, _seed: baselines.lead(item.document, 3),
    "lead-10": lambda item, _words, _seed: baselines.lead(item.document, 10),
    "lead": lambda item, words, _seed: baselines.lead_words(item.document, words),
    "random": lambda item, words, seed: baselines.random_sentences(item.document, words, seed),
    "textrank": lambda item, words, _seed: baselines.textrank(item.document, words),
    "oracle": lambda item, _words, _seed: baselines.oracle(item.document, item.references),
}
PEERS = ("langchain-map-reduce", "langchain-refine", "llamaindex-tree")
NAMES = (OURS, *PEERS, *BASELINES)
