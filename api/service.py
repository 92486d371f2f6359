"""Everything that one running service consists of, handed to the routes as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.errors import Problem, wait
from api.keys import KeyRing
from api.slots import Full, Gate

if TYPE_CHECKING:
    from api.engine import Engine
    from api.metrics import Metrics
    from api.settings import ServiceSettings
    from api.slots import Ticket

RETRY_SECONDS = 5  # after which a place in the line may be free


@dataclass
class Service:
    """A running service."""

    settings: ServiceSettings
    engine: Engine
    metrics: Metrics
    keys: KeyRing = field(init=False)
    gate: Gate = field(init=False)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.keys = KeyRing(self.settings.api_keys)
        self.gate = Gate(self.settings.runs, self.settings.waiting)
        self.metrics.watch(
            "py_llama_waiting_requests", "Requests in line", lambda: self.gate.in_line
        )
        self.metrics.watch(
            "py_llama_waiting_calls", "Model calls in line", lambda: self.engine.pool.waiting
        )

    def enter(self) -> Ticket:
        """Take a place among the requests that are summarized.

        Raises:
            Problem: the line is full, or the service is stopping.
        """
        if self.stopping:
            raise Problem("stopping", "Send the request again.", wait(RETRY_SECONDS))
        try:
            return self.gate.enter()
        except Full:
            raise Problem(
                "busy", "Try again, or use POST /jobs, which waits for you.", wait(RETRY_SECONDS)
            ) from None
