"""The application: its parts put together. Here, and only here, a concrete model is chosen."""

from __future__ import annotations

import urllib.parse
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

from fastapi import FastAPI
from opentelemetry import trace

from api.engine import Engine
from api.metrics import Metrics
from api.middleware import BodyLimit, Guard, RequestLog
from api.model_pool import ModelPool
from api.offers import Offer
from api.openapi import describe
from api.problems import add_handlers
from api.routes import health, jobs, summarize
from api.service import Service
from api.site import SecurityHeaders, add_site
from pipeline.errors import ModelUnavailable
from pipeline.models.base import DEFAULT_OLLAMA_MODEL, INSTALL_EMBEDDED
from pipeline.models.ollama.server import OllamaServer
from pipeline.models.open import open_model
from pipeline.models.openai.model import list_openai

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from opentelemetry.trace import TracerProvider

    from api.jobs import JobStore
    from api.settings import ServiceSettings
    from pipeline.cache.store import Store
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings

IN_PROCESS = "The model in this process"


def make_service(
    settings: Settings,
    service: ServiceSettings,
    store: Store,
    jobs: JobStore,
    tracers: TracerProvider | None = None,
) -> Service:
    """Put a service together, with the models that the settings name. Nothing is opened yet."""
    names = dict.fromkeys((settings.model, *service.models))

    def open_offer(name: str) -> ChatModel:
        return open_model(settings.model_copy(update={"model": name}))

    pool = ModelPool(
        offers=tuple(Offer(name, server_of(name, settings), command_for(name)) for name in names),
        open=open_offer,
        probe=lambda name: probe(name, settings),
        slots=settings.concurrency,
    )
    metrics = Metrics()
    tracer = trace.get_tracer("py-llama-backend", tracer_provider=tracers)
    engine = Engine(settings, pool, store, metrics, tracer, service.max_characters)
    return Service(service, engine, metrics, jobs, tracers)


def server_of(name: str, settings: Settings) -> str:
    """Return where a model's server is, for people, without credentials."""
    provider = name.partition(":")[0]
    if provider == "openai":
        split = urllib.parse.urlsplit(settings.openai_base_url or "")
        address = split._replace(netloc=split.netloc.rpartition("@")[2]).geturl()
        return f"The model server at {address}"
    if provider not in ("auto", "ollama"):
        return IN_PROCESS
    with OllamaServer(settings.ollama_hosts[0]) as server:
        ollama = f"The Ollama server at {server.address}"
    return ollama if provider == "ollama" else f"{ollama}, or else the model in this process,"


def command_for(name: str) -> str | None:
    """Return the command that brings a model, where one does."""
    provider, _, model = name.partition(":")
    if provider in ("auto", "ollama"):
        return f"ollama pull {model or DEFAULT_OLLAMA_MODEL}"
    return INSTALL_EMBEDDED if name == "embedded" else None


def probe(name: str, settings: Settings) -> None:
    """Ask a model's server whether it is there and has the model.

    Raises:
        ModelUnavailable: it does not.
    """
    provider, _, model = name.partition(":")
    if provider == "ollama":
        _probe_any(settings.ollama_hosts, model)
    elif provider == "openai":
        key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
        found = list_openai(settings.openai_base_url, key)
        if all(info.name != name for info in found):
            raise ModelUnavailable(f"{name} cannot be had")


def _probe_any(hosts: Sequence[str | None], model: str) -> None:
    """Ask one server after the other, until one has the model."""
    for host in hosts[:-1]:
        with suppress(ModelUnavailable), OllamaServer(host) as server:
            server.show(model)
            return
    with OllamaServer(hosts[-1]) as server:
        server.show(model)


def create_app(service: Service) -> FastAPI:
    """Return the application for a service."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with service.working():
            yield

    app = FastAPI(
        title="py-llama-backend",
        summary="Summaries of texts of any length, with proof that all of it was read.",
        version=version("py-llama-backend"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        telemetry={
            "tracing": service.settings.telemetry,
            "metrics": service.settings.telemetry,
            "logs": False,  # they would hold what exceptions say
            "auto_configure": service.settings.telemetry,
            "tracer_provider": service.tracers,
        },
    )
    app.state.service = service
    app.add_middleware(BodyLimit, settings=service.settings)  # the last one added is outermost
    app.add_middleware(Guard, keys=service.keys, settings=service.settings)
    app.add_middleware(RequestLog, metrics=service.metrics)
    app.add_middleware(SecurityHeaders)
    add_handlers(app)
    app.include_router(summarize.streams)
    app.include_router(summarize.router)
    app.include_router(jobs.router)
    app.include_router(health.router)
    add_site(app)
    describe_app = partial(describe, app, keys=bool(service.keys))
    app.openapi = describe_app  # type: ignore[method-assign]  # as FastAPI has it done
    return app
