"""How to open a model by name, and which there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pipeline.errors import InputError, ModelUnavailable
from pipeline.models.base import DEFAULT_OLLAMA_MODEL, ModelOptions

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel, ModelInfo
    from pipeline.models.embedded.model import EmbeddedModel
    from pipeline.models.ollama.model import OllamaModel
    from pipeline.models.openai.model import OpenAIModel
    from pipeline.settings import Settings


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
    from pipeline.models.replicas import ReplicatedModel

    def on(host: str | None) -> OllamaModel:
        return open_ollama(
            name,
            host=host,
            options=ModelOptions.from_settings(settings),
            cache_folder=settings.cache_folder,
        )

    hosts = settings.ollama_hosts
    return (
        on(hosts[0])
        if len(hosts) == 1
        else ReplicatedModel({str(h): partial(on, h) for h in hosts})
    )


def _open_openai(settings: Settings, name: str) -> OpenAIModel:
    from pipeline.models.openai.model import open_openai

    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    return open_openai(
        name,
        base_url=settings.openai_base_url,
        api_key=key,
        options=ModelOptions.from_settings(settings),
        cache_folder=settings.cache_folder,
    )


def _open_embedded(settings: Settings, path: str) -> EmbeddedModel:
    from pipeline.models.embedded.model import open_embedded

    return open_embedded(
        path, options=ModelOptions.from_settings(settings), cache_folder=settings.cache_folder
    )
