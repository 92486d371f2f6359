"""One run of a plan: what it has counted so far, whom it tells, and its result."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.core.compose import Part
from pipeline.core.events import Delta, Summarized
from pipeline.core.result import Result
from pipeline.evidence.trace import trace
from pipeline.text.languages import NAMES, language_of
from pipeline.tree import Chunk, join_stretches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.events import Emit
    from pipeline.core.plan import Node, Plan
    from pipeline.core.question import Answer
    from pipeline.core.tools import Tools
    from pipeline.tree import Summary


@dataclass
class Run:
    """A run: its plan, the tools that steps work with, and counts of what was done.

    With `sources`, the result traces each sentence to the document's own.
    """

    plan: Plan
    tools: Tools
    emit: Emit
    sources: bool = False
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    cached: int = 0
    verified: int = 0
    anew: list[tuple[int, int]] = field(default_factory=list)

    async def fit(self, summary: Summary) -> Summary:
        """Bring the final summary to its length; for a book that takes a second."""
        parts = [Part(chunk, text) for chunk, text in parts_of(summary)]
        text = await self.tools.fit(summary.text, parts, stand_in=summary.stand_in)
        if text == summary.text:
            return summary
        return replace(summary, text=text, tokens=self.tools.count(text))

    def tell(self, node: Node, summary: Summary, answer: Answer) -> None:
        """Count what a call came to, and tell of it. Of what is chosen only the end is told."""
        if node.final and (summary.text != answer.text or not node.step.heard):
            self.emit(Delta(summary.text, restart=True))
        if node.step.calls:
            self.done += node.step.calls
            self.cached += answer.cached
            self.verified += answer.verified
            if node.chunks and answer.cached < node.step.calls:
                self.anew.append((node.start, node.end))
        if node.step.calls or node.final:
            cached = bool(node.step.calls) and answer.cached == node.step.calls
            self.emit(Summarized(node, summary, self.done, self.plan.calls, cached))

    async def result(self, root: Summary) -> Result:
        """Return the result of a run that came to this final summary."""
        plan, caller = self.plan, self.tools.caller
        language = language_of(root.text)
        return Result(
            summary=root.text,
            root=root,
            plan=plan,
            model=caller.model.name,
            model_digest=caller.model.digest,
            exact=caller.model.exact,
            map_calls=plan.map_calls,
            merge_calls=plan.merge_calls,
            retry_calls=caller.sent + caller.recalled - (plan.calls - self.cached),
            cached_calls=self.cached + caller.recalled,
            prompt_tokens=caller.prompt_tokens,
            output_tokens=caller.output_tokens,
            verified=self.verified,
            stand_ins=tuple(sorted(caller.stand_ins, key=lambda s: (s.start, s.end, s.reason))),
            left_out=tuple(sorted(caller.left_out, key=lambda one: (one.start, one.end))),
            anew=join_stretches(self.anew),
            warnings=(
                *plan.document.warnings,
                *caller.model.warnings,
                *filter(None, [plan.note]),
                *self._in_another(language),
            ),
            seconds=time.monotonic() - self.started,
            share=self._share(),
            language=language,
            # A book takes seconds, in which other runs of this loop go on.
            evidence=await asyncio.to_thread(
                trace,
                plan.document,
                root,
                self.tools.query,
                plan.languages,
                self.tools.answers.knobs,
            )
            if self.sources
            else None,
        )

    def _in_another(self, found: str | None) -> Iterator[str]:
        """Warn of a summary that is in another language than was asked for."""
        asked = self.plan.languages.asked
        if asked is not None and found not in (None, asked):
            yield f"the summary is in {NAMES[found]}: the model did not write {NAMES[asked]}"

    def _share(self) -> float:
        """Return how much of the text the model itself read."""
        read = sum(len(node.step.read(node, self.tools)) for node in self.plan.nodes)
        whole = sum(len(chunk.text) for chunk in self.plan.chunks if chunk.text.strip())
        return min(1.0, read / whole)


def parts_of(summary: Summary) -> Iterator[tuple[Chunk, str]]:
    """Yield the chunks below a summary, each with its own partial summary."""
    for source in summary.sources:
        if isinstance(source, Chunk):
            yield source, summary.text
        else:
            yield from parts_of(source)
