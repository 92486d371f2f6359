"""A tally for a terminal of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from eval.reading.verdicts import VERDICTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eval.reading.tally import Board, Pair, System
    from eval.stats import Difference, Estimate

LEGEND = (
    "T true, P partly, F false, E empty: % of sentences; useful: 0 to 10; below them 95 % "
    "bootstrap intervals over documents. rank: 1 is the best. above: documents in which the first "
    "is ranked above (+ level). p: paired permutation test, two-sided."
)


def tables(board: Board) -> Iterator[Table]:
    """Yield the systems, the pairs of systems and the pairs of readers of a board."""
    yield _systems(board)
    if board.pairs:
        yield _pairs(board)
    if board.agreement:
        yield _readers(board)


def _table(first: str, *columns: str, title: str | None = None) -> Table:
    table = Table(title=title, box=None, pad_edge=False)
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _systems(board: Board) -> Table:
    title = f"{board.task}: {board.documents} documents, {board.readings} readings"
    columns = ("docs", "sentences", *VERDICTS, "useful", "rank")
    table = _table("system", *columns, title=title)
    for system in board.systems:
        table.add_row(*_cells(system))
    return table


def _cells(system: System) -> Iterator[str]:
    yield system.name
    yield f"{system.documents}" + f"\n{system.empty} empty" * bool(system.empty)
    yield f"{system.sentences}"
    for verdict in VERDICTS:
        yield "-" if system.shares is None else _interval(system.shares[verdict], 100, 0)
    yield _interval(system.usefulness, 1, 1)
    yield f"{system.rank:.1f}"


def _interval(found: Estimate, times: float, digits: int) -> str:
    mean, low, high = (f"{v * times:.{digits}f}" for v in (found.mean, found.low, found.high))
    return f"{mean}\n{low}-{high}"


def _pairs(board: Board) -> Table:
    table = _table("first - second", "above", "useful", "p", "T", "p")
    for pair in board.pairs:
        name = f"{pair.first} - {pair.second}"
        table.add_row(name, _above(pair), *_difference(pair.usefulness, 1, 1), *_true(pair))
    return table


def _above(pair: Pair) -> str:
    return f"{pair.above}{f' (+{pair.level})' * bool(pair.level)} of {pair.documents}"


def _true(pair: Pair) -> tuple[str, str]:
    return ("-", "-") if pair.true is None else _difference(pair.true, 100, 0)


def _difference(found: Difference, times: float, digits: int) -> tuple[str, str]:
    return f"{found.mean * times:+.{digits}f}", f"{found.p:.3f}"


def _readers(board: Board) -> Table:
    columns = ("docs", "sentences", "agree", "kappa", "usefulness r")
    table = _table("readers", *columns)
    for one in board.agreement:
        numbers = (_figure(one.share, ".0%"), _figure(one.kappa), _figure(one.usefulness))
        table.add_row(" - ".join(one.readers), f"{one.documents}", f"{one.sentences}", *numbers)
    return table


def _figure(value: float | None, form: str = ".2f") -> str:
    return "-" if value is None else f"{value:{form}}"
