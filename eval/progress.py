"""How far a run is, as a line of a terminal that changes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eval.run import RunProgress


@contextmanager
def live_progress() -> Iterator[Callable[[RunProgress], None]]:
    """Yield what shows how far a run is: a live line on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f} documents{task.fields[calls]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=None, calls="")

        def tell(now: RunProgress) -> None:
            calls = f", {now.calls}/{now.planned} calls" if now.planned else ""
            progress.update(
                bar,
                description=f"{now.variant} {now.id}",
                completed=now.done,
                total=now.total,
                calls=calls,
            )

        yield tell
