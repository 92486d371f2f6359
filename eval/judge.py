"""A model's opinion of summaries: faithfulness and coherence. Off unless asked for.

It is reported apart from the scores, because a model's opinion is not a measurement: it favours
fluent and long answers and its own kind, and a small judge is hardly better than a coin. Check it
against your own reading before you believe a difference.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from eval.baselines import split_sentences
from eval.measures import words_of
from pipeline.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.records import Run
    from eval.tasks import Item
    from pipeline.models.base import ChatModel

CAVEAT = (
    "A model's opinion, not a measurement: judges favour fluent, long and familiar answers. "
    "Compare only runs judged by the same model, and read some yourself."
)
JUDGE_VERSION = 1  # raise it when a question changes
SYSTEM = "You check summaries. You answer with one word or one number."
PASSAGES = 6  # of the source that are shown for a sentence
MAX_TOKENS = 24
_SCALE = re.compile(r"\b([1-5])\b")
_YES_OR_NO = re.compile(r"(?i)\b(yes|no)\b")


@dataclass(frozen=True)
class Verdict:
    """What the judge thinks of one summary.

    `faithful` is the share of its sentences that the judge found supported by the source's most
    similar sentences; `coherence` is from 1 to 5. None where the judge gave no usable answer.
    """

    id: str
    seed: int
    faithful: float | None
    coherence: float | None


async def judge_run(run: Run, items: Sequence[Item], model: ChatModel) -> list[Verdict]:
    """Ask a model about every summary of a run.

    Raises:
        ModelUnavailable: the judge or its server cannot be had.
    """
    known = {item.id: item for item in items}
    outputs = [o for o in run.outputs if o.id in known and o.summary.strip()]
    return list(
        await asyncio.gather(
            *(_judge(o.id, o.seed, o.summary, known[o.id].document, model) for o in outputs)
        )
    )


def means(verdicts: Sequence[Verdict]) -> dict[str, float | None]:
    """Return the means over the summaries that the judge could answer for."""
    found = {}
    for name in ("faithful", "coherence"):
        values = [value for one in verdicts if (value := getattr(one, name)) is not None]
        found[name] = fmean(values) if values else None
    return found


async def _judge(key: str, seed: int, summary: str, document: str, model: ChatModel) -> Verdict:
    source = split_sentences(document)
    answers = await asyncio.gather(
        *(_supported(sentence, source, model) for sentence in split_sentences(summary))
    )
    given = [answer for answer in answers if answer is not None]
    coherence = await _ask(
        f"Summary:\n{summary}\n\nHow well does this read as one connected text? Answer with a "
        "number from 1 (not at all) to 5 (very well).",
        _SCALE,
        model,
    )
    return Verdict(
        key,
        seed,
        fmean(given) if given else None,
        None if coherence is None else float(coherence),
    )


async def _supported(sentence: str, source: Sequence[str], model: ChatModel) -> bool | None:
    passages = "\n".join(nearest(sentence, source, PASSAGES))
    answer = await _ask(
        f"Source:\n{passages}\n\nStatement: {sentence}\n\nDoes the source say so? "
        "Answer yes or no.",
        _YES_OR_NO,
        model,
    )
    return None if answer is None else answer.lower() == "yes"


def nearest(sentence: str, source: Sequence[str], count: int) -> list[str]:
    """Return the source's sentences that share most rare words with one, in the source's order."""
    words = [frozenset(words_of(text)) for text in source]
    uses = Counter(word for own in words for word in own)
    wanted = frozenset(words_of(sentence))
    weights = [sum(1 / uses[word] for word in own & wanted) for own in words]
    best = sorted(range(len(source)), key=lambda i: -weights[i])[:count]
    return [source[i] for i in sorted(best)]


async def _ask(question: str, pattern: re.Pattern[str], model: ChatModel) -> str | None:
    try:
        reply = await model.complete(SYSTEM, question, max_tokens=MAX_TOKENS)
    except CallFailed:
        return None
    match = pattern.search(reply.text)
    return None if match is None else match[1]
