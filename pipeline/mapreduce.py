"""The whole algorithm: cut the text, summarize the chunks, merge the summaries, level by level.

The tree is planned before the first call, so nothing that a model answers can make a run longer.
Running it is plain recursion: a merge waits for its own sources and for nothing else, and the
model's limiter bounds the calls in flight. A failed call is asked again, then its source is split
in two, then the source's own sentences stand in for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import stamina

from pipeline.chunk import MIN_CHUNK_TOKENS, halve, join_stretches, split
from pipeline.clean import clean
from pipeline.errors import BadAnswer, CallFailed, InputError, Passing, PromptCut
from pipeline.extract import extract
from pipeline.prompts import (
    PROMPT_VERSION,
    SEAM_SLACK,
    Prompt,
    final_prompt,
    join_sources,
    map_prompt,
    merge_prompt,
)
from pipeline.stable import group_stable, split_stable
from pipeline.store import NoStore, Store, call_key
from pipeline.types import (
    Budget,
    Chunk,
    Delta,
    Document,
    Emit,
    Finished,
    Merge,
    Node,
    Plan,
    Planned,
    Reply,
    Result,
    StandIn,
    Summarized,
    Summary,
    ignore,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from pipeline.evidence import Evidence
    from pipeline.models import ChatModel
    from pipeline.settings import Settings

T = TypeVar("T")

DEFAULT_SUMMARY_TOKENS = 256
MIN_SUMMARY = 32  # tokens: a sentence, and JOIN_TOKENS
TOKENS_PER_WORD = 1.75  # room for the final summary: about 1.4 tokens a word, and a quarter more
MAX_SPLITS = 1  # how often a failed source is halved before sentences stand in for it
MAX_CUT_SPLITS = 4  # the same where the server cut the prompt: smaller prompts are the cure
LAST_TOKEN = 1  # of the context stays free: servers slide the window when it is reached
MIN_ANSWER = 24  # tokens; asking for less gives no sentence
JOIN_TOKENS = 8  # of a partial summary's room: the separator, and what reading back may add
LONGEST_TOKEN = 24  # characters; a text longer than this times the room cannot be expected to fit


@dataclass(frozen=True)
class Retry:
    """How a failed call is asked again: `attempts` in all, waits in seconds that double."""

    attempts: int = 4
    wait: float = 0.5
    wait_max: float = 20.0


@dataclass(frozen=True)
class Summarizer:
    """Summarizes documents with one model.

    `words` is the aim for the final summary. `chunk_tokens` and `summary_tokens` bound a chunk and
    a partial summary; None takes what fits. `query` turns the summary towards a question. With
    `chunking` "stable", boundaries follow the content, so that a later version of the document
    needs few new calls. `sources` has the result trace each sentence to the document's own.
    """

    model: ChatModel
    words: int = 150
    query: str | None = None
    chunk_tokens: int | None = None
    summary_tokens: int | None = None
    chunking: Literal["balanced", "stable"] = "balanced"
    sources: bool = False
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
        sources: bool = False,
    ) -> Summarizer:
        """Return the summarizer that the settings describe; `words` overrides theirs."""
        return cls(
            model,
            words=settings.words if words is None else words,
            query=query,
            chunk_tokens=settings.chunk_tokens,
            summary_tokens=settings.summary_tokens,
            chunking=settings.chunking,
            sources=sources,
            store=store,
        )

    def budget(self) -> Budget:
        """Share the model's context between instructions, sources and answer.

        Raises:
            BudgetError: the context cannot hold three sources; the message says what to change.
        """
        empty = (
            map_prompt("", self.query),
            merge_prompt("", self.query),
            final_prompt("", self.words, self.query, merged=False),
            final_prompt("", self.words, self.query, merged=True),
        )
        context = self.model.context
        return Budget(
            context=context,
            overhead=max(self.model.count(*prompt) for prompt in empty) + SEAM_SLACK + LAST_TOKEN,
            summary=self.summary_tokens
            or min(DEFAULT_SUMMARY_TOKENS, max(context // 8, MIN_SUMMARY)),
            answer=round(self.words * TOKENS_PER_WORD) + MIN_ANSWER,
        )

    def plan(self, document: Document) -> Plan:
        """Decide on every call of a run, and make none.

        Raises:
            InputError: the text is blank, or a number is out of range.
            BudgetError: the context is too small for what was asked.
        """
        self._check(document)
        budget = self.budget()
        chunks = self._chunks(document, budget)
        leaves = [chunk for chunk in chunks if chunk.text.strip()]
        arrange = group_stable if self.chunking == "stable" else plan_tree
        root = arrange(leaves, budget.fan_in, budget.final_fan_in)
        return Plan(document, tuple(chunks), root, budget, self.model.exact)

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
        emit(Planned(plan, run.finished(plan.root)[0]))
        return await run.result()

    def finished(self, plan: Plan) -> int:
        """Return how many of a plan's calls are in the store already, and need not be made."""
        return _Run(self, plan, ignore).finished(plan.root)[0]


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


@dataclass(frozen=True)
class _Task:
    """One question to the model: the source of a node, or a part of it after failures.

    `source` is the text, with the characters of the document that it covers. `splits` is how often
    it was halved.
    """

    node: Node
    source: Chunk
    splits: int = 0

    @property
    def share(self) -> float:
        """This part's share of the node's answer: 1, then 1/2, and so on."""
        return 0.5**self.splits


@dataclass(frozen=True)
class _Answer:
    """What a task came to. `cached`: it came from the store, and nothing was sent."""

    text: str
    verified: bool = False
    cached: bool = False
    stand_in: bool = False


@dataclass
class _Run:
    """One run of one plan, and what it has seen so far."""

    summarizer: Summarizer
    plan: Plan
    emit: Emit
    sent: int = 0
    done: int = 0
    cached: int = 0
    verified: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    stand_ins: list[StandIn] = field(default_factory=list)
    anew: list[tuple[int, int]] = field(default_factory=list)
    kept: dict[str, _Answer] = field(default_factory=dict)

    async def result(self) -> Result:
        """Run the plan."""
        started = time.monotonic()
        root = await self._summary(self.plan.root)
        model, plan = self.summarizer.model, self.plan
        result = Result(
            summary=root.text,
            root=root,
            plan=plan,
            model=model.name,
            model_digest=model.digest,
            exact=model.exact,
            map_calls=len(plan.leaves),
            merge_calls=len(plan.merges),
            retry_calls=self.sent - (plan.calls - self.cached),
            cached_calls=self.cached,
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            verified=self.verified,
            stand_ins=tuple(sorted(self.stand_ins, key=lambda s: (s.start, s.end))),
            anew=join_stretches(self.anew),
            warnings=(*plan.document.warnings, *model.warnings),
            seconds=time.monotonic() - started,
            evidence=await self._trace(root),
        )
        self.emit(Finished(result))
        return result

    async def _trace(self, root: Summary) -> Evidence | None:
        if not self.summarizer.sources:
            return None
        from pipeline.evidence import trace  # loads what most runs do without

        # A book takes seconds, in which other runs of this loop go on.
        return await asyncio.to_thread(trace, self.plan.document, root, self.summarizer.query)

    async def _summary(self, node: Node) -> Summary:
        """Summarize a node: its sources first, all at once, then what they came to."""
        sources: tuple[Chunk | Summary, ...]
        if isinstance(node, Chunk):
            sources, source, level = (node,), node, 0
        else:
            summaries = await _all([self._summary(source) for source in node.sources])
            source = self._joined(node, [summary.text for summary in summaries])
            sources, level = tuple(summaries), node.level
        answer = await self._answer(_Task(node, source))
        summary = Summary(answer.text, self._count(answer.text), level, sources, answer.stand_in)
        self.done += 1
        self.cached += answer.cached
        self.verified += answer.verified
        if isinstance(node, Chunk) and not answer.cached:
            self.anew.append((node.start, node.end))
        self.emit(Summarized(node, summary, self.done, self.plan.calls, answer.cached))
        return summary

    def finished(self, node: Node) -> tuple[int, str | None]:
        """Count the calls below and at a node that are in the store; return its text if it is."""
        if isinstance(node, Chunk):
            done, source = 0, node
        else:
            below = [self.finished(source) for source in node.sources]
            done = sum(calls for calls, _ in below)
            texts = [text for _, text in below if text is not None]
            if len(texts) < len(below):
                return done, None
            source = self._joined(node, texts)
        kept = self._kept(_Task(node, source))
        return (done, None) if kept is None else (done + 1, kept.text)

    def _joined(self, node: Merge, texts: Sequence[str]) -> Chunk:
        text = join_sources(texts)
        return Chunk(text, node.start, node.end, self._count(text))

    async def _answer(self, task: _Task) -> _Answer:
        """Ask; where that fails for good, ask about each half, and in the end stand in."""
        try:
            return await self._ask(task)
        except CallFailed as failure:
            most = MAX_CUT_SPLITS if isinstance(failure, PromptCut) else MAX_SPLITS
            if task.splits >= most or len(task.source.text.strip()) < 2:
                return self._stand_in(task, failure)
            passing = not isinstance(failure, BadAnswer)
        answer = await self._halved(task)
        if not passing and not answer.stand_in:  # the same question would get the same bad answers
            reply = Reply(answer.text, 0, 0, "stop", answer.verified)
            await self.summarizer.store.put(self._key(task), reply)
        return answer

    async def _halved(self, task: _Task) -> _Answer:
        answers = await _all([self._answer(half) for half in self._halves(task)])
        return _Answer(
            text=self._bounded(join_sources([a.text for a in answers if a.text]), task),
            verified=all(a.verified for a in answers),
            stand_in=any(a.stand_in for a in answers),
        )

    def _halves(self, task: _Task) -> list[_Task]:
        halves: Sequence[Chunk] = halve(task.source, self._count)
        if isinstance(task.node, Merge):  # a half of joined summaries still speaks of all of it
            halves = [replace(h, start=task.source.start, end=task.source.end) for h in halves]
        return [_Task(task.node, h, task.splits + 1) for h in halves if h.text.strip()]

    def _stand_in(self, task: _Task, failure: CallFailed) -> _Answer:
        source = task.source
        reason = f"{type(failure).__name__}: {failure}"
        self.stand_ins.append(StandIn(source.start, source.end, reason))
        return _Answer(extract(source.text, self._count, self._max_tokens(task)), stand_in=True)

    async def _ask(self, task: _Task) -> _Answer:
        """Return the model's answer, from the store or by a call, cleaned.

        Raises:
            CallFailed: every attempt failed.
        """
        kept = self._kept(task)
        if kept is not None:
            return kept
        reply, text = await self._attempts(task)
        await self.summarizer.store.put(self._key(task), reply)
        self.prompt_tokens += reply.prompt_tokens
        self.output_tokens += reply.output_tokens
        return _Answer(text, reply.verified)

    def _kept(self, task: _Task) -> _Answer | None:
        """Return the answer that the store holds. What no longer passes as one is asked anew."""
        key = self._key(task)
        if key not in self.kept:
            reply = self.summarizer.store.get(key)
            with contextlib.suppress(BadAnswer):
                if reply is not None:
                    text, whole = self._clean(reply, task), task.splits == 0
                    self.kept[key] = _Answer(text, reply.verified, cached=whole)
        return self.kept.get(key)

    def _key(self, task: _Task) -> str:
        prompt, bound = self._prompt(task), self._max_tokens(task)
        return call_key(self.summarizer.model, PROMPT_VERSION, *prompt, bound)

    async def _attempts(self, task: _Task) -> tuple[Reply, str]:
        prompt, bound = self._prompt(task), self._max_tokens(task)
        variation = 0  # moves only after a bad answer: what merely passed deserves the same seed
        retry = self.summarizer.retry
        async for attempt in stamina.retry_context(
            on=_backoff,
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.wait,
            wait_max=retry.wait_max,
            wait_jitter=retry.wait,
        ):
            with attempt:
                self.sent += 1
                emit = self._deltas(restart=attempt.num > 1) if self._is_heard(task) else None
                try:
                    reply = await self.summarizer.model.complete(
                        *prompt, max_tokens=bound, attempt=variation, emit=emit
                    )
                    return reply, self._clean(reply, task)
                except BadAnswer:
                    variation += 1
                    raise
        raise AssertionError("stamina yields an attempt or raises")

    def _deltas(self, *, restart: bool) -> Callable[[str], None]:
        first = [restart]

        def deliver(piece: str) -> None:
            self.emit(Delta(piece, restart=first[0]))
            first[0] = False

        return deliver

    def _is_final(self, task: _Task) -> bool:
        return task.node is self.plan.root and task.splits == 0

    def _is_heard(self, task: _Task) -> bool:
        """Whether anyone hears the answer while it is written, which costs the processor."""
        return self._is_final(task) and self.emit is not ignore

    def _prompt(self, task: _Task) -> Prompt:
        query, source = self.summarizer.query, task.source.text
        merged = isinstance(task.node, Merge)
        if task.node is self.plan.root:
            words = max(1, round(self.summarizer.words * task.share))
            return final_prompt(source, words, query, merged=merged)
        return merge_prompt(source, query) if merged else map_prompt(source, query)

    def _max_tokens(self, task: _Task) -> int:
        budget = self.plan.budget
        bound = budget.answer if task.node is self.plan.root else budget.summary - JOIN_TOKENS
        return max(min(MIN_ANSWER, bound), int(bound * task.share))

    def _clean(self, reply: Reply, task: _Task) -> str:
        text = clean(reply.text, finish=reply.finish)
        return self._bounded(text, task)

    def _bounded(self, text: str, task: _Task) -> str:
        """Hold a text to its room in the next prompt; read back, it can take more than written."""
        bound = self._max_tokens(task)
        return text if self._count(text) <= bound else extract(text, self._count, bound)

    def _count(self, text: str) -> int:
        return self.summarizer.model.count_text(text)


def _backoff(error: Exception) -> bool | float:
    """Tell whether to ask again: after a wait where the server failed, at once for bad answers."""
    return 0.0 if isinstance(error, BadAnswer) else isinstance(error, Passing)


async def _all(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once. The first error cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
