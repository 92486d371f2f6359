"""What a run tells about itself while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pipeline.core.plan import Node, Plan
    from pipeline.core.result import Result
    from pipeline.tree import Summary


@dataclass(frozen=True)
class Planned:
    """The plan is made; of its `plan.calls` model calls, `done` are in the cache already."""

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
