"""Asking the model one question: retries, halves, a second answer, stand-ins.

A failed call is asked again, then its source is split in two, then the source's own sentences
stand in for it. An answer that is in another language than it should be, or speaks of something
else than its source, or of facts that the source does not hold, is asked for once more, and the
better of the two is taken.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import stamina
from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

from pipeline.core.answers import FIRST, SECOND
from pipeline.core.chunk import halve
from pipeline.core.prompts import join_sources
from pipeline.core.question import Answer
from pipeline.errors import BadAnswer, CallFailed, PromptCut, Transient
from pipeline.tree import LeftOut, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from pipeline.core.answers import Answers
    from pipeline.core.question import Question
    from pipeline.models.base import ChatModel, Reply

T = TypeVar("T")

MAX_SPLITS = 1  # how often a failed source is halved before sentences stand in for it
MAX_CUT_SPLITS = 4  # the same where the server cut the prompt: smaller prompts are the cure


@dataclass(frozen=True)
class Retry:
    """How a failed call is asked again: `attempts` in all, waits in seconds that double."""

    attempts: int = 4
    wait: float = 0.5
    wait_max: float = 20.0


@dataclass
class Caller:
    """Calls the model with the questions of one run, and counts what that took.

    `hear` takes the final summary while it is written: a piece of it, and whether the text begins
    anew with this piece. None where nobody listens: cutting an answer into pieces costs time.
    """

    model: ChatModel
    answers: Answers
    retry: Retry
    hear: Callable[[str, bool], None] | None = None
    sent: int = 0
    recalled: int = 0  # first answers that an earlier run left
    prompt_tokens: int = 0
    output_tokens: int = 0
    stand_ins: list[StandIn] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    async def answer(self, question: Question) -> Answer:
        """Ask; where that fails for good, ask about each half, and in the end stand in."""
        known = self.answers.recorded(question)
        if known is not None:
            await self.answers.keep_rederived(question)
            return self._noted(question, known)
        try:
            return self._noted(question, await self._ask(question))
        except CallFailed as failure:
            most = MAX_CUT_SPLITS if isinstance(failure, PromptCut) else MAX_SPLITS
            short = question.passage is not None or len(question.source.text.strip()) < 2
            if question.splits >= most or short:
                return self._noted(question, self.answers.stand_in(question, failure))
            passing = not isinstance(failure, BadAnswer)
        answer = await self._halved(question)
        if not passing and not answer.stand_in:  # the same question would get the same bad answers
            await self.answers.keep_halves(question, answer)
        return answer

    def _noted(self, question: Question, answer: Answer) -> Answer:
        start, end = question.source.start, question.source.end
        self.left_out += [LeftOut(start, end, sentence) for sentence in answer.left_out]
        if answer.reason:
            self.stand_ins.append(StandIn(start, end, answer.reason))
        return answer

    async def _halved(self, question: Question) -> Answer:
        answers = await gather([self.answer(half) for half in self._halves(question)])
        joined = join_sources([a.text for a in answers if a.text])
        return Answer(
            text=self.answers.bounded(question, joined),
            verified=all(a.verified for a in answers),
            stand_in=any(a.stand_in for a in answers),
            left_out=tuple(sentence for a in answers for sentence in a.left_out),
        )

    def _halves(self, question: Question) -> list[Question]:
        whole, splits = question.source, question.splits + 1
        halves = [half for half in halve(whole, self.model.count_text) if half.text.strip()]
        if question.derived:
            halves = [replace(half, start=whole.start, end=whole.end) for half in halves]
        return [replace(question, source=half, splits=splits) for half in halves]

    async def _ask(self, question: Question) -> Answer:
        """Call the model, twice where much of its first answer cannot be used.

        The first answer is on disk before the second one is asked for: a run may end between.

        Raises:
            CallFailed: every attempt failed.
        """
        answers = self.answers
        left = answers.unsettled(question)
        self.recalled += left is not None
        first, text = left or await self._attempts(question)
        reviews = answers.review(question, [text])
        if reviews[0].doubtful and question.passage is None:
            await answers.keep(question, FIRST, replace(first, doubtful=True))
            reviews += answers.review(question, await self._second(question))
        answer = answers.chosen(question, first, reviews)
        settled = answers.keep(question, FIRST, replace(first, doubtful=False))
        await gather([settled, answers.keep_derived(question, answer)])
        return answer

    async def _second(self, question: Question) -> list[str]:
        """Ask once more, with another seed; a failure changes nothing."""
        with contextlib.suppress(CallFailed):
            reply, text = await self._once(question, 1, restart=True)
            await self.answers.keep(question, SECOND, reply)
            return [text]
        return []

    async def _attempts(self, question: Question) -> tuple[Reply, str]:
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
                    return await self._once(question, variation, restart=attempt.num > 1)
                except BadAnswer:
                    variation += 1
                    raise
        raise AssertionError("stamina yields an attempt or raises")

    async def _once(
        self, question: Question, variation: int, *, restart: bool
    ) -> tuple[Reply, str]:
        self.sent += 1
        reply = await self.model.complete(
            *self.answers.prompt(question),
            max_tokens=self.answers.max_tokens(question),
            attempt=variation,
            emit=self._deltas(restart=restart) if question.heard and not question.splits else None,
        )
        self.prompt_tokens += reply.prompt_tokens
        self.output_tokens += reply.output_tokens
        return reply, self.answers.cleaned(question, reply)

    def _deltas(self, *, restart: bool) -> Callable[[str], None] | None:
        if self.hear is None:
            return None
        hear, first = self.hear, [restart]

        def deliver(piece: str) -> None:
            hear(piece, first[0])
            first[0] = False

        return deliver


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
