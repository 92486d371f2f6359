"""The clauses of English sentences: who, what, denied or not, told as done or as only said.

No grammar is parsed. A clause is what stands between commas and conjunctions; it has its subject
before its first word that looks like a verb. What cannot be told this way stays unknown, and the
checks that go by it say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.claims.english import (
    AUXILIARY,
    COMMON,
    COMPLEMENT,
    DETERMINERS,
    HAVING,
    IRREGULAR,
    NEGATION,
    OPENS,
    PREPOSITIONS,
    PRONOUNS,
    RELATIONS,
    TO_BE,
)
from pipeline.evidence.claims.words import (
    HANDING_ON,
    SAYING,
    SENSED,
    WORD,
    bare_verb,
    expanded,
    first_verb,
    is_content,
    moods_at,
    root,
    roots_of,
    stem,
)
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

TELLS_WITHIN = 4  # words of what tells, behind what it governs: "said the old man"
_TELLING = frozenset({"said", "asked", "joked", "proposed"})
_TAG = re.compile(r",(?: [\w']+){1,3}\?\W*\Z")  # "We need it, don't we?" asks nothing
_MARKS = re.compile(r"[,;:.!?()\"“”—–]")
_RELATIVE = frozenset({"who", "which"})
_RELATIONS = frozenset(map(root, RELATIONS))
_JOINING = OPENS | {"and", "or"}
_PARTICIPLES = frozenset(form for form in IRREGULAR if form.endswith(("n", "t", "d", "k", "g")))


@dataclass(frozen=True, eq=False)
class Clause:
    """A clause of a sentence.

    `sentence` is the number of its sentence; `moods` are the ways in which it is told, those it
    takes over from what governs it too; `denied` says whether there is a "not" in it or over it.
    `before` is the clause before it in its sentence, which governs it where it `depends` on it.
    """

    words: tuple[str, ...]
    sentence: int
    moods: frozenset[str]
    denied: bool
    before: Clause | None = None
    depends: bool = False

    @cached_property
    def verb(self) -> int | None:
        """The place of its first verb, None where none was found."""
        found = first_verb(self.words)
        if found is not None:
            return found
        sensed = self.before is not None and self.before.main in SENSED
        bare = bare_verb(self.words)
        return bare if sensed or bare == len(self.words) - 1 else None

    @cached_property
    def main(self) -> str:
        """The root of its main verb, behind auxiliaries; "" where none was found."""
        if self.verb is None:
            return ""
        for word in self.words[self.verb :]:
            low = word.casefold()
            if low in DETERMINERS or low in PREPOSITIONS:
                return ""  # "was the captain", "had a boat"
            if low not in AUXILIARY and low not in COMMON and not low.endswith("ly"):
                return root(low)
        return ""

    @cached_property
    def has(self) -> bool:
        """Whether it says only that someone has something."""
        verb = "" if self.verb is None else self.words[self.verb].casefold()
        return verb in HAVING and not self.main

    @cached_property
    def passive(self) -> bool:
        """Whether something is done to its subject: "was sent", "is not being built"."""
        found = (word.casefold() for word in self.words)
        lows = [low for low in found if not low.endswith("ly") and low not in {"not", "never"}]
        if self.before is not None and self.verb == 0 and lows[0].endswith("ed"):
            return True  # ", engulfed in smoke"
        return any(
            one in TO_BE and (other.endswith("ed") or other in _PARTICIPLES)
            for one, other in pairwise(lows)
        )

    @cached_property
    def equates(self) -> bool:
        """Whether it says that one is the other: "Hale was the surgeon"."""
        return (
            self.verb is not None and self.words[self.verb].casefold() in TO_BE and not self.passive
        )

    @cached_property
    def roots(self) -> frozenset[str]:
        """The roots of its words that say something."""
        return roots_of(self.words)

    @cached_property
    def predicate(self) -> frozenset[str]:
        """The roots of what is said of its subject."""
        return self.roots if self.verb is None else roots_of(self.words[self.verb :])

    @cached_property
    def topic(self) -> tuple[str, ...]:
        """The words before its verb, behind a preposition that opens it."""
        if not self.verb:
            return ()
        words = self.words[: self.verb]
        return () if words[0].casefold() in PREPOSITIONS else words

    @cached_property
    def heads(self) -> frozenset[str]:
        """The roots of whom or what it is about: heads of its subject; pronouns are none."""
        found = set()
        for part in _parts(self.topic):
            named = [w for w in part if not w.endswith("'s") and not w.casefold().endswith("ly")]
            names = [w for w in named if w[0].isupper() and is_content(w)]
            content = [w for w in named if is_content(w)]
            found.update(names or content[-1:])
        return frozenset(root(word.casefold()) for word in found)

    @cached_property
    def own_moods(self) -> frozenset[str]:
        """The moods that its own words tell of."""
        return _moods(self.words)

    @cached_property
    def participle(self) -> bool:
        """Whether it is "closing the door", done by whom the clause before is about."""
        found = (word.casefold() for word in self.words)
        first = next((w for w in found if not w.endswith("ly") and w not in OPENS), "")
        return self.before is not None and len(first) > 4 and first.endswith("ing")

    @cached_property
    def pronoun(self) -> str:
        """The pronoun that is its subject, in lower case; "" where it has another one."""
        low = [word.casefold() for word in self.topic if word.casefold() in PRONOUNS]
        return low[-1] if low and not self.heads else ""

    @cached_property
    def lead(self) -> Clause:
        """The clause that has its subject: itself, or one before ("and sent it", "sending it")."""
        if self.before is None or self.heads or self.pronoun:
            return self
        words = {word.casefold() for word in self.topic}
        follows = self.verb is not None and words <= {"and", "or", "but", "then", "also"}
        return self.before.lead if self.participle or follows else self

    @cached_property
    def antecedent(self) -> tuple[str, ...]:
        """The last word before "who" or "which", where that is its subject; else none."""
        lead = self.lead
        if lead.before is None or lead.pronoun not in _RELATIVE:
            return ()
        return tuple(word for word in lead.before.words if is_content(word))[-1:]

    @cached_property
    def agent(self) -> frozenset[str]:
        """The roots of who does it: its subject, or behind "by" where it is passive."""
        if not self.passive:
            return roots_of(self.antecedent) or self.lead.heads
        lows = [word.casefold() for word in self.words]
        behind = self.words[lows.index("by") + 1 :][:4] if "by" in lows else ()
        return roots_of(behind)

    @cached_property
    def named(self) -> frozenset[str]:
        """The roots of all that its subject names, but not whose son or captain it is."""
        found = self.antecedent or self.lead.topic
        if self.lead.heads & _RELATIONS:
            return self.lead.heads
        return roots_of([word for word in found if not word.endswith("'s")])

    @cached_property
    def who(self) -> str:
        """Its subject as a reader knows it, "" where it names none."""
        words = list(self.antecedent or self.lead.topic)
        while words and words[0].casefold() in _JOINING:
            words.pop(0)
        return " ".join(words)


def _parts(words: tuple[str, ...]) -> list[list[str]]:
    """Return the parts of a subject: "Anna and the son of Ben" has Anna and the son."""
    parts: list[list[str]] = [[]]
    skip = False
    for word in words:
        low = word.casefold()
        if low in {"and", "or", "nor"}:
            parts.append([])
            skip = False
        elif low in PREPOSITIONS:
            skip = True
        elif not skip:
            parts[-1].append(word)
    return parts


def clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a text, in their order."""
    found: list[Clause] = []
    for number, sentence in enumerate(split_sentences(text.replace("’", "'"))):
        found += _clauses(expanded(sentence), number)
    return tuple(found)


def _clauses(sentence: str, number: int) -> list[Clause]:
    found: list[Clause] = []
    cut = _cut(sentence)
    over = _told_by(cut)
    if sentence.rstrip('"” ').endswith("?") and not _TAG.search(sentence):
        over |= {"asked"}
    for words, depends in cut:
        clause = _clause(words, number, found[-1] if found else None, depends=depends, over=over)
        _ = clause.lead  # kept now, so that none has to ask a long row of those before it
        found.append(clause)
    return found


def _told_by(cut: list[tuple[list[str], bool]]) -> frozenset[str]:
    """Return the moods of what stands behind all that it governs: "…, Ben joked"."""
    last = cut[-1][0] if len(cut) > 1 else []
    if len(last) > TELLS_WITHIN or not last or last[0].casefold() in _JOINING:
        return frozenset()
    return _moods(last) & _TELLING


def _clause(
    words: list[str], number: int, before: Clause | None, *, depends: bool, over: frozenset[str]
) -> Clause:
    moods = _moods(words) | over
    denied = NEGATION.search(" ".join(words)) is not None
    depends = depends or first_verb(words) is None  # a member of a list
    if before is not None and depends:
        moods |= before.moods
        denied |= before.denied and before.main in HANDING_ON
    return Clause(tuple(words), number, moods, denied, before, depends)


def _moods(words: Sequence[str]) -> frozenset[str]:
    return frozenset(mood for i in range(len(words)) for mood in moods_at(words, i))


def _cut(sentence: str) -> list[tuple[list[str], bool]]:
    """Cut a sentence into clauses, each with whether it depends on the one before."""
    cut: list[tuple[list[str], bool]] = []
    for stretch in _MARKS.split(sentence):
        words = WORD.findall(stretch)
        part: list[str] = []
        depends = False
        for i, word in enumerate(words):
            opens = _opens(words, i, part)
            if opens is not None and part:
                cut.append((part, depends))
                part, depends = [], opens
            part.append(word)
        if part:
            cut.append((part, depends))
    return cut


def _opens(words: list[str], i: int, part: list[str]) -> bool | None:
    """Say whether a word opens a clause: None if not, True if what stands before governs it."""
    low = words[i].casefold()
    if low in COMPLEMENT:
        return True
    if low in OPENS:
        return False
    if low in {"and", "or"}:
        splits = first_verb(words[i + 1 : i + 4]) is not None and first_verb(part) is not None
        return False if splits else None
    before = part[-1].casefold() if part else ""
    says = stem(IRREGULAR.get(before, before)) in SAYING
    if low in PREPOSITIONS or not (says or root(before) in SENSED) or first_verb(part) is None:
        return None
    following = words[i : i + 5]
    if says:
        linked = {"that", "whether", "if", "to"} & set(following)  # "told Ben that", "asked Ben to"
        return True if not linked and first_verb(following) is not None else None
    return True if bare_verb(following) is not None else None
