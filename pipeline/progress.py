"""What a terminal shows while a run goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TextColumn

from pipeline.types import Chunk, Delta, Event, Plan, Planned, Summarized

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

TAIL = 60  # characters of the final summary that are shown while it is written


@dataclass
class Tally:
    """Counts of a run in flight. `written` is in tokens, of calls that were made just now."""

    plan: Plan
    started: float = field(default_factory=time.monotonic)
    chunks: int = 0
    merges: int = 0
    cached: int = 0
    written: int = 0

    def add(self, event: Summarized) -> None:
        """Count a finished call."""
        if isinstance(event.node, Chunk):
            self.chunks += 1
        else:
            self.merges += 1
        if event.cached:
            self.cached += 1
        else:
            self.written += event.summary.tokens

    @property
    def made(self) -> int:
        """Calls that were made just now."""
        return self.chunks + self.merges - self.cached

    def counts(self) -> str:
        """Return "chunks 12/96  merges 2/19"."""
        merges = len(self.plan.merges)
        chunks = f"chunks {self.chunks}/{len(self.plan.leaves)}"
        return f"{chunks}  merges {self.merges}/{merges}" if merges else chunks

    def pace(self, now: float) -> str:
        """Return tokens written per second and the time left, once there is something to go by."""
        seconds = now - self.started
        if not self.made or seconds <= 0:
            return "first calls under way"
        left = (self.plan.calls - self.chunks - self.merges) * seconds / self.made
        return f"{self.written / seconds:.0f} tokens/s  {spell_seconds(left)} left"


def spell_seconds(seconds: float) -> str:
    """Spell a duration as people say it: "45 s", "12 min", "3 h 20 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


class RunProgress:
    """A live line for one run; call it with every event."""

    def __init__(self, console: Console, name: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[counts]}"),
            TextColumn("{task.fields[pace]}", style="dim"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task(name, total=None, counts="planning", pace="")
        self._tally: Tally | None = None
        self._done = 0
        self._draft = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show what an event changes."""
        if isinstance(event, Planned):
            self._tally = Tally(event.plan)
            self._done = event.done
            self._progress.update(self._task, total=event.plan.calls)
        elif isinstance(event, Summarized) and self._tally:
            self._tally.add(event)
        elif isinstance(event, Delta):
            self._draft = event.text if event.restart else self._draft + event.text
        self._refresh()

    def _refresh(self) -> None:
        if self._tally is None:
            return
        tail = " ".join(self._draft.split())[-TAIL:]
        self._progress.update(
            self._task,
            completed=max(self._done, self._tally.chunks + self._tally.merges),
            counts=self._tally.counts(),
            pace=f"… {tail}" if tail else self._tally.pace(time.monotonic()),
        )
