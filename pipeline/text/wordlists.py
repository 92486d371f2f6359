"""The table of languages whose words the rules know; a new one is a file like german.py.

A new file is named in OTHERS. Without a list, texts are
cut, compared and summarized all the same; only the faults that such words give away stay.
"""

from __future__ import annotations

from typing import Protocol

from pipeline.text import chinese, english, french, german, japanese, spanish


class WordList(Protocol):
    """What a language's file holds.

    `ABBREVIATIONS` are words before a point that ends no sentence. `AFTER_ORDINALS` are words
    behind an ordinal whose point ends none, "3. März"; none where ordinals have no point. `HERE_IS`
    and `SUMMARY` are patterns of how a model announces one: "Hier ist eine Zusammenfassung:".
    """

    ABBREVIATIONS: str
    AFTER_ORDINALS: str
    HERE_IS: str
    SUMMARY: str


OTHERS: tuple[WordList, ...] = (german, french, spanish, chinese, japanese)
ABBREVIATIONS = frozenset(english.ABBREVIATIONS.split()).union(
    *(one.ABBREVIATIONS.split() for one in OTHERS)
)
AFTER_ORDINALS = sorted({word for one in OTHERS for word in one.AFTER_ORDINALS.split()})
HERE_IS = "|".join(one.HERE_IS for one in OTHERS)
SUMMARY = "|".join(one.SUMMARY for one in OTHERS)
