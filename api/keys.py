"""API keys: making, hashing and looking them up; `middleware.py` refuses who has none.

Only hashes of keys are kept. A key holds 256 random bits, so a plain SHA-256 of it cannot be
turned back by guessing.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def new_key() -> str:
    """Make a key."""
    return f"pyllama_{secrets.token_urlsafe(32)}"


def hash_key(key: str) -> str:
    """Return what is kept of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


@dataclass(frozen=True)
class KeyRing:
    """The hashes of the keys that open, by the name of their owner."""

    hashes: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.hashes)

    def owner(self, headers: Mapping[str, str]) -> str | None:
        """Return whose key a request shows; None where it shows none that opens."""
        shown = hash_key(_shown(headers))
        found = None
        for name, kept in self.hashes.items():  # all of them: the time must not tell which
            if hmac.compare_digest(shown, kept):
                found = name
        return found


def _shown(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
