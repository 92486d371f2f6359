"""Words of reported speech in English, by what they do."""

from __future__ import annotations

import re

# How speakers begin, and how that is reported. What follows is a clause with a subject.
_LIGHT = r"(?:(?:also|really|just|still|certainly|strongly|fully|therefore|very much|simply) )*"
_WISH = (
    r"(?:(?:would like|['’]d like|want|wish|need|have) to |would |['’]d |will |['’]ll |must )?"
    rf"{_LIGHT}"
)
# "I think that shows …": this "that" is the subject.
_THAT = (
    r"(?: that(?! (?:is|was|shows?|means?|makes?|goes|needs?|would|will|can|could|should|has|had"
    r"|might|may|must)\b))?"
)
CLAUSES = (
    (
        r"There voted [^.]{1,60}?, and(?: therefore| so)?(?=,? (?:the )?(?:amendment|motion))",
        "said that",
    ),
    (r"I(?:'m| am) not (?:sure|convinced) that", "was not convinced that"),
    (r"I (?:don['’]t|do not) (?:think|believe)" + _THAT, "did not think that"),
    (r"I (?:was thinking|am thinking|['’]m thinking)(?: that)?", "thought that"),
    (
        rf"I ?{_LIGHT}(?:think|guess|believe|suppose|reckon|feel)(?! (?:in|of|about|so|like)\b)"
        + _THAT,
        "thought that",
    ),
    (rf"I ?{_WISH}(?:suggest|propose)(?: that)?", "suggested that"),
    (rf"I ?{_WISH}recommend that", "recommended that"),
    (rf"I ?{_WISH}agree that", "agreed that"),
    (rf"I ?{_WISH}hope(?! to\b| so\b)(?: that)?", "hoped that"),
    (rf"I ?{_LIGHT}(?:expect|assume) that", "expected that"),
    (r"I(?:'m| am) (?:afraid|concerned|worried)(?: that)?", "was concerned that"),
    (r"I(?:'m| am) (?:pleased|glad|happy|delighted) that", "was glad that"),
    (rf"I ?{_WISH}(?:say|note|add|mention|repeat|stress|emphasi[sz]e|point out) that", "said that"),
    (r"I(?:['’]m| am| was|['’]ve been) (?:just )?wondering", "wondered"),
    (r"(?:My|Our) (?:suggestion|proposal) (?:is|would be) (?:that )", "suggested that"),
    (r"Let['’]s(?! see| say)", "suggested that they"),
)
# What speakers do by saying so: "I move amendment 1" becomes "moved amendment 1".
ACTS = {
    "move": "moved", "support": "supported", "oppose": "opposed", "welcome": "welcomed",
    "urge": "urged", "encourage": "encouraged", "recommend": "recommended", "propose": "proposed",
    "suggest": "suggested", "reject": "rejected", "call on": "called on", "call for": "called for",
    "call upon": "called upon", "request": "requested", "withdraw": "withdrew",
    "prefer": "preferred",
    "ask for": "asked for", "ask the": "asked the", "commend": "commended", "condemn": "condemned",
}  # fmt: skip
ACTED = re.compile(
    rf"I ?(?:(?:would like|['’]d like|want|wish) to )?{_LIGHT}({'|'.join(ACTS)}) ", re.IGNORECASE
)
ALSO_ACTED = re.compile(rf"\band (?:I )?({'|'.join(ACTS)}) ")
# What speakers did before the meeting, and tell: "I checked the remotes" becomes "checked …".
DID = re.compile(
    r"I (?:also |just |then |actually )?"
    r"((?!need|want|like|love|miss|close|click|restart|mention|guess|enjoy|stay)"
    r"[a-z]{2,}ed|found|made|saw|took|brought|chose|wrote|built|spoke|met) "
    r"(?!(?:\w+ )?(?:it|them|that|this|these|those|one|there)\b)"
)
AND_I = re.compile(r"\band (?:then )?I (?=[a-z]+ed\b)")
# "You" that is anybody, and words by which it is someone in the room.
ANYBODY = re.compile(
    r"(?i)(?:\b(?:if|when|once|so|so that|where|because|unless|until|whenever|things|way|thing) "
    r"|^|, |^maybe )you (?=can|could|want|have to|don't|need|get|buy|look|use|have|turn|press|push"
    r"|go|see|put|take|lose|multiply)"
)
SOMEBODY = re.compile(
    r"(?i)\b(?:you (?:should|said|mentioned|told|showed|guys|all|were|are|might|may|know|see|think"
    r"|will|did|do|two|both|just|must|then)|(?:do|did|are|were|will|can|could|would|should|have"
    r"|tell|show|send|give|with|for|to|from|of|thank) you|as you|you['’](?:ll|ve|re|d)|yourself"
    r"|yours|your (?:\w+ )?(?:report|idea|laptop|part|job|task|role|presentation|opinion"
    r"|suggestion|concept))\b"
)
YOU = re.compile(r"(?i)\byou(?=(?:['’]\w+)?\b)")
# "Welcome to our kick-off meeting."
WELCOME = re.compile(
    r"(?i)(?:(?:hello|good \w+),? )?(?:(?:everyone|everybody|all),? )?welcome(?: back)?"
    r"(?:,? (?:everyone|everybody|all),?)? to "
)
GATHERING = re.compile(
    r"(?i)\b(?:meeting|session|committee|hearing|workshop|seminar|conference|assembly|council"
    r"|panel)\b"
)
# A question that can be reported: "Should we test it?" becomes "asked whether they should test it".
ASKS = re.compile(
    r"(?i)(?:(?P<what>(?:when|why|how|what|where|which)"
    r"(?: (?:much|many|long|soon|often|kind of \w+))?) )?"
    r"(?P<aux>will|can|could|should|would|must|is|are|was|were|has|have) "
    r"(?P<who>we|(?:the|this) (?:[a-z]+ ){0,2}?(?:minister|government|committee|council|company"
    r"|department|agency|board|ministry)) (?P<rest>.+)\?"
)

# The first person and what stands for it; "they" for "we" only: see `reported`.
PERSONS = (
    (r"\bwe(?:['’]re| are)(?= be\b)", "they will"),
    (r"\b(?:I['’]m|I am|we['’]re|we are)\b", "they are"),
    (r"\b(?:I|we)(?:['’]ve| have)\b", "they have"),
    (r"\b(?:I|we)['’]ll\b", "they will"),
    (
        r"\b(?:I|we)['’]d(?= (?:had|been|better|\w+ed|paid|made|got|done|gone|seen|taken|said)\b)",
        "they had",
    ),
    (r"\b(?:I|we)['’]d\b", "they would"),
    (r"\b(?:I|we) (?:was|were)\b", "they were"),
    (r"\b(?:myself|ourselves)\b", "themselves"),
    (r"\b(?:mine|ours)\b", "theirs"),
    (r"\b(?:my|our)\b", "their"),
    (r"\b(?:me|us)\b", "them"),
    (r"\b(?:I|we)\b", "they"),
    (r"\bgonna\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "have to"),
    (r"(?<!\w)['’](?:cause|cuz)\b|\bcuz\b", "because"),
)
# In the midst of a sentence these say nothing.
ASIDES = re.compile(
    r"(?i),? ?\b(?:I (?:think|guess|suppose|believe|mean|must say|would say)|you know|as I said)"
    r"\b(?:,|(?= (?:we|it|they|there|the|that|this|is|are|was|were|will|would|should|can|could)\b))"
)
END_ASIDES = re.compile(
    r"(?i)(?:,? (?:okay|ok|yeah|right|you know|I guess|though|anyway|I think|hopefully|so|and so on"
    r"|and so forth|as well|too|please|thank you))+([.?!])$"
)
ADDRESSED = re.compile(  # how a parliament speaks to its chair
    r"(?:^|,? )(?:(?:Mr|Madam|Mister|Madame)\.? ?(?:Chair|Speaker|President|Chair(?:wo)?man)|Chair)"
    r"(?:,|(?=[.?!]))"
)
