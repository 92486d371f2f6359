"""Summaries of texts longer than a context window, with proof that all of it was read.

    from pipeline import Document, Summarizer, load_settings, open_model

    model = open_model(load_settings(model="ollama:tinyllama"))
    result = asyncio.run(Summarizer(model).summarize(Document(text)))

These are the public names. Each is imported when it is first used, so that importing the package
costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.core.chunk import split
    from pipeline.core.plan import Plan
    from pipeline.core.result import Result
    from pipeline.core.summarizer import Summarizer
    from pipeline.corpus.batch import summarize_many
    from pipeline.documents.document import Document
    from pipeline.errors import CallFailed, InputError, ModelUnavailable, PyLlamaError
    from pipeline.models.base import ChatModel
    from pipeline.models.open import open_model
    from pipeline.settings import Settings, load_settings
    from pipeline.tree import Chunk, Summary

__all__ = [
    "CallFailed",
    "ChatModel",
    "Chunk",
    "Document",
    "InputError",
    "ModelUnavailable",
    "Plan",
    "PyLlamaError",
    "Result",
    "Settings",
    "Summarizer",
    "Summary",
    "load_settings",
    "open_model",
    "split",
    "summarize_many",
]

_HOMES = {
    "core.chunk": ("split",),
    "core.plan": ("Plan",),
    "core.result": ("Result",),
    "core.summarizer": ("Summarizer",),
    "corpus.batch": ("summarize_many",),
    "documents.document": ("Document",),
    "errors": ("CallFailed", "InputError", "ModelUnavailable", "PyLlamaError"),
    "models.base": ("ChatModel",),
    "models.open": ("open_model",),
    "settings": ("Settings", "load_settings"),
    "tree": ("Chunk", "Summary"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(f"pipeline.{module}"), name)
    raise AttributeError(f"module 'pipeline' has no attribute {name!r}")
