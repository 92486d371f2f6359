"""What one speaker proposes, decides, reports or asks for in a meeting, as reported speech."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

from pipeline.passages import english_meetings as en
from pipeline.passages.english_speech import SHORT
from pipeline.passages.fluency import is_fluent
from pipeline.passages.passage import Passage
from pipeline.passages.reported import clause_of, opens, plain, reported
from pipeline.passages.speech import Run, is_verbatim, runs, started
from pipeline.text.extract import Centroid, dot
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Chosen by reading twelve meetings of three kinds, as all numbers here.
SHORTEST, LONGEST = 8, 36  # words of a sentence that is told
FULL = 15  # words from which a sentence is worth fully
START = 0.03  # share of a meeting in which it is opened
OPENING = 0.25  # share of a meeting in which it is said what it is for
MOST_CLAUSES = 8  # of a sentence, that are looked at
FEWEST = 0.15  # share of the best one's worth that another needs
LEFT = 0.06  # the same share, of what is left of its worth beside those taken
CUES = {en.DECIDED: 0.7, en.PROPOSED: 0.3, en.FOUND: 0.2, en.NUMBER: 0.25}  # worth of a mark
MOST_CUES = 2  # of a kind, that count
DONE = 0.3  # worth of what is done by saying it
CONDITION = 0.6  # what is left where all hangs on an "if"
CONTENT = 4  # words of content from which a sentence is worth fully
ANYBODY = 0.5  # what is left where it is on anybody, "people"
AIM = 1.5  # worth of saying what a meeting is for
POINTS = 0.75  # what is left of worth for each word that points elsewhere
LIKE = 0.9  # of worth that likeness to a chosen passage takes, at most
NEAR = 0.05  # share of a meeting within which passages are near each other
BESIDE, SAME = 0.75, 0.9  # what is left for each near one, and each of the same speaker


@dataclass(frozen=True)
class _Told:
    """A passage before it is chosen: its number, where it is, from 0 to 1, and its terms."""

    number: int
    passage: Passage
    at: float
    vector: Mapping[str, float]


def passages(text: str, words: int, query: str | None = None) -> list[Passage]:
    """Return what was proposed, decided, reported and asked for in a meeting.

    Args:
        text: a transcript in English (`pipeline.passages.speech.is_meeting`).
        words: upper bound on the passages' words together.
        query: what they should rather be about.

    Returns:
        Passages in the text's order, each one reported sentence with its speaker; none where
        nothing can be read alone.
    """
    said = runs(text)
    centroid = Centroid((s.text for run in said for s in run.sentences), query, "en")
    found = _told(said, text)
    weighed = [
        _weighed(i, one, passage, centroid, text, query) for i, (one, passage) in enumerate(found)
    ]
    chosen = _chosen(weighed, words)
    return [one.passage for one in sorted(chosen, key=lambda one: one.number)]


def _told(said: Sequence[Run], text: str) -> Iterator[tuple[str, Passage]]:
    """Yield every sentence that can be told, as it was said and as it is told."""
    names, verbatim = _names(text), is_verbatim(text)
    pieces = _pieces(text) if verbatim else frozenset()
    for run in said:
        for one in run.sentences:
            begins = one.start < OPENING * len(text)
            for sentence in _readings(one.text, verbatim, begins):
                if not _can_be_told(
                    sentence, verbatim, one.start < START * len(text)
                ) or pieces & _words(sentence):
                    continue
                if told := reported(sentence, run.speaker, names):
                    yield sentence, Passage(told, one.start, one.end, run.speaker, "meeting")
                    break


def _weighed(
    number: int, sentence: str, passage: Passage, centroid: Centroid, text: str, query: str | None
) -> _Told:
    """Return a passage with what it is worth."""
    vector = centroid.vector(sentence)
    near = centroid.likeness(vector)
    at = passage.start / len(text)
    if query is None:  # what the meeting comes back to, and what moves it on
        worth = math.sqrt(near) * _matters(sentence, passage.text, at < OPENING)
    else:
        worth = near * _matters(sentence, passage.text, begins=False)
    return _Told(number, replace(passage, worth=worth), at, vector)


def _readings(said: str, verbatim: bool, begins: bool) -> Iterator[str]:
    """Yield a sentence to tell, and, as people speak in long rows of clauses, some of these."""
    sentence = plain(started(said))
    sentence = en.MIDST.sub(",", sentence)
    if verbatim:
        sentence = en.PAUSES.sub("", sentence)
        sentence = en.LACKS_THAT.sub(r"\1 is that ", sentence)
    yield sentence
    whole = sentence.endswith("?") or en.CONDITION.match(clause_of(sentence))
    if whole or not (verbatim or (begins and en.AIM.search(sentence))):
        return
    joints = list(en.CUT.finditer(sentence))[:MOST_CLAUSES]
    for joint in reversed(joints):  # its beginning, the longest first
        begun = sentence[: joint.start()]
        changed = _word(joint) == "until" and en.NEGATED.search(begun)
        if _word(joint) not in en.QUALIFIED and not changed:
            yield plain(f"{begun}.")
    for joint, after in zip_longest(joints, joints[1:]):
        if _word(joint) in en.CONSEQUENCES and _word(after) not in en.QUALIFIED:
            end = after.start() if after else len(sentence)
            yield plain(started(sentence[joint.end() : end].rstrip(".") + "."))


def _word(joint: re.Match[str] | None) -> str:
    """Return the word that joins two clauses."""
    return (joint[1] or joint[2]) if joint else ""


def _can_be_told(sentence: str, verbatim: bool, begins: bool) -> bool:
    """Say whether a sentence can be read alone and is on the matter."""
    if opens(sentence):
        return begins
    clause = clause_of(sentence)
    return (
        SHORTEST <= len(sentence.split()) <= LONGEST
        and not en.LEANING.match(clause)
        and not en.FUSS.search(sentence)
        and is_fluent(sentence, verbatim=verbatim)
        and is_fluent(clause, verbatim=verbatim)
    )


def _matters(sentence: str, told: str, begins: bool) -> float:
    """Return how much a sentence tells: by its marks, its length, and what it points to."""
    marks = sum(
        worth * min(MOST_CUES, len(pattern.findall(sentence))) for pattern, worth in CUES.items()
    )
    if en.DONE.search(told):
        marks += DONE
    if begins and en.AIM.search(told):
        marks += AIM
    if _YOU.search(sentence):  # on what anybody does
        marks *= ANYBODY
    if en.CONDITION.match(clause_of(sentence)):
        marks *= CONDITION
    content = {word for word in _CONTENT.findall(sentence) if word not in en.LIGHT}
    marks *= min(1.0, len(content) / CONTENT)
    words = len(sentence.split())
    size = min(1.0, words / FULL, (LONGEST + FULL // 2 - words) / FULL)
    return (0.1 + marks) * size * POINTS ** len(en.POINTING.findall(told))


def _chosen(found: Sequence[_Told], words: int) -> list[_Told]:
    """Choose what matters, of other matters than what is chosen already, up to the length."""
    left = words
    top = max((one.passage.worth for one in found), default=0.0)
    open_ = [one for one in found if one.passage.worth >= FEWEST * top > 0]
    taken: list[_Told] = []
    while open_:
        best = max(open_, key=lambda one: (_worth(one, taken), -one.number))
        if _worth(best, taken) < LEFT * top:
            break
        open_.remove(best)
        size = count_words(best.passage.text) + 1  # with "also"
        if size <= left:
            taken.append(best)
            left -= size
    return taken


def _worth(one: _Told, taken: Sequence[_Told]) -> float:
    """Return what a passage is worth beside those taken."""
    alike = max((dot(one.vector, other.vector) for other in taken), default=0.0)
    near = sum(abs(one.at - other.at) < NEAR for other in taken)
    same = sum(one.passage.who == other.passage.who for other in taken)
    return one.passage.worth * (1 - LIKE * alike) * BESIDE**near * SAME**same


_CONTENT = re.compile(r"[A-Z]\w+|\d+|[a-z]{5,}")
_YOU = re.compile(r"\byou\b", re.IGNORECASE)
_LETTERS = re.compile(r"(?<![\w'’-])[a-z]{2,}(?![\w'’-])")
_PIECE = 6  # letters of a broken word; longer ones are left to the eye
_INSIDE = re.compile(r"(?<=[a-z,] )[^\W\d_]+(?:['’-][^\W\d_]+)*")


def _names(text: str) -> frozenset[str]:
    """Return the words that a text writes with a capital in the midst of sentences."""
    uses = Counter(_INSIDE.findall(text))
    return frozenset(
        word for word, n in uses.items() if word[0].isupper() and n > uses[word.lower()]
    )


def _words(sentence: str) -> set[str]:
    return set(_LETTERS.findall(sentence))


def _pieces(text: str) -> frozenset[str]:
    """Return words that were probably broken off: met once, and the beginning of others."""
    uses = Counter(_LETTERS.findall(text))
    order = sorted(uses)
    return frozenset(
        word
        for word, after in pairwise(order)
        if uses[word] == 1
        and len(word) <= _PIECE
        and word not in SHORT
        and after.startswith(word)
        and after[len(word) :] not in en.ENDINGS
    )
