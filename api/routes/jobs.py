"""Jobs: summaries that go on without the client, to be asked for later."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.convertors import StringConvertor, register_url_convertor

from api.jobs import UNFINISHED, JobRow, KeyReused, TooManyJobs
from api.orders import Order
from api.problems import Problem, retry_after
from api.routes.common import BODIED, DOCUMENTED, GUARDED, ORDERED, ClientDep, ServiceDep, problems
from api.routes.summarize import file_order, text_order
from api.schemas import JobBody, JobPage, JobSummary, OrderBody, ProgressBody, RepeatRequest
from api.service import Service

router = APIRouter(prefix="/jobs", tags=["jobs"])

POLL_SECONDS = 0.5  # between looks for new events, which another process may write
RETRY_JOBS_SECONDS = 60
LAST_EVENTS = {"finished", "failed", "cancelled"}

ID = "[0-9a-f]{36}"
ID_PATTERN = f"^{ID}$"
JobId = Annotated[str, Path(pattern=ID_PATTERN)]


class JobConvertor(StringConvertor):
    """The ids of jobs, so that /jobs/file is none of them."""

    regex = ID


register_url_convertor("job", JobConvertor())

# A string of RFC 8941; its quotes are often left out, and are not asked for.
KEY_PATTERN = r'^("[ !#-~]{1,200}"|[!#-~]{1,200})$'


def as_summary(row: JobRow) -> dict[str, Any]:
    """Return what a listing shows of a job."""
    return {
        **{name: getattr(row, name) for name in ("id", "state", "name")},
        **{name: getattr(row, name) for name in ("created", "finished", "expires")},
        "progress": ProgressBody(done=row.done, total=row.total),
    }


def as_body(row: JobRow) -> dict[str, Any]:
    """Return all that is shown of a job."""
    loaded = {
        name: None if getattr(row, name) is None else json.loads(getattr(row, name))
        for name in ("result", "problem")
    }
    return {**as_summary(row), **loaded}


async def find_job(service: ServiceDep, client: ClientDep, id: JobId) -> JobRow:  # noqa: A002 - as the address names it
    """Return the client's job.

    Raises:
        Problem: there is none; another client's is none either.
    """
    row = await asyncio.to_thread(service.jobs.get, client, id)
    if row is None:
        raise Problem("not-found", "There is no such job, or it has expired.")
    return row


FoundJob = Annotated[JobRow, Depends(find_job)]


IdempotencyKey = Annotated[
    str | None,
    Header(
        description="the same key and body make one job, however often they are sent",
        pattern=KEY_PATTERN,
    ),
]
LOCATION = {"Location": {"description": "the job's address", "schema": {"type": "string"}}}
MADE = (*GUARDED, "jobs-down", *ORDERED, "invalid", "key-reused", "too-many-jobs", "stopping")


def accepted(*kinds: str) -> dict[str, Any]:
    """Describe a route that makes a job, and may answer with these kinds of problems too."""
    described = {"description": "The job, which may have been there before", "headers": LOCATION}
    return {
        "status_code": 202,
        "response_model": JobBody,
        "response_model_exclude_unset": True,
        "responses": {202: described, **problems(*MADE, *kinds)},
    }


@router.post("", **accepted(*BODIED))
async def create_job(
    service: ServiceDep,
    client: ClientDep,
    order: Annotated[Order, Depends(text_order)],
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Accept a text, to be summarized when its turn comes."""
    return await _create(service, client, order, idempotency_key, response)


@router.post("/file", **accepted(*BODIED, *DOCUMENTED, "busy"))
async def create_file_job(
    service: ServiceDep,
    client: ClientDep,
    order: Annotated[Order, Depends(file_order)],
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Accept a file, to be summarized when its turn comes."""
    return await _create(service, client, order, idempotency_key, response)


async def _create(
    service: Service, client: str, order: Order, idempotency_key: str | None, response: Response
) -> dict[str, Any]:
    service.refuse_if_stopping()
    service.engine.check(order)
    fingerprint = hashlib.sha256(json.dumps(asdict(order)).encode()).hexdigest()
    key = None if idempotency_key is None else idempotency_key.strip('"')
    try:
        row = await asyncio.to_thread(service.jobs.create, client, order, key, fingerprint)
    except KeyReused:
        raise Problem("key-reused", "Send another key for another request.") from None
    except TooManyJobs:
        detail = "Wait for some of yours to finish, or cancel them."
        raise Problem("too-many-jobs", detail, retry_after(RETRY_JOBS_SECONDS)) from None
    service.worker.wake()
    response.headers["Location"] = f"/jobs/{row.id}"
    return as_body(row)


@router.get("", responses=problems(*GUARDED, "jobs-down", "invalid"))
async def list_jobs(
    service: ServiceDep,
    client: ClientDep,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(pattern=ID_PATTERN)] = None,
) -> JobPage:
    """List your jobs, the newest first."""
    rows = await asyncio.to_thread(service.jobs.page, client, after, limit + 1)
    shown = [JobSummary.model_validate(as_summary(row)) for row in rows[:limit]]
    return JobPage(jobs=shown, next=shown[-1].id if len(rows) > limit else None)


@router.get(
    "/{id:job}",
    response_model=JobBody,
    response_model_exclude_unset=True,
    responses=problems(*GUARDED, "jobs-down", "not-found", "invalid"),
)
async def show_job(row: FoundJob) -> dict[str, Any]:
    """Show a job: its progress, and its result when it is done."""
    return as_body(row)


@router.get("/{id:job}/order", responses=problems(*GUARDED, "jobs-down", "not-found", "invalid"))
async def show_order(service: ServiceDep, client: ClientDep, row: FoundJob) -> OrderBody:
    """Show what a job was asked for: the places in its result and events are in this text."""
    order = await _order(service, client, row)
    marks = [asdict(mark) for mark in order.document.marks]
    return OrderBody.model_validate({**asdict(order), "marks": marks})


@router.post("/{id:job}/again", **accepted(*BODIED, "not-found"))
async def repeat_job(
    service: ServiceDep,
    client: ClientDep,
    row: FoundJob,
    response: Response,
    changes: RepeatRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Make a job that asks for the same but for these changes; no finished call is made again."""
    order = await _order(service, client, row)
    if changes is not None:
        order = replace(order, **changes.model_dump(exclude_unset=True))
    return await _create(service, client, order, idempotency_key, response)


async def _order(service: Service, client: str, row: JobRow) -> Order:
    order = await asyncio.to_thread(service.jobs.order, client, row.id)
    if order is None:
        raise Problem("not-found", "The job has expired.")
    return order


@router.delete(
    "/{id:job}",
    status_code=204,
    responses=problems(*GUARDED, "jobs-down", "not-found", "invalid", "finished"),
)
async def cancel_job(
    service: ServiceDep,
    client: ClientDep,
    row: FoundJob,
    forget: Annotated[
        bool, Query(description="delete its text, events and result, finished or not")
    ] = False,
) -> None:
    """Cancel a job that is not finished; with `forget` delete all that is kept of it."""
    if forget:
        await asyncio.to_thread(service.jobs.delete, client, row.id)
    elif not await asyncio.to_thread(service.jobs.cancel, client, row.id):
        raise Problem("finished", "What is finished cannot be cancelled; ?forget=true deletes it.")
    service.worker.cancel(row.id)


@router.get(
    "/{id:job}/events",
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "planned, summarized …, delta …, and at last finished, failed or "
            "cancelled; waiting where the model cannot be had, after which all begins again"
        },
        **problems(*GUARDED, "jobs-down", "not-found", "invalid"),
    },
)
async def watch_job(
    service: ServiceDep,
    client: ClientDep,
    row: FoundJob,
    last_event_id: Annotated[
        int, Header(ge=0, le=2**31 - 1, description="the last event that you have seen")
    ] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Follow a job from its beginning, or from the event after `Last-Event-ID`."""
    seen, ended = last_event_id, row.state not in UNFINISHED
    while not service.stopping:
        new = await asyncio.to_thread(service.jobs.events_after, row.id, seen)
        for entry in new:
            yield ServerSentEvent(event=entry.name, raw_data=entry.data, id=str(entry.number))
            seen, ended = entry.number, ended or entry.name in LAST_EVENTS
        if ended:
            return
        if not new:
            await asyncio.sleep(POLL_SECONDS)
            ended = await asyncio.to_thread(service.jobs.get, client, row.id) is None
