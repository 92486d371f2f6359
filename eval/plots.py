"""Scatter plots, laid out for a picture of WIDTH x HEIGHT."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 400, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 30, 16, 44  # margins
LABEL = (24, 13)  # room of a point's number, which stands to its right


@dataclass(frozen=True)
class Point:
    """A point of a plot: x and y in its units, left and top in the picture's.

    `run` tells runs from baselines. `label` is how far down the picture its number stands, clear of
    its neighbours' numbers.
    """

    name: str
    x: float
    y: float
    left: float
    top: float
    label: float
    run: bool


@dataclass(frozen=True)
class Tick:
    """A tick of an axis: its label and its place in the picture."""

    label: str
    at: float


@dataclass(frozen=True)
class Plot:
    """A scatter plot."""

    title: str
    across: str
    up: str
    points: tuple[Point, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def plot(
    title: str, across: str, up: str, values: Sequence[tuple[str, float, float, bool]]
) -> Plot | None:
    """Lay out a plot of (name, x, y, whether it is a run); None where there is no point."""
    if not values:
        return None
    x_ticks = ticks([x for _, x, _, _ in values])
    y_ticks = ticks([y for _, _, y, _ in values])

    def left(x: float) -> float:
        share = (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def top(y: float) -> float:
        share = (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    points = [Point(name, x, y, left(x), top(y), top(y), run) for name, x, y, run in values]
    return Plot(
        title,
        across,
        up,
        tuple(_with_labels(points)),
        tuple(Tick(f"{x:,g}", left(x)) for x in x_ticks),
        tuple(Tick(f"{y:,g}", top(y)) for y in y_ticks),
    )


def _with_labels(points: Sequence[Point]) -> list[Point]:
    """Move numbers down where they would stand on others; the points keep their order."""
    width, height = LABEL
    labels: dict[int, float] = {}
    for i in sorted(range(len(points)), key=lambda i: points[i].top):
        near = [labels[j] for j in labels if abs(points[j].left - points[i].left) < width]
        labels[i] = max([points[i].top, *(label + height for label in near)])
    return [replace(point, label=labels[i]) for i, point in enumerate(points)]


def ticks(values: Sequence[float]) -> list[float]:
    """Return about five round numbers from 0 to beyond the largest value."""
    most = max(*values, 1e-9)
    step = 10.0 ** math.floor(math.log10(most / 4))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (factor * step) <= 5)
    count = math.floor(most / step) + 1
    return [round(i * step, 10) for i in range(count + 1)]
