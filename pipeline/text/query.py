"""Which chunks hold nothing on what is asked, as far as words can tell without a model.

And what is said where none does.

A chunk may hold an answer if it shares a word of the question, or a form of it. Words that say
how to summarize ("What is the plot?") ask about all of the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.text.terms import stem, terms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.types import Chunk

_GENERAL_WORDS = """
a about above according after all also an and any are article as ask at attitude author be because
been before being between book brief briefly but by can chapter character content could describe
detail did discuss discussion do document does done during each event explain find for from give had
happen has have he her his how i idea if important in include information into introduce is it its
key list made main make matter me mean meeting mention mood moral more most my narrator of on one
opinion or our out over overview page paragraph part people place plot point protagonist purpose
reason regarding relate relation relationship say section setting she should significance since so
some speak story sum summarise summarize summary take talk tell text than that the their them theme
then there they thing think this those through throughout to tone topic towards trait under us use
using view was we were what when where whether which while who whole whom whose why will with would
write you your
"""
_GENERAL = frozenset(map(stem, _GENERAL_WORDS.split()))
_NOTHING: Mapping[str, str] = {
    "de": "Der Text sagt dazu nichts: {query}",
    "en": "The text says nothing about this: {query}",
    "es": "El texto no dice nada sobre esto: {query}",
    "fr": "Le texte ne dit rien à ce sujet : {query}",
    "ja": "本文にはこれについての記述がありません：{query}",
    "zh": "文中没有提到这一点：{query}",
}


def asked(query: str) -> frozenset[str]:
    """Return the terms that a query asks about; none where it asks about all of the text."""
    return frozenset(terms(query)) - _GENERAL


def on_topic(chunks: Sequence[Chunk], query: str) -> list[Chunk]:
    """Return the chunks that may hold something on a query: all of them where it is general."""
    about = asked(query)
    return [chunk for chunk in chunks if not about or about & frozenset(terms(chunk.text))]


def nothing_on(query: str, language: str | None) -> str:
    """Return the answer of a text that holds nothing on a query; in English where need be."""
    return _NOTHING.get(language or "en", _NOTHING["en"]).format(query=query)
