"""Abbreviations, spelled out where they first stand as the text itself spells them out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# "(FUTA)", "(R&D)", "(CBO's)", "(UAVs)", "(NDAA; P.L. 108-136)"
_SHORT = re.compile(r"\((?P<short>[A-Z][A-Za-z&.-]{0,9}?[A-Z])(?:s|['’]s)?(?:[;,] [^()]{1,60})?\)")
_BEFORE = 160  # characters before it, in which its words stand
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|&")
_POSSESSIVE = re.compile(r"['’]s?$")
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_WHOLE = {"Agency", "Bureau", "Center", "Council", "Department", "Institute", "Ministry", "Office"}
# What follows a name that is no part of a longer one: "the Tax Act requires", not "Tax Act rates".
_ALONE = re.compile(
    r"['’]?[.,;:)]|['’]s\b|\s(?:is|are|was|were|has|have|had|will|would|can|could|may|might|must|should"
    r"|does|do|did|and|or|of|in|on|at|to|for|by|with|from|as|that|which|who|when|if|also|then"
    r"|[a-z]+ed)\b|\Z"
)
# What stands before a name that has no "the": another such word, or the rest of a longer name.
_DETERMINED = re.compile(
    r"(?:\b(?:[Tt]he|[Aa]n?|[Tt]his|[Tt]hat|[Ee]ach|[Ii]ts|[Tt]heir|[Oo]ur|[Nn]o|[Aa]ny|[Nn]ew|and|or)"
    r"|['’]s|\b[A-Z][\w.]*|[(\"“/-])\s*\Z"
)
_ELSEWHERE = re.compile(r"[.;:!?]\s|[()\"“”]")  # what no name has inside


@dataclass(frozen=True)
class Name:
    """What an abbreviation stands for. `article` says that it has "the" where it stands alone."""

    text: str
    article: bool = False


def expanded(passages: Sequence[str], text: str) -> list[str]:
    """Return passages, each abbreviation spelled out in the first that has it, as the text does.

    What one passage spells out itself stays as it is, and so does what the text never spells out.
    """
    names = defined(text)
    if not names:
        return list(passages)
    longest = sorted(names, key=lambda short: (-len(short), short))
    found = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest))})(s|['’]s)?(?![\w-])")
    done: set[str] = set()
    return [_expanded(passage, found, names, done) for passage in passages]


def defined(text: str) -> dict[str, Name]:
    """Return the names of the abbreviations that a text defines, as in "the Tax Act (TA)"."""
    names: dict[str, Name] = {}
    for match in _SHORT.finditer(text):
        short = match["short"]
        if short not in names:
            before = " ".join(text[max(0, match.start() - _BEFORE) : match.start()].split())
            name = _name(short, before)
            if name:
                lead = before[: before.rindex(name)].lower().endswith("the ")
                head = _ALONE.match(text[match.end() : match.end() + _BEFORE])
                plain = _POSSESSIVE.sub("", name)
                names[short] = Name(plain, lead and (head is not None or plain != name))
    return names


def _name(short: str, before: str) -> str:
    """Return the last words before an abbreviation whose first letters are its own; "" if none.

    Each of its capitals begins one of the words. Small words may have none (Schwartz and Hearst
    2003, made strict: no letter is looked for inside a word).
    """
    letters = [letter for letter in short if letter.isupper() or letter == "&"]
    words = list(_WORD.finditer(before))
    at = len(words)
    for letter in reversed(letters):
        last = at - 1
        at = last
        while at >= 0 and words[at][0] in _SMALL:
            at -= 1
        if at < 0 or not _begins(words[at][0], letter):
            at = last  # the O of the Department of Defense (DOD)
        if at < 0 or not _begins(words[at][0], letter):
            return ""
    if len(letters) < 2 or words[at][0] in _SMALL:
        return ""
    if at > 1 and words[at - 1][0] == "of" and words[at - 2][0] in _WHOLE:
        at -= 2  # "the Department of Veterans Affairs (VA)"
    name = before[words[at].start() :]
    return "" if _ELSEWHERE.search(name) else name.strip(" ,")


def _begins(word: str, letter: str) -> bool:
    return word in ("and", "&") if letter == "&" else word[0].upper() == letter


def _expanded(
    passage: str, found: re.Pattern[str], names: Mapping[str, Name], done: set[str]
) -> str:
    """Return a passage with what is not `done` spelled out, which is `done` then."""
    pieces, at = [], 0
    for match in found.finditer(passage):
        if match[1] not in done:
            done.add(match[1])
            pieces += [passage[at : match.start()], _spelled(match, names[match[1]])]
            at = match.end()
    return "".join([*pieces, passage[at:]])


def _spelled(match: re.Match[str], name: Name) -> str:
    """Return what stands for an abbreviation at its first use: "the Tax Act's (TA's)"."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if name.text in match.string:
        return match[0]
    ending = match[2] or ""
    if name.text.endswith("s"):
        ending = ending.removesuffix("s")
    long = name.text + ending
    if before.endswith("(") and after.startswith(")"):
        return f"{long}, {match[0]}"
    if name.article and _ALONE.match(after) and not _DETERMINED.search(before):
        long = ("the " if before.strip() else "The ") + long
    return f"{long} ({match[0]})"
