"""Keys: a call, or a text derived from answers, named by everything that can change it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.models.base import ChatModel

KEY_VERSION = 1  # raise it when what a key covers changes
DERIVED = "derived-"  # how the keys of texts begin that cost no call


def call_key(model: ChatModel, version: str, system: str, user: str, max_tokens: int) -> str:
    """Name a call by everything that can change its answer: 64 hexadecimal digits.

    That is the model's digest (its name where it has none) and options, the version of the prompt
    templates, the prompt itself with the source text in it, and the answer's bound.
    """
    parts = (KEY_VERSION, model.digest or model.name, sorted(model.options.items()))
    call = json.dumps((*parts, version, max_tokens, system, user), default=str)
    return hashlib.blake2b(call.encode(), digest_size=32).hexdigest()


def derived_key(kind: str, *parts: object) -> str:
    """Name a text that was made without a model: DERIVED, and a hash of what it was made from."""
    made_from = json.dumps((KEY_VERSION, kind, *parts), default=str)
    digest = hashlib.blake2b(made_from.encode("utf-8", "surrogatepass"), digest_size=32)
    return DERIVED + digest.hexdigest()
