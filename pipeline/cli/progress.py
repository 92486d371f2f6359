"""The live picture of a run on a terminal."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.text import Text

from pipeline.core.events import Delta, Event, Planned, Summarized
from pipeline.text.display import spell_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.console import Console, ConsoleOptions, RenderResult

    from pipeline.core.plan import Plan

GLYPHS = "░▒▓█"  # of a cell, from nothing done to all
ASCII = ".:+#"
REFRESH = 8  # pictures a second
WIDEST = 100  # cells of a row
ROOMY = 3  # cells for a node, from which on nodes are set apart
TAIL = 60  # characters of the final summary that are shown while it is written


@dataclass
class Counts:
    """Counts of a run under way: of nodes that are told of, and of calls.

    `written` is in tokens, without those of cached calls.
    """

    plan: Plan
    started: float = field(default_factory=time.monotonic)
    chunks: int = 0
    merges: int = 0
    calls: int = 0
    cached: int = 0
    written: int = 0

    def add(self, event: Summarized) -> None:
        """Count a finished node and its calls."""
        self.calls += event.node.step.calls
        if event.node.chunks:
            self.chunks += 1
        else:
            self.merges += 1
        if event.cached:
            self.cached += event.node.step.calls
        else:
            self.written += event.summary.tokens

    @cached_property
    def _of(self) -> tuple[int, int]:
        """How many chunks and merges are told of."""
        told = [node for node in self.plan.nodes if node.step.calls or node.final]
        merges = sum(bool(node.sources) for node in told)
        return len(told) - merges, merges

    @property
    def made(self) -> int:
        """Finished calls that were not cached."""
        return self.calls - self.cached

    def parts(self) -> str:
        """Return "chunks 12/96  merges 2/19"."""
        chunks, merges = self._of
        parts = [f"chunks {self.chunks}/{chunks}"] if chunks else []
        return "  ".join([*parts, f"merges {self.merges}/{merges}"] if merges else parts)

    def pace(self, now: float) -> str:
        """Return tokens written per second and the time left, once a call has been made."""
        seconds = now - self.started
        if not self.made or seconds <= 0:
            return "first calls under way"
        left = (self.plan.calls - self.calls) * seconds / self.made
        return f"{self.written / seconds:.0f} tokens/s  {spell_seconds(left)} left"


class RunProgress:
    """Shows one run; call it with every event.

    The lowest row is the document, chunk by chunk. Above it stand the merges, each over what it
    covers, and on top the final summary.
    """

    def __init__(self, console: Console, name: str) -> None:
        self._live = Live(self, console=console, transient=True, refresh_per_second=REFRESH)
        self._name = name
        self._counts: Counts | None = None
        self._levels: list[list[tuple[int, int]]] = []
        self._done: dict[int, list[tuple[int, int]]] = defaultdict(list)  # finished nodes by level
        self._draft = ""

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Note an event; the next picture shows it."""
        if isinstance(event, Planned):
            self._counts = Counts(event.plan)
            self._levels = _levels(event.plan)
        elif isinstance(event, Summarized) and self._counts:
            self._counts.add(event)
            self._done[event.summary.level].append((event.node.start, event.node.end))
        elif isinstance(event, Delta):
            self._draft = event.text if event.restart else self._draft + event.text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the picture, as rich has it."""
        if self._counts is None:
            yield Text(f"{self._name}  planning", overflow="ellipsis", no_wrap=True)
            return
        glyphs = ASCII if options.ascii_only else GLYPHS
        width = min(options.max_width, WIDEST)
        for level, nodes in reversed(list(enumerate(self._levels))):
            row = draw_row(nodes, self._done[level], width, glyphs)
            yield Text(row, style="cyan" if level else "green", no_wrap=True)
        tail = " ".join(self._draft.split())[-TAIL:]
        pace = f"… {tail}" if tail else self._counts.pace(time.monotonic())
        line = Text(f"{self._name}  {self._counts.parts()}  ", overflow="ellipsis", no_wrap=True)
        yield line.append(pace, style="dim")


def _levels(plan: Plan) -> list[list[tuple[int, int]]]:
    """Return what the nodes of each level cover, as (start, end) in characters; chunks first."""
    levels: list[list[tuple[int, int]]] = [[] for _ in range(plan.levels)]
    levels[0] = [(leaf.start, leaf.end) for leaf in plan.leaves]
    for merge in plan.merges:
        levels[merge.level].append((merge.start, merge.end))
    return levels


def draw_row(
    nodes: Sequence[tuple[int, int]], done: Sequence[tuple[int, int]], width: int, glyphs: str
) -> str:
    """Draw the nodes of a level, each as wide as its share of the text.

    Where there is room, the last cell of each node is left free.

    Args:
        nodes: What each covers, as (start, end) in characters.
        done: Those of them that are finished.
        width: Of the row, in cells.
        glyphs: A cell's looks, from nothing done to all done.
    """
    length = max(end for _, end in nodes)
    cells = [" "] * width
    finished = set(done)
    starts, ends = [start for start, _ in nodes], [end for _, end in nodes]
    for cell in range(width):
        low, high = cell * length / width, (cell + 1) * length / width
        inside = nodes[bisect_right(ends, low) : bisect_left(starts, high)]
        if inside:
            share = sum(node in finished for node in inside) / len(inside)
            cells[cell] = glyphs[int(share * (len(glyphs) - 1))]
    if len(nodes) * ROOMY <= width:
        for _, end in nodes:
            cells[min(width, round(end * width / length)) - 1] = " "
    return "".join(cells)
