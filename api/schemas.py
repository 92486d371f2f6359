"""The bodies of requests and answers, as OpenAPI shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.problems import ProblemBody
from pipeline.documents.document import MarkKind
from pipeline.settings import Language as KnownLanguage
from pipeline.text.languages import NAMES

EXAMPLE_TEXT = (
    "Compost is made of leaves, grass and kitchen scraps. Bacteria and fungi take them apart, and "
    "the heap grows warm. After some months it is dark, crumbly and smells of earth. Gardeners "
    "spread it on their beds, where it feeds the plants and holds water."
)

Query = Annotated[str, Field(min_length=1, max_length=2000)]
Language = Annotated[
    KnownLanguage, Field(max_length=20, json_schema_extra={"enum": [*NAMES, *NAMES.values()]})
]
Words = Annotated[int, Field(ge=1, le=5000)]
Address = Annotated[str, Field(min_length=1, max_length=2000)]
# Controls would do harm in logs and terminals.
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
ModelName = Annotated[str, Field(min_length=1, max_length=200)]


class SummaryRequest(BaseModel):
    """A text to summarize."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"text": EXAMPLE_TEXT, "words": 30}]},
    )

    text: str = Field(min_length=1, description="the text, of any length up to the limit")
    name: Name = Field("text", description="what to call it in listings and results")
    query: Query | None = Field(None, description="summarize what the text says about this")
    words: Words | None = Field(None, description="aim for the length of the summary")
    language: Language | None = Field(None, description="of the summary; else the text's own")
    model: ModelName | None = Field(None, description="one of GET /models; else the default")
    sources: bool = Field(False, description="trace each sentence to its sources")


class RepeatRequest(BaseModel):
    """What is to be different; all else stays as it was."""

    model_config = ConfigDict(strict=True, extra="forbid")

    words: Words | None = None
    query: Query | None = None
    model: ModelName | None = None


class InputBody(BaseModel):
    """What was summarized."""

    name: str
    characters: int
    tokens: int
    removed: dict[str, int] | None = Field(
        None, description="how much that is no content was taken out when the file was read"
    )


class CallsBody(BaseModel):
    """Model calls. `map + merge` is the plan; `cached` of them came from the cache."""

    map: int
    merge: int
    retry: int
    cached: int


class UsageBody(BaseModel):
    """Tokens that the model read and wrote in this run."""

    prompt_tokens: int
    output_tokens: int


class StandInBody(BaseModel):
    """Characters of the text that no usable answer covers, and why."""

    start: int
    end: int
    reason: str


class ReadBody(BaseModel):
    """The evidence that all of the text was read."""

    exact: bool = Field(description="counted with the model's own vocabulary")
    verified: int = Field(description="calls whose prompt the server confirmed token for token")
    stand_ins: list[StandInBody]
    anew: list[tuple[int, int]] = Field(description="characters that were read in this run")
    share: float = Field(1.0, description="how much of the text the model itself read, 0 to 1")
    off_topic: list[tuple[int, int]] = Field(
        [], description="characters that hold nothing on the query, and were not read"
    )


class SourceBody(BaseModel):
    """Characters of the text, and the share of the sentence's words that they hold, 0 to 1."""

    start: int
    end: int
    score: float
    mark: str | None = Field(None, description="what people call the place: page 12, 00:14:05")


class SentenceBody(BaseModel):
    """A sentence of the summary: its sources, the best first, and facts that the text lacks."""

    text: str
    sources: list[SourceBody]
    unsupported: list[str]


class CoverageBody(BaseModel):
    """Which chunks the summary speaks of.

    `missing` are the characters of the others; `lost` adds the level of the tree where each went.
    """

    chunks: int
    represented: int
    missing: list[tuple[int, int]]
    lost: list[tuple[int, int, int]]


class LeftOutBody(BaseModel):
    """A sentence that the model wrote on these characters, with facts that the text lacks."""

    start: int
    end: int
    sentence: str


class LanguageBody(BaseModel):
    """Languages by their ISO 639-1 codes; null where that is not sure."""

    text: str | None
    asked: str | None = Field(description="what the summary was to be in; null: the text's own")
    summary: str | None


class ResultBody(BaseModel):
    """A finished summary. `sentences` and `coverage` are there where sources were asked for."""

    model_config = ConfigDict(title="Result", extra="allow")

    summary: str
    named: Literal["summary", "key passages"] = Field(
        "summary", description="what it is: with key passages, the text's own words"
    )
    model: str
    model_digest: str
    input: InputBody
    chunks: int
    levels: int
    calls: CallsBody
    usage: UsageBody
    read: ReadBody
    language: LanguageBody | None = Field(None, description="missing in results of old versions")
    left_out: list[LeftOutBody] = Field([], description="missing in results of old versions")
    warnings: list[str]
    seconds: float
    sentences: list[SentenceBody] | None = None
    coverage: CoverageBody | None = None


State = Literal["queued", "running", "done", "failed", "cancelled"]


class ProgressBody(BaseModel):
    """Model calls that are done, of all that are planned; null before the plan is made."""

    done: int
    total: int | None


class JobSummary(BaseModel):
    """A job in a listing. Times are seconds since 1970."""

    id: str
    state: State
    name: str
    progress: ProgressBody
    created: float
    finished: float | None
    expires: float | None = Field(description="when a finished job is deleted")


class JobBody(JobSummary):
    """A job, with its result once it is done, or with the problem that it met."""

    model_config = ConfigDict(title="Job")

    result: ResultBody | None
    problem: ProblemBody | None


class MarkBody(BaseModel):
    """A page, heading or moment that begins at a character of the text, as people call it."""

    start: int
    kind: MarkKind
    label: str
    depth: int


class OrderBody(BaseModel):
    """What a job was asked for: the text and how. Null takes the configured value."""

    name: str
    text: str
    query: str | None
    words: int | None
    language: str | None = None
    model: str | None
    sources: bool
    marks: list[MarkBody]


class JobPage(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobSummary]
    next: str | None = Field(description="the `after` of the next page; null on the last one")


class ModelBody(BaseModel):
    """A model that a request may name."""

    name: str
    default: bool
    model: str | None = Field(description="what `auto` has found; null where none can be used")
    context: int | None = Field(description="tokens; null before its first use")
    problem: ProblemBody | None = Field(description="why it cannot be used now")
    command: str | None = Field(description="what brings the model, where a command does")


class ModelsBody(BaseModel):
    """The models that requests may name."""

    models: list[ModelBody]


class LiveBody(BaseModel):
    """The process answers."""

    status: Literal["live"]


class ReadyBody(BaseModel):
    """The service can summarize now."""

    status: Literal["ready"]
    model: str
    server: str
