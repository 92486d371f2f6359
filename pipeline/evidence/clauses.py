"""The clauses of English sentences: who, what, denied or not, told as done or as only said.

No grammar is parsed. A clause is what stands between commas and conjunctions; it has its subject
before its first word that looks like a verb. What cannot be told this way stays unknown, and the
checks that go by it say nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.evidence.english_claims import (
    ALIKE,
    AS_NOUNS,
    AUXILIARY,
    COMMON,
    COMPLEMENT,
    DETERMINERS,
    HANDS_ON,
    IRREGULAR,
    MOODS,
    NEGATION,
    NO_PAST,
    ONLY_WITH_TO,
    OPENS,
    PERCEIVING,
    PREPOSITIONS,
    PRONOUNS,
    REPORTING,
    SENSING,
    TO_BE,
    UNCHANGED,
)
from pipeline.text.english import SPELLED
from pipeline.text.sentences import split_sentences
from pipeline.text.terms import stemming

if TYPE_CHECKING:
    from collections.abc import Sequence

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
STEM = 5  # letters that words of one stem share at least, and this share of the longer one
STEM_SHARE = 0.6
_stem = stemming("en")

_MARKS = re.compile(r"[,;:.!?()\"“”—–]")
_FORMS = frozenset(form for form, base in IRREGULAR.items() if form != base) | UNCHANGED
RELATIVE = frozenset({"who", "which"})
_PARTICIPLES = frozenset(form for form in IRREGULAR if form.endswith(("n", "t", "d", "k", "g")))


@lru_cache(20_000)
def root(word: str) -> str:
    """Return what a word in lower case is compared by: of its first form, of its synonyms."""
    plain = word.removesuffix("'s").removesuffix("s'")
    return _synonym(_stem(IRREGULAR.get(plain, plain)))


_ALIKE = {_stem(word): _stem(row[0]) for row in ALIKE for word in row}


def _synonym(stem: str) -> str:
    return _ALIKE.get(stem, stem)


_MOOD_OF: dict[str, list[str]] = {}
for _mood, _words in MOODS.items():
    for _word in _words:
        for _form in {_word} if _word.endswith(("ing", "ed")) else {_word, _stem(_word)}:
            _MOOD_OF.setdefault(_form, []).append(_mood)
_SAYING = frozenset(_stem(word) for word in MOODS["said"]) | {"hope", "suggest", "propos", "agre"}
_SENSED = frozenset(map(root, SENSING))
_HANDS_ON = frozenset(map(_stem, HANDS_ON))
_REPORT_ROOTS = frozenset(root(word) for word in REPORTING)


def alike(one: str, roots: frozenset[str]) -> bool:
    """Say whether a root is among others, or of one stem with one of them: explode, explosion."""
    if one in roots:
        return True
    if len(one) < STEM:
        return False
    return any(
        len(other) >= STEM
        and other[:STEM] == one[:STEM]
        and _shared(one, other) >= STEM_SHARE * max(len(one), len(other))
        for other in roots
    )


def _shared(one: str, other: str) -> int:
    for i, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return i
    return min(len(one), len(other))


def words_of(text: str) -> list[str]:
    """Return the words of a text, with curly apostrophes as straight ones."""
    return WORD.findall(text.replace("’", "'"))


def is_content(word: str) -> bool:
    """Say whether a word says something of its own: no particle, no number, no verb of saying."""
    low = word.casefold()
    plain = low.removesuffix("'s")
    return not (
        plain in COMMON
        or low in AUXILIARY
        or low[0].isdigit()
        or SPELLED.fullmatch(low)
        or root(low) in _REPORT_ROOTS
    )


def is_verb(word: str, before: str) -> bool:
    """Say whether a word, after another one, looks like the verb of a clause."""
    low, before = word.casefold(), before.casefold()
    if low in AUXILIARY:
        return True
    if before in DETERMINERS or before.endswith("'s") or before in PREPOSITIONS:
        return False
    base = IRREGULAR.get(low)
    if base is not None and low in _FORMS:
        return not low.endswith(("ion", "ions", "ment", "ments", "th", "ths", "ice", "ices"))
    if word[0].isupper():
        return False
    if low.endswith("ed") and len(low) > 3:
        return low not in NO_PAST
    return bool(before) and _stem(low) in _VERBS and (low.endswith("s") or before in PRONOUNS)


_VERBS = frozenset(
    {_stem(word) for words in MOODS.values() for word in words}
    | {_stem(word) for row in ALIKE for word in row}
    | {_stem(base) for base in IRREGULAR.values()}
) - {_stem("house"), _stem("ship"), _stem("boat"), _stem("law"), _stem("job"), _stem("cost")}


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
        before = ""
        for i, word in enumerate(self.words):
            if is_verb(word, before):
                return i
            before = word
        sensed = self.before is not None and self.before.main in _SENSED
        return _bare(self.words) if sensed else None

    @cached_property
    def main(self) -> str:
        """The root of its main verb, behind auxiliaries; "" where none was found."""
        if self.verb is None:
            return ""
        rest = (w.casefold() for w in self.words[self.verb :])
        found = (w for w in rest if w not in AUXILIARY and w not in COMMON and not w.endswith("ly"))
        return root(next(found, ""))

    @cached_property
    def passive(self) -> bool:
        """Whether something is done to its subject: "was sent", "is not being built"."""
        found = (word.casefold() for word in self.words)
        lows = [low for low in found if not low.endswith("ly") and low not in {"not", "never"}]
        return any(
            one in TO_BE and (other.endswith("ed") or other in _PARTICIPLES)
            for one, other in pairwise(lows)
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
    def follows(self) -> bool:
        """Whether it has its subject from the clause before: "and sent it", "who sent it"."""
        words = [word.casefold() for word in self.topic]
        return self.before is not None and set(words) <= {"and", "or", "but", "then", "also"}

    @cached_property
    def own_moods(self) -> frozenset[str]:
        """The moods that its own words tell of."""
        words = list(self.words)
        return frozenset(mood for i in range(len(words)) for mood in _moods_at(words, i))

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
    def agent(self) -> frozenset[str]:
        """The roots of who does it: its subject, or behind "by" where it is passive."""
        if not self.passive:
            return self._subject()
        lows = [word.casefold() for word in self.words]
        behind = self.words[lows.index("by") + 1 :][:4] if "by" in lows else ()
        return roots_of(behind)

    def _subject(self) -> frozenset[str]:
        """Return the roots of its subject, its own or that of the clause before."""
        if self.before is None or self.heads:
            return self.heads
        if self.pronoun in RELATIVE and self.topic[0].casefold() == self.pronoun:
            content = [word for word in self.before.words if is_content(word)]
            return roots_of(content[-1:])
        if self.participle or (self.verb is not None and self.follows):
            return self.before.agent if not self.before.passive else self.before.heads
        return frozenset()


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


def roots_of(words: tuple[str, ...] | list[str]) -> frozenset[str]:
    """Return the roots of the words that say something."""
    return frozenset(root(word.casefold()) for word in words if is_content(word))


def clauses(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a text, in their order."""
    found: list[Clause] = []
    for number, sentence in enumerate(split_sentences(text.replace("’", "'"))):
        found += _clauses(sentence, number)
    return tuple(found)


def _clauses(sentence: str, number: int) -> list[Clause]:
    found: list[Clause] = []
    asked = sentence.rstrip('"” ').endswith("?")
    for words, depends in _cut(sentence):
        before = found[-1] if found else None
        clause = _clause(words, number, before, depends=depends, asked=asked)
        _ = clause.agent  # kept now, so that none has to ask a long row of those before it
        found.append(clause)
    return found


def _clause(
    words: list[str], number: int, before: Clause | None, *, depends: bool, asked: bool
) -> Clause:
    moods = {mood for i in range(len(words)) for mood in _moods_at(words, i)}
    denied = NEGATION.search(" ".join(words)) is not None
    if before is not None and depends:
        moods |= before.moods
        denied |= before.denied and before.main in _HANDS_ON
    if asked:
        moods.add("asked")
    return Clause(tuple(words), number, frozenset(moods), denied, before, depends)


def _moods_at(words: list[str], i: int) -> list[str]:
    """Return the moods that a word tells of where it stands: not "his will", "in May"."""
    word, before = words[i], words[i - 1].casefold() if i else ""
    low = word.casefold()
    behind = [other.casefold() for other in words[i + 1 : i + 3]]
    noun = word[0].isupper() or before in DETERMINERS or before.endswith("'s")
    if low in AS_NOUNS and i and noun:
        return []
    if low in ONLY_WITH_TO and not {"to", "for"} & set(behind[:1]):
        return []
    if low == "could" and PERCEIVING & set(behind):
        return []
    return moods_of(word)


def moods_of(word: str) -> list[str]:
    """Return the moods that a word tells of, in any form of it."""
    word = word.casefold()
    contracted = next((word[-len(end) :] for end in ("'ll", "'d") if word.endswith(end)), word)
    first = IRREGULAR.get(word, word)
    return _MOOD_OF.get(contracted) or _MOOD_OF.get(word) or _MOOD_OF.get(_stem(first)) or []


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
    before = part[-1].casefold() if part else ""
    has_verb = any(is_verb(w, b) for w, b in zip(part, ["", *part], strict=False))
    if low in {"and", "or"}:
        return False if has_verb and _verb_follows(words[i + 1 : i + 4]) else None
    if not has_verb or low in PREPOSITIONS:
        return None
    if _stem(IRREGULAR.get(before, before)) in _SAYING:
        following = words[i : i + 5]
        linked = {"that", "whether", "if", "to"} & set(following)  # "told Ben that", "asked Ben to"
        return True if not linked and _verb_follows(following) else None
    return True if root(before) in _SENSED and _bare(words[i : i + 5]) is not None else None


def _bare(words: Sequence[str]) -> int | None:
    """Return the place of a verb in its first form, behind a subject, as in "her brother climb"."""
    found = (i for i, word in enumerate(words) if i and _stem(word) in _VERBS)
    return next((i for i in found if words[i - 1].casefold() not in DETERMINERS), None)


def _verb_follows(words: list[str]) -> bool:
    return any(is_verb(word, before) for word, before in zip(words, ["", *words], strict=False))
