"""Runs with scripted models: texts, models that misbehave, a store in memory."""

import asyncio
import itertools
import random

from pipeline.core.ask import Retry
from pipeline.core.events import ignore
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.errors import (
    TimedOut,
)
from pipeline.testing import Call, ScriptedModel, first_words
from pipeline.tree import Chunk, Summary

AT_ONCE = Retry(wait=0.0, wait_max=0.0)
THIRTY_WORDS = first_words(30)
WORDS = [
    "amber",
    "birch",
    "cedar",
    "dusk",
    "ember",
    "flint",
    "grove",
    "heath",
    "iron",
    "jade",
    "kelp",
    "loam",
    "moss",
]


def prose(words: int, seed: int = 0) -> str:
    """Sentences of five to fourteen words; every one is different."""
    draw = random.Random(seed)
    sentences, written = [], 0
    while written < words:
        length = min(draw.randint(5, 14), words - written)
        picked = [draw.choice(WORDS) + str(written + i) for i in range(length)]
        sentences.append(" ".join(picked).capitalize() + ".")
        written += length
    paragraphs = itertools.batched(sentences, 6) if hasattr(itertools, "batched") else [sentences]
    return "\n\n".join(" ".join(paragraph) for paragraph in paragraphs)


def summarizer(answer=THIRTY_WORDS, context=400, **options):
    timing = {name: options.pop(name) for name in ("delay", "concurrency") if name in options}
    model = ScriptedModel(answer, context=context, **timing)
    return Summarizer(model, retry=AT_ONCE, **{"words": 50, "summary_tokens": 60, **options})


def run(one, text, emit=ignore):
    return asyncio.run(one.summarize(Document(text), emit))


def leaves(summary: Summary):
    for source in summary.sources:
        yield from [source] if isinstance(source, Chunk) else leaves(source)


def noise(call: Call) -> str:
    return " ".join(random.Random(call.user).choices(WORDS, k=call.max_tokens)) + "."


def grow(call: Call) -> str:
    return " ".join([call.user, *WORDS * 50])


def fail(call: Call) -> str:
    raise TimedOut("no answer")


def flaky(error, until):
    """Fail each prompt with `error` the first `until` times."""
    seen = {}

    def answer(call):
        seen[call.user] = seen.get(call.user, 0) + 1
        if seen[call.user] <= until:
            raise error
        return first_words(30)(call)

    return answer


class Memory:
    """A store in memory."""

    def __init__(self):
        self.replies = {}

    def get(self, key):
        return self.replies.get(key)

    async def put(self, key, reply):
        self.replies[key] = reply
