"""What an OpenAI-compatible server and the libraries between raise, as our errors."""

from __future__ import annotations

import contextlib
import importlib.util
import re
from importlib import import_module
from typing import TYPE_CHECKING

import httpx

from pipeline.errors import (
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
from pipeline.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import openai

KEY_REFUSED = {401, 403}
_BUSY = {429, 503}
_TOO_LONG = re.compile(
    r"context.{0,20}(length|size|window)|exceed\w* .{0,40}context|too long", re.IGNORECASE
)


@contextlib.contextmanager
def translated_http(url: str) -> Iterator[None]:
    """Turn what httpx raises into our errors."""
    try:
        yield
    except httpx.HTTPError as error:
        raise broken_connection(url, error) from error


@contextlib.contextmanager
def translated(url: str, model: str) -> Iterator[None]:
    """Turn what langchain-openai and the libraries below it raise into our errors."""
    import openai

    try:
        yield
    except openai.APIStatusError as error:
        raise _error_said(url, model, error.status_code, _message(error)) from error
    except _connection_errors() as error:
        raise broken_connection(url, error) from error
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


def broken_connection(url: str, error: BaseException) -> PyLlamaError:
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


def _error_said(url: str, model: str, status: int, said: str) -> PyLlamaError:
    """Return the error for a status and what the server said with it."""
    if status in KEY_REFUSED:
        return key_refused(url, said)
    if status == httpx.codes.NOT_FOUND:
        return model_missing(url, model)
    if _TOO_LONG.search(said):
        return PromptCut(f"{url} refused the prompt: {said}")
    if "quota" in said:
        return ModelUnavailable(f"{url} answers no more: {said}")
    if status in _BUSY:
        return ServerBusy(f"{url} has too many requests: {said}")
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return Refused(f"{url} refused the request (HTTP {status}): {said}")
    return ServerFault(f"{url} failed: {said}")


def key_refused(url: str, said: str) -> ModelUnavailable:
    """Return the error for a server that refuses the key."""
    return ModelUnavailable(f"{url} does not take the key ({one_line(said)}); set openai_api_key")


def model_missing(url: str, model: str, listed: Sequence[str] = ()) -> ModelMissing:
    """Return the error for a model that the server does not have; `listed` are those it has."""
    has = f"; it has {', '.join(listed[:10])}" if listed else ""
    return ModelMissing(f"{url} has no model {model!r}{has}")
