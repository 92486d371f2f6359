"""Models behind any OpenAI-compatible server, through langchain-openai's ChatOpenAI."""

from __future__ import annotations

import asyncio
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from pipeline.errors import ModelMissing, PyLlamaError
from pipeline.models.adapter import Piece, StreamingAdapter, choose_context, vary
from pipeline.models.openai.counting import LlamaCppCounter, choose_counter
from pipeline.models.openai.errors import model_missing, translated
from pipeline.models.openai.server import (
    CONNECT_SECONDS,
    Server,
    certificates,
    context_of,
    meta_of,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

    from pipeline.models.adapter import Request
    from pipeline.models.base import ModelOptions
    from pipeline.models.openai.counting import Counter

OPENAI_URL = "https://api.openai.com/v1"

_INSTALL = 'pip install "py-llama-backend[openai]"'


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
        name=f"openai:{name}",
        context=choose_context(options.context, counter.context or context_of(model), warnings),
        prompts=counter,
        settings=options,
        warnings=warnings,
        model=name,
        server=server,
        weights={
            "id": model.get("id"),
            **{key: meta_of(model).get(key) for key in ("size", "n_params", "ftype")},
        },
        api_key=SecretStr(api_key or "none"),  # the client wants one in any case
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


@dataclass(kw_only=True, eq=False, repr=False)
class OpenAIModel(StreamingAdapter):
    """A model of an OpenAI-compatible server; `weights` is what that lists of them."""

    prompts: Counter
    model: str
    server: Server
    weights: Mapping[str, Any]
    api_key: SecretStr
    _client: ChatOpenAI | None = None

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the prompt.

        The server gives no hash of the weights, so its address and what it lists of them are here.
        """
        sampling = vary(self.settings, 0)
        return {
            "server": self.server.url,
            "weights": self.weights,
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            **self.prompts.parameters(sampling),
        }

    async def aclose(self) -> None:
        """Close the connections. The model cannot be used afterwards."""
        self.server.close()
        if self._client is not None:
            self._client.root_client.close()
            await self._client.root_async_client.close()

    async def _measure(self, request: Request) -> int:
        return await asyncio.to_thread(self.prompts.count_prompt, request.system, request.user)

    def _pieces(self, request: Request, *, stream: bool) -> AsyncGenerator[Piece]:
        return self._answered(self._connected(), request, stream=stream)

    async def _answered(
        self, client: ChatOpenAI, request: Request, *, stream: bool
    ) -> AsyncGenerator[Piece]:
        arguments = self._arguments(request)
        with translated(self.server.url, self.model):
            if not stream:
                yield _piece(await client.ainvoke(request.messages, **arguments))
                return
            async for message in client.astream(request.messages, **arguments):
                yield _piece(message)

    def _arguments(self, request: Request) -> dict[str, Any]:
        # OpenAI has renamed the bound on the answer; other servers know the old name at least.
        bound = "max_completion_tokens" if self.server.url == OPENAI_URL else "max_tokens"
        sampling = request.sampling
        return {
            "temperature": sampling.temperature,
            "seed": sampling.seed,
            "extra_body": {bound: request.max_tokens, **self.prompts.parameters(sampling)},
        }

    def _connected(self) -> ChatOpenAI:
        if self._client is None:
            # This takes a second, and a run whose calls are all cached does without.
            import openai
            from langchain_openai import ChatOpenAI

            # Of its own: langchain-openai shares clients between models, and this one gets closed.
            http: dict[str, Any] = {
                "timeout": openai.Timeout(None, connect=CONNECT_SECONDS),
                "verify": certificates(self.server.url),
            }
            self._client = ChatOpenAI(
                model=self.model,
                base_url=self.server.url,
                api_key=self.api_key,
                max_retries=0,  # the pipeline retries
                stream_usage=True,
                stream_chunk_timeout=None,  # the deadline is enough
                use_responses_api=False,
                http_client=openai.DefaultHttpxClient(**http),
                http_async_client=openai.DefaultAsyncHttpxClient(**http),
            )
        return self._client


def _piece(message: AIMessage) -> Piece:
    usage: Mapping[str, Any] = message.usage_metadata or {}
    return Piece(
        message.text,
        finish=message.response_metadata.get("finish_reason") or "",
        prompt_tokens=usage.get("input_tokens"),
        output_tokens=usage.get("output_tokens"),
    )
