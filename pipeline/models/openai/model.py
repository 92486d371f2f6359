"""Models behind any OpenAI-compatible server, through langchain-openai's ChatOpenAI.

What the server can count it is asked to count: llama.cpp renders a prompt at `/apply-template` and
counts at `/tokenize`, vLLM does both at `/tokenize`. Counts are exact there, at a request each.
Other servers (LM Studio, OpenAI itself) tell neither their vocabulary nor their context, so tokens
are estimated with a margin.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import re
import ssl
import time
import urllib.parse
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from pydantic import SecretStr

from pipeline.errors import (
    InputError,
    ModelMissing,
    ModelUnavailable,
    PromptCut,
    PyLlamaError,
    Refused,
    ServerBusy,
    ServerDown,
    ServerFault,
    StreamBroken,
    TimedOut,
)
from pipeline.models.base import ModelInfo
from pipeline.models.verify import (
    check_fits,
    checked_reply,
    choose_context,
    deadline,
    plain_prompt,
    vary,
)
from pipeline.text.display import one_line
from pipeline.tokens.tokenizer import estimate_tokenizer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import openai
    from langchain_core.messages import AIMessage
    from langchain_openai import ChatOpenAI

    from pipeline.models.base import ModelOptions, Reply
    from pipeline.models.verify import Sampling

OPENAI_URL = "https://api.openai.com/v1"

_INSTALL = 'pip install "py-llama-backend[openai]"'
_CONNECT_SECONDS = 5.0
_COUNT_SECONDS = 60.0  # a busy server may take long to tokenize a book
_IDLE_SECONDS = 4.0  # llama.cpp closes a connection that is idle for 5
_REPEAT_LAST_N = 256  # tokens that the repeat penalty looks back; 64 miss a looped sentence
# An answer's bound is for the answer, not for thinking before it.
_TEMPLATE = {"chat_template_kwargs": {"enable_thinking": False}}
_KEPT_COUNTS = 512
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
        with _Server(base_url, api_key) as server:
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
    server = _Server(OPENAI_URL if base_url is None else base_url, api_key)
    try:
        listed = server.models()
        counter = _choose_counter(server, name)
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
    server: _Server, name: str, listed: list[dict[str, Any]], counter: _Counter
) -> dict[str, Any]:
    """Return what the server lists about the model; nothing where it lists none at all."""
    for model in listed:
        if model["id"] in {name, f"{name}:latest"}:
            return model
    if isinstance(counter, _LlamaCppCounter) and len(listed) == 1:
        return listed[0]  # it has one model and takes any name for it
    if listed:
        raise _model_missing(server.url, name, [model["id"] for model in listed])
    return {}


def _meta(model: Mapping[str, Any]) -> dict[str, Any]:
    return model.get("meta") or {}


def _context_of(model: Mapping[str, Any]) -> int | None:
    """Return the context that a server lists for a model: vLLM's, then llama.cpp's key."""
    length = model.get("max_model_len") or _meta(model).get("n_ctx_train")
    return length if isinstance(length, int) else None


# The server, besides its answers ------------------------------------------------------------------


class _Server:
    """What a server tells without running a model."""

    def __init__(self, base_url: str, api_key: str | None) -> None:
        self.url = _base_url(base_url)
        self._root = self.url.removesuffix("/v1")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(_COUNT_SECONDS, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(keepalive_expiry=_IDLE_SECONDS),
            verify=_certificates(self.url),
        )

    def __enter__(self) -> _Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def models(self) -> list[dict[str, Any]]:
        """Return the models that it lists; none if it cannot list them."""
        answer = self._request("GET", f"{self.url}/models")
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise ModelUnavailable(f"{self.url} is not ready yet: {one_line(answer.text)}")
        listed = _said(answer).get("data")
        return listed if isinstance(listed, list) else []

    def get(self, path: str) -> dict[str, Any]:
        """Return what is at a path beside "/v1"; nothing if nothing is."""
        return _said(self._request("GET", self._root + path))

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Return what a path beside "/v1" answers; nothing if it takes no such request."""
        return _said(self._request("POST", self._root + path, body))

    def _request(
        self, method: str, url: str, body: Mapping[str, object] | None = None
    ) -> httpx.Response:
        with _translated_http(self.url):
            try:
                answer = self._client.request(method, url, json=body)
            except (httpx.RemoteProtocolError, httpx.ReadError):  # it closed an idle connection
                answer = self._client.request(method, url, json=body)
        if answer.status_code in _KEY_REFUSED:
            raise _key_refused(self.url, answer.text)
        return answer


def _said(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object that a server answered; an empty one if it did not."""
    with contextlib.suppress(ValueError):
        said = answer.json()
        if answer.is_success and isinstance(said, dict):
            return said
    return {}


def _certificates(url: str) -> ssl.SSLContext:
    """Return what a server is verified with. Without TLS that is nothing, and saves 30 ms."""
    if url.startswith("https:"):
        return httpx.create_ssl_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _base_url(text: str) -> str:
    address = urllib.parse.urlsplit(text.strip())
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise InputError(f"{text!r} is no address of a server; write http://HOST:PORT/v1")
    path = address.path.rstrip("/") or "/v1"
    return urllib.parse.urlunsplit((address.scheme, address.netloc, path, "", ""))


# Counting -----------------------------------------------------------------------------------------


class _Counter(Protocol):
    """Counts neutralized texts as a server does, and knows what else that server takes.

    `context` is None where the server does not say.
    """

    exact: bool
    context: int | None

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return what goes into a request beyond OpenAI's own parameters."""


def _choose_counter(server: _Server, name: str) -> _Counter:
    """Return the best counter that the server can serve."""
    if "prompt" in server.post("/apply-template", _chat("system", "user")):
        settings = server.get("/props").get("default_generation_settings") or {}
        return _LlamaCppCounter(server, settings.get("n_ctx"))
    said = server.post("/tokenize", {"model": name, **_chat("system", "user")})
    if "count" in said:
        return _VllmCounter(server, name, said.get("max_model_len"))
    return _Estimator()


def _chat(system: str, user: str) -> dict[str, object]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"messages": messages, **_TEMPLATE}


class _ServerCounter:
    """Counts at the server's `/tokenize`, and remembers the last counts."""

    exact = True

    def __init__(self, server: _Server, context: int | None) -> None:
        self.context = context
        self._server = server
        self._tokens = lru_cache(maxsize=_KEPT_COUNTS)(self._tokenize)
        # SentencePiece puts a space before a text. It stays apart from a line break, so behind one
        # a text is counted as in the middle of a prompt.
        self._break = self._tokens("\n")

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""
        return self._tokens(text) if self._break == 1 else self._tokens(f"\n{text}") - self._break

    def _tokenize(self, text: str) -> int:
        raise NotImplementedError

    def _post(self, path: str, body: Mapping[str, object], key: str) -> Any:  # noqa: ANN401 - JSON
        said = self._server.post(path, body)
        if key not in said:
            raise ServerFault(f"{self._server.url} does not count tokens any more")
        return said[key]


class _LlamaCppCounter(_ServerCounter):
    """Counts with llama.cpp's server."""

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        prompt = self._post("/apply-template", _chat(system, user), "prompt")
        return self._count(prompt, add_special=True)

    def _tokenize(self, text: str) -> int:
        return self._count(text, add_special=False)

    def _count(self, text: str, *, add_special: bool) -> int:
        body = {"content": text, "add_special": add_special, "parse_special": True}
        return len(self._post("/tokenize", body, "tokens"))

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return llama.cpp's own parameters."""
        return {
            "repeat_penalty": sampling.repeat_penalty,
            "repeat_last_n": _REPEAT_LAST_N,
            "cache_prompt": True,
            **_TEMPLATE,
        }


class _VllmCounter(_ServerCounter):
    """Counts with vLLM's server."""

    def __init__(self, server: _Server, model: str, context: int | None) -> None:
        self._model = model
        super().__init__(server, context)

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        return int(self._post("/tokenize", {"model": self._model, **_chat(system, user)}, "count"))

    def _tokenize(self, text: str) -> int:
        body = {"model": self._model, "prompt": text, "add_special_tokens": False}
        return int(self._post("/tokenize", body, "count"))

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return vLLM's own parameters."""
        return {"repetition_penalty": sampling.repeat_penalty, **_TEMPLATE}


class _Estimator:
    """Estimates, for a server that does not count."""

    exact = False
    context: int | None = None

    def __init__(self) -> None:
        self._tokenizer = estimate_tokenizer()

    def count_prompt(self, system: str, user: str) -> int:
        """Estimate the tokens of the whole rendered prompt."""
        return self._tokenizer.count_prompt(plain_prompt(system, user))

    def count_text(self, text: str) -> int:
        """Estimate the tokens that a text takes in the middle of a prompt."""
        return self._tokenizer.count_text(text)

    def parameters(self, sampling: Sampling) -> dict[str, object]:
        """Return nothing: such a server may refuse what it does not know."""
        return {}


# Asking -------------------------------------------------------------------------------------------


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
        counter: _Counter,
        weights: Mapping[str, Any],
        options: ModelOptions,
        server: _Server,
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
            Passing: it could not be asked.
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
            with _translated(self._server.url, self._model):
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
                "timeout": openai.Timeout(None, connect=_CONNECT_SECONDS),
                "verify": _certificates(self._server.url),
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


# Errors -------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _translated_http(url: str) -> Iterator[None]:
    """Turn what httpx raises into our errors."""
    try:
        yield
    except httpx.HTTPError as error:
        raise _broken(url, error) from error


@contextlib.contextmanager
def _translated(url: str, model: str) -> Iterator[None]:
    """Turn what langchain-openai and the libraries below it raise into our errors."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _error_said(url, model, error.status_code, _message(error)) from error
    except _connection_errors() as error:
        raise _broken(url, error) from error
    except openai.APIError as error:  # a line within a stream
        raise _error_said(url, model, httpx.codes.INTERNAL_SERVER_ERROR, _message(error)) from error
    except (openai.OpenAIError, ValueError, TypeError, KeyError, AttributeError) as error:
        # How the clients meet an answer that is no JSON, or not the right one.
        raise ServerFault(f"{url} sent what is no answer: {one_line(error)}") from error


def _connection_errors() -> tuple[type[Exception], ...]:
    """Return what a broken connection raises: openai's, httpx's, and, from openai 3.0, httpx2's."""
    import openai

    names = [name for name in ("httpx", "httpx2") if importlib.util.find_spec(name)]
    return openai.APIConnectionError, *(import_module(name).TransportError for name in names)


def _message(error: openai.APIError) -> str:
    said = error.body.get("message") if isinstance(error.body, dict) else None
    code = f" ({error.code})" if isinstance(error.code, str) else ""
    return one_line(f"{said or error.message}{code}")


def _broken(url: str, error: BaseException) -> PyLlamaError:
    """Return the error for a connection that broke, by the names of all that led to it."""
    kinds: set[str] = set()
    cause: BaseException | None = error
    while cause is not None:
        kinds.update(kind.__name__ for kind in type(cause).__mro__)
        cause = cause.__cause__
    if kinds & {"ConnectError", "ConnectTimeout"}:
        return ServerDown(f"nothing answers at {url}; start the server, or correct the address")
    if "TimeoutException" in kinds:
        return TimedOut(f"{url} stopped answering; raise the timeout")
    return StreamBroken(f"the connection to {url} broke: {one_line(error)}")


_KEY_REFUSED = {401, 403}
_BUSY = {429, 503}
_TOO_LONG = re.compile(
    r"context.{0,20}(length|size|window)|exceed\w* .{0,40}context|too long", re.IGNORECASE
)


def _error_said(url: str, model: str, status: int, said: str) -> PyLlamaError:
    """Return the error for a status and what the server said with it."""
    if status in _KEY_REFUSED:
        return _key_refused(url, said)
    if status == httpx.codes.NOT_FOUND:
        return _model_missing(url, model)
    if _TOO_LONG.search(said):
        return PromptCut(f"{url} refused the prompt: {said}")
    if "quota" in said:
        return ModelUnavailable(f"{url} answers no more: {said}")
    if status in _BUSY:
        return ServerBusy(f"{url} has too many requests: {said}")
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return Refused(f"{url} refused the request (HTTP {status}): {said}")
    return ServerFault(f"{url} failed: {said}")


def _key_refused(url: str, said: str) -> ModelUnavailable:
    return ModelUnavailable(f"{url} does not take the key ({one_line(said)}); set openai_api_key")


def _model_missing(url: str, model: str, listed: Sequence[str] = ()) -> ModelMissing:
    has = f"; it has {', '.join(listed[:10])}" if listed else ""
    return ModelMissing(f"{url} has no model {model!r}{has}")
