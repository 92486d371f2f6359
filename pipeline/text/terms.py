"""The words of a text, in the form in which texts are compared."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

import snowballstemmer

# Scripts written without spaces: Thai and Lao, Burmese, Khmer, kana, Chinese characters.
DENSE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
DENSE_WORD = 2  # characters of such a script that come to about a word
_DENSE = re.compile(f"[{DENSE}]")
_WORD = re.compile(rf"[{DENSE}]+|[^\W_{DENSE}]+")
_SPACED = re.compile(rf"[^\s{DENSE}]+")
_own = threading.local()


def terms(text: str) -> list[str]:
    """Return the stems of a text's words, or pairs of characters where words are not set apart."""
    found = []
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


@lru_cache(100_000)
def stem(word: str) -> str:
    """Return the stem of a word in lower case, by the rules for English."""
    return str(_stemmer().stemWord(word))


def _stemmer() -> snowballstemmer.stemmer:
    """Return this thread's stemmer: it holds the word that it works on, so it serves one thread."""
    if not hasattr(_own, "stemmer"):
        _own.stemmer = snowballstemmer.stemmer("english")
    return _own.stemmer
