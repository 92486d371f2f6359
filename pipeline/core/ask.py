"""Asking the model one question, until there is an answer that can be used.

A failed call is asked again, then its source is split in two, then the source's own sentences
stand in for it. An answer that is in another language than it should be, or speaks of something
else than its source, or of facts that the source does not hold, is asked for once more, and the
better of the two is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import stamina
from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from pipeline.cache.store import call_key
from pipeline.core.chunk import halve
from pipeline.core.clean import clean
from pipeline.core.events import Delta, ignore
from pipeline.core.prompts import (
    PROMPT_VERSION,
    Prompt,
    Wording,
    join_sources,
)
from pipeline.core.result import StandIn
from pipeline.errors import BadAnswer, CallFailed, PromptCut, StrayAnswer, Transient
from pipeline.evidence.review import Source
from pipeline.models.base import Reply
from pipeline.text.extract import extract
from pipeline.text.languages import NAMES
from pipeline.tree import Chunk, Merge

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Sequence

    from pipeline.cache.store import Store
    from pipeline.core.events import Emit
    from pipeline.core.plan import Plan
    from pipeline.evidence.review import Review
    from pipeline.models.base import ChatModel
    from pipeline.options import Unsupported
    from pipeline.tree import Node

T = TypeVar("T")

MAX_SPLITS = 1  # how often a failed source is halved before sentences stand in for it
MAX_CUT_SPLITS = 4  # the same where the server cut the prompt: smaller prompts are the cure
MIN_ANSWER = 24  # tokens; asking for less gives no sentence
JOIN_TOKENS = 8  # of a partial summary's room: the separator, and what reading back may add


@dataclass(frozen=True)
class Retry:
    """How a failed call is asked again: `attempts` in all, waits in seconds that double."""

    attempts: int = 4
    wait: float = 0.5
    wait_max: float = 20.0


@dataclass(frozen=True)
class Task:
    """One question to the model: the source of a node, or a part of it after failures.

    `source` is the text, with the characters of the document that it covers. `splits` is how often
    it was halved. `before` is the summary of what comes before it, where that is refined.
    """

    node: Node
    source: Chunk
    splits: int = 0
    before: str = ""

    @property
    def share(self) -> float:
        """This part's share of the node's answer: 1, then 1/2, and so on."""
        return 0.5**self.splits


@dataclass(frozen=True)
class Answer:
    """What a task came to. `cached`: it came from the store, and nothing was sent."""

    text: str
    verified: bool = False
    cached: bool = False
    stand_in: bool = False


@dataclass
class Asker:
    """Asks the questions of one run, and counts what that took."""

    model: ChatModel
    store: Store
    retry: Retry
    plan: Plan
    wording: Wording
    words: int
    unsupported: Unsupported
    emit: Emit
    sent: int = 0
    recalled: int = 0  # first answers that an earlier run left
    prompt_tokens: int = 0
    output_tokens: int = 0
    stand_ins: list[StandIn] = field(default_factory=list)
    kept: dict[str, Answer] = field(default_factory=dict)

    async def answer(self, task: Task) -> Answer:
        """Ask; where that fails for good, ask about each half, and in the end stand in."""
        try:
            return await self._ask(task)
        except StrayAnswer as failure:
            return self._stand_in(task, failure)
        except CallFailed as failure:
            most = MAX_CUT_SPLITS if isinstance(failure, PromptCut) else MAX_SPLITS
            if task.splits >= most or len(task.source.text.strip()) < 2:
                return self._stand_in(task, failure)
            passing = not isinstance(failure, BadAnswer)
        answer = await self._halved(task)
        if not passing and not answer.stand_in:  # the same question would get the same bad answers
            reply = Reply(answer.text, 0, 0, "stop", answer.verified)
            await self.store.put(self._key(task), reply)
        return answer

    async def _halved(self, task: Task) -> Answer:
        answers = await gather([self.answer(half) for half in self._halves(task)])
        return Answer(
            text=self._bounded(join_sources([a.text for a in answers if a.text]), task),
            verified=all(a.verified for a in answers),
            stand_in=any(a.stand_in for a in answers),
        )

    def _halves(self, task: Task) -> list[Task]:
        halves: Sequence[Chunk] = halve(task.source, self._count)
        if isinstance(task.node, Merge):  # a half of joined summaries still speaks of all of it
            halves = [replace(h, start=task.source.start, end=task.source.end) for h in halves]
        return [replace(task, source=h, splits=task.splits + 1) for h in halves if h.text.strip()]

    def _stand_in(self, task: Task, failure: CallFailed) -> Answer:
        source = task.source
        reason = f"{type(failure).__name__}: {failure}"
        self.stand_ins.append(StandIn(source.start, source.end, reason))
        return Answer(extract(source.text, self._count, self._max_tokens(task)), stand_in=True)

    async def _ask(self, task: Task) -> Answer:
        """Return the model's answer, from the store or by a call, cleaned and reviewed.

        Raises:
            StrayAnswer: nothing of the answer can be used.
            CallFailed: every attempt failed.
        """
        key = self._key(task)
        first = self._recorded(task, key)
        if key in self.kept:
            return self.kept[key]
        self.recalled += first is not None
        reply, text = first or await self._attempts(task)
        text = await self._reviewed(task, key, reply, text)
        await self.store.put(key, replace(reply, text=text, finish="stop", doubtful=False))
        return Answer(text, reply.verified)

    async def _reviewed(self, task: Task, key: str, reply: Reply, text: str) -> str:
        """Return what can be passed on of an answer, or of a second one if that is better.

        Raises:
            StrayAnswer: nothing can.
        """
        languages = self.plan.languages
        source = Source(self._stretch(task), self.wording.query, languages)
        review = source.review(text)
        if review.doubtful:
            # A run may end before the second answer comes.
            await self.store.put(key, replace(reply, doubtful=True))
            review = min([review, *await self._second(task, source)], key=lambda r: r.badness)
        if review.foreign and not languages.crossed:  # else the text's sentences would not help
            raise StrayAnswer(f"the model wrote {NAMES[review.foreign]}, other than the text")
        if review.stray:
            raise StrayAnswer("the model wrote of something else than the text")
        if self.unsupported != "drop":
            return review.answer
        if not review.supported:
            raise StrayAnswer("every sentence of the answer held facts that the text does not")
        return review.supported

    async def _second(self, task: Task, source: Source) -> list[Review]:
        """Ask once more, with another seed; a failure changes nothing."""
        with contextlib.suppress(CallFailed):
            return [source.review((await self._once(task, 1, restart=True))[1])]
        return []

    def _stretch(self, task: Task) -> str:
        """Return the text that a task speaks of: merges are held against the document itself."""
        if isinstance(task.node, Merge) or self.plan.merging == "rewrite":
            return self.plan.document.text[task.source.start : task.source.end]
        return f"{task.before}\n{task.source.text}"

    def kept_answer(self, task: Task) -> Answer | None:
        """Return the answer that the store holds. What no longer passes as one is asked anew."""
        key = self._key(task)
        self._recorded(task, key)
        return self.kept.get(key)

    def _recorded(self, task: Task, key: str) -> tuple[Reply, str] | None:
        """Take what the store holds to `kept`; return it where a second answer is still to come."""
        reply = None if key in self.kept else self.store.get(key)
        with contextlib.suppress(BadAnswer):
            if reply is not None:
                text = self._clean(reply, task)
                if reply.doubtful:
                    return reply, text
                self.kept[key] = Answer(text, reply.verified, cached=task.splits == 0)
        return None

    def _key(self, task: Task) -> str:
        version = f"{PROMPT_VERSION} {'drop' if self.unsupported == 'drop' else 'keep'}"
        return call_key(self.model, version, *self._prompt(task), self._max_tokens(task))

    async def _attempts(self, task: Task) -> tuple[Reply, str]:
        variation = 0  # moves only after a bad answer: what merely passed deserves the same seed
        retry = self.retry
        async for attempt in stamina.retry_context(
            on=_backoff,
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.wait,
            wait_max=retry.wait_max,
            wait_jitter=retry.wait,
        ):
            with attempt:
                try:
                    return await self._once(task, variation, restart=attempt.num > 1)
                except BadAnswer:
                    variation += 1
                    raise
        raise AssertionError("stamina yields an attempt or raises")

    async def _once(self, task: Task, variation: int, *, restart: bool) -> tuple[Reply, str]:
        self.sent += 1
        reply = await self.model.complete(
            *self._prompt(task),
            max_tokens=self._max_tokens(task),
            attempt=variation,
            emit=self._deltas(restart=restart) if self._is_heard(task) else None,
        )
        self.prompt_tokens += reply.prompt_tokens
        self.output_tokens += reply.output_tokens
        return reply, self._clean(reply, task)

    def _deltas(self, *, restart: bool) -> Callable[[str], None]:
        first = [restart]

        def deliver(piece: str) -> None:
            self.emit(Delta(piece, restart=first[0]))
            first[0] = False

        return deliver

    def _is_final(self, task: Task) -> bool:
        last = self.plan.strategy == "refine" and task.node is self.plan.leaves[-1]
        return (last or task.node is self.plan.root) and task.splits == 0

    def _is_heard(self, task: Task) -> bool:
        """Whether anyone hears the answer while it is written, which costs the processor."""
        return self._is_final(task) and self.emit is not ignore

    def _prompt(self, task: Task) -> Prompt:
        source, words = task.source.text, max(1, round(self.words * task.share))
        if task.before:
            return self.wording.refined(task.before, source, words)
        if task.node is self.plan.root or self.plan.strategy == "refine":
            return self.wording.final(source, words)
        return self.wording.partial(source)

    def _max_tokens(self, task: Task) -> int:
        budget = self.plan.budget
        final = task.node is self.plan.root or self.plan.strategy == "refine"
        bound = budget.answer if final else budget.summary - JOIN_TOKENS
        return max(min(MIN_ANSWER, bound), int(bound * task.share))

    def _clean(self, reply: Reply, task: Task) -> str:
        text = clean(reply.text, finish=reply.finish)
        return self._bounded(text, task)

    def _bounded(self, text: str, task: Task) -> str:
        """Hold a text to its room in the next prompt; read back, it can take more than written."""
        bound = self._max_tokens(task)
        return text if self._count(text) <= bound else extract(text, self._count, bound)

    def _count(self, text: str) -> int:
        return self.model.count_text(text)


def log_retries() -> None:
    """Have retries logged, not printed among the output: stamina does where structlog is there."""
    set_on_retry_hooks([LoggingOnRetryHook])


def _backoff(error: Exception) -> bool | float:
    """Tell whether to ask again: after a wait where the server failed, at once for bad answers."""
    return 0.0 if isinstance(error, BadAnswer) else isinstance(error, Transient)


async def gather(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once. The first error cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
