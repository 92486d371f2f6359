"""Fakes for tests, ours and yours: models that answer by a plain function, without any server.

    model = ScriptedModel(first_words(20))
    summarizer = Summarizer(model)

A scripted model counts words instead of tokens and remembers every call in `calls`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pipeline.models.base import Reply
from pipeline.models.verify import check_fits

TEMPLATE_WORDS = 4  # what the imaginary chat template adds to every prompt


@dataclass(frozen=True)
class Call:
    """One call that a ScriptedModel received. `attempt` is 0 for the first try."""

    system: str
    user: str
    max_tokens: int
    attempt: int


Answer = Callable[[Call], "str | Reply"]


def first_words(count: int) -> Answer:
    """Answer with the first words of the prompt's user message, ended by a full stop."""
    return lambda call: " ".join(call.user.split()[: min(count, call.max_tokens)]).rstrip(".") + "."


def echo(call: Call) -> str:
    """Answer with the whole user message, as a model does that copies instead of summarizing."""
    return call.user


def nothing(call: Call) -> str:
    """Answer with nothing at all."""
    return ""


@dataclass
class ScriptedModel:
    """A ChatModel that answers by calling `answer`; an exception raised there fails the call.

    `context` is in words. `delay` gives the seconds that a call takes, for tests of timing and of
    order. At most `concurrency` calls are in flight; the most that ever were is in `peak`.
    """

    answer: Answer
    context: int = 2048
    name: str = "scripted"
    digest: str = "scripted-1"
    exact: bool = True
    parameters: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    delay: Callable[[Call], float] = lambda call: 0.0
    concurrency: int = 4
    warnings: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.concurrency)

    def count_text(self, text: str) -> int:
        """Count words: runs of anything but white space."""
        return len(text.split())

    def count(self, system: str, user: str) -> int:
        """Count the words of both messages and of the imaginary template."""
        return self.count_text(system) + self.count_text(user) + TEMPLATE_WORDS

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Answer as scripted; see ChatModel."""
        prompt_tokens = self.count(system, user)
        check_fits(prompt_tokens, max_tokens, self.context)
        call = Call(system, user, max_tokens, attempt)
        async with self._slots:
            self.calls.append(call)
            self.in_flight += 1
            self.peak = max(self.peak, self.in_flight)
            try:
                await asyncio.sleep(self.delay(call))
                reply = self._reply(call, prompt_tokens)
            finally:
                self.in_flight -= 1
        if emit is not None:
            emit(reply.text)
        return reply

    def _reply(self, call: Call, prompt_tokens: int) -> Reply:
        answer = self.answer(call)
        if isinstance(answer, Reply):
            return answer
        words = answer.split(" ")
        text = " ".join(words[: call.max_tokens])
        finish: Literal["stop", "length"] = "stop" if len(words) <= call.max_tokens else "length"
        return Reply(text, prompt_tokens, self.count_text(text), finish, verified=True)

    async def aclose(self) -> None:
        """Do nothing; there is nothing to release."""
