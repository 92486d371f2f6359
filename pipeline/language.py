"""Which language a text is in, and what languages are called.

CLD3, a small neural network that reads pairs and triples of letters, is asked about stretches all
over a text. Where most of them agree, that is the text's language. What is short or mixed has
none: a wrong guess would do more harm than no guess.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.terms import DENSE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    stretches = [stretch for stretch in _stretches(text) if _letters(stretch)]
    if sum(map(_letters, stretches)) < ENOUGH:
        return None
    detector = _open_detector()
    votes = Counter(_detected(stretch, detector) for stretch in stretches)
    code, agreeing = votes.most_common(1)[0]
    return code if code in NAMES and agreeing >= AGREED * len(stretches) else None


def _stretches(text: str) -> Iterator[str]:
    """Yield stretches from all over a text, from end to end where it is short."""
    count = max(1, min(MOST_STRETCHES, len(text) // STRETCH))
    step = len(text) / count
    for i in range(count):
        start = round(i * step)
        yield text[start : start + STRETCH if count == MOST_STRETCHES else round((i + 1) * step)]


def _letters(text: str) -> int:
    dense = len(_DENSE.findall(text))
    return len(_LETTER.findall(text)) + dense * (DENSE_LETTERS - 1)


def _detected(stretch: str, detector: Any) -> str | None:  # noqa: ANN401 - without types
    found = detector.FindLanguage(text=" ".join(stretch.split()))
    return _CODES.get(found.language, found.language) if found.probability >= SURE else None


def _open_detector() -> Any:  # noqa: ANN401 - the library has no types
    """Return a detector. It serves one thread at a time, and takes microseconds to open."""
    import gcld3

    return gcld3.NNetLanguageIdentifier(min_num_bytes=0, max_num_bytes=4 * STRETCH)
