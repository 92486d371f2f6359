"""What choosing sentences of English prose goes by: words that point elsewhere, words that tell."""

from __future__ import annotations

import re


def _any(words: str) -> str:
    """Return a pattern for any of the phrases of a table, which stand between bars or lines."""
    phrases = (" ".join(phrase.split()) for phrase in re.split(r"[|\n]", words))
    return "|".join(phrase for phrase in phrases if phrase)


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


# How a sentence begins that needs the one before it, beside the words of `text/english.py`
# (ANAPHOR, CONNECTIVE).
_LEADING = _any(
    """
    Further|Furthermore|Moreover|Additionally|Similarly|Likewise|Therefore|Thus|Hence|Consequently
    Accordingly|Conversely|Correspondingly|Nevertheless|Nonetheless|Meanwhile|Otherwise|Again
    Specifically|In particular|In addition|In contrast|By contrast|By comparison|In comparison
    In turn|In response|In return|In other words|In that|In this|In these|In those|In such|In each
    In both|In the same|In either case|In neither|In the first|In the second|In the latter|In fact
    As noted|As mentioned|As discussed|As described|As stated|As above|As a result|As such|As before
    As with|As for|As it|Here again|Not so|Even so|Even then|Even this|Until then|Since then
    By then|By this|By that|At this|At that|At the same|At first|At the time|From this|From that
    From there|From these|To do|To this|To that|To these|Of this|Of these|Of those|Of the two
    Of the three|Of the four|On this|On that|On these|On the other|On the contrary|On one hand
    With this|With that|With these|Under this|Under that|Under these|Under such|After this
    After that|After which|Before this|Before that|For example|For instance|For this|For that
    For these|For those|For one|Because of this|Despite this|Through this|Like this|Like that
    Given this|Given that|Given these|Besides|Still|Yet|Nor|Rather|Perhaps|Indeed|Now|Next|Later
    Earlier|Afterwards?|Eventually|Subsequently|Thereafter|Ultimately|Hardly|Whatever|Either way
    To be sure|Of course|Another|Others?|Neither|Either|One such|First|Second|Third|Fourth|Fifth
    Sixth|Seventh|Eighth|Ninth|Tenth|Finally|Lastly|Firstly|Secondly|Thirdly|Here|Which|Why|Who|So
    Part of|Half of|Too|A second|A third|A fourth|A similar|A related|A further|An additional
    An alternative|Additional|Similar|Different|Unlike|Alternatively|All of these|More|Less|Fewer
    Same|Only then
    """
)
LEADING_ON = re.compile(
    rf"(?:{_LEADING})\b(?! (?:than|to|with)\b)|(?:Yes|No|Well|Oh|Ah|One|Two|Three|Four|Five)[,.]"
)
# "Some are", "Each of them": what they count is said in an earlier sentence.
_COUNTS = _any(
    """
    Each|Both|All|None|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|Thirteen
    Fourteen|Fifteen|Sixteen|Seventeen|Eighteen|Nineteen|Twenty|Thirty|Forty|Fifty|Hundreds
    Thousands|Dozens|Some|Most|Several|Many|Few|A few|Any|Half|Much|Not all
    """
)
NOTHING_COUNTED = re.compile(
    rf"(?:{_COUNTS}),? (?:of (?:the|this|that|these|those|them|it|which|his|her|its|their)\b"
    r"(?! [A-Z])|is|are|was|were|had|has|have|did|do|does|came|went|will|would|can|could|may|might"
    r"|must|should|also|then|still|only|in|on|at|such|more|other|others|[a-z]+ed)\b"
)
# "The latter …", "The second question …", "The next day …", "The result was …"
_SEEN = _any(
    """
    former|latter|other|same|first|second|third|fourth|fifth|next|last|following|above|below
    remaining|rest|remainder|previous|preceding|resulting|result|results|reason|reasons|answer
    two|three|four|five|six|difference|differences|exception|exceptions|effect|effects
    alternative|opposite|reverse|idea|point|trouble|problem|lesson|question|trick|rationale
    corresponding|respective|further
    """
)
SEEN_BEFORE = re.compile(rf"The (?:{_SEEN})\b")
# Things that a text speaks of as "the bill", having named it, with what follows if that is so.
_NAMED = _any(
    """
    bills?|acts?|committee|agency|agencies|program|programme|law|rule|measure|proposal|amount
    level|increase|decrease|change|changes|provisions?|funds?|report|study|survey|author|authors
    group|team|company|firm|plan|project|scheme|method|approach|process|procedure|requirements?
    system|site|document|letter|order|decision|ruling|case|court|statute|section|resolution
    legislation|amendment|authority|authorities|term|practice|office|board|panel|council|commission
    package|policy|initiative|effort|event|incident|man|woman|people|person|place|tool|option
    command|file|column|list|item|number|figure|figures|numbers|share|rate|total|gap|ratio|sum
    provision|recommendations?|findings?|criteria|conditions?|exemption|waiver|threshold|period
    defaults?|values?|size
    """
)
_VERBS = _any(
    """
    is|are|was|were|has|have|had|will|would|can|could|may|might|must|shall|should|does|do|did|grew
    rose|fell|went|came|took|made|gave|said|found|began|became|got|led|left|held|kept|met|ran|saw
    set|cost|paid|put|also|then|now|still|only|never|always|itself|[a-z]+ed|[a-z]{2,}s
    """
)
_GENERAL = "new|current|joint|entire|whole|full|average|existing|latest|final|[a-z]+al|[a-z]+ed"
GENERIC = re.compile(
    rf"(?:^|(?<=[,;] ))[Tt]he (?:(?:{_GENERAL}) )?(?P<noun>{_NAMED})(?:,| (?:{_VERBS})\b)"
)
# "The budget proposal included …" may be named well enough, or not.
VAGUE = re.compile(rf"The [a-z-]+ (?:{_NAMED}) (?:{_VERBS})\b")
# "The ant lives …": a sentence that takes its subject for known.
MET_BEFORE = re.compile(rf"The [a-z-]+ (?:{_VERBS})\b")
# "If the loans are …": which loans may be said elsewhere; or there is but one, as of "the economy".
BARE = re.compile(
    r"(?:^|(?:If|When|Once|As|While|Although|Because|Where|Since|[a-z],) )[Tt]he [a-z-]+ (?:is|are"
    r"|was|were|has|have|had|will|would|can|could|may|might|must|should|does|do|did)\b"
)
# Words for what was named before, anywhere in a sentence.
POINTING = re.compile(
    r"(?i)\bthis (?!year|month|week|season|century|country\b)\w+|\bthis[.,;]|\bthese\b"
    r"|\bsuch (?!as\b|that\b)|\bthose (?!who|whose|that|with|without|of|in|which|for|from|to|on|at"
    r"|by|made|\w+ing\b|\w+ed\b)\w+"
    r"|\b(?:in|on|at|by|from|with|under|during|after|before|since|until|into|within|through|of)"
    r" that (?!of|in|which|the|a|an|it|they|he|she|we|I|you|there|is|was|are|can|may|will)[a-z]+"
    r"|(?:, |^)that [a-z]+ (?:[a-z]+ )?(?:is|are|was|were|would|can|may|must|will|has|have)\b"
    r"|\bthe (?:former|latter|aforementioned|above|preceding|previous(?:ly)?|other"
    r"|others|foregoing)\b|\brespective(?:ly)?\b|\bas follows\b|\bfollowing (?:ways|reasons)\b"
    r"|\bthe same (?!\w+ (?:\w+ )?(?:as|that|it|when|in which)\b|as\b)"
    r"|\bthe (?:first|second|third|fourth|last)(?=[,.;]| (?:is|was|are|were|of these|to|and)\b)"
    r"|\bthe (?:two|three|four|five|six) (?:days|weeks|months|years|decades)\b(?! (?:of|from|before"
    r"|after|since|to|that|in|ending|between)\b)"
    r"|\bboth (?:of )?(?:the )?[a-z-]+s\b(?![^.;]{0,40}\band\b)"
    r"|\bthe (?:second|third|fourth|fifth) (?!consecutive|largest|half|world|quarter|most|highest"
    r"|straight|biggest|time|century|\w+ (?:of|in|after|before|since)\b)[a-z]+"
    r"|\bthe (?:measure|rule|bill|act|law|program) itself\b|\bthe two(?! \w+s of\b)\b"
    r"|\b(?:discussed|described|mentioned|noted|listed|see|shown|seen|explained|outlined|defined"
    r"|specified|summari[sz]ed|presented|provided) (?:above|below|later|earlier|previously|here"
    r"|elsewhere|in (?:Table|Figure|Appendix|Section|Chapter|more detail))\b"
    r"|\b(?:above|below)[.,;)]"
    r"|\b(?:as|previously|already) (?:mentioned|noted|discussed|described)\b"
    r"|\b(?:Figure|Fig\.|Table|Appendix|Box|Exhibit) [A-Z\d]|\bchapter \d|\bnext section\b"
    r"|\bthe (?:next|following|previous) (?:day|night|morning|week|month|year|paragraph|chapter)\b"
    r"|\b(?:days?|weeks?|months?|years?|hours?|minutes?) (?:later|earlier|afterwards)\b"
    r"|\b(?:another|others?) (?:is|are|was|were|would|will|has|have)\b|\bthat['’]s\b"
    r"|\bby then\b|, then,|\bhere\b|\bsee [A-Z]|\bhead over to\b"
    r"|\bthe (?:report|paper|article|chapter|section|page|table)\b(?! (?:of|by|on|in|that|which))"
)
# "could then consider", where no "if" or "when" stands before.
THEN = re.compile(
    r"\b(?:could|would|can|may|will|was|were|is|are|must|might|had|has|have)(?: be)? then\b"
)
CONDITION = re.compile(r"(?i)\b(?:if|when|once|after|unless|should|until)\b")
# In a sentence's first clause.
COMPARING = re.compile(
    r"(?i)\b(?:as a result|another(?! (?:\d|two|three|four|five|ten|hundred|million))|too|however"
    r"|both|therefore|instead|thus|likewise"
    r"|similarly|otherwise|elsewhere|for example|for instance)\b"
)
ALSO = re.compile(r"(?<=[a-z,])(?<!but)(?<!only)(?<!See)(?<!see) also(?= [a-z])")
ASIDE = re.compile(
    r", (?:however|though|therefore|thus|moreover|furthermore|for example|of course),"
)
# Notes of a diary: "Left the hut at six."
NO_ONE = re.compile(
    r"(?:Left|Sat|Went|Took|Got|Saw|Came|Woke|Slept|Ran|Spent|Walked|Reached|Met) (?:the|an?|in|at"
    r"|on|up|off|to|out|my|our|his|her)\b"
)
# What may be a verb, or else a plural: names and titles in a row have neither.
VERB = re.compile(rf"(?<![\w’'])(?:{_VERBS}|[a-z]+(?:en|n['’]t|ing))\b")
# "She did not, and …": what she did not do is said before.
ELLIPTIC = re.compile(
    r"[^,;]{0,60}\b(?:did|does|do|was|were|is|are|had|has|have|would|could|can|will|should)"
    r"(?: not|n['’]t)?[,;.]"
)
# An item of a list whose subject is that of the list: "Encrypts files …"
NO_SUBJECT = re.compile(
    r"[A-Z][a-z]+s (?!(?:[\w,-]+ ){0,5}(?:is|are|was|were|has|have|had|will|would|can|could|may"
    r"|might|must|should|does|do|did)\b)"
)
# What a list comes after, or an enumeration; and its parts inside a paragraph.
_LISTED = _any(
    """
    conditions|criteria|criterion|steps|requirements|provisions|ways|exceptions|circumstances
    questions|reasons|options|categories|types|kinds|forms|areas|issues|factors|means|elements|parts
    objectives|goals|groups|points|situations|mechanisms|approaches|examples|components|sections
    """
)
LISTING = re.compile(
    r"(?i):$|\bas follows\b|\b(?:the|all of the|any of the|one of the|these) following\b"
    rf"|\b(?:these|two|three|four|five|six|seven|several|some|certain|various|a number of|many"
    rf"|multiple|numerous) (?:[a-z-]+ )?(?:{_LISTED})\b(?!.{{0,80}}(?::\s|—|\bsuch as\b|\bnamely\b"
    r"|\bincluding\b))"
)
LABEL = re.compile(r"[A-Z][\w’'-]*(?: [\w’'-]+){0,3}:\s")  # "Note: …", or someone who speaks
# A heading that runs into its paragraph: "Training — The academy offers …"
RUN_IN = re.compile(r"[A-Z][\w’'-]*(?: [\w’'-]+){0,4} ?[—–] ?(?=[A-Z])")
# "First, vouchers should …": with a verb of this kind it is a rule or advice, whatever its number.
ORDINAL = re.compile(
    r"(?:First|Second|Third|Fourth|Fifth|Sixth|Seventh|Eighth|Ninth|Tenth|Finally|Lastly|Last"
    r"|Firstly|Secondly|Thirdly),? (?:and most importantly, )?(?=[a-z])"
)
RULING = re.compile(r"\b(?:should|must|may|can|cannot|shall|ought)\b")
# "…, by taking the following steps:"
LIST_AT_END = re.compile(
    r",? (?:by|through|using|with|as|in|including)\b[^,:]{0,50}\b(?:following|follows)\b"
    r"[^,:]{0,40}:$"
)
ENUMERATED = re.compile(r"\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s")
TELLING_LIST = re.compile(r"(?i)\b(?:recommend|finding|conclu|result|key points|highlights)")

# Pronouns, and what has to stand before them in the same sentence.
THINGS = re.compile(r"\b(?:it|they|them|its|their|theirs|itself|themselves)\b", re.IGNORECASE)
PERSONS = re.compile(r"\b(?:he|she|him|his|her|hers|himself|herself)\b", re.IGNORECASE)
_ROLES = _any(
    """
    president|minister|secretary|governor|mayor|senator|member|officer|director|chair(?:man|woman)?
    person|people|man|woman|child|boy|girl|father|mother|husband|wife|son|daughter|king|queen
    author|writer|artist|scientist|teacher|student|doctor|patient|nurse|worker|employee|employer
    veteran|soldier|judge|lawyer|citizen|resident|farmer|founder|owner|everyone|someone|anyone
    nobody|individual|player|reader|user|customer|engineer|philosopher|historian|recipient|witness
    captain|pilot|driver|sailor|manager|candidate|applicant|parent|leader|speaker|defendant|client
    """
)
PERSON_WORDS = re.compile(rf"(?i)\b(?:{_ROLES})\b")
# Words that are no noun for a pronoun to go back to, among those that open a clause.
FUNCTION_WORDS = _words(
    """
    a about after again all although always an and any are as at be because been before being both
    but by can could did do does down during each either even every few for from had has have he
    her hers him his how however i if in instead into is it its itself just least less like many
    may me might more most much must my neither never no nor not now of off often on once one only
    or other our out over per perhaps rather re same shall she should since so some sometimes
    still such than that the their them themselves then there therefore these they this those
    though through thus to too toward towards under unless until unto up upon us very was we well
    were what whatever when whenever where whereas wherever whether which while who whom whose why
    will with within without would yet you your according given despite regardless
    summer spring autumn winter year years month months day days week weeks time times moment
    beginning end start morning afternoon evening night century decade hour hours minute minutes
    way case fact addition course view order january february march april june july august
    september october november december monday tuesday wednesday thursday friday saturday sunday
    """
)
PREPOSITIONS = re.compile(
    r"(?:In|On|At|By|From|During|Under|For|With|Over|Through|Since|Between|Within|Despite|Without"
    r"|Throughout|Among|Until|To|Near|Across|Around|Together|Along|As an?|As the|Like|Besides)\b"
)
# "The extent of their use": no noun that "their" can mean.
OF_THEIRS = re.compile(r"\b[a-z]+ (?:of|for|behind|about) $")
MANY = re.compile(  # what "they" can mean
    r"(?i)\b(?:(?!this\b|does\b|always\b)[a-z-]{3,}s|and|people|children|men|women|police|public|staff|everyone|anyone|someone"
    r"|person|anybody|somebody|nobody|majority|data|criteria|media|nor|or)\b"
)
# "in Calder", "the Bank": capitals of no person.
NO_PERSON_BEHIND = _words("the The a A an An in In at At from From near Near to To on On")

# "It is important that …" goes back to nothing.
IT_IS = re.compile(
    r"\b[Ii]t (?:is|was|has been|remains|became|seems|appears) (?:\w+ly |not |now |also )?"
    r"(?:important|clear|unclear|possible|likely|unlikely|necessary|essential|true|estimated"
    r"|expected|known|believed|thought|reported|recommended|obvious|evident|probable|certain"
    r"|well known|generally agreed|said|assumed|argued|(?:un)?common|(?:un)?usual|customary|rare"
    r"|difficult|easy|hard|impossible) (?:that|for)\b"
)

# How a sentence goes on about the one before, and may stand right behind it.
GOING_ON = re.compile(
    r"(?:He|She|It|They|His|Her|Its|Their|This|These|Such|That(?= (?:is|was|means|makes|made)\b))\b"
)

# "This takes a year": it may mean all that the paragraph has said so far.
BARE_THIS = re.compile(
    r"(?:This|That) (?:[a-z]+ly )?(?:is|was|has|had|will|would|can|could|may|might|must|should"
    r"|meant|made|took|gave|led|let|kept|left|[a-z]+ed|[a-z]*[^siu\W]s)\b"
)

# "Once the middle passes 40 degrees, they die": what the clause is on is not what "they" are.
THEY_AFTER = re.compile(
    r"(?:Once|When|Where|If|As|After|Before|While|Because|Since|Although|Until|Unless)"
    r" (?!(?:(?:the|all|most|many|some|such|any|both|other|more|few|two|three) )?(?:[\w-]+ ){0,2}?"
    r"[\w-]+s (?:are|were|have|had|do|did|can|could|will|would|may|might|must|should"
    r"|[a-z]+[^s\W])\b)"
    r"[^,.]{3,120}, (?:they|their|them)\b"
)

# Where the splitter took the point of a citation for a full stop: "S. Res.", "H. Rept."
CUT_SHORT = re.compile(
    r"\b(?:Res|Rept|Stat|Cong|Sess|Pub|Con|Doc|Art|App|Ann|Reg|Supp|Inc|[A-Z])\.$"
)

# What no stranger needs of a text, and what it says of itself.
APPARATUS = re.compile(
    r"(?i)^(?:sources?|notes?|figure|table|appendix|photo|image|credit|copyright|by|from|to|subject"
    r"|date|contact|author|keywords)\b[^.]{0,20}:"
    r"|^(?:see|click (?:here|on)|subscribe|please|read (?:more|also|the))\b"
    r"|^for (?:more|further|additional|a (?:full|more|complete|detailed|discussion|list|summary))\b"
    r"|https?://|www\.|\w@\w|©|\ball rights reserved\b|\bthis (?:report|paper|article|chapter)\b"
    r"|\w\. [A-Z][a-z]+: [A-Z]|\bCRS (?:Report|In Focus|Insight)\b|\bISBN\b"
)

# Words by which a sentence tells what was found, how much, what should be done, what follows.
FINDINGS = re.compile(
    r"(?i)\b(?:found|finds?|findings?|shows?|showed|shown|results?|evidence|conclu\w+|determined"
    r"|estimate[sd]?|suggests?|indicates?|reveal\w*|discover\w*|demonstrat\w+|caused|because of"
    r"|due to|led to|means that|root cause)\b"
)
ADVICE = re.compile(
    r"(?i)\b(?:recommend\w*|should|must|ought|propos\w+|need(?:s|ed)? to|urge[sd]?|called for"
    r"|required? to|decided|agreed|plans? to|aims? to|intended to|in order to)\b"
)
FIGURES = re.compile(
    r"[$€£]\s?\d|\b\d[\d,.]*\s?(?:%|percent|per cent)|\b(?:million|billion|trillion)\b"
    r"|\b\d[\d,]*(?:\.\d+)?\s[a-z]{3,}"
)
DEFINING = re.compile(
    r"^(?:The |An? )?[\w’'()-]+(?: [\w’'()-]+){0,9} (?:is|are|was|were) (?:an?|the|one of)\b"
    r"|\b(?:refers? to|is known as|are known as|is called|consists? of|is defined as)\b"
)
SUMMING_UP = re.compile(
    r"(?:In (?:summary|sum|short|conclusion|brief|general)|Overall|To sum up|On balance|On the"
    r" whole|To summari[sz]e|To conclude|All in all|Taken together)\b,?\s*"
)
FOR_EXAMPLE = re.compile(r"(?i)\b(?:for example|for instance|e\.g\.)")
FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself)\b(?!\.)")
WE = re.compile(r"\b(?:[Ww]e|us|[Oo]urs?)\b")
YOU = re.compile(r"\b[Yy](?:ou|our|ours|ourself)\b")
# To a reader, and of a writer: no sentence that tells what a text is about.
ADDRESSING = re.compile(rf"{YOU.pattern}|{FIRST_PERSON.pattern}|[!?]$")
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DAY_ALONE = re.compile(  # of a year said before
    rf"\b(?:{_MONTHS}) \d{{1,2}}\b(?!,? \d{{4}})|^At \d{{1,2}}[:.]\d\d"
)
# A thing that is named, "a gateway", and one that was: "The gateway …", but not "the gate of …".
INTRODUCED = re.compile(r"\b[Aa]n? (?:[a-z-]+ )?([a-z]{3,})\b")
GIVEN = re.compile(
    r"\b[Tt]he ([a-z]{3,}?)s?\b(?!['’]| (?:of|in|for|that|which|who|to|on|at|from|between|with"
    r"|where|when|[a-z]+ing|[a-z]+ed)\b)"
)
