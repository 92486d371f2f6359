"""Which chunks hold nothing on what is asked, as far as words can tell without a model.

And what is said where none does.

A chunk may hold an answer if it shares a word of the question, or a form of it. Words that say
how to summarize ("What is the plot?") ask about all of the text.
"""

from __future__ import annotations

from pipeline.text.terms import stem, terms

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


def asked(query: str) -> frozenset[str]:
    """Return the terms that a query asks about; none where it asks about all of the text."""
    return frozenset(terms(query)) - _GENERAL
