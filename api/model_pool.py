"""The models that requests may name, each opened once, with its calls shared between runs."""

from __future__ import annotations

import asyncio
import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind, StatusCode

from api.problems import Problem, translated
from pipeline.models.fair_queue import FairQueue, SharedModel

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from opentelemetry.trace import Span, Tracer

    from api.metrics import Metrics
    from api.offers import Offer
    from pipeline.models.base import ChatModel, Reply

CHECK_SECONDS = 1.0  # for which a check of a model server holds


@dataclass
class ModelPool:
    """Opens the offered models, each when it is first asked for; the first offer is the default.

    `open` and `probe` block, so they are called in threads; `probe` raises ModelUnavailable where
    the model cannot be had now. `slots` calls are in flight at once for each model.
    """

    offers: tuple[Offer, ...]
    open: Callable[[str], ChatModel]
    probe: Callable[[str], None]
    slots: int
    _opened: dict[str, ChatModel] = field(default_factory=dict)
    _slots: dict[str, FairQueue] = field(default_factory=dict)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _checked: dict[str, tuple[float, Problem | None]] = field(default_factory=dict)
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def default(self) -> Offer:
        """The model for requests that name none."""
        return self.offers[0]

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot, of all models."""
        return sum(slots.waiting for slots in self._slots.values())

    def offer(self, name: str | None) -> Offer:
        """Return the offer of this name, or the default.

        Raises:
            Problem: there is none.
        """
        if name is None:
            return self.default
        for offer in self.offers:
            if offer.name == name:
                return offer
        raise Problem("model-not-offered", "Take one of those that GET /models names.")

    def opened(self, offer: Offer) -> ChatModel | None:
        """Return the model if it has been opened already."""
        return self._opened.get(offer.name)

    async def get(self, offer: Offer) -> ChatModel:
        """Return the model, opened.

        Raises:
            Problem: its server or the model cannot be had.
        """
        opened = self._opened.get(offer.name)
        if opened is not None:  # no waiting for another model that is being opened
            return opened
        async with self._opening:
            if offer.name not in self._opened:
                with translated(offer):
                    self._opened[offer.name] = await asyncio.to_thread(self.open, offer.name)
                self._slots[offer.name] = FairQueue(self.slots)
        return self._opened[offer.name]

    async def check(self, offer: Offer) -> None:
        """Check that a model can be had, now or a second ago.

        Raises:
            Problem: its server or the model cannot be had.
        """
        async with self._checking:  # one at a time: anybody may ask, as often as they like
            checked, problem = self._checked.get(offer.name, (-math.inf, None))
            if time.monotonic() - checked > CHECK_SECONDS:
                problem = await self._problem(offer)
                self._checked[offer.name] = time.monotonic(), problem
        if problem is not None:
            raise problem

    async def _problem(self, offer: Offer) -> Problem | None:
        try:
            with translated(offer):
                await asyncio.to_thread(self.probe, offer.name)
            await self.get(offer)
        except Problem as problem:
            return problem
        return None

    def slots_of(self, offer: Offer) -> FairQueue:
        """Return the slots of a model that has been opened."""
        return self._slots[offer.name]

    async def aclose(self) -> None:
        """Close every model."""
        for model in self._opened.values():
            await model.aclose()


@dataclass(frozen=True)
class ObservedModel(SharedModel):
    """A model as one run sees it: its calls take fair turns, and are counted and traced."""

    metrics: Metrics
    tracer: Tracer

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask the model when this run's turn has come; see `ChatModel.complete`."""
        asked = time.monotonic()
        async with self.slots.slot(self.run):
            self.metrics.stages.labels("slot").observe(time.monotonic() - asked)
            with (
                self.metrics.in_flight.labels(self.name).track_inprogress(),
                self.metrics.stages.labels("call").time(),
                self._span(max_tokens) as span,
            ):
                try:
                    reply = await self.model.complete(
                        system, user, max_tokens=max_tokens, attempt=attempt, emit=emit
                    )
                except BaseException as error:
                    self._failed(span, error)
                    raise
                span.set_attributes(
                    {
                        "gen_ai.usage.input_tokens": reply.prompt_tokens,
                        "gen_ai.usage.output_tokens": reply.output_tokens,
                        "gen_ai.response.finish_reasons": [reply.finish],
                    }
                )
        self.metrics.count_reply(self.name, reply)
        return reply

    def _span(self, max_tokens: int) -> AbstractContextManager[Span]:
        provider, _, name = self.name.partition(":")
        return self.tracer.start_as_current_span(
            f"chat {name or provider}",
            kind=SpanKind.CLIENT,
            attributes={
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": provider,
                "gen_ai.request.model": name or provider,
                "gen_ai.request.max_tokens": max_tokens,
            },
            record_exception=False,  # its text may hold what the server said
            set_status_on_exception=False,
        )

    def _failed(self, span: Span, error: BaseException) -> None:
        name = type(error).__name__
        span.set_attribute("error.type", name)
        span.set_status(StatusCode.ERROR)
        self.metrics.calls.labels(self.name, name).inc()
