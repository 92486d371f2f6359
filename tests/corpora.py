"""What the tests of corpora share: documents, and a summarizer with a scripted model."""

import json

from pipeline import Document, Summarizer
from pipeline.core.ask import Retry
from pipeline.corpus.read import Entry
from pipeline.testing import ScriptedModel, first_words

LONG_TEXT = " ".join(f"Word{i} is in sentence {i}." for i in range(2000))


def summarizer(answer=None, **options):
    model = ScriptedModel(answer or first_words(5), context=800, **options)
    return Summarizer(model, words=50, summary_tokens=60, retry=Retry(2, 0, 0))


def entry(name, text):
    return Entry(Document(text, name))


def entries(count, start=0):
    for i in range(start, count):
        text = f"Document {i} says this and that."
        yield Entry(Document(text, f"d{i}"), share=(i + 1) / count)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
