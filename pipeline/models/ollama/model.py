"""Models behind an Ollama server, through langchain-ollama's ChatOllama.

What Ollama does silently is made visible here: every prompt is counted before it is sent, the
server's own count is compared afterwards, and each of its ways to fail becomes one error of
`pipeline.errors`. One context length is used for a whole run, because Ollama loads a model anew
whenever that changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx

from pipeline.errors import LoopedAnswer, ModelMissing
from pipeline.models.adapter import (
    Piece,
    StreamingAdapter,
    choose_context,
    parameter_count,
    trained_context,
    vary,
)
from pipeline.models.counting import local_counter
from pipeline.models.ollama.errors import translated
from pipeline.models.ollama.go_template import UnsupportedTemplate, render
from pipeline.models.ollama.server import CONNECT_SECONDS, OllamaServer, can_write, gguf_facts
from pipeline.tokens.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from langchain_core.messages import AIMessage
    from langchain_ollama import ChatOllama

    from pipeline.models.adapter import Request, Sampling
    from pipeline.models.base import ModelOptions

_UNKNOWN_CONTEXT = 2048  # tokens; what every Ollama model can hold


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
        if not can_write(show):
            raise ModelMissing(f"{name} does not write text; take a chat model such as tinyllama")
        digest = _digest(name, models, show)
        warnings: list[str] = []
        template = show.get("template") or "{{ .Prompt }}"
        prompts = local_counter(
            partial(render, template),
            lambda: load_tokenizer(
                digest, lambda: server.show(name, verbose=True).get("model_info", {}), cache_folder
            ),
            UnsupportedTemplate,
            warnings,
        )
    facts = gguf_facts(show)
    return OllamaModel(
        name=f"ollama:{name}",
        digest=digest,
        context=choose_context(options.context, trained_context(facts), warnings, _UNKNOWN_CONTEXT),
        parameters=parameter_count(facts, (show.get("details") or {}).get("parameter_size")),
        prompts=prompts,
        settings=options,
        confirmed=_marker(cache_folder, digest, version),
        warnings=warnings,
        model=name,
        server=server,
        think=False if "thinking" in (show.get("capabilities") or ()) else None,
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


def _marker(folder: Path, digest: str, version: str) -> Path:
    """Return the file that says: this server has confirmed our count with this model."""
    return folder / f"confirmed-{hashlib.sha256(f'{digest} {version}'.encode()).hexdigest()}"


@dataclass(kw_only=True, eq=False, repr=False)
class OllamaModel(StreamingAdapter):
    """A model of an Ollama server; `think` is what it is told of thinking before it answers."""

    model: str
    server: OllamaServer
    think: bool | None
    _client: ChatOllama | None = None

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""
        return self._options(vary(self.settings, 0))

    async def aclose(self) -> None:
        """Close the connections. The model cannot be used afterwards."""
        if self._client is not None:
            # ChatOllama cannot be closed; its client can, through a method without annotations.
            await self._client._async_client.close()  # type: ignore[no-untyped-call]

    def _pieces(self, request: Request, *, stream: bool) -> AsyncGenerator[Piece]:
        options = {**self._options(request.sampling), "num_predict": request.max_tokens}
        return self._heard(self._messages(self._connected(), request, options, stream=stream))

    async def _heard(self, messages: AsyncGenerator[AIMessage]) -> AsyncGenerator[Piece]:
        """Yield what is to be heard of an answer, and in the end what the server says of it.

        Raises:
            LoopedAnswer: the server ended the answer because it went on in a circle.
        """
        raw, shown, done = "", "", False
        async with contextlib.aclosing(messages):
            async for message in messages:
                raw += message.text
                text, before = _spoken(raw), shown
                shown = text
                end = message.response_metadata
                done = done or bool(end.get("done"))
                yield Piece(
                    text[len(before) :],
                    finish=(end.get("done_reason") or "stop") if end.get("done") else "",
                    prompt_tokens=end.get("prompt_eval_count"),
                    output_tokens=end.get("eval_count"),
                )
        if not done and _circles(shown):
            raise LoopedAnswer("the model repeated itself until the server stopped it")

    async def _messages(
        self,
        client: ChatOllama,
        request: Request,
        options: Mapping[str, object],
        *,
        stream: bool,
    ) -> AsyncGenerator[AIMessage]:
        """Yield the answer in pieces, or in one, which costs a tenth of the processor's time."""
        with translated(self.server.address, self.model):
            if not stream:
                yield await client.ainvoke(request.messages, stream=False, options=options)
                return
            async for message in client.astream(request.messages, options=options):
                yield message

    def _connected(self) -> ChatOllama:
        if self._client is None:
            # This takes a second, and a run whose calls are all cached does without. Importing
            # in a thread of its own met other imports of langchain half way.
            from langchain_ollama import ChatOllama

            self._client = ChatOllama(
                model=self.model,
                base_url=self.server.url,
                keep_alive=self.settings.keep_alive,
                reasoning=self.think,
                client_kwargs={
                    "timeout": httpx.Timeout(None, connect=CONNECT_SECONDS),
                    **self.server.client_settings,
                },
            )
        return self._client

    def _options(self, sampling: Sampling) -> dict[str, object]:
        return {"num_ctx": self.context, **sampling.options}


def _spoken(raw: str) -> str:
    """Return an answer without the thinking that some models write before it.

    While the thinking goes on, and while one cannot tell yet, that is "".
    """
    text = raw.lstrip()
    if "<think>".startswith(text[:7]):
        return text.partition("</think>")[2].lstrip()
    return raw


def _circles(text: str) -> bool:
    """Whether a text ends in 30 times the same, or in white space alone.

    The server compares tokens without the white space around them, so it does not count here.
    """
    tail = "".join(text.split())[-1200:]
    blank = len(text) - len(text.rstrip())
    return blank >= 30 or re.search(r"(.{1,40}?)\1{29}\Z", tail) is not None
