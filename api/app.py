"""The application: its parts put together. Here, and only here, a concrete model is chosen."""

from __future__ import annotations

from contextlib import asynccontextmanager
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
from pipeline.errors import InputError, ModelUnavailable
from pipeline.models.open import find_provider, open_model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from opentelemetry.trace import TracerProvider

    from api.jobs import JobStore
    from api.settings import ServiceSettings
    from pipeline.cache.store import Store
    from pipeline.models.base import ChatModel
    from pipeline.settings import Settings

UNKNOWN_PLACE = "The model in this process"


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
        offers=tuple(offer_of(name, settings) for name in names),
        open=open_offer,
        probe=lambda name: probe(name, settings),
        slots=settings.concurrency,
    )
    metrics = Metrics()
    tracer = trace.get_tracer("py-llama-backend", tracer_provider=tracers)
    engine = Engine(settings, pool, store, metrics, tracer, service.max_characters)
    return Service(service, engine, metrics, jobs, tracers)


def offer_of(name: str, settings: Settings) -> Offer:
    """Return what people are told of a model. Of one that nobody provides, who opens it tells.

    Raises:
        InputError: the settings name no address of the model's server.
    """
    try:
        provider, model = find_provider(name)
    except (InputError, ModelUnavailable):
        return Offer(name, UNKNOWN_PLACE)
    return Offer(name, provider.where(model, settings), provider.how_to_get(model))


def probe(name: str, settings: Settings) -> None:
    """Ask a model's server whether it is there and has the model.

    Raises:
        InputError: nobody provides such a model.
        ModelUnavailable: the server is not there, or has it not.
    """
    provider, model = find_provider(name)
    provider.probe(model, settings)


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
