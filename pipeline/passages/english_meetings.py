"""What is worth telling of a meeting, and what is not: English words and phrases by kind."""

from __future__ import annotations

import re


def _phrases(text: str) -> re.Pattern[str]:
    """Return a pattern for any of these, which semicolons set apart; they may be patterns."""
    found = (" ".join(part.split()) for part in text.split(";"))
    return re.compile(rf"\b(?:{'|'.join(found)})\b", re.IGNORECASE)


# What the meeting is for. Looked for at its beginning.
_FOR = "(?:meeting|project|session|committee|hearing|inquiry|bill)"
AIM = _phrases(rf"""
(?:aim|goal|purpose|objective|agenda)s? (?:is|are|today|will|for (?:today|this));
(?:aim|goal|purpose|objective|agenda)s? of (?:the|this|today's|our) {_FOR};
aiming to (?:create|design|build|make|develop|decide|find); (?:are|['’]re) here (?:today )?to;
this (?:meeting|session|hearing) (?:is|will); in this meeting we; item \d+; inquiry into; opened
""")
# What was settled.
DECIDED = _phrases(r"""
decided; decision; agreed; agreement; conclusion; concluded; approved; carried; settled;
unanimous\w*; we(?:'ll| will) (?:go (?:for|with)|stick (?:with|to)|keep|take|drop);
we(?:'re| are) (?:going (?:with|for)|not going to); by (?:the )?next (?:week|meeting);
will have to go; final version
""")
# What was proposed, asked for, promised; not what anybody ("you") has to do.
PROPOSED = _phrases(r"""
should(?:n't)?; must; let's; suggest\w*; propos\w+; recommend\w*; urge[ds]?; demand\w*; request\w*;
commit\w*; promis\w+; prefer\w*; idea; option; better; instead;
call(?:ed|ing)? (?:on|for); ask(?:ed|ing)? (?:for|the|whether|why|when|how);
we (?:could|can|need(?: to)?|have to|want(?: to)?|plan to);
we(?:'re| are) (?:going|planning|aiming) (?:to|for); (?:needs?|ought|has) to
""")
# What was found, or is how it is, with reasons.
FOUND = _phrases(r"""
found; results?; survey; questionnaire; research; study; studies; shows?; showed; evidence;
report(?:ed|s)?; data; because; therefore; problems?; issues?; advantages?; costs?; price; profit;
budget; fund\w*; invest\w*; support(?:ed|s)?; most (?:people|of); users?; customers?; market;
experiments?; million; billion; per ?cent; increase[ds]?; reduc\w+
""")
NUMBER = _phrases(r"""
\d+; two; three; four; five; six; seven; eight; nine; ten; eleven; twelve; fifteen; twenty; thirty;
forty; fifty; sixty; seventy; eighty; ninety; hundred; thousand; million; billion; half
""")
# What is done by saying it, as it is reported.
DONE = _phrases("""
suggested; recommended; proposed; urged; called; supported; opposed; rejected; moved
""")
# The fuss of meeting, and what is private.
FUSS = _phrases(r"""
my name; i'm from; i come from; favou?rite; draw(?:s|n|ing)?; animals?; joke; kidding; funny;
laugh\w*; coffee; lunch; tea break; thank\w*; apolog\w+; sorry; congratulat\w+;
good (?:morning|afternoon|question); wrap (?:it )?up; end (?:the|this) meeting;
power ?point; slides?; presentations?; minutes; white-?boards?; smart-?boards?; blackboard;
laptops?; e-?mails?; mouse; click\w*; (?:this|that) folder; consent form; digits?;
can you hear; mute[ds]?; microphones?; mikes?; headset; recording; recorded; transcri\w+;
video ?conference; interpretation; french channel;
points? of order; unanimous consent; the floor; standing orders?; private session; adjourn\w*;
speaking (?:time|order|list); to speak; exclude the public; papers? to note;
declarations? of interest; honou?rable (?:members?|colleagues?|friend);
(?:hon\.|the|my) (?:member|colleague); seconds?; (?:next|final) question; question (?:is|for)
""")
# Words whose meaning stands elsewhere, each of which makes a sentence worth less alone.
POINTING = _phrases("""
this; these; those; them; there; here; things?; stuff; something; he; she; him; his; her; which;
that (?:one|way|part|sort|kind|point|is|was|would|will|can|we|they);
one of (?:these|those); do(?:ing)? (?:that|it|so); (?:of|like|about|for|with) that;
(?:leave|put|do|give|make|take|get|use|have|need|want) it;
anyway; whatever; et cetera; the (?:same|latter|other); another; a bit; a lot
""")
# How a sentence begins that cannot be understood alone.
LEANING = _phrases("""
it; it['’]s; its; they; they['’][a-z]+; them; their; he; he['’]s; she; she['’]s; his; her;
that; that['’]s; this; these; those; such; there['’]s; here;
so; which; neither; both; either; another;
the (?:other|same|second|third|last|former|latter); (?:one|some) of (?:them|these|those);
instead; otherwise; therefore; thus; however; similarly; likewise; especially;
in (?:this|that|which); (?:at|for|with|on) (?:this|that);
(?:because|each|all|none|most) of (?:this|that|these|those|them); for example;
for each of (?:these|those|them);
for instance
""")
# What is said in the midst of a sentence to keep others listening.
MIDST = re.compile(r"(?i)(?<=\w), (?:okay|ok|yeah|yes|right|well|you know|so|like|then),")
# Commas where a speaker only stopped to think.
PAUSES = re.compile(
    r"(?i)(?:(?<=\bis)|(?<=\bto)|(?<=\bof)|(?<=\bor)|(?<=\bthe)|(?<=\band)|(?<=\bare)|(?<=\bwas)"
    r"|(?<=\bbut)|(?<=\bour)|(?<=\bthat)|(?<=\bwith)|(?<=\bsome)),(?= )"
)
# "The idea is we wait" lacks a word.
LACKS_THAT = re.compile(
    r"(?i)\b(one|point|idea|thing|motto|problem|reason|fact|plan|goal|issue|aim) is"
    r" (?=(?:we|they)\b)"
)
# Endings with which a word is not a piece of the longer one.
_ENDINGS = "s es ed d ing er ers r rs ly n en y al ally ness ful ist th ty or ors st est"
ENDINGS = frozenset(_ENDINGS.split())
# Where a sentence that is not whole can be cut into clauses. Before some of these, a clause alone
# says something else than it does with what follows; after some, one can stand alone.
CUT = re.compile(
    r"(?:,? (until)|, (?:and )?(so|but|and|because|although|though|except|unless|if|which)) "
)
QUALIFIED = frozenset(["but", "although", "though", "except", "unless", "if"])
NEGATED = re.compile(r"(?i)n['’]t\b|\b(?:not|never|no)\b")  # "not until" is no "not"
CONSEQUENCES = frozenset(["so", "but", "and"])
CONDITION = re.compile(
    r"(?i)(?:if|when|unless|although|though|once|either|whether|suppose|even|as (?:soon|long) as)\b"
)
# Words of five letters or more that say little.
_LIGHT = """
about after again all's already always another anybody anything aren't around asked because before
being better between called cannot could couldn't didn't different doesn't doing don't either every
everybody everything exactly first going haven't having instead isn't itself little looking maybe
might never nobody nothing other others people perhaps point possible pretty probably quite rather
really right should shouldn't since someone something sometimes still stuff their theirs there these
thing things think those though today together wanted wasn't weren't where whether which while
whole without won't would wouldn't start trying decide figure question course terms sense actual
actually basically obviously whatever great ideas
"""
LIGHT = frozenset(_LIGHT.split())
