"""The OpenAPI description, with what FastAPI cannot know: problems, headers, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api.middleware import OPEN_PATHS
from api.problems import MEDIA_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

PROBLEM = {"$ref": "#/components/schemas/ProblemBody"}
HEADERS = {
    "X-Request-ID": "names this request in the log",
    "RateLimit": "requests that are left, and seconds until there are more",
    "RateLimit-Policy": "requests in so many seconds",
    "Retry-After": "seconds to wait before trying again",
}
KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def describe(app: FastAPI, *, keys: bool) -> dict[str, Any]:
    """Return the description of an application, made once. `keys`: clients need one."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title, version=app.version, summary=app.summary, routes=app.routes
        )
        if keys:
            schema["components"]["securitySchemes"] = KEYS
        for path, operation in _operations(schema):
            if keys and path not in OPEN_PATHS:
                operation["security"] = [{"bearer": []}, {"key": []}]
            for status, response in operation["responses"].items():
                _complete(path, status, response)
        app.openapi_schema = schema
    return app.openapi_schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for operation in methods.values():
            yield path, operation


def _complete(path: str, status: str, response: dict[str, Any]) -> None:
    names = ["X-Request-ID"]
    if path not in OPEN_PATHS and status != "401":
        names += ["RateLimit", "RateLimit-Policy"]
    if status in {"429", "503"}:
        names += ["Retry-After"]
    response["headers"] = {
        name: {"description": HEADERS[name], "schema": {"type": "string"}} for name in names
    } | response.get("headers", {})
    if int(status) >= 400:
        response["content"] = {MEDIA_TYPE: {"schema": PROBLEM}}
