"""Statistics of a run over a corpus: counts, tokens, cost, time left, the summary at the end."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline.text.display import spell_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pipeline.corpus.ledger import Outcome

SLOWEST = 5  # documents that the summary names
FEW = 100  # documents; a share of failures among fewer says little


@dataclass
class Tally:
    """Counts of answered calls, and of the tokens that they read and wrote."""

    calls: int = 0
    read: int = 0
    written: int = 0

    def add(self, calls: int, read: int, written: int) -> None:
        """Count some calls."""
        self.calls += calls
        self.read += read
        self.written += written


@dataclass(frozen=True)
class Prices:
    """What a run costs, in any currency: for a million tokens read and written, and for an hour."""

    read: float = 0.0
    written: float = 0.0
    hour: float = 0.0

    def cost(self, read: int, written: int, seconds: float) -> float:
        """Return the cost of so many tokens and seconds."""
        return (read * self.read + written * self.written) / 1e6 + seconds / 3600 * self.hour


@dataclass
class BatchStats:
    """Statistics of one run. Times are in seconds, on the clock that `started` was read from.

    `before` is how many documents earlier runs finished. `copied` were not summarized, because
    another document has the same text. `live` counts calls as they are answered; without it, the
    calls of a document count once it is finished.
    """

    started: float
    before: int = 0
    prices: Prices = field(default_factory=Prices)
    finished: int = 0
    copied: int = 0
    live: Tally | None = None
    cached: int = 0
    stand_ins: int = 0
    left_out: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)  # each once, in their order
    _done: Tally = field(default_factory=Tally)  # of finished documents
    _shares: tuple[float, float] | None = None  # of the corpus: read at first, and by now

    @property
    def failed(self) -> int:
        """How many documents failed in this run."""
        return self.failures.total()

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count the outcomes of some documents."""
        for outcome in outcomes:
            if outcome.share is not None:
                first, last = self._shares or (outcome.share, outcome.share)
                self._shares = first, max(last, outcome.share)
            if outcome.result is None:
                self.failures[outcome.kind] += 1
            else:
                self._add(outcome.id, outcome.result)

    def _add(self, name: str, result: Mapping[str, Any]) -> None:
        calls, usage = result["calls"], result["usage"]
        self.finished += 1
        if "same_as" in result:
            self.copied += 1
            return
        made = calls["map"] + calls["merge"] + calls["retry"] - calls["cached"]
        self._done.add(made, usage["prompt_tokens"], usage["output_tokens"])
        self.cached += calls["cached"]
        self.warnings |= dict.fromkeys(result["warnings"])
        self.stand_ins += bool(result["read"]["stand_ins"])
        self.left_out += bool(result["left_out"])
        keep = heapq.heappush if len(self.slowest) < SLOWEST else heapq.heappushpop
        keep(self.slowest, (result["seconds"], name))

    def too_many_failed(self, share: float) -> bool:
        """Whether more than a share of the documents failed, as far as that can be told yet."""
        return self.failed > share * max(self.finished + self.failed, FEW)

    def seconds_left(self, now: float) -> float | None:
        """Return how long the rest may take; None as long as that cannot be told."""
        if self._shares is None or self._shares[0] == self._shares[1]:
            return None
        first, last = self._shares
        return (now - self.started) * (1 - last) / (last - first)

    def line(self, now: float) -> str:
        """Return the state in one line."""
        return ", ".join(self._parts(now))

    def _parts(self, now: float) -> Iterator[str]:
        seconds = max(now - self.started, 1e-9)
        tally = self.live or self._done
        yield _counted(self.before + self.finished, "document")
        if self.failed:
            yield f"{self.failed:,} failed"
        yield _counted(tally.calls, "call")
        yield f"{(tally.read + tally.written) / seconds:,.0f} tokens/s"
        if self.prices != Prices():
            yield f"cost {self.prices.cost(tally.read, tally.written, seconds):,.2f}"
        left = self.seconds_left(now)
        if left:
            yield f"{spell_seconds(left)} left"

    def summary(self, now: float) -> Iterator[str]:
        """Yield the lines that end a run."""
        yield f"{self.line(now)} in {spell_seconds(now - self.started)}"
        if self.before:
            yield f"{self.before:,} of the documents were finished by earlier runs"
        if self.copied:
            yield f"{self.copied:,} had the same text as another document"
        if self.cached:
            yield f"{_counted(self.cached, 'call')} came from the cache"
        if self.stand_ins:
            yield f"{self.stand_ins:,} with sentences of the source where calls failed"
        if self.left_out:
            yield f"{self.left_out:,} without sentences whose facts the source does not hold"
        for kind, number in self.failures.most_common():
            yield f"{number:,} failed: {kind}"
        slowest = ", ".join(f"{name} {spell_seconds(t)}" for t, name in sorted(self.slowest)[::-1])
        if slowest:
            yield f"slowest: {slowest}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
