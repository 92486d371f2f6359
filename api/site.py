"""What people see in a browser: the page at /, the description at /docs; and security headers.

Every answer of the service says what a browser may do with it. The page may run its own scripts
and speak to this service, and nothing else; it sets every text as text, and the browser is told
to refuse anything else (`require-trusted-types-for`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import fastapi_offline
from fastapi.responses import FileResponse
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = Path(__file__).parent / "page"
SWAGGER = Path(fastapi_offline.__file__).parent / "static"

PAGE_PATHS = frozenset(f"/{path.name}" for path in PAGE.iterdir()) | {"/"}
DOCS_PATHS = frozenset(f"/docs/{path.name}" for path in SWAGGER.iterdir()) | {"/docs"}

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
OWN = f"{NOTHING}; script-src 'self'; connect-src 'self'"
PAGE_POLICY = (
    f"{OWN}; style-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
DOCS_POLICY = f"{OWN}; style-src 'self' 'unsafe-inline'; img-src 'self' data:"  # as Swagger UI is


def add_site(app: FastAPI) -> None:
    """Serve the page and the description. Any route of the service goes first."""
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.frontend("/docs", directory=SWAGGER, fallback=None)
    app.frontend("/", directory=PAGE, fallback=None)


async def _docs() -> FileResponse:
    return FileResponse(PAGE / "docs.html")


class SecurityHeaders:
    """Adds to every answer the headers that say what a browser may do with it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = headers_for(scope["path"])

        async def send_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            await send(message)

        await self._app(scope, receive, send_headers)


def headers_for(path: str) -> dict[str, str]:
    """Return the headers for what is at a path."""
    headers = {
        "Content-Security-Policy": NOTHING,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if path in PAGE_PATHS or path in DOCS_PATHS:
        policy = DOCS_POLICY if path in DOCS_PATHS else PAGE_POLICY
        headers |= {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    return headers
