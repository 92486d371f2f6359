"""Models behind an Ollama server, through langchain-ollama's ChatOllama.

What Ollama does silently is made visible here: every prompt is counted before it is sent, the
server's own count is compared afterwards, and each of its ways to fail becomes one error of
`pipeline.errors`. One context length is used for a whole run, because Ollama loads a model anew
whenever that changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import httpx

from pipeline.errors import (
    CallFailed,
    LoopedAnswer,
    ModelMissing,
    ServerDown,
    StreamBroken,
)
from pipeline.models.base import DEFAULT_OLLAMA_MODEL, MAX_DEFAULT_CONTEXT, ModelInfo
from pipeline.models.ollama.errors import translated
from pipeline.models.ollama.go_template import UnsupportedTemplate, render
from pipeline.models.ollama.server import CONNECT_SECONDS, OllamaServer
from pipeline.models.verify import (
    PROBE_SYSTEM,
    PROBE_TEXT,
    check_fits,
    checked_reply,
    deadline,
    parse_size,
    vary,
)
from pipeline.tokens.tokenizer import UnknownVocabulary, estimate_tokenizer, load_tokenizer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path

    from langchain_core.messages import AIMessage
    from langchain_ollama import ChatOllama

    from pipeline.models.base import ModelOptions, Reply
    from pipeline.models.verify import Sampling
    from pipeline.tokens.tokenizer import Tokenizer

_UNKNOWN_CONTEXT = 2048  # tokens; what every Ollama model can hold
_REPEAT_LAST_N = 256  # tokens that the repeat penalty looks back on; 64 miss a looped sentence

# Used to count, with a margin, where a model's own template cannot be evaluated.
_PLAIN_TEMPLATE = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)


def list_ollama(host: str | None) -> list[ModelInfo]:
    """Return the models of a server that can write text, and how to get what is missing.

    Raises:
        InputError: `host` is no address.
    """
    default = f"ollama:{DEFAULT_OLLAMA_MODEL}"
    try:
        with OllamaServer(host) as server:
            shown = [(model, server.show(model["name"])) for model in server.models()]
    except ServerDown:
        start = f"`ollama serve`, then `ollama pull {DEFAULT_OLLAMA_MODEL}`"
        return [ModelInfo(default, hint=start)]
    found = [
        ModelInfo(
            name=f"ollama:{model['name'].removesuffix(':latest')}",
            context=_trained_context(show),
            size=model.get("size"),
        )
        for model, show in shown
        if _can_write(show)
    ]
    if all(model.name != default for model in found):
        found.append(ModelInfo(default, hint=f"`ollama pull {DEFAULT_OLLAMA_MODEL}`"))
    return found


def _can_write(show: Mapping[str, Any]) -> bool:
    """Whether a model writes text; servers before 0.6.4 do not say, and are believed to."""
    return "completion" in (show.get("capabilities") or ["completion"])


def _trained_context(show: Mapping[str, Any]) -> int | None:
    info = show.get("model_info") or {}
    length = info.get(f"{info.get('general.architecture')}.context_length")
    return length if isinstance(length, int) else None


def _parameters(show: Mapping[str, Any]) -> int | None:
    """Return how many weights a model has: exactly, or as the server rounds it, "134.52M"."""
    count = (show.get("model_info") or {}).get("general.parameter_count")
    if isinstance(count, int):
        return count
    return parse_size(str((show.get("details") or {}).get("parameter_size", "")))


def open_ollama(
    name: str, *, host: str | None, options: ModelOptions, cache_folder: Path
) -> OllamaModel:
    """Open a model of an Ollama server. Nothing is generated yet, nor is the model loaded.

    Args:
        name: As Ollama names it: "tinyllama", "qwen2.5:0.5b".
        host: Where the server is, in any form that OLLAMA_HOST takes; None is this machine.
        options: How to ask it.
        cache_folder: Where vocabularies are kept; need not exist.

    Raises:
        InputError: `host` is no address.
        ServerDown: no Ollama server answers there.
        ModelMissing: it does not have the model.
    """
    with OllamaServer(host) as server:
        version, models, show = server.version(), server.models(), server.show(name)
        if not _can_write(show):
            raise ModelMissing(f"{name} does not write text; take a chat model such as tinyllama")
        digest = _digest(name, models, show)
        warnings: list[str] = []
        prompts = _prompt_counter(
            show.get("template") or "{{ .Prompt }}",
            lambda: load_tokenizer(
                digest, lambda: server.show(name, verbose=True).get("model_info", {}), cache_folder
            ),
            warnings,
        )
    return OllamaModel(
        name=name,
        digest=digest,
        context=_context(options.context, _trained_context(show), warnings),
        parameters=_parameters(show),
        prompts=prompts,
        options=options,
        think=False if "thinking" in (show.get("capabilities") or ()) else None,
        server=server,
        confirmed=_marker(cache_folder, digest, version),
        warnings=warnings,
    )


def _digest(name: str, models: list[dict[str, Any]], show: Mapping[str, Any]) -> str:
    """Return the digest that the server lists, else a hash of what it shows of the model."""
    for model in models:
        if _full_name(model["name"]) == _full_name(name) and model.get("digest"):
            return str(model["digest"])
    lasting = {key: value for key, value in show.items() if key != "modified_at"}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def _full_name(name: str) -> str:
    """Write out what Ollama lets one leave out of a name."""
    path = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return path if ":" in path.rpartition("/")[2] else f"{path}:latest"


def _context(wanted: int | None, trained: int | None, warnings: list[str]) -> int:
    if trained is None:
        trained = wanted or _UNKNOWN_CONTEXT
        warnings.append(
            f"the server does not say what context the model was trained for; using {trained}"
        )
    if wanted is not None and wanted > trained:
        warnings.append(f"context lowered from {wanted} to {trained}, which the model was made for")
    return min(trained, MAX_DEFAULT_CONTEXT if wanted is None else wanted)


def _marker(folder: Path, digest: str, version: str) -> Path:
    """Return the file that says: this server has confirmed our count with this model."""
    return folder / f"confirmed-{hashlib.sha256(f'{digest} {version}'.encode()).hexdigest()}"


@dataclass(frozen=True)
class _PromptCounter:
    """Counts rendered prompts. `exact`: with the model's own vocabulary and template."""

    tokenizer: Tokenizer
    template: str
    exact: bool

    def count(self, system: str, user: str) -> int:
        """Count the tokens of a prompt whose texts are neutralized."""
        return self.tokenizer.count_prompt(render(self.template, system, user))


def _prompt_counter(
    template: str, load: Callable[[], Tokenizer], warnings: list[str]
) -> _PromptCounter:
    try:
        render(template, "system", "user")
        tokenizer = load()
    except (UnknownVocabulary, UnsupportedTemplate) as error:
        warnings.append(f"tokens are estimated, with a margin: {error}")
        return _PromptCounter(estimate_tokenizer(), _PLAIN_TEMPLATE, exact=False)
    return _PromptCounter(tokenizer, template, tokenizer.exact)


@dataclass(frozen=True)
class _Answer:
    """What the server answered. `prompt_tokens` is None where it does not say."""

    text: str
    prompt_tokens: int | None
    output_tokens: int
    finish: Literal["stop", "length"]
    seconds: float


class OllamaModel:
    """A model of an Ollama server; see `pipeline.models.base.ChatModel`.

    It belongs to the event loop that makes its first call, as its connections do.
    """

    def __init__(
        self,
        *,
        name: str,
        digest: str,
        context: int,
        parameters: int | None,
        prompts: _PromptCounter,
        options: ModelOptions,
        think: bool | None,
        server: OllamaServer,
        confirmed: Path,
        warnings: list[str],
    ) -> None:
        self.name = f"ollama:{name}"
        self.digest = digest
        self.context = context
        self.parameters = parameters
        self.exact = prompts.exact
        self.warnings = warnings
        self._model = name
        self._prompts = prompts
        self._settings = options
        self.concurrency = options.concurrency
        self._think = think
        self._server = server
        self._marker = confirmed
        self._confirmed = not prompts.exact or confirmed.exists()
        self._confirmation_tries = 0
        self._confirming = asyncio.Lock()
        self._limiter = asyncio.Semaphore(options.concurrency)
        self._client: ChatOllama | None = None

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""
        return self._request_options(vary(self._settings, 0))

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt, template and BOS included."""
        neutralize = self._prompts.tokenizer.neutralize
        return self._prompts.count(neutralize(system), neutralize(user))

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""
        return self._prompts.tokenizer.count_text(text)

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
        neutralize = self._prompts.tokenizer.neutralize
        system, user = neutralize(system), neutralize(user)
        ours = self._prompts.count(system, user)
        check_fits(ours, max_tokens, self.context)
        await self._confirm()
        sampling = vary(self._settings, attempt)
        answer = await self._ask(system, user, max_tokens, sampling, emit)
        if answer.prompt_tokens is None:
            self._warn("the server does not say what it read; its answers cannot be verified")
        return checked_reply(
            answer.text,
            ours=ours,
            theirs=answer.prompt_tokens,
            output_tokens=answer.output_tokens,
            finish=answer.finish,
            context=self.context,
            exact=self.exact,
            seconds=answer.seconds,
        )

    async def aclose(self) -> None:
        """Close the connections. The model cannot be used afterwards."""
        if self._client is not None:
            # ChatOllama cannot be closed; its client can, through a method without annotations.
            await self._client._async_client.close()  # type: ignore[no-untyped-call]

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    async def _confirm(self) -> None:
        """Have the server confirm once, in one short call, that it counts as we do.

        Calls that come meanwhile wait for it. If it fails they go on unconfirmed, and the next
        call tries again.
        """
        if self._confirmed:
            return
        tries = self._confirmation_tries
        async with self._confirming:
            if self._confirmed or self._confirmation_tries != tries:
                return
            with contextlib.suppress(CallFailed):
                await self._compare_counts()
            self._confirmation_tries += 1

    async def _compare_counts(self) -> None:
        neutralize = self._prompts.tokenizer.neutralize
        system, user = neutralize(PROBE_SYSTEM), neutralize(PROBE_TEXT)
        ours = self._prompts.count(system, user)
        check_fits(ours, 1, self.context)
        answer = await self._ask(system, user, 1, vary(self._settings, 0), None)
        self._confirmed = True
        if answer.prompt_tokens == ours:
            with contextlib.suppress(OSError):  # without the file it is only asked again
                self._marker.parent.mkdir(parents=True, exist_ok=True)
                self._marker.touch()
        else:
            self.exact = False
            self._warn(
                f"the server counts {answer.prompt_tokens} tokens where we count {ours}; "
                "prompts cannot be verified token for token"
            )

    async def _ask(
        self,
        system: str,
        user: str,
        max_tokens: int,
        sampling: Sampling,
        emit: Callable[[str], None] | None,
    ) -> _Answer:
        options = {**self._request_options(sampling), "num_predict": max_tokens}
        messages = [("system", system), ("user", user)]
        client = self._connected()
        raw, shown, end = "", "", dict[str, Any]()
        async with self._limiter, deadline(self._settings.timeout):
            began = time.monotonic()
            pieces = self._pieces(client, messages, options, stream=emit is not None)
            async with contextlib.aclosing(pieces):
                async for piece in pieces:
                    raw += piece.text
                    end.update(piece.response_metadata)
                    text = _spoken(raw)
                    if emit is not None and text != shown:
                        emit(text[len(shown) :])
                    shown = text
        return _whole_answer(shown, end, time.monotonic() - began)

    async def _pieces(
        self,
        client: ChatOllama,
        messages: list[tuple[str, str]],
        options: Mapping[str, object],
        *,
        stream: bool,
    ) -> AsyncGenerator[AIMessage]:
        """Yield the answer in pieces, or in one, which costs a tenth of the processor's time."""
        with translated(self._server.address, self._model):
            if not stream:
                yield await client.ainvoke(messages, stream=False, options=options)
                return
            async for piece in client.astream(messages, options=options):
                yield piece

    def _connected(self) -> ChatOllama:
        if self._client is None:
            # This takes a second, and a run whose calls are all on record does without. Importing
            # in a thread of its own met other imports of langchain half way.
            from langchain_ollama import ChatOllama

            self._client = ChatOllama(
                model=self._model,
                base_url=self._server.url,
                keep_alive=self._settings.keep_alive,
                reasoning=self._think,
                client_kwargs={
                    "timeout": httpx.Timeout(None, connect=CONNECT_SECONDS),
                    **self._server.client_settings,
                },
            )
        return self._client

    def _request_options(self, sampling: Sampling) -> dict[str, object]:
        return {
            "num_ctx": self.context,
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": _REPEAT_LAST_N,
        }


def _spoken(raw: str) -> str:
    """Return an answer without the thinking that some models write before it.

    While the thinking goes on, and while one cannot tell yet, that is "".
    """
    text = raw.lstrip()
    if "<think>".startswith(text[:7]):
        return text.partition("</think>")[2].lstrip()
    return raw


def _whole_answer(text: str, end: Mapping[str, Any], seconds: float) -> _Answer:
    """Return the answer whose last line is `end`.

    Raises:
        LoopedAnswer: the server ended the answer because it went on in a circle.
        StreamBroken: the answer has no end.
    """
    if not end.get("done"):
        if _circles(text):
            raise LoopedAnswer("the model repeated itself until the server stopped it")
        raise StreamBroken("the answer stopped before its end; the server may be restarting")
    return _Answer(
        text=text,
        prompt_tokens=end.get("prompt_eval_count"),
        output_tokens=end.get("eval_count") or 0,
        finish="length" if end.get("done_reason") == "length" else "stop",
        seconds=seconds,
    )


def _circles(text: str) -> bool:
    """Whether a text ends in 30 times the same, or in white space alone.

    The server compares tokens without the white space around them, so it does not count here.
    """
    tail = "".join(text.split())[-1200:]
    blank = len(text) - len(text.rstrip())
    return blank >= 30 or re.search(r"(.{1,40}?)\1{29}\Z", tail) is not None
