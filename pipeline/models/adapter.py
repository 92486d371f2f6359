"""What the models of every provider share; a provider writes only how its own is asked.

A call goes the same way with each of them: the prompt is counted, what does not fit is refused, the
model is asked, and its answer is a Reply only once the server's own count agrees with ours (see
`pipeline.models.verify`). `Adapter` goes that way and leaves `_ask` to the provider;
`StreamingAdapter` also keeps slots and time limit, and leaves `_pieces`.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import CallFailed, StreamBroken, TimedOut
from pipeline.models.base import MAX_DEFAULT_CONTEXT
from pipeline.models.verify import PROBE_SYSTEM, PROBE_TEXT, check_fits, checked_reply

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
    from pathlib import Path

    from pipeline.models.base import ModelOptions, Reply
    from pipeline.models.counting import PromptCounter

REPEAT_LAST_N = 256  # tokens that the repeat penalty looks back on; 64 miss a looped sentence
_UNKNOWN_CONTEXT = 8192  # tokens; where neither the model nor the user says


# What is known of a model -------------------------------------------------------------------------


def trained_context(facts: Mapping[str, object]) -> int | None:
    """Return the context that a GGUF's metadata say it was trained for, in tokens."""
    length = facts.get(f"{facts.get('general.architecture')}.context_length")
    return length if isinstance(length, int) else None


def parameter_count(facts: Mapping[str, object], size: object) -> int | None:
    """Return how many weights a GGUF's metadata count, else what `size` says: "134.52M"."""
    count = facts.get("general.parameter_count")
    return count if isinstance(count, int) else parse_size(str(size or ""))


def parse_size(text: str) -> int | None:
    """Return how many weights "134.52M" or "1.1B" stands for; None where it is no such number."""
    match = re.fullmatch(r"([\d.]+)([KMBT])", text.strip().upper())
    with contextlib.suppress(ValueError):
        if match is not None:
            return round(float(match[1]) * 1000.0 ** ("KMBT".index(match[2]) + 1))
    return None


def choose_context(
    wanted: int | None, trained: int | None, warnings: list[str], unknown: int = _UNKNOWN_CONTEXT
) -> int:
    """Return the context to use, in tokens, and add to the warnings what the user should know.

    `unknown` is taken where neither the user nor the model says.
    """
    if trained is None:
        trained = wanted or unknown
        if wanted is None:
            warnings.append(
                f"nothing says how long a context the model has; taking {trained} tokens "
                "(set `context` to what is right)"
            )
    if wanted is not None and wanted > trained:
        warnings.append(f"context lowered from {wanted} to {trained}, which is all the model has")
    return min(trained, wanted or MAX_DEFAULT_CONTEXT)


# Asking -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sampling:
    """How one attempt draws its words."""

    temperature: float
    seed: int
    repeat_penalty: float

    @property
    def options(self) -> dict[str, object]:
        """The settings by the names that llama.cpp has for them."""
        return {
            "temperature": self.temperature,
            "seed": self.seed,
            "repeat_penalty": self.repeat_penalty,
            "repeat_last_n": REPEAT_LAST_N,
        }


def vary(options: ModelOptions, attempt: int) -> Sampling:
    """Return the sampling of an attempt: as configured for 0, another way for each one above.

    At temperature 0 the seed decides nothing, so another attempt also warms up.
    """
    if attempt == 0:
        return Sampling(options.temperature, options.seed, options.repeat_penalty)
    return Sampling(
        temperature=max(options.temperature, 0.3),
        seed=options.seed + attempt,
        repeat_penalty=options.repeat_penalty + 0.1 * attempt,
    )


@contextlib.asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Bound what is done within.

    Raises:
        TimedOut: it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimedOut(f"no whole answer within {seconds:g} s; raise the timeout") from error


@dataclass(frozen=True)
class Request:
    """What a model is asked in one call. The texts are neutralized."""

    system: str
    user: str
    max_tokens: int
    sampling: Sampling

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The roles and what they say."""
        return [("system", self.system), ("user", self.user)]


@dataclass(frozen=True)
class Piece:
    """A piece of an answer, and what the server says with it, if anything; see `Answer`.

    Its `prompt_tokens` prove that the server read the whole prompt.
    """

    text: str = ""
    finish: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None


@dataclass
class Answer:
    """An answer as it is written: pieces are added until the server says why it ended.

    `emit` is told of each piece. `finish` is the reason, "" as long as there is none. The counts
    are the server's, None where it gives none. `seconds` is how long the answer took.
    """

    emit: Callable[[str], None] | None = None
    text: str = ""
    finish: str = ""
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0

    def add(self, piece: Piece) -> None:
        """Add a piece."""
        self.finish = piece.finish or self.finish
        if piece.prompt_tokens is not None:
            self.prompt_tokens = piece.prompt_tokens
        if piece.output_tokens is not None:
            self.output_tokens = piece.output_tokens
        if piece.text:
            self.text += piece.text
            if self.emit is not None:
                self.emit(piece.text)


@dataclass(kw_only=True, eq=False, repr=False)
class Adapter(ABC):
    """A ChatModel, but for how it is asked; see `pipeline.models.base.ChatModel`.

    Attributes:
        name: "echo:NAME" or "echo", as `--model` takes it.
        context: Tokens for a prompt and its answer.
        digest: Changes with the weights. Answers are cached under it, `name` and `options`.
        parameters: How many weights there are; None where unknown.
        prompts: Counts what the model is sent: `estimating_counter()` with a margin; a counter with
            the model's own vocabulary, or that asks its server, exactly, so that every prompt is
            proved (see `pipeline.models.counting`).
        settings: How the model is asked.
        confirmed: The file whose presence says that the server has counted the probe as we do;
            None where that needs no proof.
        exact: Whether counts are the server's; found out anew by the probe.
    """

    name: str
    context: int
    prompts: PromptCounter
    settings: ModelOptions
    digest: str = ""
    parameters: int | None = None
    confirmed: Path | None = None
    warnings: list[str] = field(default_factory=list)
    exact: bool = field(init=False)
    concurrency: int = field(init=False)

    def __post_init__(self) -> None:
        self.exact = self.prompts.exact
        self.concurrency = self.settings.concurrency

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""
        return vary(self.settings, 0).options

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt, template and BOS included."""
        neutralize = self.prompts.neutralize
        return self.prompts.count_prompt(neutralize(system), neutralize(user))

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""
        return self.prompts.count_text(text)

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask once and return the answer as the model wrote it; see `ChatModel.complete`.

        Raises:
            ModelUnavailable: no call can succeed.
            CallFailed: this call failed.
        """
        request = self._request(system, user, max_tokens, attempt)
        ours = await self._measure(request)
        check_fits(ours, max_tokens, self.context)
        answer = await self._ask(request, emit)
        if answer.prompt_tokens is None:
            self._warn("the server does not say what it read; its answers cannot be verified")
        return checked_reply(
            answer.text,
            ours=ours,
            theirs=answer.prompt_tokens,
            output_tokens=answer.output_tokens or 0,
            finish="length" if answer.finish == "length" else "stop",
            context=self.context,
            exact=self.exact,
            seconds=answer.seconds,
        )

    @abstractmethod
    async def _ask(self, request: Request, emit: Callable[[str], None] | None) -> Answer:
        """Have the model answer, and tell `emit` of the pieces.

        Before the first answer the probe is sent, where it is to be (`_unconfirmed`).
        """

    @abstractmethod
    async def aclose(self) -> None:
        """Release connections or weights. The model cannot be used afterwards."""

    def _request(self, system: str, user: str, max_tokens: int, attempt: int = 0) -> Request:
        neutralize = self.prompts.neutralize
        sampling = vary(self.settings, attempt)
        return Request(neutralize(system), neutralize(user), max_tokens, sampling)

    async def _measure(self, request: Request) -> int:
        """Count a request's prompt; in a thread, where counting it waits for a server."""
        return self.prompts.count_prompt(request.system, request.user)

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def _unconfirmed(self) -> bool:
        """Whether the probe is still to be sent."""
        return self.exact and self.confirmed is not None and not self.confirmed.exists()

    def _probe(self) -> Request:
        return self._request(PROBE_SYSTEM, PROBE_TEXT, 1)

    def _compare(self, theirs: int | None, server: str) -> None:
        """Learn from the server's count of the probe whether ours are exact."""
        ours = self.count(PROBE_SYSTEM, PROBE_TEXT)
        if theirs == ours:
            if self.confirmed is not None:
                with contextlib.suppress(OSError):  # without the file it is only asked again
                    self.confirmed.parent.mkdir(parents=True, exist_ok=True)
                    self.confirmed.touch()
        else:
            self.exact = False
            self._warn(
                f"{server} counts {theirs} tokens where we count {ours}; prompts cannot be "
                "verified token for token"
            )


@dataclass(kw_only=True, eq=False, repr=False)
class StreamingAdapter(Adapter):
    """An adapter for servers that take several calls at once and answer in pieces.

    It belongs to the event loop that makes its first call, as its connections do. A provider's
    opens these in `__post_init__`, after `super().__post_init__()`. Calls in flight are bounded
    here, and so is the time of each.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._slots = asyncio.Semaphore(self.concurrency)
        self._probing = asyncio.Lock()
        self._probes = 0
        self._to_probe = self._unconfirmed

    @abstractmethod
    def _pieces(self, request: Request, *, stream: bool) -> AsyncGenerator[Piece]:
        """Return the answer's pieces, or one that is the whole, which costs less.

        A server is sent `request.messages`, `request.max_tokens` and `request.sampling`. Whatever
        takes time and is no part of the call is done before this returns. The last piece says why
        the answer ended: "stop", or "length" where the tokens were too few.

        Raises:
            ServerBusy: the call is made again a little later, as after the next two.
            ServerFault: the server failed.
            StreamBroken: the answer stopped before its end.
            Refused: the server will not take this request, now or later.
            ModelUnavailable: no call can succeed; the run stops.
        """

    async def _ask(self, request: Request, emit: Callable[[str], None] | None) -> Answer:
        await self._confirm()
        return await self._answer(request, emit)

    async def _answer(self, request: Request, emit: Callable[[str], None] | None) -> Answer:
        answer = Answer(emit)
        pieces = self._pieces(request, stream=emit is not None)
        async with self._slots, deadline(self.settings.timeout):
            began = time.monotonic()
            async with contextlib.aclosing(pieces):
                async for piece in pieces:
                    answer.add(piece)
            answer.seconds = time.monotonic() - began
        if not answer.finish:
            raise StreamBroken("the answer stopped before its end; the server may be restarting")
        return answer

    async def _confirm(self) -> None:
        """Have the server confirm once, in one short call, that it counts as we do.

        Calls that come meanwhile wait for it. If it fails they go on unconfirmed, and the next
        call tries again.
        """
        if not self._to_probe:
            return
        probes = self._probes
        async with self._probing:
            if not self._to_probe or self._probes != probes:
                return
            with contextlib.suppress(CallFailed):
                await self._send_probe()
            self._probes += 1

    async def _send_probe(self) -> None:
        request = self._probe()
        check_fits(await self._measure(request), request.max_tokens, self.context)
        answer = await self._answer(request, None)
        self._to_probe = False
        self._compare(answer.prompt_tokens, "the server")
