"""What a model is to the rest of the package, and how to open one by name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from pipeline.errors import InputError, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.models.embedded.model import EmbeddedModel
    from pipeline.models.ollama.model import OllamaModel
    from pipeline.models.openai.model import OpenAIModel
    from pipeline.settings import Settings
    from pipeline.types import Reply

DEFAULT_OLLAMA_MODEL = "tinyllama"
INSTALL_EMBEDDED = 'pip install "py-llama-backend[embedded]"'
MAX_DEFAULT_CONTEXT = 8192  # tokens; a longer window costs memory that nobody asked to spend


@dataclass(frozen=True)
class ModelOptions:
    """How to open a model and how to ask it.

    `context` is in tokens; None takes what the model was trained for, at most
    MAX_DEFAULT_CONTEXT. `timeout` is in seconds, for one call, its wait in the server's queue
    included. `concurrency` bounds the calls in flight. `keep_alive` is how long Ollama keeps the
    model loaded after a call.
    """

    context: int | None = None
    temperature: float = 0.0
    seed: int = 0
    repeat_penalty: float = 1.1
    timeout: float = 300.0
    concurrency: int = 4
    keep_alive: str = "5m"


@dataclass(frozen=True)
class ModelInfo:
    """One line of `py-llama models`.

    `name` can be given to `open_model`. `context` is the trained context in tokens, `size` is in
    bytes; None where unknown. Where the model cannot be used now, `hint` is the command that
    brings it.
    """

    name: str
    context: int | None = None
    size: int | None = None
    hint: str = ""


class ChatModel(Protocol):
    """A chat model that counts its prompts exactly and says what it was sent.

    An adapter translates every failure into the tree in `pipeline.errors`, keeps at most its
    configured number of calls in flight, and neutralizes special-token text in what it is given,
    in `count`, `count_text` and `complete` alike.
    """

    @property
    def name(self) -> str:
        """Provider and name, as in the configuration: "ollama:tinyllama"."""

    @property
    def digest(self) -> str:
        """Hash of the model's weights and template, "" where the server gives none."""

    @property
    def context(self) -> int:
        """Tokens for prompt and answer together, as the server will really use them."""

    @property
    def parameters(self) -> int | None:
        """How many weights the model has, about; None where nobody says."""

    @property
    def exact(self) -> bool:
        """Whether counts are made with the model's own vocabulary and template."""

    @property
    def warnings(self) -> list[str]:
        """What the user should know about how this model was opened or behaved; can be added to."""

    @property
    def concurrency(self) -> int:
        """How many calls are in flight at most; more wait."""

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt, template and BOS included."""

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt.

        Where a text is cut before a single space, the parts' counts add up to the whole's.
        """

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask once and return the answer as the model wrote it.

        `attempt` above 0 asks in another way: the seed and the repeat penalty move with it.
        With `emit` the answer is also handed over piece by piece while it is written.

        Raises:
            ModelUnavailable: no call can succeed.
            CallFailed: this call failed.
        """

    async def aclose(self) -> None:
        """Release connections or weights. The model cannot be used afterwards."""


def open_model(settings: Settings) -> ChatModel:
    """Open the model that the settings name: the one place where a provider is chosen.

    Raises:
        InputError: there is no such provider.
        ModelUnavailable: the server or the model cannot be had; the message says how to get it.
    """
    if settings.strategy == "extractive":
        from pipeline.models.no_model import NoModel

        return NoModel()
    provider, _, name = settings.model.partition(":")
    if provider == "auto" and not name:
        return _open_auto(settings)
    if provider == "embedded":
        return _open_embedded(settings, name)
    if provider == "ollama" and name:
        return _open_ollama(settings, name)
    if provider == "openai" and name:
        return _open_openai(settings, name)
    raise InputError(
        f"there is no model {settings.model!r}: write ollama:NAME, openai:NAME, embedded, "
        "embedded:FILE.gguf or auto"
    )


def list_models(settings: Settings) -> list[ModelInfo]:
    """Return every model that can be used now, and how to get the ones that cannot."""
    from pipeline.models.embedded.model import list_embedded
    from pipeline.models.ollama.model import list_ollama
    from pipeline.models.openai.model import list_openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    return [
        *list_ollama(settings.ollama_hosts[0]),
        *list_embedded(),
        *list_openai(settings.openai_base_url, key),
    ]


def _open_auto(settings: Settings) -> ChatModel:
    """Take Ollama's tinyllama where it can be had, else the embedded model, and say so."""
    try:
        model: ChatModel = _open_ollama(settings, DEFAULT_OLLAMA_MODEL)
    except ModelUnavailable as reason:
        try:
            model = _open_embedded(settings, "")
        except ModelUnavailable as missing:
            raise ModelUnavailable(f"{reason}; and {missing}") from None
        model.warnings.insert(0, f"took the embedded model, because {reason}")
    else:
        model.warnings.insert(0, f"took {model.name}, which the Ollama server has")
    return model


def _open_ollama(settings: Settings, name: str) -> ChatModel:
    from pipeline.models.ollama.model import open_ollama
    from pipeline.models.replicas import Fleet

    def on(host: str | None) -> OllamaModel:
        return open_ollama(
            name, host=host, options=settings.model_options(), cache_folder=settings.cache_folder
        )

    hosts = settings.ollama_hosts
    return on(hosts[0]) if len(hosts) == 1 else Fleet({str(h): partial(on, h) for h in hosts})


def _open_openai(settings: Settings, name: str) -> OpenAIModel:
    from pipeline.models.openai.model import open_openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    return open_openai(
        name,
        base_url=settings.openai_base_url,
        api_key=key,
        options=settings.model_options(),
        cache_folder=settings.cache_folder,
    )


def _open_embedded(settings: Settings, path: str) -> EmbeddedModel:
    from pipeline.models.embedded.model import open_embedded

    return open_embedded(path, options=settings.model_options(), cache_folder=settings.cache_folder)
