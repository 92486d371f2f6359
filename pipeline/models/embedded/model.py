"""llama.cpp inside this process, with SmolLM2-135M-Instruct from a package or with any GGUF.

The weights are loaded when the first call is made, so planning a run and counting its tokens cost
nothing. llama.cpp works in a thread of the model's own, outside the interpreter's lock, and hands
an answer over token by token; that is where a call is stopped when its task is cancelled or its
time is up. While it reads a prompt it can be stopped after every _BATCH tokens. On two cores with
nothing else to do, SmolLM2 reads about 300 tokens a second and writes 55 to 75.

One call is answered at a time, and nothing is kept of the prompts before it, so an answer depends
on its prompt alone. The alternatives do not pay. On a processor, two or four calls at once took as
much of its time as one after the other, and at temperature 0 their words changed with their
timing. The prompts of a run share only their first 24 tokens or so. Guessing ahead from the
prompt's own words (n-gram speculation) got at most 3 of 450 tokens right.

llama.cpp's server always opens an HTTP listener, on a free port of the loopback address. Nobody is
told its address, and it answers nothing but "I am well" without a key that is drawn at random.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import (
    CallFailed,
    ModelMissing,
    PromptCut,
    Refused,
    ServerFault,
    StreamBroken,
    TimedOut,
)
from pipeline.models.adapter import Adapter, Answer, Piece, choose_context
from pipeline.models.embedded.chat_template import TEMPLATE_ARGUMENTS, prompt_counter
from pipeline.models.embedded.weights import check_installed, default_weights, read_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.models.adapter import Request
    from pipeline.models.base import ModelOptions

_BATCH = 256  # tokens of a prompt that are read between two chances to stop
_CPP_ERRORS = (RuntimeError, ValueError, MemoryError)  # what exceptions of C++ become


def open_embedded(name: str, *, options: ModelOptions, cache_folder: Path) -> EmbeddedModel:
    """Open a model that runs in this process. The weights are not loaded yet.

    Args:
        name: A path to a GGUF file; "" is SmolLM2-135M-Instruct.
        options: How to ask it.
        cache_folder: Where what is read from weights is kept; need not exist.

    Raises:
        ModelMissing: the extra is not installed, or the file is missing or no GGUF.
    """
    check_installed()
    path = Path(name).expanduser() if name else default_weights()
    weights = read_weights(path, cache_folder)
    warnings: list[str] = []
    return EmbeddedModel(
        name=f"embedded:{name}" if name else "embedded",
        digest=weights.digest,
        context=choose_context(options.context, weights.context, warnings),
        parameters=weights.parameters,
        prompts=prompt_counter(path, weights, cache_folder, warnings),
        settings=options,
        path=path,
        confirmed=cache_folder / f"confirmed-{weights.digest[:32]}-{version('xllamacpp')}",
        warnings=warnings,
    )


class _Generation:
    """An answer in the making: filled by llama.cpp's thread, stopped from any other."""

    def __init__(self, timeout: float, answer: Answer) -> None:
        self._answer = answer
        self._error: Mapping[str, Any] | None = None
        self._timeout = timeout
        self._began = 0.0
        self._late = False
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to count its time."""
        self._began = time.monotonic()

    def stop(self) -> None:
        """Have the generation end at the next token, or at the next batch of the prompt."""
        self._stopped.set()

    def take(self, event: Mapping[str, Any]) -> bool:
        """Take an event of the answer's stream. True tells llama.cpp to stop."""
        self._answer.seconds = time.monotonic() - self._began
        self._late = self._answer.seconds > self._timeout
        if self._late or self._stopped.is_set():
            return True
        self._error = event.get("error")
        usage = event.get("usage") or {}
        self._answer.add(
            Piece(
                prompt_tokens=usage.get("prompt_tokens"),
                output_tokens=usage.get("completion_tokens"),
            )
        )
        for choice in event.get("choices", ()):
            text, finish = choice["delta"].get("content"), choice.get("finish_reason")
            self._answer.add(Piece(text or "", finish or ""))
        return self._error is not None

    def whole(self) -> Answer:
        """Return the answer, or raise what kept it from being whole."""
        if self._late:
            raise TimedOut(f"no whole answer within {self._timeout:g} s; raise the timeout")
        if self._error is not None:
            raise _error_said(self._error)
        if self._answer.prompt_tokens is None or not self._answer.finish:
            raise StreamBroken("llama.cpp stopped before the answer's end")
        return self._answer


def _error_said(error: Mapping[str, Any]) -> CallFailed:
    said = " ".join(str(error.get("message", error)).split())[:300]
    if error.get("type") == "exceed_context_size_error":
        return PromptCut(f"llama.cpp refused the prompt: {said}")
    if 400 <= int(error.get("code", 500)) < 500:
        return Refused(f"llama.cpp refused the request: {said}")
    return ServerFault(f"llama.cpp failed: {said}")


@dataclass(kw_only=True, eq=False, repr=False)
class EmbeddedModel(Adapter):
    """A model that runs in this process; `path` is where its weights are."""

    path: Path

    def __post_init__(self) -> None:
        super().__post_init__()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama.cpp")
        self._server: Any = None

    async def aclose(self) -> None:
        """Free the weights, once the calls in flight have ended."""
        await asyncio.to_thread(self._thread.shutdown)
        self._server = None

    async def _ask(self, request: Request, emit: Callable[[str], None] | None) -> Answer:
        """Have the model answer. A cancelled call returns at once; its generation ends soon after.

        Raises:
            ModelMissing: the weights cannot be loaded.
        """
        loop = asyncio.get_running_loop()

        def hand_over(piece: str) -> None:
            if emit is not None:
                loop.call_soon_threadsafe(emit, piece)

        generation = _Generation(self.settings.timeout, Answer(hand_over))
        try:
            await loop.run_in_executor(self._thread, self._generate, request, generation)
        except asyncio.CancelledError:
            generation.stop()
            raise
        return generation.whole()

    def _body(self, request: Request) -> dict[str, object]:
        return {
            "messages": [{"role": role, "content": text} for role, text in request.messages],
            "max_tokens": request.max_tokens,
            "chat_template_kwargs": TEMPLATE_ARGUMENTS,
            "cache_prompt": False,  # what was read before must not change a later answer
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            **request.sampling.options,
        }

    def _generate(self, request: Request, generation: _Generation) -> None:
        """Fill an answer, once the weights are loaded. Runs in the model's own thread."""
        if self._server is None:
            self._server = self._load()
        generation.start()
        try:
            self._server.handle_chat_completions(self._body(request), generation.take)
        except _CPP_ERRORS as error:
            raise ServerFault(f"llama.cpp failed: {error}") from error

    def _load(self) -> Any:  # noqa: ANN401 - xllamacpp has no types
        # llama.cpp's threads meet after every step of every token. By default they wait in a busy
        # loop there, which on a machine with other work to do costs up to nine tenths of the speed.
        # OpenMP's runtime reads this when it is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import xllamacpp  # type: ignore[import-untyped]  # it has no types

        params = xllamacpp.CommonParams()
        params.model.path = str(self.path)
        params.n_parallel = 1
        params.n_ctx = self.context
        params.n_batch = _BATCH
        params.cache_ram_mib = 0  # prompts do not come back
        params.fit_params = False  # or it reads the weights twice, to see if they fit
        params.verbosity = -1
        params.api_keys = [secrets.token_urlsafe()]
        params.endpoint_slots = params.ui = False
        params.n_threads_http = 1
        try:
            server = xllamacpp.Server(params)
        except _CPP_ERRORS as error:
            raise ModelMissing(
                f"llama.cpp cannot load {self.path} with a context of {self.context}: the file is "
                "damaged, or of a kind that it does not know, or memory is short"
            ) from error
        self._send_probe(server)
        return server

    def _send_probe(self, server: Any) -> None:  # noqa: ANN401 - xllamacpp has no types
        """Have llama.cpp confirm, once for a GGUF, that it renders and counts as we do."""
        if not self._unconfirmed:
            return
        said = server.handle_chat_completions({**self._body(self._probe()), "stream": False})
        if "usage" in said:  # else the context is too short for this; each call is checked anyway
            self._compare(said["usage"]["prompt_tokens"], "llama.cpp")
