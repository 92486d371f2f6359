"""A simulated Ollama server, for benchmarks and tests of load, faults and timing.

The simulator is a program of its own, kept beside the project; see `SIMULATOR`. It runs in this
Python, which needs aiohttp for it (extra [dev]).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

SIMULATOR = Path(__file__).parents[3] / "shared" / "simollama" / "simollama.py"
VOCABULARY = "smollm2-show.json.gz"  # beside it: with this it counts as the real smollm2:135m


@dataclass(frozen=True)
class Simulation:
    """A running simulation."""

    url: str

    def reset(self, **changes: object) -> None:
        """Forget the journal, and change settings of the simulator by name."""
        httpx.post(f"{self.url}/reset", json=changes).raise_for_status()

    def journal(self) -> dict[str, Any]:
        """Return the simulator's state now, with a row for each request in "requests"."""
        journal: dict[str, Any] = httpx.get(f"{self.url}/journal", timeout=60).json()
        return journal

    def requests(self) -> list[dict[str, Any]]:
        """Return a row for each request."""
        rows: list[dict[str, Any]] = self.journal()["requests"]
        return rows


@contextlib.contextmanager
def simulated(*, simulator: Path = SIMULATOR, **options: object) -> Iterator[Simulation]:
    """Run the simulator with options of its own: `slots=4`, `f_500=0.1`, `no_mark=True`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {"port": port, "vocab": simulator.parent / VOCABULARY, **options}
    flags = [
        f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
        for name, value in given.items()
    ]
    command = [sys.executable, str(simulator), *flags]
    with subprocess.Popen(command) as server:  # noqa: S603 - the simulator that the user named
        try:
            yield _ready(Simulation(f"http://127.0.0.1:{port}"), server)
        finally:
            server.terminate()


def _ready(simulation: Simulation, server: subprocess.Popen[bytes]) -> Simulation:
    deadline = time.monotonic() + 30
    while True:
        try:
            simulation.reset()
        except httpx.TransportError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
            time.sleep(0.1)
        else:
            return simulation
