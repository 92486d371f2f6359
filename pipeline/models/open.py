"""How to open a model by name, and which there are: the table of providers."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from pipeline.errors import InputError, ModelMissing, PyLlamaError
from pipeline.models.base import ModelInfo
from pipeline.models.provider import Provider
from pipeline.options import WITHOUT_MODEL
from pipeline.text.display import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings

# Where each provider's class is, by the word that its models' names begin with. It is imported when
# it is asked for. Other packages bring theirs, in the same form, as entry points of this group.
PROVIDERS = {
    "ollama": "pipeline.models.ollama.provider:OllamaProvider",
    "embedded": "pipeline.models.embedded.provider:EmbeddedProvider",
    "openai": "pipeline.models.openai.provider:OpenAIProvider",
    "auto": "pipeline.models.auto:AutoProvider",
}
GROUP = "py_llama.providers"


def open_model(settings: Settings) -> ChatModel:
    """Open the model that the settings name.

    Raises:
        InputError: there is no such provider; the message says which there are.
        ModelUnavailable: the server or the model cannot be had; the message says how to get it, or
            in one line which provider of another package failed.
    """
    if settings.strategy in WITHOUT_MODEL:
        from pipeline.models.no_model import NoModel

        return NoModel()
    provider, name = find_provider(settings.model)
    try:
        return provider.open(name, settings)
    except PyLlamaError:
        raise
    except Exception as error:
        plugin = _plugin(settings.model.partition(":")[0])
        if plugin is None:  # a fault of ours has its traceback
            raise
        raise _broken(plugin, _spell(error)) from error


def list_models(settings: Settings) -> list[ModelInfo]:
    """Return every model that can be used now, and how to get the ones that cannot."""
    found = [info for key in PROVIDERS for info in _built_in(key).models(settings)]
    for plugin in _plugins():
        found += _listed(plugin, settings)
    return found


def find_provider(model: str) -> tuple[Provider, str]:
    """Return the provider of a model, and what of the model's name is for the provider.

    Raises:
        InputError: there is no provider for such a name; the message says which there are.
        ModelMissing: it is one of another package, and cannot be loaded.
    """
    key, _, name = model.partition(":")
    provider = _built_in(key) if key in PROVIDERS else _plugged_in(key)
    if provider is None or not provider.takes(name):
        raise InputError(f"there is no model {model!r}: write {_choice()}")
    return provider, name


def _built_in(key: str) -> Provider:
    provider: type[Provider] = EntryPoint(key, PROVIDERS[key], GROUP).load()
    return provider()


def _plugins() -> Iterator[EntryPoint]:
    """Find the providers of other packages; none of them takes the place of one of ours."""
    found = {plugin.name: plugin for plugin in entry_points(group=GROUP)}
    return (found[name] for name in sorted(found.keys() - PROVIDERS))


def _plugin(key: str) -> EntryPoint | None:
    return next((plugin for plugin in _plugins() if plugin.name == key), None)


def _plugged_in(key: str) -> Provider | None:
    plugin = _plugin(key)
    return _load(plugin) if plugin else None


def _load(plugin: EntryPoint) -> Provider:
    """Load a provider of another package.

    Raises:
        ModelMissing: that fails, for whatever reason; the message is one line that names it.
    """
    try:
        provider = plugin.load()()
    except Exception as error:
        raise _broken(plugin, _spell(error)) from error
    if not isinstance(provider, Provider) or not getattr(provider, "forms", ()):
        raise _broken(plugin, f"{plugin.value} is no Provider with forms")
    return provider


def _broken(plugin: EntryPoint, why: str) -> ModelMissing:
    package = plugin.dist.name if plugin.dist else plugin.module
    return ModelMissing(
        f"the provider {plugin.name} of the package {package} cannot be used ({one_line(why)})"
    )


def _spell(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _listed(plugin: EntryPoint, settings: Settings) -> Sequence[ModelInfo]:
    """Return the models of a provider of another package, or what is wrong with it."""
    try:
        return list(_load(plugin).models(settings))
    except PyLlamaError as error:
        hint = str(error)
    except Exception as error:  # noqa: BLE001 - one that fails does not hide the others
        hint = str(_broken(plugin, _spell(error)))
    return [ModelInfo(plugin.name, hint=hint)]


def _choice() -> str:
    """Say how models are named, and which providers of other packages cannot be used."""
    forms, broken = list[str](), ""
    for key in PROVIDERS:
        forms += _built_in(key).forms
    for plugin in _plugins():
        try:
            forms += _load(plugin).forms
        except ModelMissing as error:
            broken += f"; {error}"
    return f"{', '.join(forms[:-1])} or {forms[-1]}{broken}"
