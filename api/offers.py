"""The models that a service offers, by what is known of them before any is opened."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """A model that requests may name, and for people where its server is and how to get it."""

    name: str
    server: str
    command: str | None = None
