"""English words that tell what a sentence claims: settled or only said, denied, caused, by whom.

`words.py` and `clauses.py` read sentences by them, and the checks go by what was read. Verbs stand
in their first form; `IRREGULAR` and the stemmer bring the others to it.
"""

from __future__ import annotations

import re


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


# Words that mean the same thing in every text, so that a sentence may use them freely.

COMMON = _set("""
a about above again against all also am an and another any are as at be because been before being
below between both but by can could did do does doing down during each either even every few for
from further had has have having he her here hers herself him himself his how if in into is it its
itself just less like many may might more most much must neither no none nor not now of off on once
only onto or other others out over own per rather same several shall she should so some something
somebody someone still such than that the their theirs them themselves then there these they this
those though through to too under until up upon various very was were what when where whether which
while who whom whose why will with within without would yet
i me my mine myself we us our ours ourselves you your yours yourself
""")
# Verbs and nouns of reporting, which a sentence may add to what it reports.
REPORTING = _set("""
say tell state explain note mention describe believe think discuss present report introduce outline
add remark comment claim point talk include use call
""")
# Whom a sentence may name so, whatever its passage calls them.
ANYONE = _set("""
man woman person people team group member speaker meeting participant everyone everybody anyone
nobody boy girl child family character protagonist
""")
PRONOUNS = _set("he she it they this that these those who which there i we you one")
DETERMINERS = _set("""
a an the this that these those his her its their my our your no some any each every another both
very most more so too two three four five six seven eight nine ten
""")
# "The son of the miller" is not the miller.
RELATIONS = _set("""
son daughter child wife husband brother sister mother father parent uncle aunt cousin nephew niece
friend servant king queen captain owner leader head chief master director president secretary
assistant agent lawyer doctor neighbour neighbor enemy widow heir member spokesman spokeswoman
""")
NEWCOMERS = _set("a an another one two three some")  # who is named so was not named before
HAVING = _set("have has had")
OWNERS = _set("his her their its my our your whose own has had have having")
OBJECTS = _set("the a an his her its their him them it")  # what may stand behind an active verb
PREPOSITIONS = _set("""
of in on at by for from with to into onto over under between through during against about upon
within towards toward near behind beside among across along around inside outside beyond like
""")
# What a sentence may not end with: something has to follow.
DANGLING = _set("a an the and or but nor of to in at by for from with as because that which whose")

# Words that open a clause; of those of the first kind, what stands before it governs it.
COMPLEMENT = _set("that whether if")
OPENS = COMPLEMENT | _set("""
but while when after before then until who whose which where because without so although though
unless since than as
""")

# Verbs, to find where a clause has its subject. Regular ones are known by their endings.

AUXILIARY = _set("""
is are was were am be been being has have had do does did will would shall should can could may
might must cannot isn't aren't wasn't weren't hasn't haven't hadn't don't doesn't didn't won't
wouldn't shouldn't can't couldn't mustn't
""")
# Short forms behind a pronoun. "'d" is "had" before a past form, as "he'd left".
SHORT_FORMS = {"m": "am", "ll": "will", "d": "would", "s": "is", "re": "are", "ve": "have"}
TO_BE = _set("is are was were am be been being isn't aren't wasn't weren't got gets")
# First form: its irregular ones, and nouns made of it whose stem is another.
_IRREGULAR = """
agree:agreement,agreements arise:arose,arisen awake:awoke,awoken beat:beaten become:became
begin:began,begun believe:belief,beliefs bend:bent bind:bound bite:bit,bitten bleed:bled
blow:blew,blown break:broke,broken breed:bred bring:brought build:built burn:burnt buy:bought
catch:caught choose:chose,chosen,choice,choices cling:clung come:came creep:crept deal:dealt
decide:decision,decisions defend:defence,defense die:death,deaths,dead dig:dug draw:drew,drawn
dream:dreamt drink:drank,drunk drive:drove,driven eat:ate,eaten explain:explanation,explanations
fall:fell,fallen feed:fed feel:felt fight:fought find:found flee:fled,flight fling:flung
fly:flew,flown forbid:forbade,forbidden forget:forgot,forgotten forgive:forgave,forgiven
freeze:froze,frozen get:got,gotten give:gave,given go:went,gone,goes grow:grew,grown,growth
hang:hung hear:heard hide:hid,hidden hold:held keep:kept kneel:knelt know:knew,known,knowledge
lay:laid lead:led leap:leapt learn:learnt leave:left lend:lent lie:lay,lain,lied light:lit
lose:lost,loss,losses make:made mean:meant meet:met,meetings pay:paid,payment produce:production
read:read receive:receipt reduce:reduction ride:rode,ridden ring:rang,rung rise:rose,risen
rob:robbery run:ran say:said see:saw,seen sight seek:sought sell:sold,sale,sales send:sent
shake:shook,shaken shine:shone shoot:shot show:shown shrink:shrank,shrunk sing:sang,sung
sink:sank,sunk sit:sat sleep:slept,asleep slide:slid speak:spoke,spoken,speech spend:spent
spin:spun spread:spread spring:sprang,sprung stand:stood steal:stole,stolen,theft stick:stuck
sting:stung strike:struck strive:strove swear:swore,sworn sweep:swept swim:swam,swum swing:swung
take:took,taken teach:taught tear:tore,torn tell:told think:thought,thoughts throw:threw,thrown
understand:understood wake:woke,woken wear:wore,worn weave:wove weep:wept win:won,victory
withdraw:withdrew,withdrawn,withdrawal write:wrote,written be:was,were,been,is,are have:had,has
do:did,done,does cut:cut put:put set:set let:let hit:hit hurt:hurt shut:shut quit:quit cost:cost
split:split marry:marriage,wedding succeed:success,succeeded behave:behaviour
fail:failure,failures
"""
IRREGULAR = {
    form: base
    for base, _, forms in (entry.partition(":") for entry in _IRREGULAR.split())
    for form in (base, *forms.split(","))
    if form
}
# Irregular verbs whose past is their first form.
UNCHANGED = _set("cut put set let hit hurt shut quit cost split read spread")
NO_PAST = _set("need feed seed speed indeed hundred sacred naked wicked red bed deed weed breed")
# "She could see the coast": she did.
PERCEIVING = _set("see hear feel smell taste tell remember")
# What has to follow these, for them to tell of a plan or a need.
ONLY_WITH = {
    **dict.fromkeys(["aim", "aims", "aiming", "aimed"], _set("to for")),
    **dict.fromkeys(["going", "have", "has", "had"], _set("to")),
}
MODALS = _set("will shall should must ought need let let's may might could would can")
# "She saw him fall": what is seen or brought about has a subject of its own.
SENSING = _set("see hear feel let make help")
AS_NOUNS = _set("will may might")  # behind "the" or "his", or with a capital: no verbs
# Verbs that say little by themselves, in "made a decision", so that a sentence may use them freely.
LIGHT = _set("make take give get put have do be go come hold")
# Words in a row say the same, near enough that a sentence may put one for another.
ALIKE = tuple(
    row.split()
    for row in """
buy purchase acquire
begin start commence open
end finish complete stop cease
get obtain receive
give hand provide supply
leave depart
return back
die perish
kill murder slay
help assist aid
show display reveal demonstrate
use employ utilize
build construct erect make create produce manufacture
find discover locate
ask request inquire
choose select pick opt
need require necessary
keep retain preserve maintain
increase rise grow raise climb
decrease fall drop decline reduce shrink cut
want wish desire
try attempt
look see watch observe notice spot
hear listen
speak talk
answer reply respond
fix repair mend
allow let permit
forbid ban prohibit
steal rob
save rescue
destroy ruin wreck demolish
damage harm
close shut
hide conceal
carry bring transport
send dispatch mail
fight battle
marry wed wife husband
flee escape
throw toss hurl
hit strike
shout yell cry scream
walk stroll
gather collect assemble
join unite merge
move relocate
own possess
pay spend
cost price
warn alert
injure wound hurt
win defeat beat
teach instruct
sack fire dismiss
hire employ recruit engage
remove delete
change alter modify
big large huge
small little tiny
quick fast rapid quickly
ill sick
house home
doctor physician
child kid
boat ship vessel
road street
money fund cash
job post position
illness disease
test trial
rule regulation
law act
aim goal objective purpose target
""".strip().splitlines()
)

# How a thing is told: as settled, as coming, or as no more than said. Each is a mood of a clause,
# known by its words: verbs in any form, those in "ed", "ing", "ly" in this alone. A sentence may
# tell a thing in a mood of its passage.

MOODS: dict[str, frozenset[str]] = {
    "settled": _set("""
decide agree approve conclude finalize finalise accept adopt resolve settle confirm determine
consent vote ratify
"""),
    "planned": _set("plan will shall intend promise announce schedule going 'll expect aim vow"),
    "would": _set("would 'd"),
    "proposed": _set("""
propose suggest recommend should ought want wish hope offer advise urge let let's need must request
demand consider have has had beg order prefer seek invite threaten argue favour favor encourage
"""),
    "possible": _set("""
may might could maybe perhaps possible possibly probably likely seem appear if unless
whether suppose guess
"""),
    "asked": _set("ask wonder inquire question"),
    "tried": _set("try attempt"),
    "refused": _set("""
refuse decline reject deny oppose won't object forbid prevent avoid dismiss veto prohibit
"""),
    "joked": _set("joke jest tease kidding pretend dreamed dreamt dreaming imagined"),
    "said": _set("""
say tell state explain note mention claim report believe think add warn remark insist describe
complain admit speak reply answer predict fear suspect allege write estimate calculate point
"""),
}
# What the moods are called before readers.
MOOD_NAMES = {
    "settled": "decided", "planned": "planned", "would": "to come", "proposed": "proposed",
    "possible": "possible", "asked": "asked", "tried": "tried", "refused": "refused",
    "joked": "joked or dreamed", "said": "said",
}  # fmt: skip
# Verbs of knowing and saying, behind which a clause may follow without "that".
KNOWING = _set(
    "know learn realize realise find discover hear hope wish understand show prove agree"
)
# What a report may say of a speaker, besides verbs of saying.
FEELING = _set("worry doubt fear hope wonder feel find concern want wish like")
# What a question may be reported as, besides asking.
ASKING = _set("suggest propose recommend invite")
# Moods of what has not happened, or need not have.
UNREAL = frozenset(
    {"planned", "would", "proposed", "possible", "asked", "tried", "refused", "joked"}
)
# What each strong mood of a sentence needs: one of these moods where its passage speaks of it.
NEEDS: dict[str, frozenset[str]] = {
    "settled": frozenset({"settled"}),
    "planned": frozenset({"planned", "settled"}),
    "would": frozenset({"would", "planned", "settled"}),
    "asked": frozenset({"asked", "proposed", "possible"}),
    "refused": frozenset({"refused"}),
    "joked": frozenset({"joked"}),
}

NEGATION = re.compile(
    r"(?i)\b(?:not(?! only\b| just\b)|no|never|none|nobody|nothing|nowhere|neither|nor|cannot"
    r"|unable|hardly|barely|rarely|impossible|unwilling|lack(?:s|ed|ing)?"
    r"|fail(?:s|ed|ing|ure)? to|refus(?:e|es|ed|ing|al)|declin(?:e|es|ed|ing) to"
    r"|reject(?:s|ed|ing|ion)?|den(?:y|ies|ied)|oppos(?:e|es|ed|ing))\b|n't\b"
)
LITTLE_NOT = re.compile(r"(?i)\bwithout\b")  # denies what follows it, and not its clause
# "I don't think we need it" denies the need. Verbs that hand a "not" on to what follows them.
HANDS_ON = _set("deny doubt think believe suppose expect want say agree seem let allow permit see")

# Between a cause and what it brings about. After the first, the cause stands; after the second, the
# effect.
BEFORE_CAUSE = re.compile(
    r"(?i)\b(?:because(?: of)?|due to|owing to|on account of|thanks to|as a result of"
    r"|in response to|caused by|(?<!ever )since (?!\d|then\b|last\b|that\b)(?=\w+ \w+))"
)
BEFORE_EFFECT = re.compile(
    r"(?i)(?:\b(?:caus(?:e|es|ed|ing)|therefore|thus|hence|as a result|consequently|so that"
    r"|lead(?:s|ing)? to|led to|result(?:s|ed|ing)? in|forc(?:ed|ing)"
    r"|prompt(?:s|ed|ing))\b(?! of\b| by\b)|, making |,? so (?=the|he|she|it|they|we|i|\w+ed)\b)"
)
# Anything that may tell of a cause, in a passage.
CAUSAL = re.compile(
    r"(?i)\b(?:because|'cause|due|since|caus\w+|therefore|thus|hence|result\w*|lead\w*|led|so|mak\w+"
    r"|made|forc\w+|reason\w*|why|owing|thanks|account|prompt\w*|response|consequen\w+|out of"
    r"|in order)\b|(?:^|[.;,] )(?:as|for)\b"
)
# In a sentence that has its cause, or its effect, in the one before.
LEADS_ON = re.compile(
    r"(?i)\A\W*(?:so|as a result|therefore|thus|hence|consequently|that is why|because of|due to"
    r"|the reason)\b|\b(?:this|that|it|these|which|therefore|they|he|she|his|her|their|then)\b"
)

FIRST_PERSON = re.compile(
    r"(?i)(?<![\w.])(?:i|i'm|i've|i'll|i'd|me|my|mine|myself|we|we're|we've|we'll|we'd|us|our|ours"
    r"|ourselves|you|you're|you've|you'll|your|yours)(?![\w'.])"
)
# "the US" is a country.
COUNTRY = re.compile(r"\bU\.?S\.?\b")
TALK_OF_TEXT = re.compile(
    r"(?i)\b(?:the|this) (?:passage|text|story|sentence|narrator|author|excerpt|article|paragraph"
    r"|summary|transcript|dialogue|scene)\b|\bin summary\b"
)
OPENING = re.compile(
    r"(?:He|She|It|They|Him|Them|His|Her|Its|Their|This|These|That|Those|We|I|You|There|Such)\b"
)
# A sentence that begins so is half a one, unless a comma ends that half.
HALF = _set("""
because although though while when if unless since whereas which who whose as after before
""")
