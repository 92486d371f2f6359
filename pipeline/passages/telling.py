"""How a story is told: its sentences, what of each is narrated and what is said, and by whom."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from pipeline.passages.english_story import PERSON, SAID
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.passages.people import People

_LINE = re.compile(r"\S[^\n]*")
_ENDED = re.compile(r"[.!?][\"”’)]*\Z")
_SPACED = re.compile(r"(?<=\w) ([,;?!]|[.](?![.\d]))(?=[\s\"”]|$)")  # left by italics: "Terrific ,"
_MARKS = re.compile(r'["“”]')
_SAID = rf"(?:{'|'.join(SAID.split())})"
_HE_SAID = re.compile(
    rf'"" (he|she) (?:[a-z]+ly )?(?:[a-z]+ed|{_SAID})\b'
    rf'|\b([Hh]e|[Ss]he) {_SAID}\b[^".]{{0,60}}[,:] ""'
)
_ASKED = re.compile(r"[?!][\"”]\Z")
_TAG = re.compile(
    rf"(?:[^\s,\"“”.]+\.? ){{1,4}}?(?:[a-z]+ly )?{_SAID}\b"
    rf"|[A-Z]\S* (?:[A-Z]\S* )?[a-z]+ed[,.]"  # "Qorn whistled, …"
)
_LOOSE = re.compile(r"[\"”](?=\s|$)")
_LONGEST = 600  # characters of a sentence that is read; longer ones are not told, or not sentences


@dataclass(frozen=True)
class Told:
    """A sentence of a story.

    `told` is what is narrated, with `""` where speech is left out; `said` is the speech, by
    `speaker` as the paragraph names them, "" where it does not. `inside` and `open` say whether
    speech goes on from the sentence before, and into the next one; `marks` are those of the
    paragraph's speech. `start` and `end` are the
    paragraph's in the text, and `at` is the share of the text's words before the sentence.
    """

    text: str
    told: str
    said: str
    inside: bool
    open: bool
    marks: str
    speaker: str = ""
    paragraph: int = 0
    start: int = 0
    end: int = 0
    at: float = 0.0

    @property
    def is_speech(self) -> bool:
        """Say whether nothing is narrated in it."""
        return bool(self.said) and not self.told.replace('""', "").strip(" ,")


def told_sentences(text: str, people: People) -> list[Told]:
    """Return the sentences of a story in their order."""
    whole = len(text.split()) or 1
    found: list[Told] = []
    before = 0
    for n, (start, end) in enumerate(_blocks(text)):
        cut = list(_cut(text[start:end]))
        speaker = _speaker([one.told for one in cut], people)
        for one in cut:
            who = speaker if one.said else ""
            at = before / whole
            found.append(replace(one, paragraph=n, start=start, end=end, at=at, speaker=who))
            before += len(one.text.split())
    return found


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of paragraphs: set apart by blank lines, or by a line that ends early.

    That is one that ends a sentence, and has room for the next line's first word.
    """
    lines = [(match.start(), match.end()) for match in _LINE.finditer(text)]
    sizes = sorted(end - start for start, end in lines)
    width = sizes[len(sizes) * 19 // 20] if sizes else 0  # a few lines may be longer
    begin = None
    for (start, end), (after, after_end) in pairwise([*lines, (len(text), len(text))]):
        begin = start if begin is None else begin
        word = re.match(r"\S{0,60}", text[after:after_end])
        early = end - start + 1 + (word.end() if word else 0) <= width
        blank = text.count("\n", end, after) != 1
        ended = early and _ENDED.search(text[max(start, end - 5) : end])
        if blank or (ended and not _is_open(text[begin:end])):
            yield begin, end
            begin = None


def _is_open(text: str) -> bool:
    """Say whether speech goes on after a text that begins outside of it."""
    return text.count('"') % 2 == 1 or text.count("“") > text.count("”")


def _cut(block: str) -> Iterator[Told]:
    """Yield a paragraph's sentences, without their places and speaker."""
    inside = False
    marks = "“”" if "“" in block else '""'
    sentences = split_sentences(_SPACED.sub(r"\1", " ".join(block.split())))
    for i, sentence in enumerate(sentences):
        following = sentences[i + 1] if i + 1 < len(sentences) else ""
        told, said, after = _parted(sentence, inside=inside)
        if after and _LOOSE.match(following):  # a mark with a space before it: "There! " he said
            sentence += following[0]
            sentences[i + 1] = following[1:].strip()
            after = False
        if _ASKED.search(sentence) and _TAG.match(following):  # "Who?" Alan asked.
            sentences[i + 1] = f"{sentence} {following}"
            continue
        if sentence:
            yield Told(sentence, told, said, inside, after, marks)
        inside = after


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
            return people.called(who) or who  # "the bartender"
    tags = [(match[1] or match[2]).lower() for one in short if (match := _HE_SAID.search(one))]
    plain = [one.replace('""', "").strip(" ,") for one in short]
    about = {people.called(people.actor(one) or people.opens(one)) for one in plain} - {""}
    others = {who for one in plain for who in people.actors(one)} - about
    if len(about) != 1 or others or (tags and PERSON.search(" ".join(plain))):
        return tags[0] if tags else ""
    who = next(iter(about))
    return who if not tags or people.sex(who) in {"", tags[0]} else tags[0]
