"""Meetings: whether a text is a transcript of talk between named speakers."""

from __future__ import annotations

import re

_TURN = re.compile(r"[^\W\d_][^:\n]{0,60}: +\S")
_LEAST_TURNS = 10


def is_meeting(text: str) -> bool:
    """Say whether most lines begin with a speaker, and speakers come again."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    speakers = [line.partition(":")[0] for line in lines if _TURN.match(line)]
    return (
        len(speakers) >= _LEAST_TURNS
        and 2 * len(speakers) > len(lines)
        and 3 * len(set(speakers)) < len(speakers)
    )
