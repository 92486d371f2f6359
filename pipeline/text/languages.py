"""Which language a text is in, and what languages are called.

CLD3, a small neural network that reads pairs and triples of letters, is asked about stretches all
over a text. Where most of them agree, that is the text's language. What is short or mixed has
none: a wrong guess would do more harm than no guess.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.text.terms import DENSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# Languages that can be asked for and that a text can be found to be in, by ISO 639-1 code.
# Left out are those that CLD3 takes too many stretches of larger neighbours for, as Galician.
NAMES: Mapping[str, str] = {
    "ar": "Arabic", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish",
    "et": "Estonian", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch",
    "no": "Norwegian", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian",
    "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip
KNOWN = ", ".join(f"{name} ({code})" for code, name in sorted(NAMES.items()))

STRETCH = 400  # characters that are looked at together
MOST_STRETCHES = 9  # of a text, however long
ENOUGH = 60  # letters in a text; fewer say nothing
DENSE_LETTERS = 3  # letters that a character of a dense script counts for
SURE = 0.9  # probability from which a stretch has a vote; words at random reach 0.8
AGREED = 0.7  # share of the stretches that have to agree

_CODES = {"iw": "he", "nb": "no", "nn": "no"}  # other names for the same
_DENSE = re.compile(f"[{DENSE}]")
_LETTER = re.compile(r"[^\W\d_]")
_own = threading.local()


@dataclass(frozen=True)
class Languages:
    """The languages of a run, by their ISO 639-1 codes.

    `text` is the document's, None where that is not sure. `asked` is what the summary was asked
    to be in, None where it should be in the document's own.
    """

    text: str | None = None
    asked: str | None = None

    @property
    def wanted(self) -> str | None:
        """What the summary should be in; None where anything will do."""
        return self.asked or self.text

    @property
    def crossed(self) -> bool:
        """Whether the summary should be in another language than the document."""
        return self.asked is not None and self.asked != self.text

    @property
    def said(self) -> str | None:
        """What the prompts, which are in English, have to say; None where it goes without."""
        return self.wanted if self.crossed or self.text != "en" else None


UNKNOWN = Languages()  # nothing is known and nothing was asked


def language_code(name: str) -> str:
    """Return the ISO 639-1 code of a language that is given by that or by its English name.

    Raises:
        InputError: it is none of NAMES.
    """
    wanted = name.strip().casefold()
    for code, known in NAMES.items():
        if wanted in (code, known.casefold()):
            return code
    raise InputError(f"there is no language {name!r} here; take one of {KNOWN}")


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a text's language; None where that is not sure.

    It looks at nine stretches at most, so a book takes no longer than a page: some milliseconds.
    """
    stretches = [stretch for stretch in _stretches(text) if _LETTER.search(stretch)]
    if not _enough(stretches):
        return None
    detector = _detector()
    votes = Counter(_detected(stretch, detector) for stretch in stretches)
    code, agreeing = votes.most_common(1)[0]
    return code if code in NAMES and agreeing >= AGREED * len(stretches) else None


def foreign(text: str, wanted: str | None) -> str | None:
    """Return the language that a text is in, if that is surely not the wanted one; else None."""
    found = language_of(text) if wanted is not None else None
    return None if found == wanted else found


def _stretches(text: str) -> Iterator[str]:
    """Yield stretches from all over a text, from end to end where it is short."""
    count = max(1, min(MOST_STRETCHES, len(text) // STRETCH))
    step = len(text) / count
    for i in range(count):
        start = round(i * step)
        yield text[start : start + STRETCH if count == MOST_STRETCHES else round((i + 1) * step)]


def _enough(stretches: Sequence[str]) -> bool:
    """Say whether there are letters enough, without counting more than that."""
    letters = chain.from_iterable(map(_LETTER.finditer, stretches))
    counts = accumulate(DENSE_LETTERS if _DENSE.match(letter[0]) else 1 for letter in letters)
    return any(count >= ENOUGH for count in counts)


def _detected(stretch: str, detector: Any) -> str | None:  # noqa: ANN401 - without types
    # Half of a surrogate pair has no form in UTF-8, which the detector reads.
    whole = stretch.encode("utf-8", "replace").decode("utf-8")
    found = detector.FindLanguage(text=" ".join(whole.split()))
    return _CODES.get(found.language, found.language) if found.probability >= SURE else None


def _detector() -> Any:  # noqa: ANN401 - the library has no types
    """Return this thread's detector; it serves one at a time."""
    if not hasattr(_own, "detector"):
        import gcld3

        _own.detector = gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4 * STRETCH)
    return _own.detector
