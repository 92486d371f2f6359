"""What every request passes before anything else: its log, its API key, its rate, its size.

From the outside: `RequestLog` names, logs and counts it; `Guard` asks who it is and how often it
came; `BodyLimit` bounds what it sends. All of that happens before anything is parsed.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from typing import TYPE_CHECKING

import structlog
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect

from api.problems import Problem, internal, retry_after
from api.site import DOCS_PATHS, PAGE_PATHS

if TYPE_CHECKING:
    from limits import RateLimitItem
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.keys import KeyRing
    from api.metrics import Metrics
    from api.settings import ServiceSettings

REQUEST_ID = "x-request-id"
_GOOD_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

OPEN_PATHS = PAGE_PATHS | DOCS_PATHS | {"/livez", "/readyz", "/openapi.json"}

log = structlog.get_logger("api")


class RequestLog:
    """Gives each request an id, a line in the log and a count in the metrics.

    An unexpected exception ends here: the client gets a bare 500, the log says where.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        name = _request_id(scope)
        began = time.monotonic()
        status = 0

        async def send_named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = name
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                await self._app(scope, receive, send_named)
            except ClientDisconnect:
                pass
            except Exception:
                log.exception("request failed")
                if not status:
                    await internal().response()(scope, receive, send_named)
            finally:
                self._record(scope, status, time.monotonic() - began)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        # Any other path is the client's own word.
        known = scope["path"] if scope["path"] in OPEN_PATHS else "unknown"
        route = getattr(scope.get("route"), "path_format", known)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, status or "gone").inc()
        self._metrics.request_seconds.labels(route).observe(seconds)
        log.info("request", method=method, route=route, status=status, seconds=round(seconds, 4))


_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


def _request_id(scope: Scope) -> str:
    """Take the client's own id where it is harmless, else make one."""
    given = Headers(scope=scope).get(REQUEST_ID, "")
    return given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex


class Guard:
    """Authentication and rate limits: refuses unknown API keys, and clients that ask too often."""

    def __init__(self, app: ASGIApp, keys: KeyRing, settings: ServiceSettings) -> None:
        self._app = app
        self._keys = keys
        self._limit = parse(settings.rate_limit) if settings.rate_limit else None
        self._guesses = parse(settings.guesses)
        self._counts = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI has it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        limits: dict[str, str] = {}

        async def send_limits(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(limits)
            await send(message)

        try:
            client = await self._identify(scope)
            scope.setdefault("state", {})["client"] = client
            if self._limit is not None:
                limits = await self._count(self._limit, client)
        except Problem as problem:
            await problem.response()(scope, receive, send_limits)
            return
        await self._app(scope, receive, send_limits)

    async def _identify(self, scope: Scope) -> str:
        """Return the name of the client: its key's, or without keys its address."""
        address = scope["client"][0] if scope.get("client") else "local"
        if not self._keys:
            return f"address {address}"
        if not await self._counts.test(self._guesses, "guesses", address):
            raise Problem(
                "rate-limited", "Too many wrong keys came from this address.", retry_after(60)
            )
        name = self._keys.owner(Headers(scope=scope))
        if name is None:
            await self._counts.hit(self._guesses, "guesses", address)
            raise Problem(
                "unauthorized",
                "Send a key as Authorization: Bearer or X-API-Key.",
                {"WWW-Authenticate": "Bearer"},
            )
        return f"key {name}"

    async def _count(self, limit: RateLimitItem, client: str) -> dict[str, str]:
        """Count a request; return the RateLimit headers of the IETF draft.

        Raises:
            Problem: the client has none left.
        """
        allowed = await self._counts.hit(limit, client)
        reset, left = await self._counts.get_window_stats(limit, client)
        seconds = max(1, round(reset - time.time()))
        headers = {
            "RateLimit-Policy": f'"client";q={limit.amount};w={limit.get_expiry()}',
            "RateLimit": f'"client";r={max(0, left)};t={seconds}',
        }
        if not allowed:
            raise Problem("rate-limited", "Come back later.", {**headers, **retry_after(seconds)})
        return headers


class BodyLimit:
    """Bounds the size of a body, and the time it takes to arrive."""

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        self._app = app
        self._most = settings.max_body
        self._seconds = settings.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, as ASGI has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > self._most:
            await self._too_large().response()(scope, receive, send)
            return
        await self._app(scope, self._bounded(receive), send)

    def _bounded(self, receive: Receive) -> Receive:
        end = asyncio.get_running_loop().time() + self._seconds
        size, more = 0, True

        async def receive_bounded() -> Message:
            nonlocal size, more
            if not more:  # what follows the body is the client's leaving, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise Problem(
                    "body-too-slow", f"Send it within {self._seconds:g} seconds.", _CLOSE
                ) from None
            more = message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > self._most:
                raise self._too_large()
            return message

        return receive_bounded

    def _too_large(self) -> Problem:
        return Problem("body-too-large", f"Send at most {self._most} bytes.", _CLOSE)


_CLOSE = {"Connection": "close"}  # what is left of the body is not read
