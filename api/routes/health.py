"""Health, readiness, metrics, and the models that are offered."""

import asyncio
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from api.model_pool import ModelPool
from api.offers import Offer
from api.problems import Problem, ProblemBody
from api.routes.common import GUARDED, ServiceDep, problems
from api.schemas import LiveBody, ModelBody, ModelsBody, ReadyBody

router = APIRouter(tags=["health"])


@router.get("/livez")
async def live() -> LiveBody:
    """Tell that the process answers."""
    return LiveBody(status="live")


@router.get("/readyz", responses=problems("model-server-down", "model-missing", "stopping"))
async def ready(service: ServiceDep) -> ReadyBody:
    """Tell whether the default model can be had now, and if not, why."""
    if service.stopping:
        raise Problem("stopping", "Another process may be ready.")
    offer = service.engine.pool.default
    await service.engine.pool.check(offer)
    return ReadyBody(status="ready", model=offer.name, server=offer.server)


METRICS: dict[str, Any] = {
    "description": "Everything that is counted",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@router.get("/metrics", response_class=Response, responses={200: METRICS, **problems(*GUARDED)})
async def metrics(service: ServiceDep) -> Response:
    """Tell Prometheus what was counted."""
    text = await asyncio.to_thread(service.metrics.text)  # it asks the jobs' database
    return Response(text, media_type=CONTENT_TYPE_LATEST)


@router.get("/models", responses=problems(*GUARDED))
async def models(service: ServiceDep) -> ModelsBody:
    """Name the models that requests may ask for, and say of each whether it can be used now."""
    pool = service.engine.pool
    return ModelsBody(models=[await _model(pool, offer) for offer in pool.offers])


async def _model(pool: ModelPool, offer: Offer) -> ModelBody:
    problem = None
    try:
        await pool.check(offer)
    except Problem as found:
        problem = ProblemBody.model_validate(found.body())
    opened = pool.opened(offer)
    return ModelBody(
        name=offer.name,
        default=offer == pool.default,
        model=None if opened is None else opened.name,
        context=None if opened is None else opened.context,
        problem=problem,
        command=offer.command,
    )
