"""What small models do wrong, mended; what cannot be mended is named.

A good answer passes unchanged. Every rule here was taken from what models of 135 million to 1.1
billion parameters really write; `tests/golden/model_outputs.jsonl` holds such answers with what
becomes of them.

Not done here: a weak summary stays weak. Nothing is reworded, and no sentence inside the answer
is taken out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from pipeline.core.prompts import asked_for, systems
from pipeline.errors import EchoedAnswer, EmptyAnswer, LoopedAnswer
from pipeline.text import english
from pipeline.text.sentences import sentences
from pipeline.text.terms import DENSE
from pipeline.text.wordlists import HERE_IS, SUMMARY

if TYPE_CHECKING:
    from collections.abc import Sequence

# A loop is the same words again, at once: two copies of a long stretch, more of a short one.
_LOOP_REPEATS = 8  # words that repeat what came one period before
_LONGEST_PERIOD = 120  # words
_THRICE_WORDS = 5  # a sentence of so many words is not written three times on purpose
_ENOUGH = 20  # words before a loop that are worth keeping without the rest

_WORD = re.compile(rf"(?m:^\W*\d+[.)]\s)|([{DENSE}]|[^\W_{DENSE}]+(?:['’][^\W_{DENSE}]+)*)")

_THOUGHT = re.compile(  # the second form: a server has already taken the opening tag away
    r"(?is)\A(?:\s*<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)|.*\n[ \t]*+</think(?:ing)?>[ \t]*+\n)"
)
_SPECIAL = (
    r"(?:<\|[a-z_]{1,20}\|>|</?s>|<(?:bos|eos|pad|unk)>|</?(?:start|end)_of_turn>|\[/?INST\]"
    r"|<</?SYS>>)"
)
_HEADER = re.compile(rf"(?i)\A(?:\s*+{_SPECIAL}(?:(?:assistant|user|system|model)[ \t]*+\n)?)+")
# After the end of its turn, a model goes on in other people's names.
_TURN = re.compile(rf"(?is)(?<!\s)(?:(?<=[.!?…。！？])\s*+{_SPECIAL}.*|\s*+{_SPECIAL}\s*)\Z")

_INSTRUCTION = re.compile(
    rf"(?i)\A(?:(?:{systems()})\s*"
    rf"|{english.REQUEST}"
    rf"|(?:{asked_for()})(?:\s+|\Z))"
)
_ABROAD = re.compile(  # preambles and labels in other languages
    rf"(?i)\A(?:[#*_]+\s*)?(?:(?:{HERE_IS})[^\n:：.。]{{0,60}})?(?:{SUMMARY})[^\n:：.。]{{0,60}}"
    r"[:：][*_]*\s*"
)
_WRAPS = (
    re.compile(r"(?s)\A```[a-z]*\n((?:(?!```).)*?)\n?(?:```)?\Z"),
    re.compile(r'(?s)\A"""((?:(?!""").)*)(?:""")?\Z'),
    re.compile(r'\A"([^"]*)"\Z'),
    re.compile(r"\A“([^“”]*)”\Z"),
    re.compile(r"(?s)\A\*\*((?:(?!\*\*).)*)\*\*\Z"),
)
_ANNOUNCED = re.compile(r"\n[^\n]{1,80}[:：]\s*\Z")  # a last line that leads to nothing
_LEADS_ON = re.compile(r"#|[^\n]*[:：]\Z")  # a heading, or a line that announces a list


class _Word(NamedTuple):
    text: str
    start: int


def clean(text: str, *, finish: Literal["stop", "length"]) -> str:
    """Return an answer without what is not the summary.

    Thinking aloud, special-token text, an opening such as "Sure, here is a summary:", quotes
    around the whole, and a loop's repetitions go. An answer that ran out of room ends at its last
    whole sentence; if it has none, at its last whole word, with an ellipsis.

    Args:
        text: the answer as the model wrote it.
        finish: "length" where the answer ran out of room.

    Returns:
        The answer, never longer than `text`. What is returned here passes unchanged ever after.

    Raises:
        EmptyAnswer: nothing is left.
        LoopedAnswer: a loop began too early to leave anything worth keeping.
        EchoedAnswer: the answer is the instruction.
    """
    answer = _mend(text)
    if finish == "length":
        answer = _mend(_whole_sentences(answer) or _shortened(answer))
    if not any(word[1] for word in _WORD.finditer(answer)):
        if _INSTRUCTION.match(text.strip()):
            raise EchoedAnswer("the model repeated its instruction and wrote no summary")
        raise EmptyAnswer("the model wrote nothing")
    return answer


def without_thoughts(text: str) -> str:
    """Return an answer without what the model thought aloud before it."""
    return _THOUGHT.sub("", text, count=1).strip()


def _mend(text: str) -> str:
    """Apply the rules until none has anything left to do; each only ever shortens the text."""
    while (mended := _unlooped(_unwrapped(_untagged(text)))) != text:
        text = mended
    return text


def _untagged(text: str) -> str:
    for pattern in (_THOUGHT, _HEADER, _TURN):
        text = pattern.sub("", text, count=1)
    return text.strip()


def _unwrapped(text: str) -> str:
    for pattern in (_INSTRUCTION, english.PREAMBLE, english.LABEL, _ABROAD, _ANNOUNCED):
        text = pattern.sub("", text, count=1)
    for pattern in _WRAPS:
        text = pattern.sub(r"\1", text)
    return text.strip()


def _unlooped(text: str) -> str:
    words = _words(text)
    if len(set(rows := _rows(words, _THRICE_WORDS))) == len(rows):
        return text  # as of most answers; a longer row that comes again holds such a one
    starts = [
        start for start in (_repetition(words), _third_time(text, words)) if start is not None
    ]
    if not starts:
        return text
    kept = _whole_sentences(text[: min(starts)].rstrip())
    if len(_words(kept)) < _ENOUGH:
        raise LoopedAnswer("the model wrote the same words over and over")
    return kept


def _repetition(words: Sequence[_Word]) -> int | None:
    """Return where the second copy of an earliest loop starts, in characters."""
    texts = [word.text for word in words]
    first = len(texts)
    for period in _periods(words):
        enough = max(period if period >= _LOOP_REPEATS else 2 * period, _LOOP_REPEATS)
        run = 0
        for i in range(period, min(len(texts), first + enough)):
            run = run + 1 if texts[i] == texts[i - period] else 0
            if run == enough:
                first = min(first, i + 1 - run)
                break
    return words[first].start if first < len(words) else None


def _periods(words: Sequence[_Word]) -> list[int]:
    """Return how far apart stretches of words come again: what a loop's period can be."""
    starts: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for start, stretch in enumerate(_rows(words, _LOOP_REPEATS)):
        starts[stretch].append(start)
    again = {
        later - earlier
        for same in starts.values()
        for i, earlier in enumerate(same)
        for later in same[i + 1 : i + 1 + _LONGEST_PERIOD]
    }
    return sorted(period for period in again if period <= _LONGEST_PERIOD)


def _third_time(text: str, words: Sequence[_Word]) -> int | None:
    """Return where a sentence that comes three times comes for the second time, in characters."""
    if max(Counter(_rows(words, _THRICE_WORDS)).values(), default=0) < 3:
        return None
    seen: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for start, end in sentences(text):
        key = tuple(word.text for word in _words(text[start:end]))
        if len(key) >= _THRICE_WORDS:
            seen[key].append(start)
    return min((starts[1] for starts in seen.values() if len(starts) > 2), default=None)


def _whole_sentences(text: str) -> str:
    """Return the text up to the end of its last whole sentence; "" if there is none."""
    spans = sentences(text)
    if len(sentences(text + " X")) == len(spans):  # what follows would go on with the last one
        spans = spans[:-1]
    while spans and _LEADS_ON.match(text, *spans[-1]):
        spans.pop()
    return text[: spans[-1][1]] if spans else ""


def _shortened(text: str) -> str:
    words = text.rsplit(None, 1)
    return (words[0] if len(words) > 1 else text[:-1]).rstrip(" ,;:-–—") + "…"


def _rows(words: Sequence[_Word], length: int) -> list[tuple[str, ...]]:
    """Return every row of so many words."""
    texts = [word.text for word in words]
    return list(zip(*(texts[i:] for i in range(length)), strict=False))


def _words(text: str) -> list[_Word]:
    """Return the words of a text, or characters where words are not set apart.

    The numbers of a list are left out, so that a list of the same item is a loop.
    """
    return [_Word(m[1].casefold(), m.start()) for m in _WORD.finditer(text) if m[1]]
