"""Models behind any OpenAI-compatible server, through langchain-openai's ChatOpenAI."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pipeline.errors import ModelMissing, ModelUnavailable, PyLlamaError, StreamBroken
from pipeline.models.base import ModelInfo
from pipeline.models.openai.counting import LlamaCppCounter, choose_counter
from pipeline.models.openai.errors import model_missing, translated
from pipeline.models.openai.server import CONNECT_SECONDS, Server, certificates
from pipeline.models.verify import check_fits, checked_reply, choose_context, deadline, vary
from pipeline.tokens.tokenizer import estimate_tokenizer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from pathlib import Path

    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

    from pipeline.models.base import ModelOptions, Reply
    from pipeline.models.openai.counting import Counter
    from pipeline.models.verify import Sampling

OPENAI_URL = "https://api.openai.com/v1"

_INSTALL = 'pip install "py-llama-backend[openai]"'
# What SentencePiece vocabularies call their control tokens; "<|…|>" and role markers are known.
_CONTROL_TOKEN = re.compile(r"<(?=/?(?:s|bos|eos|pad|unk|mask|sep|cls)>)")


def list_openai(base_url: str | None, api_key: str | None) -> list[ModelInfo]:
    """Return the models of a server, or what is wrong with it; none where no server is named.

    Raises:
        InputError: `base_url` is no address.
    """
    if base_url is None:
        return []
    try:
        with Server(base_url, api_key) as server:
            return [
                ModelInfo(f"openai:{model['id']}", _context_of(model), _meta(model).get("size"))
                for model in server.models()
            ]
    except ModelUnavailable as error:
        return [ModelInfo("openai", hint=str(error))]


def open_openai(
    name: str,
    *,
    base_url: str | None,
    api_key: str | None,
    options: ModelOptions,
    cache_folder: Path,
) -> OpenAIModel:
    """Open a model of an OpenAI-compatible server. Nothing is generated yet.

    Args:
        name: As the server lists it.
        base_url: Up to and with "/v1", which may be left out where nothing else follows the host.
            None is OpenAI itself.
        api_key: Where the server wants one.
        options: How to ask it.
        cache_folder: Not used: what the server counts is not kept between runs.

    Raises:
        InputError: `base_url` is no address.
        ServerDown: nothing answers there.
        ModelMissing: the server does not have the model, or the extra is not installed.
        ModelUnavailable: the server does not take the key, or is not ready.
    """
    if importlib.util.find_spec("langchain_openai") is None:
        raise ModelMissing(f"OpenAI-compatible servers need langchain-openai; run {_INSTALL}")
    server = Server(OPENAI_URL if base_url is None else base_url, api_key)
    try:
        listed = server.models()
        counter = choose_counter(server, name)
        model = _find_model(server, name, listed, counter)
    except PyLlamaError:
        server.close()
        raise
    warnings: list[str] = []
    if not counter.exact:
        warnings.append(f"{server.url} does not count tokens for us; they are estimated")
    return OpenAIModel(
        name=name,
        context=choose_context(options.context, counter.context or _context_of(model), warnings),
        counter=counter,
        weights={
            "id": model.get("id"),
            **{key: _meta(model).get(key) for key in ("size", "n_params", "ftype")},
        },
        options=options,
        server=server,
        api_key=api_key,
        warnings=warnings,
    )


def _find_model(
    server: Server, name: str, listed: list[dict[str, Any]], counter: Counter
) -> dict[str, Any]:
    """Return what the server lists about the model; nothing where it lists none at all."""
    for model in listed:
        if model["id"] in {name, f"{name}:latest"}:
            return model
    if isinstance(counter, LlamaCppCounter) and len(listed) == 1:
        return listed[0]  # it has one model and takes any name for it
    if listed:
        raise model_missing(server.url, name, [model["id"] for model in listed])
    return {}


def _meta(model: Mapping[str, Any]) -> dict[str, Any]:
    return model.get("meta") or {}


def _context_of(model: Mapping[str, Any]) -> int | None:
    """Return the context that a server lists for a model: vLLM's, then llama.cpp's key."""
    length = model.get("max_model_len") or _meta(model).get("n_ctx_train")
    return length if isinstance(length, int) else None


@dataclass(frozen=True)
class _Answer:
    """What the server answered. The counts are None where it does not say."""

    text: str
    prompt_tokens: int | None
    output_tokens: int | None
    finish: str


class OpenAIModel:
    """A model of an OpenAI-compatible server; see `pipeline.models.base.ChatModel`.

    It belongs to the event loop that makes its first call, as its connections do.
    """

    digest = ""

    def __init__(
        self,
        *,
        name: str,
        context: int,
        counter: Counter,
        weights: Mapping[str, Any],
        options: ModelOptions,
        server: Server,
        api_key: str | None,
        warnings: list[str],
    ) -> None:
        self.name = f"openai:{name}"
        self.context = context
        self.parameters = None
        self.exact = counter.exact
        self.warnings = warnings
        self._model = name
        self._counter = counter
        self._neutralize = estimate_tokenizer().neutralize
        self._weights = weights
        self._settings = options
        self.concurrency = options.concurrency
        self._server = server
        self._api_key = SecretStr(api_key or "none")  # the client wants one in any case
        self._limiter = asyncio.Semaphore(options.concurrency)
        self._client: ChatOpenAI | None = None

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the prompt.

        The server gives no hash of the weights, so its address and what it lists of them are here.
        """
        sampling = vary(self._settings, 0)
        return {
            "server": self._server.url,
            "weights": self._weights,
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            **self._counter.parameters(sampling),
        }

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt, template and BOS included.

        Raises:
            ServerDown: the server that counts is gone.
            Transient: it could not be asked.
        """
        return self._counter.count_prompt(self._neutralized(system), self._neutralized(user))

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt; raises as `count` does."""
        return self._counter.count_text(self._neutralized(text))

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
        ours = await asyncio.to_thread(self.count, system, user)
        check_fits(ours, max_tokens, self.context)
        messages = [("system", self._neutralized(system)), ("user", self._neutralized(user))]
        request = self._request(vary(self._settings, attempt), max_tokens)
        chat = self._connected()
        async with self._limiter, deadline(self._settings.timeout):
            began = time.monotonic()
            with translated(self._server.url, self._model):
                answer = await _ask(chat, messages, request, emit)
            seconds = time.monotonic() - began
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
            seconds=seconds,
        )

    async def aclose(self) -> None:
        """Close the connections. The model cannot be used afterwards."""
        self._server.close()
        if self._client is not None:
            self._client.root_client.close()
            await self._client.root_async_client.close()

    def _neutralized(self, text: str) -> str:
        return _CONTROL_TOKEN.sub("‹", self._neutralize(text))

    def _warn(self, warning: str) -> None:
        if warning not in self.warnings:
            self.warnings.append(warning)

    def _request(self, sampling: Sampling, max_tokens: int) -> dict[str, Any]:
        # OpenAI has renamed the bound on the answer; other servers know the old name at least.
        bound = "max_completion_tokens" if self._server.url == OPENAI_URL else "max_tokens"
        return {
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "extra_body": {bound: max_tokens, **self._counter.parameters(sampling)},
        }

    def _connected(self) -> ChatOpenAI:
        if self._client is None:
            # This takes a second, and a run whose calls are all on record does without.
            import openai
            from langchain_openai import ChatOpenAI

            # Of its own: langchain-openai shares clients between models, and this one gets closed.
            http: dict[str, Any] = {
                "timeout": openai.Timeout(None, connect=CONNECT_SECONDS),
                "verify": certificates(self._server.url),
            }
            self._client = ChatOpenAI(
                model=self._model,
                base_url=self._server.url,
                api_key=self._api_key,
                max_retries=0,  # the pipeline retries
                stream_usage=True,
                stream_chunk_timeout=None,  # the deadline is enough
                use_responses_api=False,
                http_client=openai.DefaultHttpxClient(**http),
                http_async_client=openai.DefaultAsyncHttpxClient(**http),
            )
        return self._client


async def _ask(
    chat: ChatOpenAI,
    messages: list[tuple[str, str]],
    request: Mapping[str, Any],
    emit: Callable[[str], None] | None,
) -> _Answer:
    text, finish = "", ""
    usage: Mapping[str, Any] = {}
    pieces = _messages(chat, messages, request, stream=emit is not None)
    async with contextlib.aclosing(pieces):
        async for message in pieces:
            text += message.text
            finish = message.response_metadata.get("finish_reason") or finish
            usage = message.usage_metadata or usage
            if emit is not None and message.text:
                emit(message.text)
    if not finish:
        raise StreamBroken("the answer stopped before its end; the server may be restarting")
    return _Answer(text, usage.get("input_tokens"), usage.get("output_tokens"), finish)


async def _messages(
    chat: ChatOpenAI,
    messages: list[tuple[str, str]],
    request: Mapping[str, Any],
    *,
    stream: bool,
) -> AsyncGenerator[AIMessage]:
    """Yield the answer in pieces, or in one, which costs less."""
    if not stream:
        yield await chat.ainvoke(messages, **request)
        return
    async for chunk in chat.astream(messages, **request):
        yield chunk
