"""The metrics of the service, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.core.result import Result
    from pipeline.models.base import Reply

SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """Counters of one application, in a registry of their own.

    Stages: `wait` (in the queue), `plan` (cutting the text into chunks), `slot` (waiting until the
    model takes a call), `call` (one model call) and `run` (all of a summary).
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "py_llama_requests",
            "HTTP requests",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "py_llama_request_seconds",
            "Seconds from a request to the end of its answer",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.runs = Counter(
            "py_llama_runs", "Summaries, by how they ended", ["kind", "end"], registry=self.registry
        )
        self.running = Gauge(
            "py_llama_runs_running", "Summaries under way", ["kind"], registry=self.registry
        )
        self.calls = Counter(
            "py_llama_calls",
            "Model calls, by how they ended",
            ["model", "end"],
            registry=self.registry,
        )
        self.in_flight = Gauge(
            "py_llama_calls_in_flight", "Model calls under way", ["model"], registry=self.registry
        )
        self.tokens = Counter(
            "py_llama_tokens",
            "Tokens that models read (prompt) and wrote (answer)",
            ["model", "kind"],
            registry=self.registry,
        )
        self.stages = Histogram(
            "py_llama_stage_seconds",
            "Seconds by stage",
            ["stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.cached = Counter(
            "py_llama_cache_hits", "Calls answered from the cache", registry=self.registry
        )
        self.retries = Counter("py_llama_retries", "Calls beyond the plan", registry=self.registry)
        self.stand_ins = Counter(
            "py_llama_stand_ins", "Stretches that no answer covers", registry=self.registry
        )

    def watch(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Show a value that is asked for whenever the metrics are read."""
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def count_reply(self, model: str, reply: Reply) -> None:
        """Count a call that was answered."""
        self.calls.labels(model, "answered").inc()
        self.tokens.labels(model, "prompt").inc(reply.prompt_tokens)
        self.tokens.labels(model, "answer").inc(reply.output_tokens)

    def count_result(self, result: Result) -> None:
        """Count what a finished run says of itself."""
        self.cached.inc(result.cached_calls)
        self.retries.inc(max(0, result.retry_calls))
        self.stand_ins.inc(len(result.stand_ins))

    def text(self) -> bytes:
        """Return everything in Prometheus's text format."""
        return generate_latest(self.registry)
