"""Scores of runs and of the baselines beside them, and what they come to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from statistics import fmean
from typing import TYPE_CHECKING, Any

from eval import stats
from eval.measures import Measures, measure
from eval.rouge import TYPES, Rouge, Scorer, Scores
from eval.systems import BASELINES
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eval.records import Run
    from eval.stats import Difference, Estimate
    from eval.tasks import Data, Item

MATCHED = ("lead", "random", "textrank")  # as long, document by document, as the run beside them
FIXED = ("lead-3", "oracle")
LENGTH = 0.15  # how far from the wanted words a summary may be
CHANCE_DRAWS = 5  # random baselines for each document, of which the mean counts
MEASURES = tuple(field.name for field in fields(Measures))


@dataclass(frozen=True)
class Row:
    """One document: its scores and measures, each a mean over the seeds."""

    id: str
    rouge: Scores
    measures: dict[str, float]
    failed: float = 0.0
    empty: float = 0.0


@dataclass(frozen=True)
class Scored:
    """A system's scores on documents, in the documents' order.

    `seconds` and `tokens` (read and written) are means over the documents where they were
    measured; None where none was.
    """

    name: str
    rows: tuple[Row, ...]
    seconds: float | None = None
    tokens: float | None = None

    def values(self, kind: str) -> list[float]:
        """Return a type's F1 for each document."""
        return [row.rouge[kind].f1 for row in self.rows]

    def estimate(self, kind: str, seed: int) -> Estimate:
        """Return a type's mean F1 with its interval."""
        return stats.estimate(self.values(kind), seed)

    def mean(self, measure: str) -> float:
        """Return the mean of a measure, or of "failed" or "empty", over the documents."""
        if measure in MEASURES:
            return fmean(row.measures[measure] for row in self.rows)
        return fmean(getattr(row, measure) for row in self.rows)

    def on_length(self, words: int) -> float:
        """Return the share of summaries that are as long as was wanted, give or take LENGTH."""
        return fmean(abs(row.measures["words"] - words) <= LENGTH * words for row in self.rows)


@dataclass(frozen=True)
class Board:
    """A run, the baselines beside it, and, with several references, people against each other.

    `words` is the length that was asked for; None where nothing was.
    """

    run: Scored
    baselines: tuple[Scored, ...]
    human: Scored | None
    signature: str
    task: str
    comparable: bool
    words: int | None = None

    @property
    def chance(self) -> Scored:
        """The length-matched random baseline."""
        return next(b for b in self.baselines if b.name == "random")

    def to_dict(self, seed: int) -> dict[str, Any]:
        """Return the form that scores.json holds."""
        systems = [self.run, *self.baselines, *([self.human] if self.human else [])]
        return {
            "task": self.task,
            "comparable": self.comparable,
            "signature": self.signature,
            "systems": [
                {
                    "name": one.name,
                    "seconds": one.seconds,
                    "tokens": one.tokens,
                    "failed": one.mean("failed"),
                    "empty": one.mean("empty"),
                    "scores": {kind: asdict(one.estimate(kind, seed)) for kind in TYPES},
                    "above_random": {
                        kind: asdict(
                            stats.compare(one.values(kind), self.chance.values(kind), seed)
                        )
                        for kind in TYPES
                    },
                    "measures": {name: one.mean(name) for name in MEASURES},
                    "documents": [asdict(row) for row in one.rows],
                }
                for one in systems
            ],
        }


def above(one: Scored, other: Scored, seed: int) -> dict[str, Difference]:
    """Return one minus the other, for each type."""
    return {kind: stats.compare(one.values(kind), other.values(kind), seed) for kind in TYPES}


def items_of(run: Run, data: Data) -> list[Item]:
    """Return the items of a run that have an output, in the data's order.

    Raises:
        InputError: the data are not those of the run, or the run has no output yet.
    """
    done = {output.id for output in run.outputs}
    known = {item.id: item for item in data.items}
    for key, digest in run.manifest["items"].items():
        if key not in known or known[key].digest != digest:
            raise InputError(f"{run.path} was run on other data than {data.name} holds now ({key})")
    if not done:
        raise InputError(f"{run.path} has no finished document yet")
    return [item for item in data.items if item.id in done]


def board(
    run: Run,
    data: Data,
    scorer: Scorer,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Board:
    """Score a run and the baselines beside it.

    Raises:
        InputError: see `items_of`.
    """
    items = items_of(run, data)
    scored = score_run(run, items, scorer)
    lengths = {row.id: max(1, round(row.measures["words"])) for row in scored.rows}
    found = []
    for name in (*MATCHED, *FIXED):
        tell(name)
        found.append(score_baseline(name, items, lengths, scorer, seed))
    return Board(
        run=scored,
        baselines=tuple(found),
        human=score_people(items, scorer),
        signature=scorer.signature(len(items), seed),
        task=f"{data.name} v{data.version}",
        comparable=bool(run.manifest["comparable"]) and run.missing == 0,
        words=run.manifest["system"].get("words"),
    )


def score_run(run: Run, items: Sequence[Item], scorer: Scorer) -> Scored:
    """Score a run's outputs; what failed or is empty counts as 0."""
    of: dict[str, list[Any]] = {item.id: [] for item in items}
    for output in run.outputs:
        of[output.id].append(output)
    texts = {key: [output.summary for output in outputs] for key, outputs in of.items()}
    rows = [
        Row(
            **row,
            failed=fmean(output.status == "failed" for output in of[row["id"]]),
            empty=fmean(
                output.status == "done" and not output.summary.strip() for output in of[row["id"]]
            ),
        )
        for row in _scored_texts(items, texts, scorer)
    ]
    seconds = [o.seconds for o in run.outputs if o.seconds is not None]
    tokens = [sum(o.usage.values()) for o in run.outputs if o.usage]
    return Scored(
        run.name,
        tuple(rows),
        fmean(seconds) if seconds else None,
        fmean(tokens) if tokens else None,
    )


def score_baseline(
    name: str, items: Sequence[Item], words: Mapping[str, int], scorer: Scorer, seed: int
) -> Scored:
    """Score a baseline, as long as `words` says for each document."""
    draws = range(seed, seed + CHANCE_DRAWS) if name == "random" else (seed,)
    texts = {
        item.id: [_made(name, item, 0 if name in FIXED else words[item.id], draw) for draw in draws]
        for item in items
    }
    return Scored(name, tuple(Row(**row) for row in _scored_texts(items, texts, scorer)))


@lru_cache(4096)
def _made(name: str, item: Item, words: int, seed: int) -> str:
    """Make a baseline. Those of a fixed length are the same beside every run, and made once."""
    return BASELINES[name](item, words, seed)


def score_people(items: Sequence[Item], scorer: Scorer) -> Scored | None:
    """Score the references against each other; None where a document has only one."""
    scores = scorer.human([item.references for item in items])
    if scores is None:
        return None
    rows = [
        Row(item.id, rouge, _means([measure(text, item.document) for text in item.references]))
        for item, rouge in zip(items, scores, strict=True)
    ]
    return Scored("people", tuple(rows))


def _scored_texts(
    items: Sequence[Item], texts: Mapping[str, Sequence[str]], scorer: Scorer
) -> list[dict[str, Any]]:
    pairs = [(item, text) for item in items for text in texts[item.id]]
    scores = scorer.score([text for _, text in pairs], [item.references for item, _ in pairs])
    each: dict[str, list[Scores]] = {item.id: [] for item in items}
    for (item, _), score in zip(pairs, scores, strict=True):
        each[item.id].append(score)
    return [
        {
            "id": item.id,
            "rouge": {kind: _mean_rouge([s[kind] for s in each[item.id]]) for kind in TYPES},
            "measures": _means([measure(text, item.document) for text in texts[item.id]]),
        }
        for item in items
    ]


def _mean_rouge(several: Sequence[Rouge]) -> Rouge:
    return Rouge(
        fmean(r.precision for r in several),
        fmean(r.recall for r in several),
        fmean(r.f1 for r in several),
    )


def _means(several: Sequence[Measures]) -> dict[str, float]:
    return {name: fmean(getattr(one, name) for one in several) for name in MEASURES}


@dataclass(frozen=True)
class Pair:
    """Two runs compared: for each ROUGE type, the second minus the first."""

    first: str
    second: str
    differences: dict[str, Difference]


def compare_runs(
    runs: Sequence[Run], data: Data, scorer: Scorer, seed: int = 0, *, common: bool = False
) -> list[Pair]:
    """Compare the first run with each other one, document by document.

    Args:
        runs: Two or more.
        data: The task that they were run on.
        scorer: How to score.
        seed: Of bootstrap and permutation.
        common: Compare on the documents that all of them have, where some have more.

    Raises:
        InputError: they were run on different data, or have different documents.
    """
    if len(runs) < 2:
        raise InputError("compare takes two runs or more")
    own = [{item.id: item for item in items_of(run, data)} for run in runs]
    shared = [item for key, item in own[0].items() if all(key in other for other in own)]
    if not shared or (not common and any(len(items) != len(shared) for items in own)):
        counts = ", ".join(
            f"{run.name}: {len(items)}" for run, items in zip(runs, own, strict=True)
        )
        raise InputError(
            f"the runs have different documents ({counts}; {len(shared)} in common)"
            + "; --common compares those" * bool(shared)
        )
    ids = {item.id for item in shared}
    scored = [score_run(_only(run, ids), shared, scorer) for run in runs]
    return [Pair(scored[0].name, other.name, above(other, scored[0], seed)) for other in scored[1:]]


def _only(run: Run, ids: set[str]) -> Run:
    return replace(run, outputs=tuple(output for output in run.outputs if output.id in ids))
