"""POST /summarize and /summarize/file, answered with a result or with a stream of events."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.routing import APIRoute
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from api.admission import Ticket
from api.engine import PreparedOrder
from api.orders import Order
from api.problems import Problem, retry_after
from api.routes.common import BODIED, DOCUMENTED, GUARDED, MODELLED, ORDERED, ServiceDep, problems
from api.schemas import Address, Language, ModelName, Query, ResultBody, SummaryRequest, Words
from api.service import Service
from api.stream import stream
from pipeline.core.events import Emit, ignore
from pipeline.core.result import Result
from pipeline.documents.formats import plain

RETRY_SLOW_SECONDS = 30
READ = "text, Markdown, PDF, Word, EPUB, a web page, or captions (SRT, WebVTT)"
FETCHED = "of a document on the web, instead of a file; where the service fetches any"
RESPONSES = problems(*GUARDED, *BODIED, *ORDERED, *MODELLED, "busy", "too-slow")
FILE_RESPONSES = problems(*GUARDED, *BODIED, *ORDERED, *DOCUMENTED, *MODELLED, "busy", "too-slow")
STREAMED: dict[str, Any] = {
    "description": "The result; with `Accept: text/event-stream` the events planned, summarized, "
    "delta, and finished with the result or failed with a problem",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


class StreamRoute(APIRoute):
    """A route for clients that accept an event stream; others are left to the routes after it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as other routes do, where the client accepts an event stream."""
        if "text/event-stream" not in Headers(scope=scope).get("accept", "").lower():
            return Match.NONE, {}
        return super().matches(scope)


router = APIRouter(tags=["summarize"])
streams = APIRouter(route_class=StreamRoute, include_in_schema=False)


def text_order(body: SummaryRequest) -> Order:
    """Return what a JSON body asks for; a text may have headings and times, as a file may."""
    marks = plain.marked(body.text, body.name).marks
    return Order(**body.model_dump(), marks=[mark.to_list() for mark in marks])


async def file_order(
    service: ServiceDep,
    file: Annotated[UploadFile | None, File(description=READ)] = None,
    address: Annotated[Address | None, Form(description=FETCHED)] = None,
    query: Annotated[Query | None, Form()] = None,
    words: Annotated[Words | None, Form()] = None,
    language: Annotated[Language | None, Form()] = None,
    model: Annotated[ModelName | None, Form()] = None,
    sources: Annotated[bool, Form()] = False,
) -> Order:
    """Return what a form with a file, or with the address of one, asks for.

    Raises:
        Problem: it cannot be read.
    """
    if (file is None) == (address is None):
        raise Problem("invalid", "Send a file, or its address.")
    service.refuse_if_stopping()
    if address is None:
        assert file is not None  # noqa: S101 - one of them is there
        data, name = await file.read(), file_name(file.filename)
    else:
        data, name = await service.reader.fetch(address), address
    document = await service.reader.read(data, name)
    return Order(
        document.text,
        name,
        query,
        words,
        language,
        model,
        sources,
        marks=[mark.to_list() for mark in document.marks],
        removed=document.removed.to_dict(),
        warnings=list(document.warnings),
    )


def file_name(given: str | None) -> str:
    """Return a file's name without folders, controls and excessive length."""
    base = PurePosixPath(PureWindowsPath(given or "").name).name
    return "".join(c for c in base if c.isprintable())[:200] or "file"


@dataclass(frozen=True)
class AdmittedOrder:
    """An order with its place in the admission queue. Its runs end when the place is given back."""

    service: Service
    prepared: PreparedOrder
    ticket: Ticket
    tasks: list[asyncio.Task[Result]] = field(default_factory=list)

    def start(self, emit: Emit = ignore) -> asyncio.Task[Result]:
        """Carry the order out when its turn has come."""
        task = asyncio.create_task(self._run(emit))
        self.tasks.append(task)
        return task

    async def _run(self, emit: Emit) -> Result:
        began = time.monotonic()
        await self.ticket.wait()
        self.service.metrics.stages.labels("wait").observe(time.monotonic() - began)
        return await self.service.engine.run(self.prepared, "request", emit)


@asynccontextmanager
async def _admitted(service: Service, order: Order) -> AsyncIterator[AdmittedOrder]:
    """Give an order a place in the admission queue until it is answered, or its client has left.

    A stream's generator is not closed when its client leaves; this is, so this ends the run.
    """
    ticket = service.enter()
    try:
        admitted = AdmittedOrder(service, await service.engine.prepare(order), ticket)
        try:
            yield admitted
        finally:
            for task in admitted.tasks:
                task.cancel()
                await asyncio.wait({task})
    finally:
        ticket.leave()


async def admit_text(
    service: ServiceDep, order: Annotated[Order, Depends(text_order)]
) -> AsyncIterator[AdmittedOrder]:
    """Give a text its place in the admission queue."""
    async with _admitted(service, order) as admitted:
        yield admitted


async def admit_file(
    service: ServiceDep, order: Annotated[Order, Depends(file_order)]
) -> AsyncIterator[AdmittedOrder]:
    """Give a file its place in the admission queue."""
    async with _admitted(service, order) as admitted:
        yield admitted


AdmittedText = Annotated[AdmittedOrder, Depends(admit_text)]
AdmittedFile = Annotated[AdmittedOrder, Depends(admit_file)]


@streams.post("/summarize", response_class=EventSourceResponse)
async def stream_summary(admitted: AdmittedText) -> AsyncIterator[ServerSentEvent]:
    """Summarize a text, and tell how it goes."""
    async for event in stream(admitted.start):
        yield event


@streams.post("/summarize/file", response_class=EventSourceResponse)
async def stream_file_summary(admitted: AdmittedFile) -> AsyncIterator[ServerSentEvent]:
    """Summarize a file, and tell how it goes."""
    async for event in stream(admitted.start):
        yield event


@router.post(
    "/summarize",
    response_model=ResultBody,
    response_model_exclude_unset=True,
    responses={200: STREAMED, **RESPONSES},
)
async def summarize(request: Request, admitted: AdmittedText) -> dict[str, object]:
    """Summarize a text."""
    return await _answer(request, admitted)


@router.post(
    "/summarize/file",
    response_model=ResultBody,
    response_model_exclude_unset=True,
    responses={200: STREAMED, **FILE_RESPONSES},
)
async def summarize_file(request: Request, admitted: AdmittedFile) -> dict[str, object]:
    """Summarize a document of any format that is read here, sent or named by its address."""
    return await _answer(request, admitted)


async def _answer(request: Request, admitted: AdmittedOrder) -> dict[str, object]:
    """Return the result, for as long as the client stays and the time lasts.

    Raises:
        Problem: it took too long.
        ClientDisconnect: the client left.
    """
    seconds = admitted.service.settings.request_seconds
    run, gone = admitted.start(), asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({run, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        await asyncio.wait({gone})
    if run.done():
        return run.result().to_dict()
    if not gone.cancelled():
        raise ClientDisconnect
    raise Problem(
        "too-slow",
        f"It takes longer than {seconds:g} seconds. POST /jobs takes the same body and has no "
        "such limit; calls that are finished are not made again.",
        {**retry_after(RETRY_SLOW_SECONDS), "Link": '</jobs>; rel="alternate"'},
    )


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
