"""Abbreviations, spelled out where they first stand as the text itself spells them out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# "(FUTA)", "(R&D)", "(CBO's)", "(UAVs)"
_SHORT = re.compile(r"\((?P<short>[A-Z][A-Za-z&.-]{0,9}?[A-Z])(?:s|['’]s)?\)")
_BEFORE = 160  # characters before it, in which its words stand
_WORD = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*|&")
_POSSESSIVE = re.compile(r"['’]s?$")
_SMALL = {"a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
_WHOLE = {"Agency", "Bureau", "Center", "Council", "Department", "Institute", "Ministry", "Office"}
_ELSEWHERE = re.compile(r"[.;:!?]\s|[()\"“”]")  # what no name has inside


def expanded(passages: Sequence[str], text: str) -> list[str]:
    """Return passages, each abbreviation spelled out in the first that has it, as the text does.

    What one passage spells out itself stays as it is, and so does what the text never spells out.
    """
    names = defined(text)
    return _all_expanded(passages, names)


def defined(text: str) -> dict[str, str]:
    """Return the names of the abbreviations that a text defines, as in "the Tax Act (TA)"."""
    names: dict[str, str] = {}
    for match in _SHORT.finditer(text):
        short = match["short"]
        if short not in names:
            before = " ".join(text[max(0, match.start() - _BEFORE) : match.start()].split())
            name = _name(short, before)
            if name:
                names[short] = name
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
        at -= 1
        while at >= 0 and not _begins(words[at][0], letter) and words[at][0] in _SMALL:
            at -= 1
        if at < 0 or not _begins(words[at][0], letter):
            return ""
    if len(letters) < 2 or words[at][0] in _SMALL:
        return ""
    if at > 1 and words[at - 1][0] == "of" and words[at - 2][0] in _WHOLE:
        at -= 2  # "the Department of Veterans Affairs (VA)"
    name = before[words[at].start() :]
    return "" if _ELSEWHERE.search(name) else _POSSESSIVE.sub("", name.strip(" ,"))


def _begins(word: str, letter: str) -> bool:
    return word in ("and", "&") if letter == "&" else word[0].upper() == letter


def _all_expanded(passages: Sequence[str], names: Mapping[str, str]) -> list[str]:
    if not names:
        return list(passages)
    longest = sorted(names, key=lambda short: (-len(short), short))
    found = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, longest))})(s|['’]s)?(?![\w-])")
    done: set[str] = set()
    made = []
    for passage in passages:

        def spelled(match: re.Match[str], whole: str = passage) -> str:
            return _spelled(match, whole, names, done)

        made.append(found.sub(spelled, passage))
    return made


def _spelled(match: re.Match[str], passage: str, names: Mapping[str, str], done: set[str]) -> str:
    """Return what stands for an abbreviation: itself, but for its first use."""
    short, ending = match[1], match[2] or ""
    if short in done:
        return match[0]
    done.add(short)
    name = names[short]
    if name in passage:
        return match[0]
    if ending == "s" and not name.endswith("s"):
        name += "s"
    elif ending and ending != "s":
        name += ending if not name.endswith("s") else ending[0]
    alone = passage[match.start() - 1 : match.start()] + passage[match.end() : match.end() + 1]
    return f"{name}, {match[0]}" if alone == "()" else f"{name} ({match[0]})"
