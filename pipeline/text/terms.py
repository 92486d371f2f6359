"""The words of a text, in the form in which texts are compared."""

from __future__ import annotations

import re
import threading
from functools import cache, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import snowballstemmer

# Scripts written without spaces: Thai and Lao, Burmese, Khmer, kana, Chinese characters.
DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
DENSE_WORD = 2  # characters of such a script that come to about a word
ENGLISH = "en"
# The algorithms of Snowball by the ISO 639-1 codes of their languages, of those in
# `pipeline.text.languages`.
SNOWBALL: Mapping[str, str] = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "fa": "persian", "fi": "finnish",
    "fr": "french", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "it": "italian",
    "lt": "lithuanian", "nl": "dutch", "no": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_DENSE = re.compile(f"[{DENSE}]")
_WORD = re.compile(rf"[{DENSE}]+|[^\W_{DENSE}]+")
_SPACED = re.compile(rf"[^\s{DENSE}]+")
_own = threading.local()


def terms(text: str, language: str | None = None) -> list[str]:
    """Return the stems of a text's words, or pairs of characters where words are not set apart.

    `language` is the text's, by its ISO 639-1 code; None takes the rules for English. Texts that
    are compared have to be taken for one language.
    """
    found = []
    stem = stemming(language)
    for match in _WORD.finditer(text.casefold()):
        word = match[0]
        if _DENSE.match(word):
            found += [word[i : i + 2] for i in range(max(len(word) - 1, 1))]
        else:
            found.append(stem(word))
    return found


def count_words(text: str) -> int:
    """Count words: what white space sets apart, or every two characters of a dense script."""
    dense = len(_DENSE.findall(text))
    return len(_SPACED.findall(text)) + -(-dense // DENSE_WORD)


def is_dense(text: str) -> bool:
    """Say whether most of a text is in scripts without spaces, whose terms are no words."""
    return 2 * len(_DENSE.findall(text)) > len(text)


def stemming(language: str | None = None) -> Callable[[str], str]:
    """Return what stems a word in lower case; as it is, where there are no rules for a language."""
    return _stemming(SNOWBALL.get(language or ENGLISH, ""))


@cache
def _stemming(algorithm: str) -> Callable[[str], str]:
    import snowballstemmer  # slow to import, and a run from the cache stems nothing

    if algorithm not in snowballstemmer.algorithms():  # an older version knows fewer
        return str

    @lru_cache(100_000)
    def stem(word: str) -> str:
        return str(_stemmer(algorithm).stemWord(word))

    return stem


def _stemmer(algorithm: str) -> snowballstemmer.stemmer:
    """Return this thread's stemmer: it holds the word that it works on, so it serves one thread."""
    if not hasattr(_own, "stemmers"):
        _own.stemmers = {}
    if algorithm not in _own.stemmers:
        import snowballstemmer

        _own.stemmers[algorithm] = snowballstemmer.stemmer(algorithm)
    return _own.stemmers[algorithm]
