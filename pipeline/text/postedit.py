"""What a sentence says, without the talk around it.

Small models write of "the text" or "the story" instead of what stands in it. A sentence that is
taken from its place may lead on from one that is not taken, or lack one of its quotation marks.
And who speaks hesitates.

Not here: how a model's whole answer opens (`pipeline.core.clean`). These are English phrases;
sentences in other languages stay as they are.
"""

from __future__ import annotations

import re
from collections import Counter

_NOUNS = r"text|passage|article|document|essay|author|story|narrative|scene|movie|film"
_NOUN = re.compile(rf"\b({_NOUNS}|sentence|paragraph)s?\b")
_WORDS_PER_NOUN = 500  # "the story" may be said in a story that is not about one, but not often
_WRITTEN = {"sentence", "paragraph"}  # a judge's or a law's, if the text has one at all
_SUBJECT = (
    rf"(?:The|This) (?P<noun>{_NOUNS}) (?:(?:also|then|further|finally|even|mainly|briefly) )?"
)
_SETTING = re.compile(
    rf"(?:In (?:the|this) (?P<noun>{_NOUNS})|In summary|In conclusion|In short|To summarize"
    r"|To conclude|To sum up|Overall), (?=\S)"
)
# What these tell of stands in the text as it is; what someone argues or suggests may not.
_THAT = re.compile(
    rf"{_SUBJECT}(?:mention|say|state|note|explain|reveal|report|add|show)s that (?=\S)"
)
_TALK = re.compile(
    rf"{_SUBJECT}(?:mention|discuss|highlight|emphasi[sz]e|stress|explore|touch|delve|provide"
    r"|conclude|offer|present|cover|describe|examine|introduce|address|outline|focus|encourage"
    r"|serve|illustrate|underscore|showcase|on\b|about\b|of\b)(?:e?[sd])?\b"
)
# Of a chunk this may be true, and of the text that it is a part of it need not be.
_SILENT = re.compile(
    rf"{_SUBJECT}(?:do(?:es)?|did)(?: not|n['’]t) (?:[a-z]+ly )?(?:mention|provide|specify|state"
    r"|say|give|contain|include|describe|discuss|explain|reveal|indicate)\b"
)
_WRITING = re.compile(r"\b(?P<noun>sentence|paragraph)s?\b")
_LINK = re.compile(
    r"(?:However|Additionally|Furthermore|Moreover|In addition|Also|Therefore|Thus|Consequently"
    r"|As a result|Instead|Nevertheless|Nonetheless|For example|For instance), (?=\S)"
)
_BACK = re.compile(
    r"(?:He|She|It|They|His|Her|Its|Their|This|These|That|Those|Such|But|And|Or|So|Then|Also"
    r"|However|Instead|Both)\b"
)
_CLOSED_FIRST = re.compile(r"\A[^\"“”]*[^\s\"“”\d(\[—–](?P<mark>[\"”])")
_OPEN_LAST = re.compile(r"(?:\A|[\s(\[—–])(?P<mark>[\"“])(?=[^\s\"“”])[^\"“”]*\Z")

_UH = re.compile(r"(?i)\buh\b")
_WORDS_PER_UH = 500  # in speech as it was spoken there are fewer, in print far more
_HESITATION = re.compile(r"(?i)\b(?:uh|uhm|um|hmm|(?<!\d )mm)\b[,.-]?\s*")
# "th the", "s say": no English word is spelled so.
_FRAGMENT = re.compile(r"(?i)(?<![\w'’])([b-df-hj-np-tv-xz]{1,2}) (?=\1)")
# Of words that say nothing by coming twice. Numbers do: "zero zero seven".
_STUTTER = re.compile(
    r"(?i)\b(the|a|an|i|you|we|they|he|she|it|is|was|are|to|of|in|on|at|for|with|by|and|or|but|so"
    r"|if|that|this|there|what|my|our|your|i'm|it's|we're|you're|that's|like|just|yeah|okay)"
    r"(?:,? \1\b)+(?!')"
)


def nouns(text: str) -> frozenset[str]:
    """Return the names for texts that a text itself often uses: of these its summary may speak."""
    uses = Counter(_NOUN.findall(text.casefold()))
    least = len(text.split()) / _WORDS_PER_NOUN
    return frozenset(noun for noun, n in uses.items() if n >= least or noun in _WRITTEN)


def plain(sentence: str, known: frozenset[str]) -> str:
    """Return a model's sentence without an opening that only says whose words it sums up.

    "The text also mentions that it rained." becomes "It rained.", unless the text itself speaks of
    a text: `known` are its `nouns`.
    """
    for pattern in (_SETTING, _THAT):
        match = pattern.match(sentence)
        if match and match["noun"] not in known:
            sentence = _capital(sentence[match.end() :])
    return sentence


def is_talk(sentence: str, known: frozenset[str]) -> bool:
    """Say whether a model's sentence tells of how a text is written, or of what it lacks.

    "The story explores …", "The text does not mention …".
    """
    match = _TALK.match(sentence) or _SILENT.match(sentence) or _WRITING.search(sentence)
    return match is not None and match["noun"] not in known


def opening(sentence: str) -> str:
    """Return a sentence without a word that leads on from another one."""
    match = _LINK.match(sentence)
    return _capital(sentence[match.end() :]) if match else sentence


def refers_back(sentence: str) -> bool:
    """Say whether a sentence, opened so, begins with a word for what another one has named."""
    return _BACK.match(opening(sentence)) is not None


def quoted(sentence: str) -> str:
    """Return a sentence of a longer speech with both of its quotation marks."""
    closed, still_open = _CLOSED_FIRST.search(sentence), _OPEN_LAST.search(sentence)
    before = "" if closed is None else closed["mark"].replace("”", "“")
    after = "" if still_open is None else still_open["mark"].replace("“", "”")
    return f"{before}{sentence}{after}"


def unquoted(sentence: str) -> str:
    """Return a sentence without a quotation mark that has no other, as a model may leave it."""
    for pattern in (_CLOSED_FIRST, _OPEN_LAST):
        match = pattern.search(sentence)
        if match:
            sentence = sentence[: match.start("mark")] + sentence[match.end("mark") :]
    return sentence


def is_spoken(text: str) -> bool:
    """Say whether a text is English speech, written down with all of its hesitations."""
    return len(_UH.findall(text)) * _WORDS_PER_UH > len(text.split())


def fluent(sentence: str) -> str:
    """Return a spoken sentence without hesitations, and without words said twice by them."""
    said = _FRAGMENT.sub("", _HESITATION.sub("", sentence))
    return _capital(_STUTTER.sub(r"\1", said).strip(" ,"))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
