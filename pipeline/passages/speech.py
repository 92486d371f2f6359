"""Transcripts: turns, cleaned of hesitations, joined to what one speaker says in a row.

What is taken from a transcript is always one speaker's, so who said it is known. Rules for English.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import pairwise

from pipeline.passages import english_speech as en
from pipeline.text.sentences import sentences

_TURN = re.compile(r"[ \t]*([^\W\d_][^:\n]{0,80}?):[ \t]+(\S.*)")
_LEAST_TURNS = 10  # of a transcript; fewer colons are in many a text
_COMES_AGAIN = 3  # turns of a speaker, at least, on the mean
_INTERRUPTS = 5  # words of another that end what one says; fewer only say that one listens
_UNBROKEN = 12  # words from which a turn without a full stop is taken to lack just that
_LONGEST_AGAIN = 5  # words in a row that are looked for said twice
_PIECE = 4  # letters of a broken word, at most
_ENDS = (".", "?", "!", "…")
_POINTS = ".,?!…;:"
_HESITANT = 0.002  # share of hesitations among words, in a transcript of every sound
_FILLERS_BEGIN = frozenset(phrase.split()[0] for phrase in en.FILLERS)
_BROKEN_OFF = "…"


@dataclass(frozen=True)
class Turn:
    """What a speaker says, as it stands from `start` to `end`, in characters of the text."""

    speaker: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Sentence:
    """A cleaned sentence of a speaker, and where the turns that it is from stand in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Run:
    """What one speaker says with no more than a word of others between."""

    speaker: str
    sentences: tuple[Sentence, ...]


def turns(text: str) -> list[Turn]:
    """Return who says what; a line without a speaker belongs to the turn before."""
    found: list[tuple[str, list[str], int]] = []
    ends: list[int] = []
    start = 0
    for line in text.splitlines(keepends=True):
        said = line.rstrip()
        if match := _TURN.fullmatch(said):
            found.append((match[1], [match[2]], start))
            ends.append(start + len(said))
        elif found and said:
            found[-1][1].append(said.strip())
            ends[-1] = start + len(said)
        start += len(line)
    return [
        Turn(speaker, " ".join(lines), at, end)
        for (speaker, lines, at), end in zip(found, ends, strict=True)
    ]


def is_meeting(text: str) -> bool:
    """Say whether most lines begin with a speaker, and speakers come again."""
    lines = sum(bool(line.strip()) for line in text.splitlines())
    found = turns(text)
    speakers = {turn.speaker for turn in found}
    return (
        len(found) >= _LEAST_TURNS
        and 2 * len(found) > lines
        and _COMES_AGAIN * len(speakers) <= len(found)
    )


def is_verbatim(text: str) -> bool:
    """Say whether a transcript has every hesitation; else someone has made sentences of it."""
    words = text.split()
    heard = sum(_bare(word) in en.HESITATIONS for word in words)
    return heard > _HESITANT * len(words)


def called(speaker: str) -> str:
    """Return what a speaker is called in a sentence: "The Project Manager", "Marketing"."""
    name = speaker.partition("(")[0].strip(" )") or speaker
    name = en.TITLES.sub("", name) or name
    is_role = name.split()[-1].casefold() in en.ROLES and not name.startswith("The ")
    return f"The {name}" if is_role else name


def runs(text: str) -> list[Run]:
    """Join a transcript's turns to runs of one speaker; short words of others do not end one."""
    found: list[tuple[str, list[Turn]]] = []
    for turn in turns(text):
        said = cleaned(turn.text)
        if not said or _is_empty(said):
            continue
        kept = Turn(turn.speaker, said, turn.start, turn.end)
        if found and found[-1][0] == turn.speaker:
            found[-1][1].append(kept)
        elif not found or len(said.split()) >= _INTERRUPTS:
            found.append((turn.speaker, [kept]))
    return [Run(called(speaker), _sentences(own)) for speaker, own in found]


def cleaned(said: str) -> str:
    """Return speech without hesitations, broken words, and words said twice."""
    words = _without_sounds(said.replace("--", " ").split())
    words = _said_once(_whole(_said_once(words)))
    words = _said_once(_without_fillers(words))
    words = _restarted(words)
    return " ".join(words).strip(" ,;")


def started(sentence: str) -> str:
    """Return a spoken sentence without the words that only begin it."""
    words = sentence.split()
    while len(words) > 1 and (n := _opening(words)):
        words = words[n:]
    said = _straight(" ".join(words)).lstrip(" ,")
    return said[:1].upper() + said[1:]


def _straight(said: str) -> str:
    """Return "We'll test it" for "What we'll do is we'll test it", or is to test it."""
    match = en.CLEFT.fullmatch(said)
    if match is None:
        return said
    rest = match["rest"].lstrip(" ,")
    if match["again"]:
        return match["again"] + (match["rest"] if match["rest"][:1] in "'’" else f" {rest}")
    return f"{match['who']}{match['verb'] or ''} {rest.removeprefix('to ')}"


def _opening(words: list[str]) -> int:
    """Return how many words at the beginning say nothing."""
    for length in (4, 3, 2):
        phrase = " ".join(map(_bare, words[:length]))
        if len(words) > length and phrase in en.OPENING_PHRASES:
            bound = "thank" in phrase and words[length - 1][-1] not in _POINTS
            return 0 if bound else length
    first = words[0]
    if _bare(first) not in en.OPENERS:
        return 0
    bound = _bare(first) in en.BOUND and _bare(words[1]) not in en.SAID_ANEW
    return 0 if bound and first[-1] not in _POINTS else 1


def _sentences(own: list[Turn]) -> tuple[Sentence, ...]:
    """Join a speaker's turns and cut them into sentences; one can go on in the next turn."""
    text, starts = "", []
    for i, turn in enumerate(own):
        after = own[i + 1].text if i + 1 < len(own) else ""
        goes_on = after[:1].islower() or after.startswith("I ")
        begins = text.endswith(tuple(f"{end} " for end in _ENDS))
        starts.append(len(text))
        text += turn.text[:1].upper() + turn.text[1:] if begins else turn.text
        if not goes_on and not text.endswith(_ENDS):
            text = text[: starts[-1]] + ended(text[starts[-1] :])
        text += " "
    found = []
    for start, end in sentences(text):
        first, last = bisect_right(starts, start) - 1, bisect_left(starts, end) - 1
        found.append(Sentence(cleaned(text[start:end]), own[first].start, own[last].end))
    return tuple(found)


def ended(said: str) -> str:
    """Return speech that ends somehow: with its full stop if it is whole, else with "…"."""
    if said.endswith(_ENDS):
        return said
    words = said.split()
    whole = len(words) >= _UNBROKEN and _bare(words[-1]) not in en.LOOSE
    return said.rstrip(" ,;:-") + ("." if whole else _BROKEN_OFF)


def _is_empty(said: str) -> bool:
    """Say whether a turn only says that one hears."""
    return all(_bare(word) in en.HEARING for word in said.split()) or " " not in said


def _bare(word: str) -> str:
    """Return a word to compare, without points and capitals."""
    return word.strip('.,?!…;:"“”').replace("’", "'").casefold()


def _without_sounds(words: list[str]) -> list[str]:
    """Leave out hesitations; the end of a sentence stays where it is."""
    kept: list[str] = []
    for word in words:
        bare = _bare(word).strip("-")
        if bare and bare not in en.HESITATIONS:
            kept.append(word)
        elif kept and word.endswith((".", "?", "!")) and kept[-1][-1] not in _POINTS:
            kept[-1] += word[-1]
    return kept


def _said_once(words: list[str]) -> list[str]:
    """Leave out what is said again at once: "and the and the"; the last stands."""
    for n in range(_LONGEST_AGAIN, 0, -1):
        kept: list[str] = []
        i = 0
        while i < len(words):
            if _is_again(words[i : i + n], words[i + n : i + 2 * n]):
                i += n
                continue
            kept.append(words[i])
            i += 1
        words = kept
    return words


def _is_again(one: list[str], other: list[str]) -> bool:
    """Say whether words are said again, the last of them perhaps broken: "the joy the joystick"."""
    if len(one) != len(other) or (len(one) > 1 and _bare(one[0]) != _bare(other[0])):
        return False
    if any(word.endswith((".", "?", "!")) for word in one):
        return False
    *before, last = map(_bare, one)
    *again, whole = map(_bare, other)
    if before != again or not last:
        return False
    if last == whole:
        return bool(before) or not (last in en.NUMBERS or last.isdigit())
    return bool(before) and len(last) > 1 and last.isalpha() and whole.startswith(last)


def _whole(words: list[str]) -> list[str]:
    """Leave out pieces of words, whose whole stands behind them or which are none: "s", "th"."""
    kept: list[str] = []
    for word, after in pairwise([*words, ""]):
        begins = not kept or kept[-1].endswith(_ENDS)
        piece = word.rstrip(",-")
        piece = piece.lower() if begins and piece[1:].islower() else piece
        if not word.endswith("-") and not _is_piece(piece, _bare(after)):
            kept.append(word)
    return kept


def _is_piece(word: str, after: str) -> bool:
    """Say whether a word was broken off before the one after it."""
    if not (word.isalpha() and word.islower()) or word in en.SHORT:
        return False
    if len(word) > _PIECE:
        return _goes_on(word, after)
    alone = len(word) == 1 or not any(letter in "aeiouy" for letter in word)
    return alone or (after[:1] == word[0] and len(after) > len(word))


def _goes_on(piece: str, word: str) -> bool:
    """Say whether a word is a piece with more letters: "customi customisable"."""
    return word.startswith(piece) and len(word) > len(piece)


def _without_fillers(words: list[str]) -> list[str]:
    """Leave out phrases without content."""
    kept: list[str] = []
    i = 0
    while i < len(words):
        if n := _filler(words, i):
            last = words[i + n - 1]
            if kept and last[-1] in _POINTS and kept[-1][-1] not in _POINTS:
                kept[-1] += last[-1]
            i += n
        else:
            kept.append(words[i])
            i += 1
    return kept


def _filler(words: list[str], at: int) -> int:
    """Return how many words from here on are a filler."""
    if _bare(words[at]) not in _FILLERS_BEGIN:
        return 0
    for phrase in en.FILLERS:
        row = phrase.split()
        n = len(row)
        if [_bare(word) for word in words[at : at + n]] != row:
            continue
        if phrase in ("kind of", "sort of"):
            return 0 if at and _bare(words[at - 1]) in en.KINDS else n
        if row[0] in ("or", "and") and at + n < len(words) and words[at + n - 1][-1] not in _POINTS:
            return 0  # "or something special"
        after = words[at + n] if at + n < len(words) else ""
        asks = at > 0 and _bare(words[at - 1]) in en.ASKING
        asks = asks or (_bare(after) in en.ASKED and words[at + n - 1][-1] not in _POINTS)
        return 0 if asks else n
    return 0


def _restarted(words: list[str]) -> list[str]:
    """End a sentence where a capital says that the next one begins; begin each with one."""
    kept: list[str] = []
    long = 0  # words of the sentence so far
    for word in words:
        anew = word.rstrip(",").replace("’", "'") in en.RESTARTS
        if anew and kept and kept[-1][-1] not in _POINTS and kept[-1].islower():
            whole = long >= _UNBROKEN and _bare(kept[-1]) not in en.LOOSE
            kept[-1] += "." if whole and _bare(word) in en.OPENERS else _BROKEN_OFF
        begins = kept and kept[-1].endswith(_ENDS) and "." not in kept[-1][:-1]
        long = 1 if begins else long + 1
        kept.append(word[:1].upper() + word[1:] if begins else word)
    return kept
