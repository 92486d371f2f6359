"""A run's events as server-sent events.

A queue stands between the run, which emits, and the response, which yields. Whoever started the
run ends it when the client goes away.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.sse import ServerSentEvent

from api.problems import Problem, internal
from pipeline.core.events import Delta, Finished, Planned, Summarized

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from pipeline.core.events import Emit, Event
    from pipeline.core.result import Result

log = structlog.get_logger("api")


def event_data(event: Event) -> tuple[str, dict[str, Any]]:
    """Return the name and the data of an event."""
    match event:
        case Planned(plan, done):
            return "planned", {
                "chunks": len(plan.chunks),
                "levels": plan.levels,
                "tokens": plan.tokens,
                "done": done,
                "total": plan.calls,
                "at": _now(),
                "leaves": [[leaf.start, leaf.end] for leaf in plan.leaves],
                "off_topic": [[chunk.start, chunk.end] for chunk in plan.off_topic],
                "merges": [[merge.level, merge.start, merge.end] for merge in plan.merges],
            }
        case Summarized(node, summary, done, total, cached):
            return "summarized", {
                "level": summary.level,
                "start": node.start,
                "end": node.end,
                "text": summary.text,
                "tokens": summary.tokens,
                "stand_in": summary.stand_in,
                "cached": cached,
                "done": done,
                "total": total,
                "at": _now(),
            }
        case Delta(text, restart):
            return "delta", {"text": text, "restart": restart}
        case Finished(result):
            return "finished", result.to_dict()


def _now() -> float:
    """Return the time, in seconds since 1970, so that who reads the events later knows the pace."""
    return round(time.time(), 3)


async def stream(
    start: Callable[[Emit], asyncio.Task[Result]],
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of a run while it is under way; the last one is finished or failed."""
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    run = start(events.put_nowait)
    run.add_done_callback(lambda _: events.put_nowait(None))
    while (event := await events.get()) is not None:
        name, data = event_data(event)
        yield ServerSentEvent(event=name, data=data)
    problem = await _problem(run)
    if problem is not None:
        yield ServerSentEvent(event="failed", data=problem.body())


async def _problem(run: asyncio.Task[Result]) -> Problem | None:
    """Return why a run failed. The answer has begun, so its status can no longer say it."""
    try:
        await run
    except Problem as problem:
        return problem
    except Exception:
        log.exception("run failed")
        return internal()
    return None
