"""The whole algorithm: one walk over the planned tree.

Every node is made of its sources, by its own step: a chunk's summary of the chunk, a merge of what
its sources came to. A node waits for its own sources and for nothing else; the model's limiter
bounds the calls in flight. The tree is planned before the first call, so nothing that a model
answers can make a run longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.ask import gather
from pipeline.tree import Summary

if TYPE_CHECKING:
    from pipeline.core.plan import Node
    from pipeline.core.question import Answer
    from pipeline.core.run import Run
    from pipeline.core.tools import Tools


async def summarize(node: Node, run: Run, before: str = "") -> Summary:
    """Make a node's summary: those of its sources first, then its own.

    Sources are made all at once, or in turn where each is made of the one `before` it.
    """
    sources: list[Summary] = []
    if node.step.in_turn:
        for source in node.sources:
            sources.append(await summarize(source, run, sources[-1].text if sources else ""))
    else:
        sources = await gather([summarize(source, run) for source in node.sources])
    answer = await node.step.make(node, sources, before, run.tools)
    summary = Summary(
        answer.text,
        run.tools.count(answer.text),
        node.level,
        tuple(sources) or node.chunks,
        answer.stand_in,
    )
    if node.final:
        summary = await run.fit(summary)
    run.tell(node, summary, answer)
    return summary


def on_record(node: Node, tools: Tools, before: str = "") -> tuple[int, Answer | None]:
    """Count the calls below and at a node that need not be made; return its text if it is there.

    The same walk, asking nobody.
    """
    done = 0
    sources: list[Answer] = []
    for source in node.sources:
        last = sources[-1].text if sources and node.step.in_turn else ""
        calls, answer = on_record(source, tools, last)
        done += calls
        if answer is not None:
            sources.append(answer)
        elif node.step.in_turn:
            break
    if len(sources) < len(node.sources):
        return done, None
    own = node.step.recorded(node, sources, before, tools)
    return (done, None) if own is None else (done + node.step.calls, own)
