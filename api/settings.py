"""What can be configured of the service, in the table [serve] of the configuration files."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import platformdirs
from pydantic import Field, field_validator
from pydantic_settings import SettingsConfigDict

from pipeline.settings import NAME, FileSettings, read_settings


def default_jobs_url() -> str:
    """Return the address of the jobs' database, in the user's data folder."""
    return f"sqlite:///{platformdirs.user_data_path(NAME) / 'jobs.sqlite3'}"


class ServiceSettings(FileSettings):
    """Everything that can be configured of the service. Times are in seconds unless said."""

    table: ClassVar[str | None] = "serve"

    model_config = SettingsConfigDict(env_prefix="PY_LLAMA_SERVE_")

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    insecure: bool = Field(False, description="listen beyond this machine without any API key")
    api_keys: dict[str, str] = Field(
        {}, description="a client's name, and the SHA-256 of its key; see --new-key"
    )
    models: tuple[str, ...] = Field(
        (), description="what a request may name as its model, besides the configured one"
    )
    max_body: int = Field(16 * 2**20, ge=1, description="bytes of a request's body")
    max_characters: int = Field(5_000_000, ge=1, description="characters of a text")
    document_seconds: int = Field(30, ge=1, description="for a file to be read, in its process")
    document_mb: int = Field(1024, ge=256, description="memory of the process that reads a file")
    fetch: bool = Field(False, description="fetch documents for requests, from public addresses")
    body_seconds: float = Field(30.0, gt=0, description="for a request's body to arrive whole")
    runs: int = Field(8, ge=1, description="requests that are summarized at once")
    waiting: int = Field(64, ge=0, description="requests that wait for their turn")
    request_seconds: float = Field(120.0, gt=0, description="for a request without a stream")
    rate_limit: str = Field("600/minute", description="requests of one client; empty: no limit")
    guesses: str = Field("20/minute", description="wrong API keys from one address")
    jobs_url: str = Field(
        default_factory=default_jobs_url, description="SQLite or PostgreSQL, as SQLAlchemy says it"
    )
    jobs: int = Field(4, ge=1, description="jobs that one process runs at once")
    jobs_per_client: int = Field(1000, ge=1, description="unfinished jobs of one client")
    lease_seconds: float = Field(
        15.0, gt=0, description="after which another process takes up a dead one's jobs"
    )
    keep_hours: float = Field(24.0, gt=0, description="for which a finished job is kept")
    grace_seconds: float = Field(20.0, ge=0, description="for what runs when the service stops")
    telemetry: bool = Field(
        False, description="send OpenTelemetry traces and metrics to OTEL_EXPORTER_OTLP_ENDPOINT"
    )

    @field_validator("api_keys")
    @classmethod
    def _hashes(cls, keys: dict[str, str]) -> dict[str, str]:
        for name, digest in keys.items():
            if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
                raise ValueError(f"the key of {name} is no SHA-256 in hexadecimal digits")
        return keys

    @property
    def jobs_file(self) -> Path | None:
        """The SQLite file of the jobs; None where they are kept elsewhere."""
        path = self.jobs_url.removeprefix("sqlite:///")
        return None if path == self.jobs_url else Path(path)


def load_service_settings(**flags: object) -> ServiceSettings:
    """Read the service's settings; flags that are None were not given.

    Raises:
        InputError: a value or a key is wrong; the message names it and where it came from.
    """
    return read_settings(ServiceSettings, flags)
