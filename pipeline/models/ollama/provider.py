"""The models of Ollama servers, for whoever names, lists or opens models."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from pipeline.errors import ModelUnavailable, ServerDown
from pipeline.models.adapter import trained_context
from pipeline.models.base import ModelInfo, ModelOptions
from pipeline.models.ollama.server import OllamaServer, can_write, gguf_facts
from pipeline.models.provider import Provider

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel
    from pipeline.models.ollama.model import OllamaModel
    from pipeline.settings import Settings

DEFAULT_MODEL = "tinyllama"


class OllamaProvider(Provider):
    """Models of one Ollama server, or of several that have the same ones."""

    forms = ("ollama:NAME",)

    def open(self, name: str, settings: Settings) -> ChatModel:
        """Open a model on the server, or on all of them."""
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
        if len(hosts) == 1:
            return on(hosts[0])
        return ReplicatedModel({str(host): partial(on, host) for host in hosts})

    def models(self, settings: Settings) -> list[ModelInfo]:
        """Return the models of the first server."""
        return list_ollama(settings.ollama_hosts[0])

    def where(self, name: str, settings: Settings) -> str:
        """Name the first server."""
        with OllamaServer(settings.ollama_hosts[0]) as server:
            return f"The Ollama server at {server.address}"

    def how_to_get(self, name: str) -> str | None:
        """Return Ollama's own command."""
        return f"ollama pull {name}"

    def probe(self, name: str, settings: Settings) -> None:
        """Ask one server after the other, until one has the model."""
        *others, last = settings.ollama_hosts
        for host in others:
            with suppress(ModelUnavailable), OllamaServer(host) as server:
                server.show(name)
                return
        with OllamaServer(last) as server:
            server.show(name)


def list_ollama(host: str | None) -> list[ModelInfo]:
    """Return the models of a server that can write text, and how to get what is missing.

    Raises:
        InputError: `host` is no address.
    """
    default = f"ollama:{DEFAULT_MODEL}"
    try:
        with OllamaServer(host) as server:
            shown = [(model, server.show(model["name"])) for model in server.models()]
    except ServerDown:
        start = f"`ollama serve`, then `ollama pull {DEFAULT_MODEL}`"
        return [ModelInfo(default, hint=start)]
    found = [
        ModelInfo(
            name=f"ollama:{model['name'].removesuffix(':latest')}",
            context=trained_context(gguf_facts(show)),
            size=model.get("size"),
        )
        for model, show in shown
        if can_write(show)
    ]
    if all(model.name != default for model in found):
        found.append(ModelInfo(default, hint=f"`ollama pull {DEFAULT_MODEL}`"))
    return found
