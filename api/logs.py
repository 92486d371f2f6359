"""Structured logs: one JSON object a line on standard error, and never a document's text.

What an exception says may quote a text, so of an exception only its type and the places in the
code are logged, whoever logs it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any

import stamina.instrumentation
import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import TextIO

    from stamina.instrumentation import RetryDetails
    from structlog.types import Processor

QUIET = ("httpx", "httpcore", "uvicorn.access")  # of which each request would be a line


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send everything that this process logs, through structlog or logging, to a stream."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        hide_exception_text,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    stamina.instrumentation.set_on_retry_hooks([log_retry])


def hide_exception_text(
    logger: object, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace an exception by its type and the places in the code that it came through."""
    info = event.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def log_retry(details: RetryDetails) -> None:
    """Log that a call is asked again, without what the server said."""
    structlog.get_logger("pipeline").info(
        "retry",
        attempt=details.retry_num,
        wait=round(details.wait_for, 2),
        error=type(details.caused_by).__name__,
    )
