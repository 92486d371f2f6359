"""Texts and times as people are shown them."""

from __future__ import annotations


def one_line(text: object) -> str:
    """Return what a server said in one line of bounded length."""
    return " ".join(str(text).split())[:300]


def spell_seconds(seconds: float) -> str:
    """Spell a duration as people say it: "45 s", "12 min", "3 h 20 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
