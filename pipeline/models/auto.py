"""The model for who names none: Ollama's tinyllama where it can be had, else the embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import ModelUnavailable
from pipeline.models.embedded.provider import EmbeddedProvider
from pipeline.models.ollama.provider import DEFAULT_MODEL, OllamaProvider
from pipeline.models.provider import Provider

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings


class AutoProvider(Provider):
    """Takes what is there, and says what it took."""

    forms = ("auto",)

    def __init__(self) -> None:
        self._ollama, self._embedded = OllamaProvider(), EmbeddedProvider()

    def open(self, name: str, settings: Settings) -> ChatModel:
        """Open the first model that can be had."""
        try:
            model = self._ollama.open(DEFAULT_MODEL, settings)
        except ModelUnavailable as reason:
            try:
                model = self._embedded.open("", settings)
            except ModelUnavailable as missing:
                raise ModelUnavailable(f"{reason}; and {missing}") from None
            model.warnings.insert(0, f"took the embedded model, because {reason}")
        else:
            model.warnings.insert(0, f"took {model.name}, which the Ollama server has")
        return model

    def where(self, name: str, settings: Settings) -> str:
        """Name both places."""
        ollama = self._ollama.where(DEFAULT_MODEL, settings)
        return f"{ollama}, or else the model in this process,"

    def how_to_get(self, name: str) -> str | None:
        """Return the command that brings the first choice."""
        return self._ollama.how_to_get(DEFAULT_MODEL)
