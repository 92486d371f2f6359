"""The models of OpenAI-compatible servers, for whoever names, lists or opens models."""

from __future__ import annotations

import urllib.parse
from typing import TYPE_CHECKING

from pipeline.errors import ModelUnavailable
from pipeline.models.base import ModelInfo, ModelOptions
from pipeline.models.openai.server import Server, context_of, meta_of
from pipeline.models.provider import Provider

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings


class OpenAIProvider(Provider):
    """Models of the server that the settings name; without one, of OpenAI itself."""

    forms = ("openai:NAME",)

    def open(self, name: str, settings: Settings) -> ChatModel:
        """Open a model of the server."""
        from pipeline.models.openai.model import open_openai

        return open_openai(
            name,
            base_url=settings.openai_base_url,
            api_key=_key(settings),
            options=ModelOptions.from_settings(settings),
            cache_folder=settings.cache_folder,
        )

    def models(self, settings: Settings) -> list[ModelInfo]:
        """Return the models of the server, if one is named."""
        return list_openai(settings.openai_base_url, _key(settings))

    def where(self, name: str, settings: Settings) -> str:
        """Name the server, without credentials."""
        split = urllib.parse.urlsplit(settings.openai_base_url or "")
        address = split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
        return f"The model server at {address}"

    def probe(self, name: str, settings: Settings) -> None:
        """Look for the model in what the server lists."""
        if all(info.name != f"openai:{name}" for info in self.models(settings)):
            raise ModelUnavailable(f"openai:{name} cannot be had")


def _key(settings: Settings) -> str | None:
    return settings.openai_api_key.get_secret_value() if settings.openai_api_key else None


def list_openai(base_url: str | None, api_key: str | None) -> list[ModelInfo]:
    """Return the models of a server, or what is wrong with it; none where no server is named.

    Raises:
        InputError: `base_url` is no address.
    """
    if base_url is None:
        return []
    try:
        with Server(base_url, api_key) as server:
            return [
                ModelInfo(f"openai:{model['id']}", context_of(model), meta_of(model).get("size"))
                for model in server.models()
            ]
    except ModelUnavailable as error:
        return [ModelInfo("openai", hint=str(error))]
