"""All that the rules of text and answers know of English: words and phrases, by what they are for.

Rules that go by such words leave texts in other languages as they are. What is known of another
language stands in a file of its own (`german.py` …), under the names that are used here, and
is listed in `wordlists.py`.
"""

from __future__ import annotations

import re

# Where sentences do not end, and where parts of a text begin.

ABBREVIATIONS = """
Mr Ms Dr St Mt Lt vs cf pp No Sr Mrs Rev Hon Gen Col Sgt Sen Rep Gov Fig Vol Sec Prof Capt Messrs
"""
PARTS = r"chapter|book|part|section|act|scene"  # before a number, in a heading

# Words of a question that say how to summarize, or nothing: "What is the plot of the story?"

GENERAL_WORDS = """
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

# Talk about a text, where a small model should say what stands in it. The group "noun" is what it
# calls the text.

_TEXTS = r"text|passage|article|document|essay|author|story|narrative|scene|movie|film"
TEXT_NOUN = re.compile(rf"\b({_TEXTS}|sentence|paragraph)s?\b")
WRITTEN = {"sentence", "paragraph"}  # a judge's or a law's, if the text has one at all
_SUBJECT = (
    rf"(?:The|This) (?P<noun>{_TEXTS}) (?:(?:also|then|further|finally|even|mainly|briefly) )?"
)
SETTING = re.compile(  # "In this story, …"
    rf"(?:In (?:the|this) (?P<noun>{_TEXTS})|In summary|In conclusion|In short|To summarize"
    r"|To conclude|To sum up|Overall), (?=\S)"
)
# What these tell of stands in the text as it is; what someone argues or suggests may not.
ATTRIBUTION = re.compile(
    rf"{_SUBJECT}(?:mention|say|state|note|explain|reveal|report|add|show)s that (?=\S)"
)
COMMENTARY = re.compile(
    rf"{_SUBJECT}(?:mention|discuss|highlight|emphasi[sz]e|stress|explore|touch|delve|provide"
    r"|conclude|offer|present|cover|describe|examine|introduce|address|outline|focus|encourage"
    r"|serve|illustrate|underscore|showcase|on\b|about\b|of\b)(?:e?[sd])?\b"
)
# Of a chunk this may be true, and of the text that it is a part of it need not be.
SILENCE = re.compile(
    rf"{_SUBJECT}(?:do(?:es)?|did)(?: not|n['’]t) (?:[a-z]+ly )?(?:mention|provide|specify|state"
    r"|say|give|contain|include|describe|discuss|explain|reveal|indicate)\b"
)
WRITING = re.compile(r"\b(?P<noun>sentence|paragraph)s?\b")

# Openings that need the sentence before: words that lead on from it, and words for what it named.

CONNECTIVE = re.compile(
    r"(?:However|Additionally|Furthermore|Moreover|In addition|Also|Therefore|Thus|Consequently"
    r"|As a result|Instead|Nevertheless|Nonetheless|For example|For instance), (?=\S)"
)
ANAPHOR = re.compile(
    r"(?:He|She|It|They|His|Her|Its|Their|This|These|That|Those|Such|But|And|Or|So|Then|Also"
    r"|However|Instead|Both)\b"
)

# Speech, written down as it was spoken.

UH = re.compile(r"(?i)\buh\b")  # by this a transcript is known
HESITATION = re.compile(r"(?i)\b(?:uh|uhm|um|hmm|(?<!\d )mm)\b[,.-]?\s*")
# "th the", "s say": no English word is spelled so.
FRAGMENT = re.compile(r"(?i)(?<![\w'’])([b-df-hj-np-tv-xz]{1,2}) (?=\1)")
# Of words that say nothing by coming twice. Numbers do: "zero zero seven".
STUTTER = re.compile(
    r"(?i)\b(the|a|an|i|you|we|they|he|she|it|is|was|are|to|of|in|on|at|for|with|by|and|or|but|so"
    r"|if|that|this|there|what|my|our|your|i'm|it's|we're|you're|that's|like|just|yeah|okay)"
    r"(?:,? \1\b)+(?!')"
)

# Numbers in words, and words that are written with a capital without being a name.

_UNITS = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|"
    "fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|"
    "ninety|hundred|thousand|million|billion|trillion"
)
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    "(?:thir|four|fif|six|seven|eigh|nine)teenth|(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)"
    "(?:ieth|ies)|hundredth|thousandth|millionth"
)
SPELLED = re.compile(  # the look ahead at first letters saves most of the time
    rf"(?i)\b(?=[befhmnostz])(?:{_UNITS}|{_ORDINALS})"
    rf"(?:(?:[\s-]+|\s+and\s+)(?:{_UNITS}|{_ORDINALS}))*\b"
)
ORDINAL_ENDINGS = "st|nd|rd|th|s"  # behind digits: 1st, the 1950s
SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}  # powers of ten
# Said of no particular number, or of one thing: "no one", "the one who", "at first", "a second".
VAGUE = {"one", "first", "second", "hundred", "thousand", "million", "billion", "trillion", "zero"}
NO_NAMES = {"i", "i'm", "i'd", "i'll", "i've", "mr", "mrs", "ms", "dr", "sir", "ok", "tv"}

# How a model opens an answer that should be the summary and nothing else.

REQUEST = (  # our own prompt, in its words
    r"(?:please\s+)?(?:summari[sz]e\s+(?:the|this)|write\s+(?:a|an|one|the)\b[^\n.:]{0,40}"
    r"\bsummary)\b[^\n.:]{0,200}(?:[.:]\s+|\n\s*|[.:]?\Z)"
)
_SURE = r"(?:sure|certainly|of course|absolutely|okay|ok|alright|yes|no problem)(?: thing)?"
PREAMBLE = re.compile(
    rf"(?i)\A(?:{_SURE}!(?=\s)"
    rf"|(?:{_SURE}[!.,]\s*)?(?:based on [^\n,:]{{1,60}},\s*)?"
    r"(?:here(?:['’]s| is| are)|below is|the following is|this is an?|i(?:['’]ve| have) written)\b"
    r"[^\n:.]{0,80}\b(?:summar|overview|synopsis|recap|(?:revised|rewritten) version)"
    r"[^\n:.]{0,120}"
    r"(?::(?=\s|\Z)|\.?(?=\s*(?:\n|\Z))))\s*"
)
LABEL = re.compile(
    r"(?i)\A(?:[#*_]+\s*)?(?:"
    r"(?:(?:the|a|an|short|brief|concise|final)\s+){0,3}(?:summary|tl;?dr|synopsis)"
    r"(?:\s+of\s+[^\n:.]{1,60})?(?:\s+is)?(?:\s+as follows)?"
    r"(?:\s*[*_]*:[*_]*(?=\s|\Z)|[*_]*[ \t]*(?:\n|\Z))"
    r"|(?:text|answer|response|output|assistant)[*_]*:[*_]*(?=\s|\Z))\s*"
)
