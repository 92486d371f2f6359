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
from pipeline.core.prompts import (
    PROMPT_VERSION,
    Prompt,
    Wording,
    join_sources,
)
from pipeline.errors import BadAnswer, CallFailed, Passing, PromptCut, StrayAnswer
from pipeline.evidence.review import Source
from pipeline.models.base import Reply
from pipeline.text.extract import extract
from pipeline.text.languages import NAMES
from pipeline.tree import Chunk, StandIn

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable

    from pipeline.cache.store import Store
    from pipeline.core.budget import Budget
    from pipeline.documents.document import Document
    from pipeline.evidence.review import Review
    from pipeline.models.base import ChatModel
    from pipeline.options import Unsupported
    from pipeline.text.languages import Languages

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
class Question:
    """One question to the model: what a node is made of, or a part of that after failures.

    `source` is the text, with the characters of the document that it covers. `final` asks for the
    summary at its length, else for a partial one. `heard` says that someone may hear the answer
    while it is written. `derived`: the source is joined partial summaries, or chosen sentences, and
    speaks of all the characters that it covers, as every half of it does; answers are held against
    these. `before` is the summary of what comes before the source, where that is refined. `splits`
    is how often it was halved.
    """

    source: Chunk
    final: bool
    heard: bool = False
    derived: bool = False
    before: str = ""
    splits: int = 0

    @property
    def share(self) -> float:
        """This part's share of the whole answer: 1, then 1/2, and so on."""
        return 0.5**self.splits


@dataclass(frozen=True)
class Answer:
    """What a question came to. `cached`: it came from the record, and nothing was sent."""

    text: str
    verified: bool = False
    cached: bool = False
    stand_in: bool = False


@dataclass
class Caller:
    """Calls the model with the questions of one run, and counts what that took.

    `hear` takes the final summary while it is written: a piece of it, and whether the text begins
    anew with this piece. None where nobody listens: cutting an answer into pieces costs time.
    """

    model: ChatModel
    store: Store
    retry: Retry
    document: Document
    budget: Budget
    languages: Languages
    wording: Wording
    words: int
    unsupported: Unsupported
    hear: Callable[[str, bool], None] | None = None
    sent: int = 0
    recalled: int = 0  # first answers that an earlier run left
    prompt_tokens: int = 0
    output_tokens: int = 0
    stand_ins: list[StandIn] = field(default_factory=list)
    kept: dict[str, Answer] = field(default_factory=dict)

    async def answer(self, question: Question) -> Answer:
        """Ask; where that fails for good, ask about each half, and in the end stand in."""
        try:
            return await self._ask(question)
        except StrayAnswer as failure:
            return self._stand_in(question, failure)
        except CallFailed as failure:
            most = MAX_CUT_SPLITS if isinstance(failure, PromptCut) else MAX_SPLITS
            if question.splits >= most or len(question.source.text.strip()) < 2:
                return self._stand_in(question, failure)
            passing = not isinstance(failure, BadAnswer)
        answer = await self._halved(question)
        if not passing and not answer.stand_in:  # the same question would get the same bad answers
            reply = Reply(answer.text, 0, 0, "stop", answer.verified)
            await self.store.put(self._key(question), reply)
        return answer

    async def _halved(self, question: Question) -> Answer:
        answers = await gather([self.answer(half) for half in self._halves(question)])
        return Answer(
            text=self._bounded(join_sources([a.text for a in answers if a.text]), question),
            verified=all(a.verified for a in answers),
            stand_in=any(a.stand_in for a in answers),
        )

    def _halves(self, question: Question) -> list[Question]:
        whole, splits = question.source, question.splits + 1
        halves = [half for half in halve(whole, self._count) if half.text.strip()]
        if question.derived:
            halves = [replace(half, start=whole.start, end=whole.end) for half in halves]
        return [replace(question, source=half, splits=splits) for half in halves]

    def _stand_in(self, question: Question, failure: CallFailed) -> Answer:
        source = question.source
        reason = f"{type(failure).__name__}: {failure}"
        self.stand_ins.append(StandIn(source.start, source.end, reason))
        return Answer(extract(source.text, self._count, self._max_tokens(question)), stand_in=True)

    async def _ask(self, question: Question) -> Answer:
        """Return the model's answer, from the store or by a call, cleaned and reviewed.

        Raises:
            StrayAnswer: nothing of the answer can be used.
            CallFailed: every attempt failed.
        """
        key = self._key(question)
        first = self._recorded(question, key)
        if key in self.kept:
            return self.kept[key]
        self.recalled += first is not None
        reply, text = first or await self._attempts(question)
        text = await self._reviewed(question, key, reply, text)
        await self.store.put(key, replace(reply, text=text, finish="stop", doubtful=False))
        return Answer(text, reply.verified)

    async def _reviewed(self, question: Question, key: str, reply: Reply, text: str) -> str:
        """Return what can be passed on of an answer, or of a second one if that is better.

        Raises:
            StrayAnswer: nothing can.
        """
        languages = self.languages
        source = Source(self._stretch(question), self.wording.query, languages)
        review = source.review(text)
        if review.doubtful:
            # A run may end before the second answer comes.
            await self.store.put(key, replace(reply, doubtful=True))
            review = min([review, *await self._second(question, source)], key=lambda r: r.badness)
        if review.foreign and not languages.crossed:  # else the text's sentences would not help
            raise StrayAnswer(f"the model wrote {NAMES[review.foreign]}, other than the text")
        if review.stray:
            raise StrayAnswer("the model wrote of something else than the text")
        if self.unsupported != "drop":
            return review.answer
        if not review.supported:
            raise StrayAnswer("every sentence of the answer held facts that the text does not")
        return review.supported

    async def _second(self, question: Question, source: Source) -> list[Review]:
        """Ask once more, with another seed; a failure changes nothing."""
        with contextlib.suppress(CallFailed):
            return [source.review((await self._once(question, 1, restart=True))[1])]
        return []

    def _stretch(self, question: Question) -> str:
        """Return the text that a question is about."""
        if question.derived:
            return self.document.text[question.source.start : question.source.end]
        return f"{question.before}\n{question.source.text}"

    def recorded(self, question: Question) -> Answer | None:
        """Return the answer that the store holds. What no longer passes as one is asked anew."""
        key = self._key(question)
        self._recorded(question, key)
        return self.kept.get(key)

    def _recorded(self, question: Question, key: str) -> tuple[Reply, str] | None:
        """Take what the store holds to `kept`; return it where a second answer is still to come."""
        reply = None if key in self.kept else self.store.get(key)
        with contextlib.suppress(BadAnswer):
            if reply is not None:
                text = self._clean(reply, question)
                if reply.doubtful:
                    return reply, text
                self.kept[key] = Answer(text, reply.verified, cached=question.splits == 0)
        return None

    def _key(self, question: Question) -> str:
        version = f"{PROMPT_VERSION} {'drop' if self.unsupported == 'drop' else 'keep'}"
        return call_key(self.model, version, *self._prompt(question), self._max_tokens(question))

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
            *self._prompt(question),
            max_tokens=self._max_tokens(question),
            attempt=variation,
            emit=self._deltas(restart=restart) if question.heard and not question.splits else None,
        )
        self.prompt_tokens += reply.prompt_tokens
        self.output_tokens += reply.output_tokens
        return reply, self._clean(reply, question)

    def _deltas(self, *, restart: bool) -> Callable[[str], None] | None:
        if self.hear is None:
            return None
        hear, first = self.hear, [restart]

        def deliver(piece: str) -> None:
            hear(piece, first[0])
            first[0] = False

        return deliver

    def _prompt(self, question: Question) -> Prompt:
        source, words = question.source.text, max(1, round(self.words * question.share))
        if question.before:
            return self.wording.refined(question.before, source, words)
        return self.wording.final(source, words) if question.final else self.wording.partial(source)

    def _max_tokens(self, question: Question) -> int:
        bound = self.budget.answer if question.final else self.budget.summary - JOIN_TOKENS
        return max(min(MIN_ANSWER, bound), int(bound * question.share))

    def _clean(self, reply: Reply, question: Question) -> str:
        text = clean(reply.text, finish=reply.finish)
        return self._bounded(text, question)

    def _bounded(self, text: str, question: Question) -> str:
        """Hold a text to its room in the next prompt; read back, it can take more than written."""
        bound = self._max_tokens(question)
        return text if self._count(text) <= bound else extract(text, self._count, bound)

    def _count(self, text: str) -> int:
        return self.model.count_text(text)


def log_retries() -> None:
    """Have retries logged, not printed among the output: stamina does where structlog is there."""
    set_on_retry_hooks([LoggingOnRetryHook])


def _backoff(error: Exception) -> bool | float:
    """Tell whether to ask again: after a wait where the server failed, at once for bad answers."""
    return 0.0 if isinstance(error, BadAnswer) else isinstance(error, Passing)


async def gather(coroutines: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once. The first error cancels the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in coroutines]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]
