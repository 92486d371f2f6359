"""Runs of a story's sentences: how they are shown, and which are taken to tell the story."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.passages.english_story import CONNECTIVE
from pipeline.text.terms import count_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.passages.telling import Told

USUAL = 36  # words of a passage, by which is told how many stretches a story is cut into
EARLY, LATE = 0.12, 0.92  # shares of a text: its beginning ends, and its end begins
NEAR = 0.06  # share of a text behind the first run with the main character; the best is taken
FIRST = 1.4  # times its worth is what the first of them counts
WORTH = 0.3  # share of the best one's worth below which nothing is taken only to reach the length

# "He" and "she" where they stand for who acts, and where they stand for who says something.
SUBJECT = re.compile(r'(?:\A|"" )(He|She|he|she)\b(?![\x27’])')


@dataclass(frozen=True)
class Run:
    """Sentences that follow each other, from the first one's number in the story.

    `meant` is who "he" or "she" is in the first one, where it does not say. `speakers` are those
    of sentences, by their number in the run, that are shown with who says them. `worth` is how
    much it tells, and `introduces` says whether the story's main character is in it.
    """

    first: int
    found: Sequence[Told]
    meant: str
    speakers: Mapping[int, str]
    worth: float = 0.0
    introduces: bool = False

    @property
    def at(self) -> float:
        """The share of the text's words before it."""
        return self.found[0].at

    @property
    def last(self) -> int:
        """The last one's number in the story."""
        return self.first + len(self.found) - 1

    @property
    def told(self) -> str:
        """What is narrated."""
        return " ".join(one.told for one in self.found)

    @property
    def said(self) -> str:
        """What is said."""
        return " ".join(one.said for one in self.found if one.said)

    @property
    def text(self) -> str:
        """What is shown: with marks where speech begins or ends outside of the run."""
        shown = []
        for i, one in enumerate(self.found):
            before = self.found[i - 1] if i else None
            after = self.found[i + 1] if i + 1 < len(self.found) else None
            begins = before is None or before.paragraph != one.paragraph
            ends = after is None or after.paragraph != one.paragraph
            text = _with_marks(one, begins=begins, ends=ends)
            if i == 0:
                text = without_connective(_named(text, self.meant))
            shown.append(f"[{_capital(self.speakers[i])}:] {text}" if i in self.speakers else text)
        return " ".join(shown)


def choose(found: Sequence[Run], words: int, *, whole: bool = True) -> list[Run]:
    """Choose how a story begins and ends, then the best of each stretch, then the best of all.

    Args:
        found: runs, in the story's order.
        words: how many words the chosen ones have together, at most.
        whole: whether they tell the whole story; otherwise the best are taken, wherever they are.

    Returns:
        The chosen ones in the story's order, none with a sentence of another.
    """
    best = sorted(found, key=lambda run: (-run.worth, run.first))
    if not best:
        return []
    choice = _Choice(words)
    worthy = [run for run in best if run.worth >= WORTH * best[0].worth]
    if whole:
        _take_ends(choice, best, worthy)
        _take_stretches(choice, worthy, max(2, round(words / USUAL)))
    for run in worthy:
        choice.take(run)
    return sorted(choice.taken, key=lambda run: run.first)


def _take_ends(choice: _Choice, best: Sequence[Run], worthy: Sequence[Run]) -> None:
    """Take a run that introduces the main character, and one that ends the story."""
    begins = [run for run in best if run.introduces and run.at <= EARLY]
    first = min((run.at for run in begins), default=0.0)
    begins = [run for run in begins if run.at <= first + NEAR]
    begins.sort(key=lambda run: -run.worth * (FIRST if run.at == first else 1.0))
    choice.take_first(begins)
    ends = [run for run in worthy if run.at >= LATE]
    choice.take_first(sorted(ends, key=lambda run: -run.worth * _lateness(run)))


def _take_stretches(choice: _Choice, worthy: Sequence[Run], stretches: int) -> None:
    """Take the best of each stretch of the text that has none yet."""

    def stretch(run: Run) -> int:
        return min(stretches - 1, int(run.at * stretches))

    filled = {stretch(run) for run in choice.taken}
    for run in worthy:
        if stretch(run) not in filled and choice.take(run):
            filled.add(stretch(run))


def without_connective(sentence: str) -> str:
    """Return a sentence without "Then" or "But" before it."""
    bare = CONNECTIVE.sub("", sentence)
    return _capital(bare)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class _Choice:
    """Runs taken one by one, no sentence twice, up to a number of words."""

    def __init__(self, words: int) -> None:
        self.taken: list[Run] = []
        self._left = words
        self._sentences: set[int] = set()

    def take(self, run: Run) -> bool:
        """Take a run, if there is room for it and it is new."""
        own = range(run.first, run.last + 1)
        if self._left <= 0 or not self._sentences.isdisjoint(own):
            return False
        size = count_words(run.text)
        if size > self._left:
            return False
        self.taken.append(run)
        self._sentences.update(own)
        self._left -= size
        return True

    def take_first(self, runs: Iterable[Run]) -> Run | None:
        """Take the first that can be taken, and return it."""
        return next((run for run in runs if self.take(run)), None)


def _lateness(run: Run) -> float:
    """Return how much a run counts as the end of a story by where it ends."""
    return 0.2 + max(0.0, (run.found[-1].at - LATE) / (1 - LATE)) ** 2


def _with_marks(one: Told, *, begins: bool, ends: bool) -> str:
    """Return a sentence with the marks of its speech that stand in sentences not shown."""
    left = one.marks[0] if one.inside and begins else ""
    right = one.marks[1] if one.open and ends else ""
    return f"{left}{one.text}{right}"


def _named(shown: str, who: str) -> str:
    """Return a sentence that says in brackets, as editors do, whom its narration means."""
    inside = False
    for match in re.finditer(r'["“”]|\b(?:He|She|he|she)\b(?![\x27’])', shown) if who else ():
        if match[0] == '"':
            inside = not inside
        elif match[0] in "“”":
            inside = match[0] == "“"
        elif not inside:
            return f"{shown[: match.start()]}[{who}]{shown[match.end() :]}"
    return shown
