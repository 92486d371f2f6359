"""What an English sentence needs to be whole, and the marks of one that was begun anew."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRONOUNS = _words("i we you he she it they")
SUBJECTS = _words("i we he she they you")
DETERMINERS = _words("the a an my your our their his its every")
# Verbs that are finite as they stand. With "'s", "'re" … a word has one too.
AUXILIARIES = _words(
    """is are was were am has have had do does did will would can could should must may might shall
    isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't wouldn't can't
    cannot couldn't shouldn't"""
)
CONTRACTED = ("'s", "'re", "'ve", "'ll", "'d", "'m")
CONTRACTING = PRONOUNS | _words("that there here who what this everybody let")
# Others that are frequent in meetings, whose form is no noun's or adjective's.
VERBS = _words(
    """want wants wanted need needs needed think thinks thought said says say made makes make gave
    gives give took takes take got gets get went goes go came comes come became becomes become know
    knows knew see sees saw found find finds seems seemed seem looks feel feels felt mean means
    meant uses used use works worked work costs cost include includes included
    decided agreed proposed suggested recommended asked told tells tell keeps kept keep let lets put
    puts provide provides provided require requires required consist consists depends depend allow
    allows allowed help helps helped believe believes believed support supports supported continue
    continues continued remain remains remained receive received receives began begin begins ended
    expect expects expected prefer prefers preferred spent spend sell sells sold buy buys bought pay
    pays paid lost lose won hold holds held run runs ran set show shows showed start started starts
    happened happens happen announced called launched increased decreased reduced created changed
    affects affect represents represent brings brought lead leads led contains contain applies
    apply turn turns turned try tries tried ask asks face faces live lives tend tends"""
)
# A clause that begins with these leads up to the main one, which stands behind a comma.
LEADS_UP = _words(
    """if when since because although though while as once unless until whenever in on for at with
    after before by during over of from to under through within despite without even given rather
    instead according based"""
)
# Of these, those that are no sentence without another clause.
SUBORDINATE = _words("if since because although though while once unless until whenever rather")
# Words alone before a comma or a subject.
ADVERBS = _words(
    """first second third finally lastly today now then sometimes usually often maybe overall
    furthermore moreover also still already
    currently recently originally secondly firstly unfortunately
    traditionally internationally generally obviously fortunately clearly next here there
    everything whatever additionally"""
)
QUESTIONS = _words("what how why where who")  # which can be a subject: "What we need is …"
# A clause ends before these.
JOINTS = _words("because so but if when while since although unless")
RELATIVE = _words("that which who whose where")
THINGS = _words("thing nothing something everything anything building morning evening meeting")
# No sentence begins with these: it has lost its subject, or leads on from another.
HEADLESS = _words(
    """will would is are was were has had have do does did don't doesn't can could be being been
    just than which who whose or nor either of to not like making going gonna wanna getting having
    give select try come look take make go put use think get see let keep say press open close turn
    want need yeah okay oh huh hey um wow probably definitely maybe perhaps obviously hopefully
    except including such especially particularly whatever how why where whether until that's
    looks sounds seems means depends makes says said works wait compared lets should suppose
    it'd something thinking somewhere somehow till plus minus etc really too very only even"""
)
# Marks of a speaker who began anew, or of words that were not taken down.
_AUX = "is|are|was|were|has|have|can|will|would|could|should|do|does|did"
_BETWEEN = r"(?:and|or|to|of|by|for|than|not|in|with|from|per|then|on|as|after|is|are)\b"  # alike
_PATTERNS = (
    rf"\b(?:{_AUX}) (?:is|are|was|were|has|will|can|would)\b",
    r"\b(?:the|a|an) (?:the|a|an|is|are|was|were|of|to|and|or|in|on|with|for|we|it|they|you|that"
    r"|this|if|so|but|i)\b",
    r"\b(?:of|to|for|with|at|from) (?:of|to|and|or|is|are|was|but|so|because|i|we|they|he|she)\b",
    r"\b(?:and|but|or|so) (?:but|or|because)\b|\b(?:because|if|so) (?:so|and|or|but)\b",
    # "it is it has", "we can we"; but "if we do we will"
    rf"(?<!if )(?<!when )(?<!what )\b(?:it|we|they|he|she|i|you)(?:['’]\w+)?(?: (?:{_AUX}|just))?"
    r" (?:it|we|they|he|she|i|you|it's|we're|they're|that's|there's)\b(?! (?:would|can|will)\b)",
    r"\b(?:that|this|there|it)['’]s (?:that's|there's|they|we|it's|i|this)\b",
    r"\bthis (?:they|we|it['’]s|that['’]s)\b|\bthere they\b",
    # a question in a statement, a verb without its auxiliary
    r"\b(?:is|are|was|were|isn't|do|does|did|don't|can|could|should|would|will)"
    r" (?:it|we|they|he|she|you|i)\b(?!['’ ][^?]*\?)",
    r"\b(?:i|we|they|you|it|he|she) (?:already |now |just )?"
    r"(?:been|being|going|gone|done|seen|taken|gonna|making|looking|talking)\b",
    r"\b(?:it|they|we|i|you|he|she) not\b|\b(?:they|we|i|he|she),|\bif it,",
    r"\b(?:they|we|you) (?:is|was|has|does)\b|\b(?:it|he|she) (?:are|were|have|do)\b",
    r"\bto (?:is|are|was|has|will|can|would|should)\b",
    r"\b(?:can|will|would|should|must) (?:to|the|a|of|is)\b",
    # a pair of words again, a long word again, a word with more letters
    r"\b(\w+ \w+),? (?:\w+,? ){0,2}\1\b",
    rf"\b(\w{{5,30}}) (?:(?!{_BETWEEN})\w+ ){{0,2}}\1\b",
    r"\b(\w{3,30}),? \1\w+|\b(\w{5})\w* \2\w*\b",
    r"\b(?:what|which|whether|how|why|who|whose) (?:whether|how|what|why)\b",
    r"\b\w+ing (?:he|she)\b|\b(?:looking|trying|going|making|using|having|putting) (?:we|they|i)\b",
    r"\bis if\b|\bsome to\b|\b(?:we|they|i|you) instead\b",
    r"\b(?:yeah|okay|oh|huh|hey|wow|no no|blah|please|wait|let me see|let's see|you know|i mean"
    r"|sorry|dunno|sorta|kinda|ain't)\b",
    r",[^,]{1,20},[^,]{1,15},[^,]{1,12},",
    r"\b(?:would|will|can|could|should|must|may|might|to) (?:had|has|been|was|were|went|did|are)\b",
    r"\b(?:for|of|to|with|about|the) (?:it's|that's|they're|we're|how|why|who)\b(?<!about how)"
    r"(?<!of how)(?<!to how)(?<!about who)(?<!about why)(?<!of who)(?<!with how)",
    r"\bit['’]s (?:should|will|can|would|is|has|have|cost)\b",
    r"\ba (?:as|at|by|if|when|where|how|what|he|she|are|have|had|can|will|would|could|should)\b",
    # "they want they expect", "we have come up, we have covered"
    r"(?<!if )(?<!when )\b(they|we|i|you|it) (?!think|say|know|hope|mean|guess|believe|feel|wish"
    r"|said|thought|knew|need)\w+ \1\b",
    r"\b(we|they|i)( |['’])(\w+)\b[^,]{1,15}, \1\2\3\b",
    r"\b(?:discuss|talk|decide|look|think|see) (?:come|discuss|talk|decide|look|think|find)\b",
    r"\bhad (?:they|we|it|i|you)\b|\blike,",
    r"^(?!.*\b(?:if|when|once|as|until|unless)\b).*[^,;] then (?:it|we|they|you|that)\b",
    r"\ba (?:better|good|new|different|nice|big|small) \w{4,30}[^suia\W]s\b(?!['’])",
    r"\bas (?:we|i|they|you) \w+ (?:\w+ ){0,7}(?:we|they|i|you)\b|\bdecided,",
    # its end is missing
    r"\b(?:so|and|but|or|because|if|like|the|a|an|of|to|with|i|we|my|our|their|quite|very|pretty"
    r"|still|such|having|getting|making|than|as|at|from|by|into|they're|it's|would|could"
    r"|should),? ?[.?!]$",
    r"[\"“”@<>{}\[\]|_=*]|…|\.\.|--|[,;:] ?[,;:.]",
)
STUMBLES = (
    *(re.compile(pattern, re.IGNORECASE) for pattern in _PATTERNS),
    re.compile(r", (?:It|The|We|They|That|This|There|If|So|But|And|You|Or|Yeah)\b"),
    re.compile(r"\b[A-Z] [A-Z]\b|\b(?!I\b)[B-HJ-Z],? [a-z]"),  # letters alone
)
