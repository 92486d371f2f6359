"""The durable record of finished calls: nothing is paid for twice."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pipeline.models import ChatModel
    from pipeline.types import Reply

KEY_VERSION = 1  # raise it when what a key covers changes


def call_key(model: ChatModel, prompt_version: int, system: str, user: str, max_tokens: int) -> str:
    """Name a call by everything that can change its answer: 64 hexadecimal digits.

    That is the model's digest (its name where it has none) and options, the version of the prompt
    templates, the prompt itself with the source text in it, and the answer's bound.
    """
    parts = (KEY_VERSION, model.digest or model.name, sorted(model.options.items()))
    call = json.dumps((*parts, prompt_version, max_tokens, system, user), default=str)
    return hashlib.blake2b(call.encode(), digest_size=32).hexdigest()


class Store(Protocol):
    """Where replies are kept between runs."""

    def get(self, key: str) -> Reply | None:
        """Return what was kept under a key; None where there is nothing, or nothing readable."""

    async def put(self, key: str, reply: Reply) -> None:
        """Keep a reply. When this returns, the reply is on disk, or the store has given up."""


class NoStore:
    """Keeps nothing."""

    def get(self, key: str) -> Reply | None:
        """Return None."""

    async def put(self, key: str, reply: Reply) -> None:
        """Forget the reply."""
