"""Characters that nobody sees."""

from __future__ import annotations

import re

# Tags, which spell out a text that no one sees, and marks that turn the order of letters around.
# Joiners of other kinds stay: scripts and emoji need them.
_HIDDEN = re.compile("[\U000e0000-\U000e007f\u202a-\u202e\u2066-\u2069]")
_UNSEEN = "\u2060"  # the word joiner, which has no look and no effect


def visible(text: str) -> str:
    """Return a text of the same length in which no characters that nobody sees say anything."""
    return text if text.isascii() else _HIDDEN.sub(_UNSEEN, text)
