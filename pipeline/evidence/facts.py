"""Facts that can be checked without understanding: numbers, names, quotations.

A fact of a summary is unsupported where the source does not hold it in any spelling that we know:
"twenty-four" supports 24, "1.5 million" supports 1,500,000, "America" supports "American",
"the Rackhams" supports "Rackham". It says nothing about whether a supported fact is used rightly.

Number words of a summary are understood in English, those of a source in READ_NUMBERS, numbers in
digits everywhere; names are what is written with a capital in the middle of a sentence, so scripts
without capitals have none, nor has German, where all nouns are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING, Literal, TypeAlias

from text_to_num import alpha2digit

from pipeline.knobs import KNOBS, Knobs
from pipeline.text.english import NO_NAMES, ORDINAL_ENDINGS, SCALES, SPELLED, VAGUE
from pipeline.text.sentences import sentences
from pipeline.text.terms import DENSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pipeline.text.languages import Languages

Kind: TypeAlias = Literal["number", "name", "quotation"]

ALL_KINDS: frozenset[Kind] = frozenset({"number", "name", "quotation"})
# Languages whose number words can be read where they are the source's.
READ_NUMBERS = frozenset({"de", "en", "es", "fr", "it", "nl", "pt"})
# Languages that write every noun with a capital, so that one says nothing about names.
NOUNS_WITH_CAPITALS = frozenset({"de"})

_LETTER = rf"[^\W{DENSE}]"  # what would make one word with digits; in dense scripts, nothing does
_DIGITS = re.compile(
    rf"(?<![.,])(?<!{_LETTER})\d+(?:[.,’' \u202f]\d{{3}})*(?:[.,:]\d+)*(?:{ORDINAL_ENDINGS})?"
    rf"(?!{_LETTER})"
)
_SCALED = re.compile(rf"(?i)(?<![\w.,])(\d+(?:[.,]\d+)*)[\s-]+({'|'.join(SCALES)})s?\b")
_LIST_MARK = re.compile(r"(?m)^[ \t*]*(\d+)[.)](?=\s)")

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_PARTS = re.compile(r"[-'’.]")
# Short ones match too, so that what stands between two quotations is not taken for one.
_QUOTED = re.compile(r"[“\"«„]([^“”\"«»„]*)[”\"»“]")
_POSSESSIVE = re.compile(r"['’]s?\Z")


@dataclass(frozen=True)
class Fact:
    """A number, a name or a quotation, as it is written, and where, in characters."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class SourceFacts:
    """What a source holds, in the forms in which facts are looked up.

    `language` is the source's, by its ISO 639-1 code, for number words in other ones than English.
    """

    text: str
    language: str | None = None
    knobs: Knobs = KNOBS

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Every number, as digits without separators."""
        marks = {match[1] for match in _LIST_MARK.finditer(self.text)}
        spelled = self._spelled_out if self.language in READ_NUMBERS - {"en"} else ""
        found = (values for text in (self.text, spelled) for _, values in _numbers(text))
        return frozenset(marks.union(*found))

    @property
    def _spelled_out(self) -> str:
        """The text with its number words as digits, where they are not English."""
        return str(alpha2digit(self.text, self.language or "en", 0))

    @cached_property
    def row(self) -> tuple[str, ...]:
        """All words in their order, in lower case."""
        return tuple(_plain(word) for word in _WORD.findall(self.text))

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word, in lower case."""
        whole = frozenset(self.row)
        joined = (word for word in whole if not word.isalnum())
        return whole.union(*map(_PARTS.split, joined))

    @cached_property
    def capitals(self) -> tuple[str, ...]:
        """Every word that is written with a capital somewhere, in lower case."""
        found = {_plain(m[0]) for m in _WORD.finditer(self.text) if m[0][0].isupper()}
        return tuple(sorted(found))

    @cached_property
    def starts(self) -> dict[str, list[str]]:
        """The words with capitals, by their first letters, which other forms of them share."""
        starts: dict[str, list[str]] = {}
        for word in self.capitals:
            if len(word) >= self.knobs.name_stem:
                starts.setdefault(word[: self.knobs.name_stem], []).append(word)
        return starts

    @cached_property
    def running(self) -> str:
        """All words in a row, with single spaces, for quotations."""
        return f" {' '.join(self.row)} "


def kinds_of(languages: Languages) -> frozenset[Kind]:
    """Return the kinds of facts that a summary and its document write alike."""
    if languages.crossed:
        return frozenset({"number"} if languages.text in READ_NUMBERS else ())
    return ALL_KINDS - {"name"} if languages.text in NOUNS_WITH_CAPITALS else ALL_KINDS


def unsupported(text: str, known: SourceFacts, kinds: frozenset[Kind] = ALL_KINDS) -> list[Fact]:
    """Return the facts of some kinds that a source does not hold, in their order."""
    found: list[Fact] = []
    if "number" in kinds:
        found += (fact for fact, values in _numbers(text) if not values & known.numbers)
    if "name" in kinds:
        found += (fact for fact in _names(text) if not _is_known(fact.text, known))
    if "quotation" in kinds:
        found += (
            fact
            for fact in _quotations(text, known.knobs.quoted_words)
            if not _is_quoted(fact.text, known)
        )
    return sorted(found, key=lambda fact: (fact.start, fact.end))


def _numbers(text: str) -> Iterator[tuple[Fact, frozenset[str]]]:
    """Yield each number with the values that it can stand for."""
    taken: list[tuple[int, int]] = []
    for match in _SCALED.finditer(text):
        taken.append(match.span())
        yield _fact(match), frozenset({_scaled(match[1], match[2].lower())})
    taken += [match.span() for match in _LIST_MARK.finditer(text)]
    for match in _DIGITS.finditer(text):
        if not any(start <= match.start() < end for start, end in taken):
            yield _fact(match), _values(match[0])
    for match in SPELLED.finditer(text):
        inside = any(start <= match.start() < end for start, end in taken)
        if not inside and match[0].lower() not in VAGUE and (values := _spelled(match[0])):
            yield _fact(match), values


def _values(digits: str) -> frozenset[str]:
    """Return what digits can stand for: 1,500 and 1.500 are the same number or a fraction."""
    bare = re.sub(rf"(?:{ORDINAL_ENDINGS})\Z", "", digits)
    joined = re.sub(r"[,.’' \u202f](?=\d{3}(?!\d))", "", bare)
    forms = {_fraction(joined.replace(",", "."))}
    if joined != bare and bare.count(".") == 1:
        forms.add(_fraction(bare))
    if ":" in bare:  # a time of day also supports its hour
        forms.add(bare.partition(":")[0])
    if re.fullmatch(r"\d{1,2}\.00", bare):
        forms.add(bare[:-3])
    return frozenset(forms)


def _fraction(number: str) -> str:
    whole, point, part = number.partition(".")
    part = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{part}" if point and part else "")


def _scaled(number: str, scale: str) -> str:
    whole, _, part = number.replace(",", "").partition(".")
    power = SCALES[scale]
    moved = whole + part.ljust(power, "0")[:power]
    return _fraction(f"{moved}.{part[power:]}" if len(part) > power else moved)


def _spelled(words: str) -> frozenset[str]:
    """Return what number words come to; several where they are several numbers."""
    digits = alpha2digit(re.sub(r"(?i)ties\b", "ty", words), "en")
    values = frozenset(value for match in _DIGITS.finditer(digits) for value in _values(match[0]))
    year = re.fullmatch(r"(1[1-9]|20) (\d\d)", digits)  # nineteen fifty-three
    return frozenset({f"{year[1]}{year[2]}"}) if year else values


def _names(text: str) -> Iterator[Fact]:
    """Yield words with capitals. At the start of a sentence, a capital alone means nothing."""
    for start, end in sentences(text):
        words = list(_WORD.finditer(text, start, end))
        for number, match in enumerate(words):
            word = match[0]
            if not word[0].isupper() or len(_plain(word)) < 2 or word.lower() in NO_NAMES:
                continue
            follows = number + 1 < len(words) and _in_one_name(text, match, words[number + 1])
            if _opens(text, start, match.start()) and not follows:
                continue
            yield _fact(match)


def _in_one_name(text: str, word: re.Match[str], following: re.Match[str]) -> bool:
    return following[0][0].isupper() and not text[word.end() : following.start()].strip(" ")


def _opens(text: str, start: int, place: int) -> bool:
    """Say whether a word opens a sentence, a line, a quotation, or what follows a colon."""
    before = text[start:place].rstrip()
    if not before or "\n" in text[start + len(before) : place]:
        return True
    return before[-1] in "“\"‘'«„(:*#-–—•" or re.search(r"\d[.)]\Z", before) is not None


def _is_known(name: str, known: SourceFacts) -> bool:
    plain, knobs = _plain(name), known.knobs
    forms = {plain, plain.removesuffix("s"), plain.removesuffix("es"), f"{plain}s"}
    if forms & known.words:
        return True
    if all(part in known.words for part in _PARTS.split(plain) if part):
        return True
    alike = known.starts.get(plain[: knobs.name_stem], ())
    if any(_same_stem(plain, word, knobs.name_stem_share) for word in alike):
        return True
    close = get_close_matches(plain, _near(plain, known.capitals), n=1, cutoff=knobs.spelling)
    return bool(close)


def _same_stem(one: str, other: str, share: float) -> bool:
    letters = zip(one, other, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], letters))
    return shared >= share * max(len(one), len(other))


def _near(word: str, words: Iterable[str]) -> list[str]:
    """Return the words that begin alike and are about as long: what else could be a spelling."""
    return [one for one in words if one[0] == word[0] and abs(len(one) - len(word)) < 3]


def _quotations(text: str, least: int) -> Iterator[Fact]:
    for match in _QUOTED.finditer(text):
        if len(_WORD.findall(match[1])) >= least:
            yield Fact(match[1], match.start(1), match.end(1))


def _is_quoted(quotation: str, known: SourceFacts) -> bool:
    """Say whether the source holds each sentence of a quotation.

    Where one mark of a pair was left out, sentences that do not follow each other in the source
    stand between two marks.
    """
    return all(_runs(quotation[start:end], known) for start, end in sentences(quotation))


def _runs(text: str, known: SourceFacts) -> bool:
    words = " ".join(_plain(match[0]) for match in _WORD.finditer(text))
    return not words or f" {words} " in known.running


def _plain(word: str) -> str:
    plain = word.casefold()
    # Most words are of letters alone, and substituting takes longer than asking.
    return plain if plain.isalnum() else _POSSESSIVE.sub("", plain).replace("’", "'")


def _fact(match: re.Match[str]) -> Fact:
    return Fact(match[0], match.start(), match.end())
