"""People: who is named in a story, and who acts in a sentence."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

from pipeline.passages.english_story import (
    ACTS,
    HER_TITLES,
    HIS_TITLES,
    NO_NAMES,
    SAID,
    STATES,
    TITLES,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Sex: TypeAlias = Literal["he", "she", ""]

_NO_NAMES = frozenset(NO_NAMES.split())
_LONGEST = 1_000  # characters of a sentence in which is looked for people; nobody tells longer ones
_SEEN = 2  # times that a name has to act, or speak, to be somebody's

_VOTES = 3  # pronouns, or a title, that show which is for whom
_A_KIND = 3  # a name that follows "the" or "a" oftener than once in so many is not one person's

_QUOTED = re.compile(r'"[^"]*(?:"|$)|“[^”]*(?:”|$)')
_NAME = r"[A-Z][a-z]+(?:[-’'][A-Z]?[a-z]+){0,2}"
_TITLE = rf"(?:{'|'.join(TITLES.split())})"
_DETERMINER = r"(?:[Tt]he|[Aa]n?|[Tt]hese|[Tt]hose|other)"
_ACTED = rf"(?:[a-z]+ed|{'|'.join(ACTS.split())})\b"
_DID = rf"(?:[a-z]+ed|{'|'.join((ACTS + STATES).split())})\b"
_SAID = rf"(?:{'|'.join(SAID.split())})\b"
_ADVERB = r"(?:[a-z]+ly |never |also |then |still |just |had |only )?"
_PRONOUN = re.compile(r"\b(?:(he|him|his|himself)|she|her|hers|herself)\b", re.IGNORECASE)


def narrated(text: str) -> str:
    """Return a text with `""` for what is said in it."""
    return _QUOTED.sub('""', text)


@dataclass(frozen=True)
class People:
    """Who is named in a story.

    `names` are single words; a mention has them with titles, and is of one person. `sexes` says
    which pronoun is for whom, where the text shows it; `forms` how each is mostly called.
    """

    names: frozenset[str]
    sexes: Mapping[str, Sex] = field(default_factory=dict)
    forms: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> People:
        """Find the names that act, or speak, more than once."""
        flat = " ".join(text.split())
        acts, uses = Counter[str](), Counter[str]()
        kinds = Counter(re.findall(rf"\b{_DETERMINER} (?:[A-Z][a-z]+ )?({_NAME})\b", flat))
        # Where no sentence begins: "pain" has a capital there alone.
        inside = set(re.findall(rf"(?<=[a-z,;] )({_NAME})\b|\b{_TITLE}\.? ({_NAME})\b", flat))
        inside = {name for pair in inside for name in pair}
        for match in re.finditer(rf"\b({_NAME})\b(?=( {_ADVERB}{_ACTED})?)", flat):
            name = match[1]
            if name in _NO_NAMES or re.search("['’]", name) or re.fullmatch(_TITLE, name):
                continue
            uses[name] += 1
            acts[name] += match[2] is not None
        spoke = re.findall(rf"\b{_SAID} (?:{_TITLE}\.? )?({_NAME})\b", flat)
        acts.update(name for name in spoke if name in uses)
        # Who is spoken to: "Oh, Peggy!"
        called = re.findall(
            rf"(?:\b[a-z]+|Oh|Lord|God), ({_NAME})[.,!?]+[\"”]|[\"“]({_NAME})[,!?]", flat
        )
        acts.update(name for pair in called for name in pair if name in uses)
        common = Counter(re.findall(r"\b[a-z]+\b", flat))
        names = frozenset(
            name
            for name, times in acts.items()
            if times >= _SEEN
            and name in inside
            and uses[name] > common[name.lower()]
            and uses[name] > _A_KIND * kinds[name]
        )
        bare = cls(names)
        return cls(names, bare._sexes(flat), bare._forms(flat))

    def mentions(self, text: str) -> list[str]:
        """Return who is named in a text, each mention by the name that tells that person best."""
        return [self._called(match[0]) for match in self._pattern.finditer(text[:_LONGEST])]

    def actor(self, told: str) -> str:
        """Return who acts in a sentence of narration, as named there; "" where it does not say."""
        match = self._first.match(told[:_LONGEST]) or self._later.match(told[:_LONGEST])
        return match["who"] if match else ""

    def actors(self, told: str) -> set[str]:
        """Return everybody whose name stands before what somebody did."""
        return {self._called(match["who"]) for match in self._first.finditer(told[:_LONGEST])}

    def names_one(self, told: str) -> bool:
        """Say whether somebody is named, and not only what is theirs."""
        return re.search(self._one, told[:_LONGEST]) is not None

    def opens(self, told: str) -> str:
        """Return with whom a sentence of narration begins, as named there; "" where with nobody."""
        match = re.match(self._one, told[:_LONGEST])
        return match[0] if match else ""

    def speaker(self, told: str) -> str:
        """Return who says what is left out of a sentence at `""`, as it stands; "" if nobody.

        That is somebody named, or "the bartender".
        """
        match = self._tag.search(told[:_LONGEST])
        return next((who for who in match.groups() if who), "") if match else ""

    def called(self, mention: str) -> str:
        """Return the name by which a mention is known; "" where it is of several people."""
        found = self.mentions(mention)
        return found[0] if len(found) == 1 else ""

    def form(self, name: str) -> str:
        """Return how a person is mostly called, with a title where that is usual."""
        return self.forms.get(name, name)

    def sex(self, name: str) -> Sex:
        """Return the pronoun for a person; "" where the text does not show it."""
        return self.sexes.get(name, "")

    def without(self, text: str) -> str:
        """Return a text without names, which say what everything in a story is about."""
        return self._pattern.sub(" ", text)

    @cached_property
    def _one(self) -> str:
        found = "|".join(map(re.escape, sorted(self.names, key=lambda n: (-len(n), n)))) or r"(?!)"
        return rf"(?:\b{_TITLE}\.? )?\b(?:{found})(?: (?:{found})){{0,2}}\b(?!['’]s\b)"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self._one.removesuffix(r"(?!['’]s\b)"))

    @cached_property
    def _who(self) -> str:
        return rf"(?P<who>{self._one}(?:(?:, and |, | and ){self._one}){{0,3}})"

    @cached_property
    def _first(self) -> re.Pattern[str]:
        return re.compile(rf"{self._who},? {_ADVERB}{_DID}")

    @cached_property
    def _later(self) -> re.Pattern[str]:
        """Up to a clause before who acts: "Without pausing to think, Alan leaped back"."""
        lead = r"[A-Z][^\"“”;:.]{2,80}, "
        adverb = r"[A-Z][a-z’']+ly,? "
        return re.compile(rf"(?:{adverb}|{lead}){self._who},? {_ADVERB}{_DID}")

    @cached_property
    def _tag(self) -> re.Pattern[str]:
        other = self._one
        return re.compile(
            rf'"" {self._who} {_ADVERB}{_SAID}|"" {_SAID} ({other})'
            rf'|({other}) {_ADVERB}{_SAID}[^".,]{{0,40}}[,:] ""'
            rf'|"" ((?:[Tt]he|[Aa]n?) (?:[A-Za-z-]+ ){{0,2}}[A-Za-z-]+) {_SAID}'
            rf'|"" {_SAID} ((?:the|an?) [A-Za-z-]+)'
        )

    def _called(self, mention: str) -> str:
        words = [word for word in re.split(r"[ .]+", mention) if word in self.names]
        return words[-1] if re.match(rf"{_TITLE}\b", mention) else words[0]

    def _forms(self, flat: str) -> dict[str, str]:
        uses: dict[str, Counter[str]] = {}
        for match in self._pattern.finditer(flat):
            uses.setdefault(self._called(match[0]), Counter())[match[0]] += 1
        return {name: found.most_common(1)[0][0] for name, found in uses.items()}

    def _sexes(self, flat: str) -> dict[str, Sex]:
        """Count titles, and the pronouns of sentences that name one person or go on from one."""
        votes: dict[str, Counter[str]] = {name: Counter() for name in self.names}
        for match in self._pattern.finditer(flat):
            title = re.split(r"[ .]", match[0], maxsplit=1)[0]
            votes[self._called(match[0])] += Counter(
                he=_VOTES * (title in HIS_TITLES), she=_VOTES * (title in HER_TITLES)
            )
        last = ""
        for sentence in re.split(r"(?<=[.!?])\s", narrated(flat)):
            last, rest = self._about(sentence[:_LONGEST], last)
            first = _PRONOUN.search(rest) if last else None
            if first:
                votes[last]["he" if first[1] else "she"] += 1
        return {name: _majority(votes[name]) for name in self.names}

    def _about(self, sentence: str, before: str) -> tuple[str, str]:
        """Return the only person a sentence is about, and its words behind the name.

        `before` is whom the sentence before was about: "He" and "she" go on with that.
        """
        found = list(self._pattern.finditer(sentence))
        who = {self._called(match[0]) for match in found}
        owns = any(sentence[match.end() : match.end() + 2] in {"'s", "’s"} for match in found)
        if len(who) == 1 and not owns:
            return who.pop(), sentence[found[0].end() :]
        goes_on = not who and re.match(r"(?:He|She|His|Her)\b", sentence)
        return (before if goes_on else ""), sentence


def _majority(votes: Counter[str]) -> Sex:
    he, she = votes["he"], votes["she"]
    if max(he, she) < _VOTES:
        return ""
    if he > 2 * she:
        return "he"
    return "she" if she > 2 * he else ""
