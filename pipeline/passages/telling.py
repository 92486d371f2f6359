"""How a story is told: its sentences, what of each is narrated and what is said, and by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.passages.english_story import PERSON, SAID
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.passages.people import People

_BLOCK = re.compile(r"\S(?:[^\n]|\n(?![^\S\n]*\n))*")
_MARKS = re.compile(r'["“”]')
_HE_SAID = re.compile(rf'"" (he|she) (?:[a-z]+ly )?(?:[a-z]+ed|{"|".join(SAID.split())})\b')
_LONGEST = 600  # characters of a sentence that is read; longer ones are not told, or not sentences


@dataclass(frozen=True)
class Told:
    """A sentence of a story.

    `told` is what is narrated, with `""` where speech is left out; `said` is the speech, by
    `speaker` as the paragraph names them, "" where it does not. `inside` and `open` say whether
    speech goes on from the sentence before, and into the next one. `start` and `end` are the
    paragraph's in the text, and `at` is the share of the text's words before the sentence.
    """

    text: str
    paragraph: int
    start: int
    end: int
    at: float
    told: str
    said: str
    inside: bool
    open: bool
    speaker: str = ""


def told_sentences(text: str, people: People) -> list[Told]:
    """Return the sentences of a story in their order."""
    blocks = [(match.start(), match.end()) for match in _blocks(text)]
    whole = len(text.split()) or 1
    found: list[Told] = []
    before = 0
    for n, (start, end) in enumerate(blocks):
        own = list(_paragraph(text[start:end], people))
        for sentence, told, said, inside, is_open, speaker in own:
            at = before / whole
            before += len(sentence.split())
            found.append(Told(sentence, n, start, end, at, told, said, inside, is_open, speaker))
    return found


def _blocks(text: str) -> Iterator[re.Match[str]]:
    """Yield paragraphs: set apart by blank lines, or lines where there are none."""
    has_blank = re.search(r"\n[^\S\n]*\n", text) is not None
    return (_BLOCK if has_blank else re.compile(r"\S[^\n]*")).finditer(text)


def _paragraph(block: str, people: People) -> Iterator[tuple[str, str, str, bool, bool, str]]:
    inside = False
    cut: list[tuple[str, str, str, bool, bool]] = []
    for sentence in split_sentences(" ".join(block.split())):
        told, said, after = _parted(sentence, inside=inside)
        cut.append((sentence, told, said, inside, after))
        inside = after
    speaker = _speaker([told for _, told, *_ in cut], people)
    for one in cut:
        yield (*one, speaker if one[2] else "")


def _parted(sentence: str, *, inside: bool) -> tuple[str, str, bool]:
    """Return what is narrated in a sentence, what is said in it, and whether speech goes on."""
    told: list[str] = ['""'] if inside else []
    said: list[str] = []
    last = 0
    for match in [*_MARKS.finditer(sentence), None]:
        piece = sentence[last : match.start() if match else len(sentence)]
        (said if inside else told).append(piece)
        if match is None:
            break
        last = match.end()
        inside = match[0] == "“" or (match[0] == '"' and not inside)
        if inside:
            told.append('""')
    return " ".join("".join(told).split()), " ".join(" ".join(said).split()), inside


def _speaker(told: list[str], people: People) -> str:
    """Return who speaks in a paragraph, "he" or "she" where it only says so.

    That is who is said to, or the only one whom the paragraph's narration is about.
    """
    short = [one for one in told if len(one) <= _LONGEST]
    for one in short:
        if who := people.speaker(one):
            return people.called(who)
    tags = [match[1] for one in short if (match := _HE_SAID.search(one))]
    plain = [one.replace('""', "").strip(" ,") for one in short]
    about = {people.called(people.actor(one) or people.opens(one)) for one in plain} - {""}
    if len(about) != 1 or (tags and PERSON.search(" ".join(plain))):
        return tags[0] if tags else ""
    who = next(iter(about))
    return who if not tags or people.sex(who) in {"", tags[0]} else tags[0]
