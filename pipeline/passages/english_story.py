"""What the rules for stories know of English, by what the words are for."""

from __future__ import annotations

import re

# Who is who. Titles stand before a name and belong to it.

TITLES = """
Mr Mrs Ms Miss Dr Capt Captain Major Lt Lieutenant General Gen Col Colonel Sgt Sergeant Prof
Professor Sir Lady Lord King Queen Prince Princess Uncle Aunt Commander Consul Ambassador Doctor
Father Mother Brother Sister Madam Madame Inspector Judge President
"""
HIS_TITLES = {"Mr", "Sir", "Lord", "King", "Prince", "Uncle", "Father", "Brother"}
HER_TITLES = {"Mrs", "Ms", "Miss", "Lady", "Queen", "Princess", "Aunt", "Mother", "Sister", "Madam"}
# Begin sentences with a capital, and are no names.
NO_NAMES = """
The A An He She It They We You I This That These Those But And Or So Then There Here When While As
If In On At For From With By After Before Now Not No Yes Oh Well What Who Why How Where One Two
Three Four All Another Some Each His Her Their Its My Our Your Behind Above Below Suddenly Only
Even Still Just Perhaps Maybe God Once Because Both Without Within Through Over Under Again Never
Almost Later Finally Slowly Quickly Abruptly Outside Inside Everything Everyone Everybody Nobody
Someone Somebody Something Nothing None Most Many Much Any Other Others Men Man People Whoever
Which Chapter Part Nor Yet Until Since Though Although Let Please Too Very Soon Next Instead Earth
Good Lord Heaven Heavens Hell Damn Hey Hello Look Listen Wait Come Go Get Take
"""
# Past tenses that do not end in "ed". Those of the first list say that someone acts.
ACTS = """
said came went took got gave made saw heard felt knew thought told stood sat ran fell held kept
left let led lay looked put brought found began spoke broke shook woke rose drew threw caught bent
bit blew chose drove ate fought flew forgot froze grew hid hit hung hurt leapt lost meant met paid
rode rang sang sank sent set shot shut slept slid spent sprang struck stole swung swore swept
taught tore understood wore won wrote bought sold built dug slew fled
"""
STATES = "was were had did would could might must"
SAID = """
said asked answered replied told cried shouted whispered muttered explained demanded called added
snapped murmured growled grinned laughed agreed exclaimed continued gasped snorted stammered
announced declared insisted admitted suggested warned ordered repeated begged inquired remarked
protested objected barked roared yelled screamed sighed observed conceded promised
"""

NUMBERS = """
two three four five six seven eight nine ten eleven twelve fifteen twenty thirty fifty hundred
thousand million
"""


def _any(words: str, *more: str) -> str:
    return rf"\b(?:{'|'.join([*words.split(), *more])})\b"


# Words that need what stands before them.

# A passage does not begin with these.
LEADS_ON = re.compile(
    _any(
        """
        He She It They His Her Their Its Him Them This These That Those Such But And Or So Then Also
        Both However Instead Otherwise Again Nor Yet Neither Either Another Other Others Here There
        Meanwhile Still Though Nevertheless Only Later Now Thus Hence Therefore Besides
        """,
        "(?:When|As|While|Before|After|If|Since|Until|Though|Because|Once|Of|To|In|From|For) "
        + "(?:it|they|this|that|those|these|them)",
        "The fact of the matter|In fact|Of course|Not even",
        "Just then|Even so|As for|(?:At|After|With) (?:this|that)",
        "The (?:former|latter|others?|same|second|third|next|last)",
    )
)
# Left out where a passage begins with it; what follows can be read alone nevertheless.
CONNECTIVE = re.compile(
    r"\A(?:(?:Then|So|Nevertheless|Meanwhile|Finally|Still|Suddenly), "
    r"|(?:Then|But|And) (?=[a-zA-Z]))"
)
# In narration, these point at what was just told; "that" does only before a verb or at an end.
POINTS_BACK = re.compile(
    r"(?i)\b(?:this|these|those|such|latter|former|respectively)\b|\bthat (?:is|was)\b|\bthat's\b"
    r"|\b(?:as well|too|either|instead|do so|did so)[.!]|\b(?:the other|another|the same)\b"
)
# In speech, what these mean stands in what was said before, or in what one sees.
VAGUE = re.compile(
    "(?i)"
    + _any(
        """
        it its it's this that's these those they them their they're here there things? stuff so such
        ones? another other
        """
    )
    + r"|\bthat\b(?=[.,!?]| is| was| would| will)"
)
THEY, IT = {"they", "them", "their", "they're"}, {"it", "its", "it's"}
# Speech that begins so answers, or goes on.
ANSWERS = re.compile(
    _any(
        """
        Yes No Yeah Yep Oh Ah Well Sure Right Exactly Certainly Then And But So Or That That's This
        It It's They They're He She He's She's His Her Because Not Why What Who How Where When Which
        Maybe Perhaps Thanks Thank Please Okay Neither Nor These Those Also Here There Hey Hello Hm
        Hmm Um Uh Nothing None Nobody Never
        """,
        "Of course|All right|You mean",
    )
)
# Someone is meant who has no name.
PERSON = re.compile(
    "(?i)"
    + _any(
        """
        man woman girl boy doctor captain waiter guard officer bartender clerk stranger creature
        lady pilot fellow soldier child mayor driver husband wife father mother sister brother son
        daughter friend guide sergeant major skipper consul official alien robot
        someone somebody
        """
    )
)
APPEARS = re.compile(_any("voice face figure"))  # and somebody new with it
# Before "him", where that may be who acts; elsewhere it is somebody else: "Dennis hit him".
PLACES = "above after ahead around before behind below beneath beside near past toward towards"
# No story: what publishers and transcribers write before and behind it.
FRONT = re.compile(
    r"(?i)\[|https?:|"
    + _any(
        r"transcriber etext e-text copyright illustrat(?:ed|or) publication gutenberg proofread\w*"
    )
)

# What turns a plot, told or said: someone learns, decides, comes, goes, hurts, dies, confesses.
TURNS = re.compile(
    "(?i)"
    + _any(
        r"""
        reali[sz]ed understood decided discover\w* found learned explained arriv\w+ returned kill\w*
        die[ds]? dead death explod\w+ escap\w+ marry married sav(?:e|ed|ing) agreed refused ordered
        warn\w* attack\w* captur\w+ promis\w+ confess\w* reveal\w* failed won lost steal stole\w*
        admit\w* arrest\w* hired fired accus\w+ destroy\w* disappear\w* threat\w* murder\w* trap\w*
        shoot shot danger\w* truth secret hid(?:den)? conceal\w* guilty? mistake because
        """,
        "task force|at fault|I lied",
    )
)
# What people do while they speak or wait, and what tells nothing of a plot.
GESTURES = re.compile(
    "(?i)"
    + _any(
        r"""
        nodded look(?:ed|ing) smil(?:ed|ing) blink\w+ star(?:ed|ing) shrugged sigh\w* frown\w*
        grinn?\w* eyebrows? mouth throat glanc\w+ tapped gestur\w+ paused hovered exhaled peered
        squint\w+ chair squeezed mounted perspiration sweat\w* shifted muttered trembled shivered
        blush\w* bowed
        """,
        "his head|her head|(?:stood|sat|got|stepped) (?:up|down|back)",
    )
)
# Said only: what somebody knows, fears, wants or is going to do.
PLANS = re.compile(
    "(?i)"
    + _any(
        r"""
        means reason never always years? million belongs? happened know knew gonna I'll we'll must
        plan\w* let's want need intend shall propose order\w* I've love afraid sorry fear\w* error
        truly left told
        """,
        "(?:I|we) (?:will|did|was|have|am)|going to|ha(?:ve|s) to|if you",
    )
)
