"""Words that speech in English is full of and that a reader does not miss, by what they do."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Sounds, wherever they stand.
HESITATIONS = _words("uh uhm um hmm hm mm mmm mm-hmm uh-huh mhm ah oh ooh erm er eh huh")

# Phrases without content, as rows of words. Before the words of `ASKED` they have content:
# "I mean what I say", "you know how it works".
FILLERS = (
    "you know", "i mean", "let's say",
    "so to speak", "or so", "sort of", "kind of", "like i said", "as i said",
    "and stuff like that",
    "and stuff", "and things like that", "or something like that", "or something", "or whatever",
)  # fmt: skip
ASKED = _words("what how why that who whom whose whether which if the a an")
# Words before "kind of" and "sort of" after which these are no fillers: "this kind of remote".
KINDS = _words(
    """a an the what which that this these those some any each every no same one other another new
    different certain all"""
)

# Short words that are whole; other pieces of one to four letters before a word that begins alike
# are broken off: "oje objectives", "des designer".
SHORT = _words(
    """a about act add ago aim all also am an and any are area arm art as ask at away back bad ball
    band bar base be bed been best bet big bill bit blue both box boy bus but buy by call came can
    car card care case cell cent chip city club code cold come cool cost could cup cut data date day
    dead deal deep desk did die do does dog done door down draw dry due each ease easy eat edge else
    end euro ever eye face fact fair fall far farm fast feel fees few file find fine fire firm fit
    five flat food for form four free from full fun fund gain game gas gave get girl give glad go
    goal goes gold gone good got had half hand hard has hat have he head hear held help her here
    high him his hit hold home hope host hot hour how huge i idea if in into is it item its job join
    jump just keep key kid kind king know lab lack land last late law lay lead left less let lie
    life like line link list live load loan long look lose loss lost lot low made mail main make man
    many map mark may me mean meet men met mind mine mix mode more most move much must my name near
    need new next no node none nor not note now of off oh oil old on once one only onto open or our
    out over own page paid park part pass past path pay per pick plan play plus poor post pull push
    put ran rate read real red rest rich ride right ring rise risk road role roll room rule run safe
    said same save saw say see seem seen sell send sent set she show shut side sign sit site six
    size so sold some son soon sort stay step stop such sure take talk tax team tell ten term test
    than that the them then they this thus tie till time tiny to told too took tool top town tree
    trip true try turn tv two type unit up upon us use user very view vote wait walk wall want war
    warm was way we weak wear web week well went were west what when who whom why wide wife will win
    wise wish with won wood word work year yes yet you your zero mr mrs ms dr st vs pm km kg cm"""
)

# Words that only begin a sentence.
OPENERS = _words(
    """so well yeah yes yep no okay ok 'kay right alright and but then now cool great anyway anyways
    basically actually also because 'cause sure sorry excellent like obviously again please
    exactly fine good hey thanks additionally furthermore moreover"""
)
OPENING_PHRASES = (
    "all right", "i mean", "you know", "to do that", "with that", "in that case", "at that point",
    "for that", "like i said", "as i said", "first of all", "thank you", "thank you very much",
    "thanks very much", "of course", "on top of that", "in addition", "in addition to that",
    "at the same time", "once again", "in fact", "as a result", "in the meantime",
    "the fact is that", "that is why", "that being said", "having said that",
)  # fmt: skip
# "What we're aiming to do is to test it" becomes "we're aiming to test it".
CLEFT = re.compile(
    r"(?i)what (?P<who>i|we)(?P<verb>['’]ll| will|(?:['’]re| are|['’]m| am) [a-z]+ing to"
    r"|['’]d like to| want to| need to| have to| should| can| could)? do (?:here )?is,? (?:that )?"
    r"(?P<again>(?:we|i)\b)?(?P<rest>.*)"
)

# Of these, what belongs to the next word unless a comma follows: "No buttons", "Right hand".
BOUND = _words("no right like good fine great sure cool please exactly thanks")

# ... or one of these does, with which a sentence begins.
SAID_ANEW = _words("that's it's they i we you it that this he she there they're we're i'm the")

# Words that cannot end a sentence.
LOOSE = _words(
    """the a an of to with and or is are was were my your our in on for i we it it's that if so but
    because like what as they you do at from by would can could will not just really very maybe
    this these those which who when where be have has had than then about into"""
)
# Words behind which "you know" is no filler: "what you know", "do you know".
ASKING = _words("do did what as that if let")

# Words with which speakers begin anew; with a capital in the midst of a sentence, they say that
# the sentence before was broken off.
RESTARTS = _words(
    """Yeah Okay OK Right Well So But And Or Oh The It It's Because We We'll We're You You're They
    They're That That's This There There's What If When Then Now No Yes He She Is Are Do How My Our
    In A Let's Like Maybe Just"""
)

# Words of which a turn can consist that only says that one hears.
HEARING = _words(
    """yeah yep yes no nope okay ok 'kay right alright all so well sure cool great exactly excellent
    thank thanks you sorry good fine true wow and but or because the a i that that's it it's is see
    not know very nice what mean like think do don't we really hello hi bye there go point much
    mr mrs ms chair"""
)

# Speakers that are called by what they do: "The Project Manager said …", but "Marketing said …".
ROLES = _words(
    """manager designer expert chair chairman chairwoman chairperson speaker moderator interviewer
    interviewee secretary director president clerk host operator facilitator developer engineer
    analyst"""
)
TITLES = re.compile(r"^(?:The )?(?:(?:Right )?Hon(?:ou?rable)?\b\.? +)+")  # before a name

# Words for numbers, which can be said twice for a reason.
NUMBERS = _words(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand"""
)
