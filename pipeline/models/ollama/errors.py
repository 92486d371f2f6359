"""What an Ollama server and the libraries between raise, as our errors."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import httpx

from pipeline.errors import (
    LoopedAnswer,
    ModelMissing,
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
    from collections.abc import Iterator


def server_down(address: str) -> ServerDown:
    """Return the error for a server that cannot be reached."""
    return ServerDown(f"nothing answers at {address}; start it with `ollama serve`")


def no_ollama(address: str, why: str) -> ServerDown:
    """Return the error for a server that is another one."""
    return ServerDown(
        f"what answers at {address} does not answer as Ollama does ({why}); set OLLAMA_HOST"
    )


def model_missing(address: str, model: str) -> ModelMissing:
    """Return the error for a model that the server does not have."""
    return ModelMissing(f"{address} does not have {model}; get it with `ollama pull {model}`")


@contextlib.contextmanager
def translated(address: str, model: str) -> Iterator[None]:
    """Turn what the libraries below raise into our errors."""
    from ollama import ResponseError

    try:
        yield
    except ResponseError as error:
        raise _error_said(address, model, error.status_code, str(error.error)) from error
    except (httpx.ConnectError, httpx.ConnectTimeout, ConnectionError) as error:
        raise server_down(address) from error
    except httpx.TimeoutException as error:
        raise TimedOut(f"{address} stopped answering; raise the timeout") from error
    except httpx.HTTPError as error:
        raise StreamBroken(f"the connection to {address} broke: {one_line(error)}") from error
    except (ValueError, TypeError, AttributeError) as error:
        # How json, pydantic and the clients meet lines that are no JSON, or not the right one.
        raise StreamBroken(f"{address} sent what is no answer: {one_line(error)}") from error


_UNLOADABLE = re.compile(r"(unable to|error|failed to) load(ing)? (the )?model|more system memory")


def _error_said(address: str, model: str, status: int, said: str) -> PyLlamaError:
    """Return the error for what the server said. `status` is -1 for a line within a stream."""
    said = one_line(said)
    if status == 404:
        return model_missing(address, model)
    if status in {429, 503}:
        return ServerBusy(f"{address} has too many requests: {said}")
    if "token repeat limit" in said:
        return LoopedAnswer("the model repeated itself until the server stopped it")
    if _UNLOADABLE.search(said):
        return ModelMissing(f"{address} cannot load {model}: {said}")
    if "context" in said and ("exceed" in said or "longer" in said):
        return PromptCut(f"{address} refused the prompt: {said}")
    if 400 <= status < 500:
        return Refused(f"{address} refused the request (HTTP {status}): {said}")
    return ServerFault(f"{address} failed: {said}")
