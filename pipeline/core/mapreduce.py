"""The whole algorithm: cut the text, summarize the chunks, merge the summaries, level by level.

The tree is planned before the first call, so nothing that a model answers can make a run longer.
Running it is plain recursion: a merge waits for its own sources and for nothing else, and the
model's limiter bounds the calls in flight. A failed call is asked again, then its source is split
in two, then the source's own sentences stand in for it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from pipeline.cache.keys import derived_key
from pipeline.cache.store import NoStore, Store
from pipeline.core.ask import JOIN_TOKENS, MIN_ANSWER, Answer, Asker, Retry, Task, gather
from pipeline.core.budget import MIN_FAN_IN, Budget
from pipeline.core.chunk import MIN_CHUNK_TOKENS, split
from pipeline.core.compose import COMPOSE_VERSION, Composer, Part
from pipeline.core.content_defined import group_stable, split_stable
from pipeline.core.events import (
    Delta,
    Emit,
    Finished,
    Planned,
    Summarized,
    ignore,
)
from pipeline.core.plan import Plan, on_topic
from pipeline.core.prompts import SEAM_SLACK, Wording, join_sources, nothing_on
from pipeline.core.result import Result
from pipeline.errors import BudgetError, InputError, LanguageError
from pipeline.evidence.review import Source
from pipeline.evidence.trace import trace
from pipeline.models.base import Reply
from pipeline.text.extract import extract
from pipeline.text.languages import NAMES, Languages, foreign, language_code, language_of
from pipeline.text.terms import count_words
from pipeline.tree import (
    Chunk,
    Merge,
    Node,
    Summary,
    join_stretches,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pipeline.documents.document import Document
    from pipeline.evidence.trace import Evidence
    from pipeline.models.base import ChatModel
    from pipeline.options import FormName, Merging, Strategy, Unsupported
    from pipeline.settings import Settings

DEFAULT_SUMMARY_TOKENS = 256
MIN_SUMMARY = 32  # tokens: a sentence, and JOIN_TOKENS
TOKENS_PER_WORD = 1.75  # room for the final summary: about 1.4 tokens a word, and a quarter more
ROOM = 1.25  # the same in other languages than English: the text's own tokens a word, times this
CROSSED_TOKENS_PER_WORD = 4.0  # where the text is in another language than its summary
SAMPLE = 4000  # characters of a text that tell how many tokens a word takes
LAST_TOKEN = 1  # of the context stays free: servers slide the window when it is reached
REWRITTEN = 200  # tokens of a chunk's central sentences, where the model reads only those
SMALL = 1_000_000_000  # parameters; a smaller model loses and invents in merging
LONGEST_TOKEN = 24  # characters; a text longer than this times the room cannot be expected to fit


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
    each chunk; "auto", extractive below SMALL parameters, else abstractive; into another language
    it is always "abstractive", since the text's sentences do not fit. `unsupported` is what
    becomes of sentences with facts that the text does not hold: "drop", "mark" or "keep". `prompt`
    is the form of the prompts.
    """

    model: ChatModel
    words: int = 150
    query: str | None = None
    language: str | None = None
    chunk_tokens: int | None = None
    summary_tokens: int | None = None
    chunking: Literal["balanced", "stable"] = "balanced"
    sources: bool = False
    strategy: Strategy = "map_reduce"
    merge: Merging | Literal["auto"] = "auto"
    unsupported: Unsupported = "drop"
    prompt: FormName = "plain"
    store: Store = field(default_factory=NoStore)
    retry: Retry = field(default_factory=Retry)

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
    def merging(self) -> Merging:
        """How partial summaries become one, decided."""
        if self.merge != "auto":
            return self.merge
        size = self.model.parameters
        return "extractive" if size is not None and size < SMALL else "abstractive"

    @property
    def wording(self) -> Wording:
        """The prompts for an English document, and for one whose language is not known."""
        return Wording(self.prompt, self.query)

    def wording_in(self, languages: Languages) -> Wording:
        """Return the prompts for a document in some language."""
        said = None if languages.said is None else NAMES[languages.said]
        return replace(self.wording, language=said)

    def languages(self, document: Document) -> Languages:
        """Return the languages of a document and of its summary.

        Raises:
            InputError: `language` is none that is known.
        """
        asked = None if self.language is None else language_code(self.language)
        return Languages(language_of(document.text), asked)

    def budget(self) -> Budget:
        """Share the model's context between instructions, sources and answer.

        Other languages than English take a little more: a plan has the budget for its document.

        Raises:
            BudgetError: the context cannot hold three sources; the message says what to change.
        """
        return self._budget

    @cached_property
    def _budget(self) -> Budget:
        return self._shared(self.wording, TOKENS_PER_WORD)

    def _budget_for(self, document: Document, languages: Languages) -> Budget:
        if languages.said is None:
            return self._budget
        wording = self.wording_in(languages)
        least = self._shared(wording, TOKENS_PER_WORD)
        wide = CROSSED_TOKENS_PER_WORD if languages.crossed else self._tokens_per_word(document)
        # What a longer answer takes must leave room for the sources; shorter, it is cut to fit.
        most = least.context - least.overhead - MIN_FAN_IN * least.summary
        answer = round(self.words * wide) + MIN_ANSWER
        return replace(least, answer=max(least.answer, min(answer, most)))

    def _tokens_per_word(self, document: Document) -> float:
        sample = document.text[:SAMPLE]
        return ROOM * self.model.count_text(sample) / max(count_words(sample), 1)

    def _shared(self, wording: Wording, tokens_per_word: float) -> Budget:
        empty = [wording.partial(""), wording.final("", self.words)]
        if self.strategy == "refine":
            empty.append(wording.refined("", "", self.words))
        context = self.model.context
        overhead = max(self.model.count(*prompt) for prompt in empty) + SEAM_SLACK + LAST_TOKEN
        summary = self.summary_tokens or min(DEFAULT_SUMMARY_TOKENS, max(context // 8, MIN_SUMMARY))
        try:
            answer = round(self.words * tokens_per_word) + MIN_ANSWER
            return Budget(context, overhead, summary, answer)
        except BudgetError as error:
            source = context - overhead - MIN_FAN_IN * summary
            most = int((source - MIN_ANSWER) / tokens_per_word)
            error.most_words = most if source >= summary and most > 0 else None
            raise

    def plan(self, document: Document) -> Plan:
        """Decide on every call of a run, and make none.

        Raises:
            InputError: the text is blank, or a number is out of range.
            BudgetError: the context is too small for what was asked.
            LanguageError: the strategy cannot write in the language that was asked for.
        """
        self._check(document)
        languages = self.languages(document)
        self._check_crossing(languages)
        budget = self._budget_for(document, languages)
        chunks = self._chunks(document, budget)
        filled = [chunk for chunk in chunks if chunk.text.strip()]
        leaves = self._asked_about(filled, languages)
        starts = {leaf.start for leaf in leaves}
        merging = "abstractive" if languages.crossed else self.merging
        return Plan(
            document,
            tuple(chunks),
            self._arranged(leaves or filled, budget, merging),
            budget,
            self.model.exact,
            self.strategy,
            merging,
            off_topic=tuple(chunk for chunk in filled if chunk.start not in starts),
            languages=languages,
        )

    def _check_crossing(self, languages: Languages) -> None:
        if languages.crossed and self.strategy == "extractive":
            raise LanguageError(
                f"the extractive strategy takes the text's own sentences, which are not in "
                f"{NAMES[languages.asked or '']}: take another strategy, or no language"
            )

    def _asked_about(self, chunks: list[Chunk], languages: Languages) -> list[Chunk]:
        """Return the chunks that may hold something on the query, where words can tell."""
        if self.query is None or languages.crossed or self._asks_in_another(languages):
            return chunks
        return on_topic(chunks, self.query)

    def _asks_in_another(self, languages: Languages) -> bool:
        """Say whether a query is in another language than a text, in so far as that is known."""
        return languages.said is not None and foreign(self.query or "", languages.text) is not None

    def _arranged(self, leaves: Sequence[Chunk], budget: Budget, merging: Merging) -> Node:
        """Return the tree; where no prompt has to hold the summaries, it has two levels."""
        if len(leaves) == 1:
            return leaves[0]
        if self.strategy != "map_reduce" or merging in ("extractive", "rewrite"):
            return Merge(tuple(leaves), 1)
        arrange = group_stable if self.chunking == "stable" else plan_tree
        return arrange(leaves, budget.fan_in, budget.final_fan_in)

    def _check(self, document: Document) -> None:
        if not document.text.strip():
            raise InputError(f"{document.name} holds no text, so there is nothing to summarize")
        least = {"words": 1, "chunk_tokens": MIN_CHUNK_TOKENS, "summary_tokens": MIN_SUMMARY}
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise InputError(f"{name} must be {bound} or more, got {value}")

    def _chunks(self, document: Document, budget: Budget) -> list[Chunk]:
        bound = self.chunk_tokens or budget.context
        whole = min(budget.final_source, bound)
        if len(document.text) <= whole * LONGEST_TOKEN:
            tokens = self.model.count_text(document.text)
            if tokens <= whole:
                return [Chunk(document.text, 0, len(document.text), tokens)]
            bound = min(bound, tokens - 1)  # it does not fit in one, so it makes two or more
        if self.strategy == "stuff":
            raise BudgetError(
                f"{document.name} is more than the {whole:,} tokens that a prompt holds: take "
                "another strategy than stuff, or a larger context"
            )
        if self.strategy == "refine":
            bound = min(bound, budget.final_source - budget.answer)
        cut = split_stable if self.chunking == "stable" else split
        return cut(document, self.model.count_text, min(budget.source, bound))

    async def summarize(self, document: Document, emit: Emit = ignore) -> Result:
        """Summarize a document, and tell `emit` what happens on the way.

        Raises:
            InputError: see `plan`.
            ModelUnavailable: the server or the model cannot be had; finished calls are kept.
        """
        return await self.run(self.plan(document), emit)

    async def run(self, plan: Plan, emit: Emit = ignore) -> Result:
        """Carry out a plan of this summarizer; `summarize` for who has planned elsewhere.

        Raises:
            ModelUnavailable: see `summarize`.
        """
        run = _Run(self, plan, emit)
        if emit is not ignore:
            emit(Planned(plan, run.finished()))
        return await run.result()

    def finished(self, plan: Plan) -> int:
        """Return how many of a plan's calls are in the store already, and need not be made."""
        return _Run(self, plan, ignore).finished()


def plan_tree(leaves: Sequence[Chunk], fan_in: int, final_fan_in: int) -> Node:
    """Arrange leaves under merges of at most `fan_in` neighbours, the root of `final_fan_in`.

    Every level is cut into the fewest even runs, at least two, so that each is shorter than the
    one below it.
    """
    level: Sequence[Node] = leaves
    height = 1
    while len(level) > final_fan_in:
        runs = max(2, -(-len(level) // fan_in))
        cuts = [len(level) * i // runs for i in range(runs + 1)]
        level = [Merge(tuple(level[start:end]), height) for start, end in pairwise(cuts)]
        height += 1
    return level[0] if len(level) == 1 else Merge(tuple(level), height)


@dataclass
class _Run:
    """One run of one plan, and what it has seen so far."""

    summarizer: Summarizer
    plan: Plan
    emit: Emit
    done: int = 0
    cached: int = 0
    verified: int = 0
    anew: list[tuple[int, int]] = field(default_factory=list)
    central: dict[int, str] = field(default_factory=dict)  # of chunks, by where they start

    def __post_init__(self) -> None:
        one = self.summarizer
        self.asker = Asker(
            one.model, one.store, one.retry, self.plan, one.wording_in(self.plan.languages),
            one.words, one.unsupported, self.emit,
        )  # fmt: skip

    async def result(self) -> Result:
        """Run the plan."""
        started = time.monotonic()
        root = await self._root()
        model, plan, asker = self.summarizer.model, self.plan, self.asker
        language = language_of(root.text)
        result = Result(
            summary=root.text,
            root=root,
            plan=plan,
            model=model.name,
            model_digest=model.digest,
            exact=model.exact,
            map_calls=plan.map_calls,
            merge_calls=plan.merge_calls,
            retry_calls=asker.sent + asker.recalled - (plan.calls - self.cached),
            cached_calls=self.cached + asker.recalled,
            prompt_tokens=asker.prompt_tokens,
            output_tokens=asker.output_tokens,
            verified=self.verified,
            stand_ins=tuple(sorted(asker.stand_ins, key=lambda s: (s.start, s.end))),
            anew=join_stretches(self.anew),
            warnings=(*plan.document.warnings, *model.warnings, *self._in_another(language)),
            seconds=time.monotonic() - started,
            share=self._share(),
            language=language,
            evidence=await self._trace(root),
        )
        self.emit(Finished(result))
        return result

    def _in_another(self, found: str | None) -> Iterator[str]:
        """Warn of a summary that is in another language than was asked for."""
        asked = self.plan.languages.asked
        if asked is not None and found not in (None, asked):
            yield f"the summary is in {NAMES[found]}: the model did not write {NAMES[asked]}"

    def _share(self) -> float:
        """Return how much of the text the model itself read."""
        if not self.plan.calls:
            return 0.0
        read = sum(len(self._read(leaf).text) for leaf in self.plan.leaves)
        whole = sum(len(chunk.text) for chunk in self.plan.chunks if chunk.text.strip())
        return min(1.0, read / whole)

    async def _trace(self, root: Summary) -> Evidence | None:
        if not self.summarizer.sources:
            return None
        # A book takes seconds, in which other runs of this loop go on.
        plan = self.plan
        return await asyncio.to_thread(
            trace, plan.document, root, self.summarizer.query, plan.languages
        )

    async def _root(self) -> Summary:
        """Return the final summary, of the right length."""
        plan = self.plan
        if plan.holds_nothing:
            text = nothing_on(self.summarizer.query or "", plan.languages.wanted)
            return Summary(text, self._count(text), 0, plan.off_topic)
        if plan.strategy == "refine" and isinstance(plan.root, Merge):
            return await self._refined(plan.leaves)
        return await self._summary(plan.root)

    async def _fitted(self, root: Summary) -> Summary:
        """Bring the final summary to its length; for a book that takes a second."""
        if isinstance(self.plan.root, Chunk):
            text = self._fit(root)  # of so short a text at once
        else:
            text = await self._derived("fit", root, self._fit)
        return root if text == root.text else replace(root, text=text, tokens=self._count(text))

    async def _derived(self, kind: str, summary: Summary, make: Callable[[Summary], str]) -> str:
        """Return what is made of a summary without a model, from the record if it is there.

        For a book it takes a second or two, in which other runs of this loop go on.
        """
        one, below = self.summarizer, [text for _, text in _parts(summary)]
        key = derived_key(
            f"{kind} {COMPOSE_VERSION}", one.words, one.query, one.unsupported,
            self.plan.languages.asked, self.plan.document.text, summary.text, below,
        )  # fmt: skip
        kept = one.store.get(key)
        if kept is not None:
            return kept.text
        text = await asyncio.to_thread(make, summary)
        if text != summary.text and not summary.stand_in:
            await one.store.put(key, Reply(text, 0, 0, "stop"))
        return text

    def _fit(self, root: Summary) -> str:
        text = self._composer(root).fit(root.text)
        if self.summarizer.unsupported == "mark":
            plan = self.plan
            text = Source(plan.document.text, self.summarizer.query, plan.languages).mark(text)
        return text

    async def _summary(self, node: Node) -> Summary:
        """Summarize a node: its sources first, all at once, then what they came to."""
        if isinstance(node, Chunk):
            return await self._asked(node, self._read(node), (node,), 0)
        sources = tuple(await gather([self._summary(source) for source in node.sources]))
        if self.plan.merge_calls:
            source = self._joined(node, [summary.text for summary in sources])
            return await self._asked(node, source, sources, node.level)
        merged = Summary("", 0, node.level, sources)
        text = await self._derived("compose", merged, lambda one: self._composer(one).compose())
        summary = await self._fitted(replace(merged, text=text))
        self.emit(Delta(summary.text, restart=True))
        self.emit(Summarized(node, summary, self.done, self.plan.calls))
        return summary

    async def _asked(
        self, node: Node, source: Chunk, sources: tuple[Chunk | Summary, ...], level: int
    ) -> Summary:
        if not self.plan.calls:
            text = extract(source.text, self._count, self.plan.budget.answer, self.summarizer.query)
            summary = Summary(text, self._count(text), level, sources)
            return await self._fitted(summary) if node is self.plan.root else summary
        answer = await self.asker.answer(Task(node, source))
        summary = Summary(answer.text, self._count(answer.text), level, sources, answer.stand_in)
        if node is self.plan.root:
            summary = await self._fitted(summary)
            if summary.text != answer.text:
                self.emit(Delta(summary.text, restart=True))
        self._tell(node, summary, answer)
        return summary

    def _tell(self, node: Node, summary: Summary, answer: Answer) -> None:
        """Count an answer and tell of it."""
        self.done += 1
        self.cached += answer.cached
        self.verified += answer.verified
        if isinstance(node, Chunk) and not answer.cached:
            self.anew.append((node.start, node.end))
        self.emit(Summarized(node, summary, self.done, self.plan.calls, answer.cached))

    async def _refined(self, chunks: Sequence[Chunk]) -> Summary:
        """Summarize the first chunk, then that summary and the second chunk, and so on."""
        steps: list[Summary] = []
        for chunk in chunks:
            before = steps[-1].text if steps else ""
            answer = await self.asker.answer(Task(chunk, chunk, before=before))
            tokens = self._count(answer.text)
            steps.append(Summary(answer.text, tokens, 0, (chunk,), answer.stand_in))
            self._tell(chunk, steps[-1], answer)
        return await self._fitted(replace(steps[-1], level=1, sources=tuple(steps)))

    def finished(self) -> int:
        """Count the calls of the plan that are in the store."""
        if self.plan.strategy != "refine":
            return self._finished(self.plan.root)[0] if self.plan.calls else 0
        before = ""
        for done, chunk in enumerate(self.plan.leaves):
            kept = self.asker.kept_answer(Task(chunk, chunk, before=before))
            if kept is None:
                return done
            before = kept.text
        return len(self.plan.leaves)

    def _finished(self, node: Node) -> tuple[int, str | None]:
        """Count the calls below and at a node that are in the store; return its text if it is."""
        if isinstance(node, Chunk):
            done, source = 0, self._read(node)
        else:
            below = [self._finished(source) for source in node.sources]
            done = sum(calls for calls, _ in below)
            texts = [text for _, text in below if text is not None]
            if len(texts) < len(below) or not self.plan.merge_calls:
                return done, None
            source = self._joined(node, texts)
        kept = self.asker.kept_answer(Task(node, source))
        return (done, None) if kept is None else (done + 1, kept.text)

    def _read(self, chunk: Chunk) -> Chunk:
        """Return what the model reads of a chunk: all of it, or its central sentences."""
        if self.plan.merging != "rewrite" or chunk is self.plan.root:
            return chunk
        if chunk.start not in self.central:
            self.central[chunk.start] = extract(
                chunk.text, self._count, REWRITTEN, self.summarizer.query
            )
        return replace(chunk, text=self.central[chunk.start])

    def _joined(self, node: Merge, texts: Sequence[str]) -> Chunk:
        if self.plan.merging == "context":
            texts = [*texts, self._context(node, join_sources(texts))]
        text = join_sources([text for text in texts if text])
        return Chunk(text, node.start, node.end, self._count(text))

    def _context(self, node: Merge, joined: str) -> str:
        """Return the best sentences of the text for what partial summaries leave of the room."""
        budget = self.plan.budget
        room = budget.final_source if node is self.plan.root else budget.source
        room -= self._count(joined) + JOIN_TOKENS
        stretch = self.plan.document.text[node.start : node.end]
        return (
            extract(stretch, self._count, room, self.summarizer.query) if room > MIN_ANSWER else ""
        )

    def _composer(self, summary: Summary) -> Composer:
        parts = tuple(Part(chunk, text) for chunk, text in _parts(summary))
        if self.plan.languages.crossed:  # nothing but what the model wrote is in the right language
            parts = tuple(Part(replace(part.chunk, text=part.summary)) for part in parts)
        return Composer(parts, self.summarizer.words, self.summarizer.query)

    def _count(self, text: str) -> int:
        return self.summarizer.model.count_text(text)


def _parts(summary: Summary) -> Iterator[tuple[Chunk, str]]:
    """Yield the chunks below a summary, each with its own partial summary."""
    for source in summary.sources:
        if isinstance(source, Chunk):
            yield source, summary.text
        else:
            yield from _parts(source)
