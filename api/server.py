"""The process around the application: where it listens, and how it stops."""

from __future__ import annotations

import secrets
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING

import h11
import structlog
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from api import logs
from api.app import create_app, make_service
from api.jobs import JobStore
from api.keys import is_loopback
from api.problems import MEDIA_TYPE, Problem
from pipeline.cache.sqlite import SqliteStore
from pipeline.errors import InputError
from pipeline.options import WITHOUT_MODEL

if TYPE_CHECKING:
    import socket

    from api.service import Service
    from api.settings import ServiceSettings
    from pipeline.settings import Settings

# Longer than clients and proxies keep an idle connection, or they meet its closing.
KEEP_ALIVE_SECONDS = 75

log = structlog.get_logger("api")


def run(settings: Settings, service_settings: ServiceSettings) -> int:
    """Serve until told to stop; return the exit status.

    Raises:
        InputError: the settings are unsafe, or cannot be met.
    """
    check_safety(service_settings)
    check_telemetry(service_settings)
    check_language(settings)
    logs.configure()
    warn = structlog.get_logger("pipeline").warning
    with (
        closing(JobStore(service_settings, owner=secrets.token_hex(16))) as jobs,
        SqliteStore(settings.store, cache_mb=settings.cache_mb, warn=warn) as store,
    ):
        service = make_service(settings, service_settings, store, jobs)
        server = Server(service)
        server.run()
    return 0 if server.started else 1


def check_safety(settings: ServiceSettings) -> None:
    """Refuse to be open to strangers by accident.

    Raises:
        InputError: the settings would have it.
    """
    if not (is_loopback(settings.host) or settings.api_keys or settings.insecure):
        raise InputError(
            f"to listen on {settings.host}, make an API key with `py-llama serve --new-key NAME`, "
            "or say --insecure"
        )


def check_telemetry(settings: ServiceSettings) -> None:
    """Refuse to be traced by what is not installed.

    Raises:
        InputError: the settings would have it.
    """
    if settings.telemetry and find_spec("opentelemetry.exporter") is None:
        raise InputError('telemetry needs pip install "py-llama-backend[telemetry]"')


def check_language(settings: Settings) -> None:
    """Refuse to promise a language in which no sentence can be written.

    Raises:
        InputError: the settings would have it.
    """
    if settings.language is not None and settings.strategy in WITHOUT_MODEL:
        raise InputError(
            f"the setting language ({settings.language}) cannot be kept with strategy "
            f"{settings.strategy}, which takes sentences of the texts as they are: leave one of "
            "the two out"
        )


class Server(uvicorn.Server):
    """uvicorn's server for one service; what runs is given time when it stops."""

    def __init__(self, service: Service) -> None:
        settings = service.settings
        super().__init__(
            uvicorn.Config(
                create_app(service),
                host=settings.host,
                port=settings.port,
                http=Protocol,
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=5,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            )
        )
        self._service = service

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop in order; the signal counts as obeyed, so that `run` can close what is open."""
        await self._service.stop()
        await super().shutdown(sockets)
        self._captured_signals.clear()


class Protocol(H11Protocol):
    """HTTP/1.1, where what is no HTTP gets problem details too."""

    def send_400_response(self, msg: str) -> None:
        """Answer a request that cannot be read."""
        body = Problem("malformed", "This is no HTTP request, or its header is too large.")
        content = body.response().body
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(content)).encode()),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(content)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
