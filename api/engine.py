"""The engine: carries out the orders of requests and jobs, many at once."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api.model_pool import ObservedModel
from api.problems import Problem, retry_after, translated
from pipeline.core.events import ignore
from pipeline.core.summarizer import Summarizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Tracer

    from api.metrics import Metrics
    from api.model_pool import ModelPool
    from api.offers import Offer
    from api.orders import Order
    from pipeline.cache.store import Store
    from pipeline.core.events import Emit
    from pipeline.core.result import Result
    from pipeline.settings import Settings

RETRY_STOPPED_SECONDS = 5  # after which the service may be there again


@dataclass(frozen=True)
class PreparedOrder:
    """An order that was checked, with its model opened: ready to run."""

    order: Order
    offer: Offer
    summarizer: Summarizer


@dataclass
class Engine:
    """Carries out orders with the offered models and one cache of finished calls.

    Each run is a task of its own, so that `stop` can end it without cancelling who awaits it.
    """

    settings: Settings
    pool: ModelPool
    store: Store
    metrics: Metrics
    tracer: Tracer
    max_characters: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _runs: set[asyncio.Task[Result]] = field(default_factory=set)
    _stopping: bool = False
    # Cutting a long text takes seconds of the processor; two at once leave the others theirs.
    _planners: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="planner")
    )

    def check(self, order: Order) -> Offer:
        """Check what can be checked without a model.

        Raises:
            Problem: the order cannot be carried out.
        """
        if len(order.text) > self.max_characters:
            raise Problem("text-too-long", f"Send at most {self.max_characters} characters.")
        if not order.text.strip() or (order.query is not None and not order.query.strip()):
            raise Problem("blank", "There is nothing in the text, or in the query.")
        return self.pool.offer(order.model)

    async def prepare(self, order: Order) -> PreparedOrder:
        """Open the model and check that the order fits it.

        Raises:
            Problem: the order cannot be carried out.
        """
        offer = self.check(order)
        model = await self.pool.get(offer)
        shared = ObservedModel(
            model, self.pool.slots_of(offer), next(self._numbers), self.metrics, self.tracer
        )
        summarizer = Summarizer.from_settings(
            shared,
            self.settings,
            store=self.store,
            words=order.words,
            language=order.language,
            query=order.query,
            sources=order.sources,
        )
        with translated(offer):
            summarizer.budget()
        return PreparedOrder(order, offer, summarizer)

    async def run(self, prepared: PreparedOrder, kind: str, emit: Emit = ignore) -> Result:
        """Summarize; `kind` is for the metrics. Cancelling this cancels the model's calls.

        Raises:
            Problem: the model's server or the model cannot be had, or the service stops.
        """
        if self._stopping:
            raise _stopped()
        run = asyncio.create_task(self._run(prepared, kind, emit))
        self._runs.add(run)
        run.add_done_callback(self._runs.discard)
        try:
            return await run
        except asyncio.CancelledError:
            if self._stopping:
                raise _stopped() from None
            raise
        finally:
            run.cancel()
            await asyncio.wait([run])  # its calls have left the model server when this returns

    async def _run(self, prepared: PreparedOrder, kind: str, emit: Emit) -> Result:
        document = prepared.order.document
        loop = asyncio.get_running_loop()
        with self._counted(kind), translated(prepared.offer):
            began = time.monotonic()
            plan = await loop.run_in_executor(self._planners, prepared.summarizer.plan, document)
            self.metrics.stages.labels("plan").observe(time.monotonic() - began)
            result = await prepared.summarizer.run(plan, emit)
        self.metrics.count_result(result)
        return result

    def stop(self) -> int:
        """End every run that is under way; return how many that were."""
        self._stopping = True
        for run in self._runs:
            run.cancel()
        return len(self._runs)

    @contextlib.contextmanager
    def _counted(self, kind: str) -> Iterator[None]:
        end = "failed"
        with (
            self.metrics.running.labels(kind).track_inprogress(),
            self.metrics.stages.labels("run").time(),
        ):
            try:
                yield
                end = "done"
            except asyncio.CancelledError:
                end = "cancelled"
                raise
            finally:
                self.metrics.runs.labels(kind, end).inc()

    async def aclose(self) -> None:
        """Release the models."""
        self._planners.shutdown(wait=False, cancel_futures=True)
        await self.pool.aclose()


def _stopped() -> Problem:
    return Problem("stopping", "Send the request again.", retry_after(RETRY_STOPPED_SECONDS))
