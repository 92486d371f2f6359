"""The version of the rules that make texts without a model: a hash of their own source.

What a model said is kept as it said it. What our rules make of that is kept beside it under a key
with this version, so it is made anew, at the cost of no call, whenever a rule changes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

# All that decides what becomes of an answer, and which sentences are chosen.
PLACES = (
    "core/clean.py",
    "core/compose.py",
    "core/prompts.py",
    "core/tell.py",
    "evidence",
    "passages",
    "text",
)


@cache
def rules_version() -> str:
    """Return a hash of the rules' own source."""
    digest = hashlib.blake2b(digest_size=8)
    root = files("pipeline")
    for place in PLACES:
        for module in _modules(root.joinpath(place)):
            digest.update(module.read_bytes())
    return digest.hexdigest()


def _modules(place: Traversable) -> Iterator[Traversable]:
    if place.is_file():
        if place.name.endswith(".py"):
            yield place
        return
    for found in sorted(place.iterdir(), key=lambda found: found.name):
        yield from _modules(found)
