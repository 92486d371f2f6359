"""What readers' verdicts come to: for each task and system, for pairs of systems, of readers.

A document's value for a system is the mean over its readers; means, intervals and tests are over
documents (`eval.stats`). A summary without text counts with its usefulness and rank, and has no
shares.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import combinations
from statistics import StatisticsError, correlation, fmean
from typing import TYPE_CHECKING

from eval.reading.verdicts import VERDICTS
from eval.stats import compare, estimate

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from eval.reading.verdicts import Judged, Reading, Readings
    from eval.stats import Difference, Estimate

ALL = "all tasks"
READERS = 2  # a sheet with fewer is one person's opinion


@dataclass(frozen=True)
class System:
    """What readers thought of a system. `sentences` counts each once, however many read it.

    `shares` are of T, P, F and E, None where no summary had text, as in `empty` of `documents`;
    `usefulness` is from 0 to 10; `rank` is the mean, 1 the best.
    """

    name: str
    documents: int
    empty: int
    sentences: int
    shares: dict[str, Estimate] | None
    usefulness: Estimate
    rank: float


@dataclass(frozen=True)
class Pair:
    """Two systems on the documents that both were read on; `above` are the first's, by rank.

    The differences are the first's minus the second's: in usefulness, and in the share of true
    sentences where both have text (None where that is nowhere).
    """

    first: str
    second: str
    documents: int
    above: int
    level: int
    below: int
    usefulness: Difference
    true: Difference | None


@dataclass(frozen=True)
class Agreement:
    """How far two readers agree on the sheets that both read.

    `share` is of the sentences, `kappa` Cohen's, `usefulness` Pearson's correlation over the
    summaries; None where it is not defined.
    """

    readers: tuple[str, str]
    documents: int
    sentences: int
    share: float | None
    kappa: float | None
    usefulness: float | None


@dataclass(frozen=True)
class Board:
    """What was read of a task, or of all: systems, the most useful first, and the pairs."""

    task: str
    documents: int
    readings: int
    systems: tuple[System, ...]
    pairs: tuple[Pair, ...]
    agreement: tuple[Agreement, ...]


@dataclass(frozen=True)
class _Value:
    """A system's values on one document, each a mean over the readers."""

    shares: dict[str, float] | None
    usefulness: float
    rank: float
    sentences: int


def tally(readings: Sequence[Reading], seed: int = 0) -> list[Board]:
    """Return a board for each task, and, where there are several, one for all of them."""
    tasks = list(dict.fromkeys(reading.task for reading in readings))
    boards = [_board(task, [r for r in readings if r.task == task], seed) for task in tasks]
    return boards if len(tasks) < 2 else [*boards, _board(ALL, readings, seed)]


def warnings(readings: Readings) -> Iterator[str]:
    """Yield what makes a tally doubtful: sheets that wait, sheets that one reader read."""
    if readings.waiting:
        yield f"{len(readings.waiting)} forms are not filled in: {_some(readings.waiting)}"
    readers: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for one in readings.done:
        readers[one.task, one.document].add((one.sheets, one.reader))
    few = [document for document, found in readers.items() if len(found) < READERS]
    if few:
        yield f"{len(few)} documents have fewer than {READERS} readers: {_some(few)}"


def _some(names: Sequence[tuple[str, str]]) -> str:
    return ", ".join(" ".join(name) for name in names[:3]) + ", ..." * (len(names) > 3)


def _board(task: str, readings: Sequence[Reading], seed: int) -> Board:
    values = _values(readings)
    order = sorted(
        values, key=lambda name: -fmean(value.usefulness for value in values[name].values())
    )
    return Board(
        task=task,
        documents=len({(one.task, one.document) for one in readings}),
        readings=len(readings),
        systems=tuple(_system(name, list(values[name].values()), seed) for name in order),
        pairs=tuple(
            pair
            for first, second in combinations(order, 2)
            if (pair := _pair(first, second, values, seed)) is not None
        ),
        agreement=tuple(agreements(readings)),
    )


def _values(readings: Sequence[Reading]) -> dict[str, dict[tuple[str, str], _Value]]:
    """Return each system's values by document."""
    found: dict[str, dict[tuple[str, str], list[Judged]]] = defaultdict(lambda: defaultdict(list))
    for reading in readings:
        for system, judged in reading.systems.items():
            found[system][reading.task, reading.document].append(judged)
    return {
        system: {document: _value(judged) for document, judged in documents.items()}
        for system, documents in found.items()
    }


def _value(several: Sequence[Judged]) -> _Value:
    written = [one for one in several if one.sentences]
    return _Value(
        shares={v: fmean(one.share(v) for one in written) for v in VERDICTS} if written else None,
        usefulness=fmean(one.usefulness for one in several),
        rank=fmean(one.rank for one in several),
        sentences=sum(map(len, {one.sentences for one in several})),
    )


def _system(name: str, values: Sequence[_Value], seed: int) -> System:
    shares = [value.shares for value in values if value.shares is not None]
    return System(
        name=name,
        documents=len(values),
        empty=len(values) - len(shares),
        sentences=sum(value.sentences for value in values),
        shares={v: estimate([share[v] for share in shares], seed) for v in VERDICTS}
        if shares
        else None,
        usefulness=estimate([value.usefulness for value in values], seed),
        rank=fmean(value.rank for value in values),
    )


def _pair(
    first: str, second: str, values: Mapping[str, Mapping[tuple[str, str], _Value]], seed: int
) -> Pair | None:
    """Compare two systems; None where no document was read with both."""
    ours, theirs = values[first], values[second]
    both = [(ours[document], theirs[document]) for document in ours if document in theirs]
    if not both:
        return None
    true = [(a.shares["T"], b.shares["T"]) for a, b in both if a.shares and b.shares]
    return Pair(
        first=first,
        second=second,
        documents=len(both),
        above=sum(a.rank < b.rank for a, b in both),
        level=sum(a.rank == b.rank for a, b in both),
        below=sum(a.rank > b.rank for a, b in both),
        usefulness=compare([a.usefulness for a, _ in both], [b.usefulness for _, b in both], seed),
        true=compare([a for a, _ in true], [b for _, b in true], seed) if true else None,
    )


def agreements(readings: Sequence[Reading]) -> Iterator[Agreement]:
    """Yield how far each two readers agree who have a sheet in common."""
    sheets: dict[tuple[str, str, str], dict[str, Reading]] = defaultdict(dict)
    for one in readings:
        sheets[one.sheets, one.task, one.document][one.reader] = one
    names = sorted({one.reader for one in readings})
    for first, second in combinations(names, 2):
        both = [(s[first], s[second]) for s in sheets.values() if first in s and second in s]
        if both:
            yield _agreement((first, second), both)


def _agreement(readers: tuple[str, str], sheets: Sequence[tuple[Reading, Reading]]) -> Agreement:
    summaries = [
        (mine.systems[name], yours.systems[name]) for mine, yours in sheets for name in mine.systems
    ]
    verdicts = [
        pair
        for mine, yours in summaries
        for pair in zip(mine.verdicts, yours.verdicts, strict=True)
    ]
    return Agreement(
        readers=readers,
        documents=len(sheets),
        sentences=len(verdicts),
        share=fmean(a == b for a, b in verdicts) if verdicts else None,
        kappa=kappa(verdicts),
        usefulness=_correlation([(mine.usefulness, yours.usefulness) for mine, yours in summaries]),
    )


def kappa(pairs: Sequence[tuple[Hashable, Hashable]]) -> float | None:
    """Return Cohen's kappa (1960) of two raters' verdicts on the same things.

    None where it is not defined: there is nothing, or both gave one and the same verdict always.
    """
    if not pairs:
        return None
    n = len(pairs)
    mine, yours = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(mine[verdict] * yours[verdict] for verdict in mine)  # of n * n
    agreed = sum(a == b for a, b in pairs)
    if chance == n * n:
        return None
    return (agreed * n - chance) / (n * n - chance)


def _correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    try:
        return correlation([a for a, _ in pairs], [b for _, b in pairs])
    except StatisticsError:  # fewer than two, or all alike
        return None
