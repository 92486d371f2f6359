"""What routes ask for: the service, the client, and which problems they may answer with."""

from typing import Annotated, Any

from fastapi import Depends, Request

from api.problems import KINDS, ProblemBody
from api.service import Service


def get_service(request: Request) -> Service:
    """Return the service that the application was made with."""
    service: Service = request.app.state.service
    return service


def get_client(request: Request) -> str:
    """Return who sent the request, as `Guard` found it."""
    client: str = request.state.client
    return client


ServiceDep = Annotated[Service, Depends(get_service)]
ClientDep = Annotated[str, Depends(get_client)]


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these kinds of problems."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        described = found.setdefault(status, {"model": ProblemBody, "description": title})
        if title not in described["description"]:
            described["description"] += f"; or: {title[0].lower()}{title[1:]}"
    return found


GUARDED = ("unauthorized", "rate-limited")  # what `Guard` answers with
BODIED = ("malformed", "body-too-slow", "body-too-large", "unsupported-media-type", "invalid")
ORDERED = ("text-too-long", "blank", "model-not-offered", "summary-too-long")
DOCUMENTED = ("document-too-large", "unreadable", "unreachable")
MODELLED = ("model-server-down", "model-missing", "stopping")
