"""Problem details (RFC 9457) for every error that a request can end in.

Each kind of problem has a stable type. Its words are ours: no problem repeats what was submitted,
nor the text of an exception.
"""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from pipeline.errors import BudgetError, InputError, LanguageError, ModelMissing, ModelUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

    from api.offers import Offer

log = structlog.get_logger("api")

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:py-llama:problem:"

# The stable names, with the status and the title of each.
KINDS: Mapping[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthorized": (401, "An API key is needed"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "This method is not for this address"),
    "body-too-slow": (408, "The body took too long to arrive"),
    "finished": (409, "The job is finished already"),
    "body-too-large": (413, "The body is too large"),
    "text-too-long": (413, "The text is too long"),
    "document-too-large": (413, "The document is too large"),
    "unsupported-media-type": (415, "This kind of content is not read here"),
    "invalid": (422, "The request is not valid"),
    "blank": (422, "The text is blank"),
    "unreadable": (422, "The document cannot be read"),
    "unreachable": (422, "The address gives no document"),
    "model-not-offered": (422, "The model is not offered"),
    "summary-too-long": (422, "The summary would be too long"),
    "key-reused": (422, "The Idempotency-Key belongs to another request"),
    "rate-limited": (429, "Too many requests"),
    "too-many-jobs": (429, "Too many unfinished jobs"),
    "busy": (429, "The service is busy"),
    "internal": (500, "The service failed"),
    "model-server-down": (503, "The model server cannot be reached"),
    "model-missing": (503, "The model cannot be had"),
    "too-slow": (503, "The summary takes too long for one request"),
    "stopping": (503, "The service is stopping"),
    "jobs-down": (503, "The jobs' database cannot be reached"),
    "gave-up": (503, "The job was taken up too often"),
}
BY_STATUS = {
    400: "malformed",
    401: "unauthorized",
    404: "not-found",
    405: "method-not-allowed",
    408: "body-too-slow",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "invalid",
}


class InvalidField(BaseModel):
    """One thing that is wrong with a request."""

    pointer: str = Field(description="where, as a JSON pointer or the name of a header")
    detail: str = Field(description="what is wrong with it")


class ProblemBody(BaseModel):
    """Problem details, RFC 9457."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="the stable name of this kind of problem")
    title: str = Field(description="the kind of problem in words")
    status: int = Field(description="the HTTP status", ge=400, le=599)
    detail: str = Field("", description="what to do about it")
    errors: list[InvalidField] = Field([], description="what is wrong with the request's parts")


class Problem(HTTPException):
    """The answer to a request that cannot be met. `kind` is a key of KINDS.

    It is an HTTPException because FastAPI takes any other one, met while it reads a body, for a
    malformed body.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: tuple[InvalidField, ...] = (),
    ) -> None:
        super().__init__(KINDS[kind][0], detail, headers)
        self.kind = kind
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """Return the problem details."""
        return ProblemBody(
            type=TYPE_PREFIX + self.kind,
            title=KINDS[self.kind][1],
            status=self.status_code,
            detail=self.detail,
            errors=list(self.errors),
        ).model_dump()

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(
            self.body(), self.status_code, headers=self.headers, media_type=MEDIA_TYPE
        )


def internal() -> Problem:
    """Return the problem for an unexpected exception."""
    return Problem("internal", "It was logged under the X-Request-ID of this answer.")


def retry_after(seconds: float) -> dict[str, str]:
    """Return the header that says when to try again."""
    return {"Retry-After": str(max(1, round(seconds)))}


RETRY_MODEL_SECONDS = 10  # after which a model server may be back


@contextlib.contextmanager
def translated(offer: Offer) -> Iterator[None]:
    """Turn the pipeline's errors into problems, for a model that is offered."""
    try:
        yield
    except BudgetError as error:
        most = error.most_words
        less = "fewer words, or a shorter query" if most is None else f"at most {most} words"
        detail = f"The model's context cannot hold so long an answer; ask for {less}."
        raise Problem("summary-too-long", detail) from error
    except LanguageError as error:
        raise Problem(
            "invalid",
            "Summaries here are sentences of the text itself, which are not surely in the language "
            "that is wanted; send another text, or another language.",
        ) from error
    except InputError as error:
        raise Problem("blank", "There is nothing to summarize in the text.") from error
    except ModelMissing as error:
        detail = f"{offer.server} does not have the model, or cannot load it."
        if offer.command is not None:
            detail += f" This brings it: {offer.command}"
        raise Problem("model-missing", detail, retry_after(RETRY_MODEL_SECONDS)) from error
    except ModelUnavailable as error:
        detail = f"{offer.server} cannot be reached."
        raise Problem("model-server-down", detail, retry_after(RETRY_MODEL_SECONDS)) from error


def add_handlers(app: FastAPI) -> None:
    """Have errors answered with problem details; `RequestLog` answers unexpected exceptions."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(SQLAlchemyError, _on_database)
    app.add_exception_handler(RequestValidationError, _on_invalid)


async def _on_problem(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Problem)  # noqa: S101 - as registered
    return error.response()


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    """Answer what Starlette and FastAPI raise by themselves."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as registered
    kind = BY_STATUS.get(error.status_code, "malformed" if error.status_code < 500 else "internal")
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers |= _allowed(request)
    return Problem(kind, HTTPStatus(KINDS[kind][0]).description, headers).response()


def _allowed(request: Request) -> dict[str, str]:
    """Name every method of an address; FastAPI names those of the first route that it finds."""
    path = getattr(request.scope.get("route"), "path_format", None)
    methods = request.app.openapi()["paths"].get(path)
    return {"Allow": ", ".join(map(str.upper, methods))} if methods else {}


async def _on_database(request: Request, error: Exception) -> JSONResponse:
    log.error("the jobs' database fails", exc_info=error)
    return Problem("jobs-down", "Try again, or use POST /summarize.", retry_after(5)).response()


async def _on_invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as registered
    found = error.errors()
    if any(problem["type"] == "json_invalid" for problem in found):
        return Problem("malformed", "The body is not JSON.").response()
    bodied = any(problem["loc"][0] == "body" for problem in found)
    expected = _expected_media_type(request) if bodied else None
    if expected is not None:
        return Problem("unsupported-media-type", f"Send {expected}.").response()
    return Problem(
        "invalid",
        "See `errors` for what is wrong.",
        errors=tuple(_invalid_field(problem) for problem in found),
    ).response()


def _expected_media_type(request: Request) -> str | None:
    """Return the kind of content to send where another one was sent."""
    if request.method != "POST":
        return None
    expected = "multipart/form-data" if request.url.path.endswith("/file") else "application/json"
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return None if sent == expected or sent.endswith("+json") else expected


def _invalid_field(problem: Mapping[str, Any]) -> InvalidField:
    where, *path = problem["loc"]
    if problem["type"] == "extra_forbidden":  # the name is the client's own: it is not repeated
        return InvalidField(pointer="/".join(["#", *map(str, path[:-1])]), detail="Unknown field")
    pointer = "/".join(["#", *map(str, path)]) if where == "body" else str(path[-1])
    return InvalidField(pointer=pointer, detail=str(problem["msg"]))
