"""What a query asks about, as far as words can tell without a model.

A chunk may hold an answer if it shares a word of the question, or a form of it. Words that say
how to summarize ("What is the plot?") ask about all of the text.
"""

from __future__ import annotations

from functools import cache

from pipeline.text import english
from pipeline.text.terms import stemming, terms


def asked(query: str, language: str | None = None) -> frozenset[str]:
    """Return the terms that a query asks about; none where it asks about all of the text.

    `language` is that of the text, whose terms they are compared with.
    """
    found = zip(terms(query), terms(query, language), strict=True)
    return frozenset(term for in_english, term in found if in_english not in _general())


@cache
def _general() -> frozenset[str]:
    return frozenset(map(stemming(), english.GENERAL_WORDS.split()))
