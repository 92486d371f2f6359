"""What runs came to, for people: a table in the terminal, Markdown, JSON, and a page.

The page is one file that needs no network: scores with intervals, plots of quality against length
and time, and every document with its source, references, candidates and partial summaries.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from eval.plots import BOTTOM, HEIGHT, LEFT, RIGHT, WIDTH, Plot, plot
from eval.rouge import TYPES
from eval.stats import compare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table

    from eval.records import Output, Run
    from eval.scoring import Board, Pair, Scored
    from eval.stats import Estimate
    from eval.tasks import Data, Item

NAMES = {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L", "rougeLsum": "ROUGE-Lsum"}
TEMPLATE = "report.html"
CAVEAT = (
    "F1 x 100 with 95 % bootstrap intervals. ROUGE counts shared words: it rewards length and "
    "copying, and sees neither invention nor contradiction."
)
SCORES = ("system", "words", *NAMES.values(), "ROUGE-2 over random")
MEASURED = ("copied", "new pairs", "repeated", "failed", "seconds", "tokens")
TRUST = ("invented", "untraced", "flawed", "on length")
COLUMNS = (*SCORES, *TRUST, *MEASURED)


@dataclass(frozen=True)
class Line:
    """A line of the table: a run or people, or, where `below`, a baseline of a run's length."""

    one: Scored
    board: Board
    below: bool = False

    def scores(self, seed: int, interval: Callable[[Estimate], str]) -> list[str]:
        """Return the cells of SCORES."""
        one, chance = self.one, self.board.chance
        over = compare(one.values("rouge2"), chance.values("rouge2"), seed)
        return [
            one.name,
            f"{one.mean('words'):.0f}",
            *(interval(one.estimate(kind, seed)) for kind in TYPES),
            "" if one is chance else f"{over.mean:+.1f}, p {over.p:.3f}",
        ]

    def trust(self) -> list[str]:
        """Return the cells of TRUST. Baselines are as long as their run."""
        one, words = self.one, self.board.words
        return [
            f"{one.mean('invented'):.1f}",
            f"{one.mean('untraced'):.0%}",
            f"{one.mean('flawed'):.0%}",
            f"{one.on_length(words):.0%}" if words and one is self.board.run else "",
        ]

    def measured(self) -> list[str]:
        """Return the cells of MEASURED. Only runs can fail, and take a time worth telling."""
        one = self.one
        return [
            f"{one.mean('coverage'):.0%}",
            f"{one.mean('novel_2'):.0%}",
            f"{one.mean('repetition'):.0%}",
            f"{one.mean('failed') + one.mean('empty'):.0%}" if one is self.board.run else "",
            "" if one.seconds is None else f"{one.seconds:,.1f}",
            "" if one.tokens is None else f"{one.tokens:,.0f}",
        ]


def lines(boards: Sequence[Board]) -> Iterator[Line]:
    """Yield each run and the baselines beside it, and last the references against each other."""
    for board in boards:
        yield Line(board.run, board)
        yield from (Line(baseline, board, below=True) for baseline in board.baselines)
    if boards and boards[0].human is not None:
        yield Line(boards[0].human, boards[0])


def _row(line: Line, seed: int) -> list[str]:
    return [*line.scores(seed, _interval), *line.trust(), *line.measured()]


def _interval(estimate: Estimate) -> str:
    return f"{estimate.mean:.1f} [{estimate.low:.1f}, {estimate.high:.1f}]"


def notes(boards: Sequence[Board]) -> list[str]:
    """Return what must be said beside a table."""
    said = [boards[0].signature, CAVEAT] if boards else [CAVEAT]
    partial = [board.run.name for board in boards if not board.comparable]
    if partial:
        said.append(
            f"Not comparable with whole runs of the task: {', '.join(partial)} "
            "(limited or not finished)."
        )
    return said


def terminal_tables(boards: Sequence[Board], seed: int) -> Iterator[Table]:
    """Yield the table for a terminal of 80 columns, in three parts."""
    found = list(lines(boards))
    task = boards[0].task if boards else ""
    yield _table(task, SCORES, found, [_narrow(line, seed) for line in found])
    for columns, cells in ((TRUST, Line.trust), (MEASURED, Line.measured)):
        rows = [[line.one.name, *cells(line)] for line in found]
        yield _table("", ("system", *columns), found, rows)


def _narrow(line: Line, seed: int) -> list[str]:
    if line.below:
        return line.scores(seed, lambda estimate: f"{estimate.mean:.1f}")
    return line.scores(seed, lambda e: f"{e.mean:.1f}\n{e.low:.1f}-{e.high:.1f}")


def _table(
    title: str, columns: Sequence[str], found: Sequence[Line], rows: Sequence[Sequence[str]]
) -> Table:
    from rich.table import Table

    table = Table(title=title or None, box=None, pad_edge=False)
    for column in columns:
        left = column == "system"
        table.add_column(column, justify="left" if left else "right", overflow="fold")
    for line, (name, *cells) in zip(found, rows, strict=True):
        table.add_row("  " * line.below + name, *cells, style="dim" if line.below else None)
    return table


def markdown(boards: Sequence[Board], seed: int) -> str:
    """Return the table in Markdown."""
    rows = [f"| {' | '.join(COLUMNS)} |", f"|---{'|---:' * (len(COLUMNS) - 1)}|"]
    for line in lines(boards):
        cells = [cell.replace("|", "/") for cell in _row(line, seed)]
        rows.append(f"| {'- ' * line.below}{' | '.join(cells)} |")
    title = f"## {boards[0].task}\n\n" if boards else ""
    return title + "\n".join(rows) + "\n\n" + "\n\n".join(notes(boards)) + "\n"


def pair_table(pairs: Sequence[Pair]) -> Table:
    """Return a table of differences for a terminal."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("second - first")
    for column in ("type", "difference", "95 % interval", "p", "won", "lost", "n"):
        table.add_column(column, justify="right")
    for pair in pairs:
        for kind, d in pair.differences.items():
            name = f"{pair.second} - {pair.first}" if kind == TYPES[0] else ""
            interval = f"[{d.low:+.1f}, {d.high:+.1f}]"
            row = (f"{d.mean:+.1f}", interval, f"{d.p:.3f}", f"{d.wins}", f"{d.losses}", f"{d.n}")
            table.add_row(name, NAMES[kind], *row)
    return table


def _plots(boards: Sequence[Board]) -> Iterator[Plot]:
    """Yield quality against length, and against time and tokens where those were measured."""
    first = boards[0]
    systems = [(board.run, True) for board in boards]
    systems += [(baseline, False) for baseline in first.baselines]
    systems += [(first.human, False)] if first.human else []
    f1 = NAMES["rouge2"]
    measured: dict[str, tuple[str, Callable[[Scored], float | None]]] = {
        "length": ("words in the summary", lambda one: one.mean("words")),
        "time": ("seconds for a document", lambda one: one.seconds),
        "tokens": ("tokens read and written for a document", lambda one: one.tokens),
    }
    for against, (across, value) in measured.items():
        placed = [
            (one.name, x, fmean(one.values("rouge2")), run)
            for one, run in systems
            if (x := value(one)) is not None
        ]
        made = plot(f"{f1} against {against}", across, f"{f1} F1", placed)
        if made is not None:
            yield made


@dataclass(frozen=True)
class Candidate:
    """One run's answer to a document, for the drill-down."""

    run: str
    outputs: tuple[Output, ...]
    scores: dict[str, str]
    words: int


@dataclass(frozen=True)
class Page:
    """One document with everything that was made of it."""

    item: Item
    candidates: tuple[Candidate, ...]


def _pages(boards: Sequence[Board], runs: Sequence[Run], data: Data) -> Iterator[Page]:
    for item in data.items:
        candidates = []
        for board, run in zip(boards, runs, strict=True):
            row = next((row for row in board.run.rows if row.id == item.id), None)
            if row is None:
                continue
            outputs = tuple(output for output in run.outputs if output.id == item.id)
            scores = {NAMES[kind]: f"{row.rouge[kind].f1:.1f}" for kind in TYPES}
            words = round(row.measures["words"])
            candidates.append(Candidate(run.name, outputs, scores, words))
        if candidates:
            yield Page(item, tuple(candidates))


def html(boards: Sequence[Board], runs: Sequence[Run], data: Data, seed: int) -> str:
    """Return the page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE).render(
        task=boards[0].task,
        columns=COLUMNS,
        rows=[(line.below, _row(line, seed)) for line in lines(boards)],
        notes=notes(boards),
        plots=list(_plots(boards)),
        size={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "bottom": BOTTOM},
        pages=list(_pages(boards, runs, data)),
        manifests=[run.manifest for run in runs],
    )


def as_json(boards: Sequence[Board], runs: Sequence[Run], seed: int) -> str:
    """Return everything in JSON: scores, intervals, documents, manifests."""
    found: list[dict[str, Any]] = [
        {"manifest": run.manifest, **board.to_dict(seed)}
        for board, run in zip(boards, runs, strict=True)
    ]
    return json.dumps(found, ensure_ascii=False, indent=1)
