"""Which chunks hold nothing on what is asked, as far as words can tell without a model.

And what is said where none does.

A chunk may hold an answer if it shares a word of the question, or a form of it. Words that say
how to summarize ("What is the plot?") ask about all of the text.
"""

from __future__ import annotations

from pipeline.text import english
from pipeline.text.terms import stem, terms

_GENERAL = frozenset(map(stem, english.GENERAL_WORDS.split()))


def asked(query: str) -> frozenset[str]:
    """Return the terms that a query asks about; none where it asks about all of the text."""
    return frozenset(terms(query)) - _GENERAL
