"""The choices of a run, said once for the settings, the command line and the library."""

from __future__ import annotations

from typing import Literal, TypeAlias

Strategy: TypeAlias = Literal["map_reduce", "refine", "stuff", "extractive"]
WITHOUT_MODEL: frozenset[Strategy] = frozenset({"extractive"})  # these ask no model


Merging: TypeAlias = Literal[
    "abstractive",
    "context",
    "extractive",
    "rewrite",
    "passages",
]


Unsupported: TypeAlias = Literal["drop", "mark", "keep"]
Chunking: TypeAlias = Literal["balanced", "stable"]
FormName: TypeAlias = Literal[
    "plain",
    "tagged",
    "faithful",
    "events",
    "first",
]
