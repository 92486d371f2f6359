"""Settings: the only reader of the environment and of configuration files.

A flag of the command line wins over the environment (`PY_LLAMA_MODEL`, …), that over
`py-llama.toml` in the working directory, that over the user's own configuration file, that over
the defaults.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar, get_args

import platformdirs
from pydantic import (
    AfterValidator,
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pipeline.errors import InputError
from pipeline.options import FormName, Merging, Strategy, Unsupported
from pipeline.text.languages import KNOWN, language_code

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = TypeVar("Kind", bound="FileSettings")

NAME = "py-llama"
LOCAL_FILE = Path("py-llama.toml")
TABLES = ("serve",)  # of the files; each belongs to settings of its own


def _code(name: str) -> str:
    try:
        return language_code(name)
    except InputError:  # in pydantic's own words, which name the setting or the field
        raise PydanticCustomError("language", f"take one of {KNOWN}") from None


# A language by ISO 639-1 code or English name; what is read is the code.
Language = Annotated[str, AfterValidator(_code)]


def _one_of(choices: object) -> str:
    """Name the choices of an option: "plain, tagged or first"."""
    *names, last = get_args(choices)
    return f"{', '.join(names)} or {last}"


def user_file() -> Path:
    """Return where the user's own configuration file is looked for."""
    return platformdirs.user_config_path(NAME) / "config.toml"


def default_store() -> Path:
    """Return the database of finished calls, in the user's cache folder."""
    return platformdirs.user_cache_path(NAME) / "calls.sqlite3"


class _File(TomlConfigSettingsSource):
    """What a configuration file says in one table, or outside of the tables."""

    def __init__(self, kind: type[BaseSettings], path: Path, table: str | None) -> None:
        self._table = table
        super().__init__(kind, path)

    def _read_file(self, file_path: Any) -> dict[str, Any]:  # noqa: ANN401 - a path of any kind
        values = super()._read_file(file_path)
        if self._table is None:
            return {key: value for key, value in values.items() if key not in TABLES}
        return dict(values.get(self._table, {}))


class FileSettings(BaseSettings):
    """Settings that flags, the environment and the configuration files give, in that order.

    `table` is the one of the files that belongs to them; None takes what is in no table.
    """

    table: ClassVar[str | None] = None

    model_config = SettingsConfigDict(
        env_prefix="PY_LLAMA_", extra="forbid", frozen=True, populate_by_name=True
    )

    @classmethod
    def settings_customise_sources(  # noqa: D102 - pydantic-settings' own hook
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = [_File(settings_cls, path, cls.table) for path in (LOCAL_FILE, user_file())]
        return init_settings, env_settings, *files


class Settings(FileSettings):
    """Everything that can be configured. Numbers of tokens are as the model counts them."""

    model: str = Field("auto", description="PROVIDER:NAME, embedded, embedded:FILE.gguf or auto")
    ollama_host: str | None = Field(
        None,
        description="address of the Ollama server, or several; else OLLAMA_HOST, else "
        "127.0.0.1:11434",
        validation_alias=AliasChoices("PY_LLAMA_OLLAMA_HOST", "OLLAMA_HOST", "ollama_host"),
    )
    openai_base_url: str | None = Field(None, description="address of an OpenAI-compatible server")
    openai_api_key: SecretStr | None = Field(None, description="its API key, if it needs one")
    context: int | None = Field(
        None, ge=1, description="tokens for prompt and answer; else as trained, at most 8192"
    )
    chunk_tokens: int | None = Field(
        None, ge=1, description="upper bound on a chunk; else what fits"
    )
    summary_tokens: int | None = Field(
        None,
        ge=1,
        description="upper bound on a partial summary; else 256, less if context is small",
    )
    chunking: Literal["balanced", "stable"] = Field(
        "balanced", description="stable: boundaries follow the content, for texts that are edited"
    )
    strategy: Strategy = Field(
        "map_reduce",
        description="map_reduce, refine, stuff (all in one prompt) or extractive (no model)",
    )
    merge: Merging | Literal["auto"] = Field(
        "auto",
        description=f"{_one_of(Merging)}; auto goes by the model's size and the kind of text",
    )
    unsupported: Unsupported = Field(
        "drop", description="drop, mark or keep sentences with facts that the text does not hold"
    )
    prompt: FormName = Field("plain", description=f"form of the prompts: {_one_of(FormName)}")
    language: Language | None = Field(
        None,
        description="of the summary, by ISO 639-1 code or English name; else the text's",
    )
    words: int = Field(150, ge=1, description="wanted length of the final summary")
    concurrency: int = Field(4, ge=1, description="calls in flight, for each model server")
    temperature: float = Field(0.0, ge=0, description="of sampling; 0 takes the likeliest words")
    seed: int = Field(0, ge=0, description="of sampling")
    timeout: float = Field(
        300.0, gt=0, description="seconds for one call, with its wait in the server's queue"
    )
    store: Path = Field(
        default_factory=default_store, description="the file of the cache of finished calls"
    )
    cache_mb: int = Field(512, ge=1, description="upper bound on the cache, in MB")

    @field_validator("ollama_host", mode="before")
    @classmethod
    def _joined(cls, hosts: object) -> object:
        return ",".join(map(str, hosts)) if isinstance(hosts, list | tuple) else hosts

    @property
    def ollama_hosts(self) -> tuple[str | None, ...]:
        """The addresses of the Ollama servers, as they were given; None where none was."""
        hosts = (host.strip() for host in (self.ollama_host or "").split(","))
        return tuple(host for host in hosts if host) or (None,)

    @property
    def cache_folder(self) -> Path:
        """Where vocabularies and rates are cached, beside the file of finished calls."""
        return self.store.parent


def load_settings(**flags: Any) -> Settings:  # noqa: ANN401 - each setting has its own type
    """Read the settings; flags that are None were not given.

    Raises:
        InputError: a value is out of range, a key is unknown, or a file is not TOML; the message
            names the key and where it came from.
    """
    if "," in os.environ.get("OLLAMA_HOST", ""):  # other programs read it too
        raise InputError(
            f"OLLAMA_HOST names one server; name several in PY_LLAMA_OLLAMA_HOST or {LOCAL_FILE}"
        )
    return read_settings(Settings, flags)


def read_settings(kind: type[Kind], flags: Mapping[str, Any]) -> Kind:
    """Read settings of one kind; see `load_settings`.

    Raises:
        InputError: see `load_settings`.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return kind(**given)
    except ValidationError as error:
        raise InputError(_explain(error, kind, given, os.environ)) from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"a configuration file is not TOML: {error}") from None


def _explain(
    error: ValidationError,
    kind: type[FileSettings],
    flags: Mapping[str, object],
    environ: Mapping[str, str],
) -> str:
    prefix = kind.model_config.get("env_prefix", "")
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else "settings"
    key = name.removeprefix(prefix).lower()
    if key in flags:
        where = f"--{key.replace('_', '-')}"
    elif f"{prefix}{key.upper()}" in environ:
        where = f"{prefix}{key.upper()}"
    else:
        table = f"[{kind.table}] of " if kind.table else ""
        where = f"{key}, in {table}{LOCAL_FILE} or {user_file()}"
    problem = first["msg"][0].lower() + first["msg"][1:]
    if first["type"] == "extra_forbidden":
        return f"there is no setting {where}"
    return f"{where}: {problem}, got {first['input']!r}"
