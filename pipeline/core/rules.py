"""The version of the rules that make texts without a model: a hash of their own source.

What a model said is kept as it said it. What our rules make of that is kept beside it under a key
with this version, so it is made anew, at the cost of no call, whenever a rule changes.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

# All that decides what becomes of an answer, and which sentences are chosen.
PLACES = (
    "core/clean.py",
    "core/compose.py",
    "core/prompts.py",
    "evidence",
    "evidence/claims",
    "text",
)


@cache
def rules_version() -> str:
    """Return a hash of the rules' own source."""
    digest = hashlib.blake2b(digest_size=8)
    root = files("pipeline")
    for place in PLACES:
        found = root.joinpath(place)
        modules = [found] if found.is_file() else sorted(found.iterdir(), key=lambda f: f.name)
        for module in modules:
            if module.name.endswith(".py"):
                digest.update(module.read_bytes())
    return digest.hexdigest()
