"""The vocabulary of the whole package: frozen values, no I/O.

A Document is cut into Chunks. A Plan arranges them as a tree of Merges whose root is the final
summary. Running the plan turns each chunk and each merge into a Summary, and the run's story is
told in Events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from pipeline.errors import BudgetError

if TYPE_CHECKING:
    from pipeline.evidence.trace import Evidence

Strategy: TypeAlias = Literal["map_reduce", "refine", "stuff", "extractive"]
Merging: TypeAlias = Literal["abstractive", "context", "extractive", "rewrite"]
Unsupported: TypeAlias = Literal["drop", "mark", "keep"]
MarkKind: TypeAlias = Literal["time", "page", "heading"]
MARK_KINDS: tuple[MarkKind, ...] = get_args(MarkKind)

MIN_FAN_IN = 3  # with fewer, a level of the tree need not be shorter than the one below it


@dataclass(frozen=True)
class Mark:
    """A page, chapter or moment that begins at a character of a text.

    `label` is what people call it: "page 12", "Chapter 3", "00:14:05". `depth` is a heading's, 1
    for the highest.
    """

    start: int
    kind: MarkKind
    label: str
    depth: int = 1

    def to_list(self) -> list[int | str]:
        """Return the JSON form, which `Mark(*form)` reads."""
        return [self.start, self.kind, self.label, self.depth]


@dataclass(frozen=True)
class Removed:
    """How much that is no content was taken out of a text when it was read.

    `hyphens` stood at the ends of lines, `repeats` are lines of captions that roll, `navigation`
    is in words, of a web page around its content. Ligatures were written out.
    """

    hyphens: int = 0
    soft_hyphens: int = 0
    ligatures: int = 0
    running_heads: int = 0
    page_numbers: int = 0
    repeats: int = 0
    navigation: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return what there was, by name."""
        return {name: count for name, count in asdict(self).items() if count}


@dataclass(frozen=True)
class Document:
    """A text to summarize. `name` is for people: a file name, an address, "standard input".

    `marks` are in the text's order. `warnings` say what of the document is not in its text.
    """

    text: str
    name: str = "text"
    marks: tuple[Mark, ...] = ()
    removed: Removed = Removed()
    warnings: tuple[str, ...] = ()

    def marks_at(self, character: int) -> tuple[Mark, ...]:
        """Return the marks in force at a character: the last of each kind, the most exact first."""
        last = {mark.kind: mark for mark in self.marks if mark.start <= character}
        return tuple(last[kind] for kind in MARK_KINDS if kind in last)

    def place(self, character: int) -> str | None:
        """Return what people call the place of a character; None where nothing is marked."""
        marks = self.marks_at(character)
        return marks[0].label if marks else None

    def stretch(self, start: int, end: int) -> str:
        """Return what people call a stretch, "page 3 to page 5", or else its characters."""
        first, last = self.place(start), self.place(end - 1)
        if first is None:
            return f"characters {start:,} to {end:,}"
        return first if first == last else f"{first} to {last}"


@dataclass(frozen=True)
class Chunk:
    """A stretch of a document: `document.text[start:end] == text`, `tokens` as the model counts."""

    text: str
    start: int
    end: int
    tokens: int


@dataclass(frozen=True)
class Merge:
    """A planned merge of two or more neighbours. `level` counts from 1, one above the chunks."""

    sources: tuple[Chunk | Merge, ...]
    level: int

    @property
    def start(self) -> int:
        """Where the covered text begins, in characters."""
        return self.sources[0].start

    @property
    def end(self) -> int:
        """Where the covered text ends, in characters."""
        return self.sources[-1].end


Node: TypeAlias = Chunk | Merge


@dataclass(frozen=True)
class Summary:
    """What the model made of a chunk or of a merge's sources.

    `level` is 0 for a chunk's summary. `stand_in` says that at least part of the text was taken
    from the source's own sentences because the model gave no usable answer.
    """

    text: str
    tokens: int
    level: int
    sources: tuple[Chunk | Summary, ...]
    stand_in: bool = False

    @property
    def start(self) -> int:
        """Where the covered text begins, in characters."""
        return self.sources[0].start

    @property
    def end(self) -> int:
        """Where the covered text ends, in characters."""
        return self.sources[-1].end


@dataclass(frozen=True)
class Budget:
    """How a context window is shared, in tokens.

    `context` holds the prompt and the answer. `overhead` is the prompt without its source: the
    template, the instructions, the seams. `summary` bounds a partial summary and `answer` the
    final one.
    """

    context: int
    overhead: int
    summary: int
    answer: int

    def __post_init__(self) -> None:
        if min(self.context, self.overhead, self.summary, self.answer) < 1:
            raise BudgetError(f"every part of a budget is at least 1 token, got {self}")
        if min(self.fan_in, self.final_fan_in) < MIN_FAN_IN:
            raise BudgetError(self._too_small())

    def _too_small(self) -> str:
        least = self.overhead + max(self.summary, self.answer) + MIN_FAN_IN * self.summary
        setting = "--words" if self.answer > self.summary else "summary_tokens"
        return (
            f"a context of {self.context} tokens cannot hold {MIN_FAN_IN} partial summaries of "
            f"{self.summary} tokens, an answer of {max(self.summary, self.answer)} and the "
            f"prompt's own {self.overhead}: lower {setting}, or set context to {least} or more"
        )

    @property
    def source(self) -> int:
        """Tokens for the source of a partial summary."""
        return self.context - self.overhead - self.summary

    @property
    def final_source(self) -> int:
        """Tokens for the source of the final summary."""
        return self.context - self.overhead - self.answer

    @property
    def fan_in(self) -> int:
        """How many partial summaries fit into one merge."""
        return self.source // self.summary

    @property
    def final_fan_in(self) -> int:
        """How many partial summaries fit into the final merge."""
        return self.final_source // self.summary


@dataclass(frozen=True)
class Languages:
    """The languages of a run, by their ISO 639-1 codes.

    `text` is the document's, None where that is not sure. `asked` is what the summary was asked
    to be in, None where it should be in the document's own.
    """

    text: str | None = None
    asked: str | None = None

    @property
    def wanted(self) -> str | None:
        """What the summary should be in; None where anything will do."""
        return self.asked or self.text

    @property
    def crossed(self) -> bool:
        """Whether the summary should be in another language than the document."""
        return self.asked is not None and self.asked != self.text

    @property
    def said(self) -> str | None:
        """What the prompts, which are in English, have to say; None where it goes without."""
        return self.wanted if self.crossed or self.text != "en" else None


UNTOLD = Languages()  # nothing is known and nothing was asked


@dataclass(frozen=True)
class Plan:
    """All that a run will do, known before its first call.

    `chunks` is all of the text. `root` is the tree over those that are not blank; its own call
    writes the final summary. `exact` says whether tokens were counted with the model's own
    vocabulary. `off_topic` are the chunks that hold nothing on the query. With `languages` crossed,
    neither the text's sentences nor its words can stand in a summary.
    """

    document: Document
    chunks: tuple[Chunk, ...]
    root: Node
    budget: Budget
    exact: bool
    strategy: Strategy = "map_reduce"
    merging: Merging = "abstractive"
    off_topic: tuple[Chunk, ...] = ()
    languages: Languages = UNTOLD

    @cached_property
    def merges(self) -> tuple[Merge, ...]:
        """Every merge, the deepest and leftmost first, the root last."""
        return tuple(_merges(self.root))

    @cached_property
    def leaves(self) -> tuple[Chunk, ...]:
        """The chunks that are summarized: not the blank ones, nor those off the query's topic."""
        aside = {chunk.start for chunk in self.off_topic}
        return tuple(c for c in self.chunks if c.text.strip() and c.start not in aside)

    @property
    def holds_nothing(self) -> bool:
        """Whether no chunk holds anything on the query, so that nothing is asked at all."""
        return not self.leaves

    @property
    def map_calls(self) -> int:
        """Model calls for chunks; in a chain of refinements, all of them."""
        return 0 if self.strategy == "extractive" else len(self.leaves)

    @property
    def merge_calls(self) -> int:
        """Model calls for merges; none where sentences are chosen instead, or summaries refined."""
        by_model = self.strategy == "map_reduce" and self.merging in ("abstractive", "context")
        return len(self.merges) if by_model and not self.holds_nothing else 0

    @property
    def calls(self) -> int:
        """Model calls in a run without failures."""
        return self.map_calls + self.merge_calls

    @property
    def levels(self) -> int:
        """Levels of calls: 1 where the text fits into one prompt."""
        return 1 + (self.root.level if isinstance(self.root, Merge) else 0)

    @property
    def tokens(self) -> int:
        """Tokens of the whole document."""
        return sum(chunk.tokens for chunk in self.chunks)

    @property
    def prompt_tokens(self) -> int:
        """Upper bound on the tokens that the model reads in a run without failures."""
        parts = sum(len(merge.sources) for merge in self.merges) if self.merge_calls else 0
        again = self.map_calls - 1 if self.strategy == "refine" else 0
        return (
            sum(leaf.tokens for leaf in self.leaves) * bool(self.map_calls)
            + parts * self.budget.summary
            + again * self.budget.answer
            + self.calls * self.budget.overhead
        )

    @property
    def output_tokens(self) -> int:
        """Upper bound on the tokens that the model writes in a run without failures."""
        each = self.budget.answer if self.strategy == "refine" else self.budget.summary
        return max(self.calls - 1, 0) * each + self.budget.answer * bool(self.calls)


def _merges(node: Node) -> Iterator[Merge]:
    if isinstance(node, Merge):
        for source in node.sources:
            yield from _merges(source)
        yield node


@dataclass(frozen=True)
class Reply:
    """A model's answer, with the server's own token counts.

    `verified`: the server confirmed that it read the prompt token for token. `seconds`: from
    sending to the last word, the server's queue included. `doubtful`: it was kept while a second
    answer to the same question was still to come.
    """

    text: str
    prompt_tokens: int
    output_tokens: int
    finish: Literal["stop", "length"]
    verified: bool = False
    seconds: float = 0.0
    doubtful: bool = False


@dataclass
class Tally:
    """What answered calls come to: their number, and the tokens that they read and wrote."""

    calls: int = 0
    read: int = 0
    written: int = 0

    def add(self, calls: int, read: int, written: int) -> None:
        """Count some calls."""
        self.calls += calls
        self.read += read
        self.written += written


@dataclass(frozen=True)
class StandIn:
    """A stretch of the document, in characters, that no usable answer covers, and why."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True)
class Result:
    """A finished run: the summary, its tree, and the evidence of what was read.

    `verified` calls had their prompt confirmed by the server token for token. `exact` says whether
    tokens were counted with the model's own vocabulary, as known at the end of the run. `anew` are
    the stretches of the document, in characters, that were read in this run; the rest had been
    read before. `share` is how much of the text's characters the model itself read, from 0 to 1.
    `evidence` traces the summary's sentences, where that was asked for.
    """

    summary: str
    root: Summary = field(repr=False)  # asyncio writes out what a task returns
    plan: Plan = field(repr=False)
    model: str
    model_digest: str
    exact: bool
    map_calls: int
    merge_calls: int
    retry_calls: int
    cached_calls: int
    prompt_tokens: int
    output_tokens: int
    verified: int
    stand_ins: tuple[StandIn, ...]
    anew: tuple[tuple[int, int], ...]
    warnings: tuple[str, ...]
    seconds: float
    share: float = 1.0
    language: str | None = None
    evidence: Evidence | None = None

    @property
    def calls(self) -> dict[str, int]:
        """The numbers of calls: `map` and `merge` are the plan's, `cached` of them were kept."""
        return {
            "map": self.map_calls,
            "merge": self.merge_calls,
            "retry": self.retry_calls,
            "cached": self.cached_calls,
        }

    @property
    def usage(self) -> dict[str, int]:
        """Tokens that the model read and wrote in this run."""
        return {"prompt_tokens": self.prompt_tokens, "output_tokens": self.output_tokens}

    def to_dict(self) -> dict[str, object]:
        """Return the JSON form that `--json` prints and `POST /summarize` answers."""
        document, plan = self.plan.document, self.plan
        evidence = {} if self.evidence is None else self.evidence.to_dict()
        removed = document.removed.to_dict()
        return {
            "summary": self.summary,
            "model": self.model,
            "model_digest": self.model_digest,
            "input": {
                "name": document.name,
                "characters": len(document.text),
                "tokens": plan.tokens,
                **({"removed": removed} if removed else {}),
            },
            "chunks": len(plan.chunks),
            "levels": plan.levels,
            "calls": self.calls,
            "usage": self.usage,
            "read": {
                "exact": self.exact,
                "verified": self.verified,
                "stand_ins": [
                    {"start": s.start, "end": s.end, "reason": s.reason} for s in self.stand_ins
                ],
                "anew": [list(stretch) for stretch in self.anew],
                "share": round(self.share, 3),
                "off_topic": [
                    list(stretch)
                    for stretch in join_stretches((c.start, c.end) for c in plan.off_topic)
                ],
            },
            "language": {
                "text": plan.languages.text,
                "asked": plan.languages.asked,
                "summary": self.language,
            },
            "warnings": list(self.warnings),
            "seconds": round(self.seconds, 3),
            **evidence,
        }


@dataclass(frozen=True)
class Planned:
    """The plan is made; of its `plan.calls` model calls, `done` are on record already."""

    plan: Plan
    done: int = 0


@dataclass(frozen=True)
class Summarized:
    """A chunk or a merge is done. `done` of `total` calls are finished, counting this one."""

    node: Node
    summary: Summary
    done: int
    total: int
    cached: bool = False


@dataclass(frozen=True)
class Delta:
    """The next piece of the final summary as the model writes it, before it is cleaned.

    `restart` says that the text begins anew with this piece: an attempt failed, or the summary was
    brought to its length.
    """

    text: str
    restart: bool = False


@dataclass(frozen=True)
class Finished:
    """The run is over."""

    result: Result = field(repr=False)


Event: TypeAlias = Planned | Summarized | Delta | Finished
Emit: TypeAlias = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Take an event and do nothing with it."""


def join_stretches(stretches: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Join stretches of a text that touch, in the text's order."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)
