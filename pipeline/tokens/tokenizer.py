"""Counting tokens as the model's server will count them.

The model's own vocabulary (see `pipeline.tokens.vocabulary`) is read once and kept on disk. Special
tokens follow llama.cpp: in a prompt all of them are found, the longest first; in plain text only
the user-defined ones are. Text that spells one of the others is neutralized, so that a document
cannot speak as the system or as the user, and so is what models read and people do not see.

Not here: token ids, and what goes around a text to make a prompt (the adapters and
`pipeline.models.ollama.go_template` know).
"""

from __future__ import annotations

import hashlib
import math
import re
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING

from pipeline.files import write_whole
from pipeline.text.unicode import visible
from pipeline.tokens.vocabulary import (
    SPACE,
    UnknownVocabulary,
    Vocabulary,
    byte_level_tokens,
    vocabulary_from_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = [
    "ESTIMATE_MARGIN",
    "Tokenizer",
    "UnknownVocabulary",
    "estimate_tokenizer",
    "load_tokenizer",
    "tokenizer_from_metadata",
]

ESTIMATE_MARGIN = 1.1  # an estimate is this many times what our own small vocabulary counts

_FORMAT = "vocabulary 1"  # of the cached file; another one is read anew
_ASCII = bytes(range(128))
_WHITE_SPACE = " \t\n\v\f\r"  # C's isspace

# What templates write around a turn, whether or not the vocabulary has a token for it: what
# follows "<" and what follows "[".
_ROLE_MARKERS = {
    "<": [
        r"\|[^<>|\s]{1,64}\|>",
        r"｜[^<>｜\s]{1,64}｜>",
        r"</?SYS>>",
        r"(?:start|end)_of_turn>",
    ],
    "[": [r"/?(?:INST|SYSTEM_PROMPT)\]", r"img-\d+\]"],
}
# A marker's first character becomes one that looks like it; no marker has these in it.
_LOOKALIKES = {"<": "‹", "[": "［"}
_REPLACEMENT = "\ufffd"


class Tokenizer:
    """Counts tokens with one vocabulary.

    `exact` says whether it is the model's own. If not, counts are multiplied by `margin`.
    """

    def __init__(self, vocabulary: Vocabulary, *, exact: bool = True, margin: float = 1.0) -> None:
        self.exact = exact
        self._margin = margin
        self._added = vocabulary.added
        self._space_prefix = vocabulary.space_prefix
        self._stripping = frozenset(vocabulary.stripping)
        self._atomic = _longest_first(vocabulary.atomic)
        self._specials = _longest_first(vocabulary.control + vocabulary.atomic)
        self._encode = vocabulary.encoding().encode_ordinary
        self._markers = _markers(vocabulary.control)
        self._openers = tuple(_openers(vocabulary.control))
        self._present = _present(vocabulary.absent)
        self._characters = (
            None if vocabulary.characters is None else frozenset(vocabulary.characters)
        )

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt, once neutralized.

        Where a text is cut before a single space, the parts' counts add up to the whole's.
        """
        return self._scaled(self._count(self.neutralize(text), self._atomic, opening=False))

    def count_prompt(self, rendered: str) -> int:
        """Count the tokens of a whole prompt, as the template made it.

        Special tokens are parsed, and what the server puts around a prompt (BOS, a space) is
        counted; so a BOS that the template writes itself is counted too.
        """
        count = self._count(_clean(rendered), self._specials, opening=True)
        return self._scaled(self._added + count)

    def neutralize(self, text: str) -> str:
        """Return the text with nothing in it that a server would take for more than text.

        A special token or a role marker loses its first character to one that looks like it, NUL
        and lone surrogates become U+FFFD, and of what nobody sees only that remains (`visible`).
        No other character changes, and none moves.
        """
        text = visible(_clean(text))
        if any(opener in text for opener in self._openers):
            text = self._markers.sub(_lookalike, text)
        return text

    def _scaled(self, count: int) -> int:
        return math.ceil(count * self._margin)

    def _count(self, text: str, specials: Sequence[str], *, opening: bool) -> int:
        """Count the tokens of a text at the opening of a prompt, or in the middle of one."""
        count, prefixed = 0, opening
        for part in _cut(text, specials, self._stripping):
            if part is None:
                count += 1
            else:
                count += self._merge(" " + part if prefixed and self._space_prefix else part)
            prefixed = part is None
        return count

    def _merge(self, text: str) -> int:
        """Count the tokens of a text without special tokens."""
        if self._characters is not None and not text.isascii():
            text = _spelled(text, self._characters)
        count = len(self._encode(text))
        if self._present:
            count -= len(text.encode().translate(None, self._present))
        return count


def tokenizer_from_metadata(info: Mapping[str, object]) -> Tokenizer:
    """Return the tokenizer that a model's metadata describes.

    `info` has the keys "tokenizer.ggml.*", and "general.name" where it is known.

    Raises:
        UnknownVocabulary: it cannot be counted exactly.
    """
    return Tokenizer(vocabulary_from_metadata(info))


def load_tokenizer(key: str, fetch: Callable[[], Mapping[str, object]], folder: Path) -> Tokenizer:
    """Return the tokenizer kept under `key` in `folder`, or make it of what `fetch` returns.

    `key` is the model's digest, or another text that changes with the vocabulary. What is made is
    kept, where the folder can be written to. A damaged file is made anew.

    Raises:
        UnknownVocabulary: it cannot be counted exactly.
    """
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
    vocabulary = _read(path)
    if vocabulary is None:
        vocabulary = vocabulary_from_metadata(fetch())
        body = vocabulary.to_json()
        write_whole(path, f"{_header(body)}\n{body}")
    return Tokenizer(vocabulary)


def estimate_tokenizer() -> Tokenizer:
    """Return a tokenizer for models whose vocabulary cannot be had.

    It merges less than the vocabularies of models do, so for nearly any text it counts at least
    their tokens; ESTIMATE_MARGIN is on top of that.
    """
    lines = files("pipeline.tokens").joinpath("estimate.txt").read_text("utf-8").splitlines()
    merges = (line for line in lines if not line.startswith("# "))
    # White space, digits and marks stay single, as in the most frugal vocabularies.
    pattern = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]|\s"
    vocabulary = Vocabulary(pattern=pattern, merged=byte_level_tokens(merges), added=1)
    return Tokenizer(vocabulary, exact=False, margin=ESTIMATE_MARGIN)


def _read(path: Path) -> Vocabulary | None:
    with suppress(OSError, ValueError, TypeError):
        header, _, body = path.read_text("utf-8").partition("\n")
        if header == _header(body):
            return Vocabulary.from_json(body)
    return None


def _header(body: str) -> str:
    return f"{_FORMAT} {hashlib.sha256(body.encode()).hexdigest()}"


def _longest_first(specials: Sequence[str]) -> list[str]:
    return sorted(specials, key=lambda special: -len(special.encode()))


def _cut(text: str, specials: Sequence[str], stripping: frozenset[str]) -> list[str | None]:
    """Cut a text at its special tokens; each of them becomes None."""
    parts: list[str | None] = [text]
    for special in specials:
        if special not in text:
            continue
        cut: list[str | None] = []
        for part in parts:
            if part is None:
                cut.append(None)
                continue
            first, *others = part.split(special)
            cut.append(first)
            for other in others:
                cut += [None, other.lstrip(_WHITE_SPACE) if special in stripping else other]
        parts = cut
    return [part for part in parts if part != ""]


def _clean(text: str) -> str:
    """Return the text with U+FFFD for what is no character: NUL and lone surrogates."""
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = re.sub("[\ud800-\udfff]", _REPLACEMENT, text)
    return text.replace("\0", _REPLACEMENT)


def _openers(control: Sequence[str]) -> dict[str, list[str]]:
    """Return, by its first character, expressions for the rest of every marker."""
    rests = {opener: list(rest) for opener, rest in _ROLE_MARKERS.items()}
    for token in control:
        rests.setdefault(token[0], []).append(re.escape(token[1:]))
    return rests


def _markers(control: Sequence[str]) -> re.Pattern[str]:
    """Return what finds the first character of every marker, also of overlapping ones."""
    choices = (f"{re.escape(c)}(?={'|'.join(rest)})" for c, rest in _openers(control).items())
    return re.compile("|".join(choices))


def _lookalike(opener: re.Match[str]) -> str:
    return _LOOKALIKES.get(opener[0], _REPLACEMENT)


def _present(absent: str) -> bytes:
    """Return the bytes that have a token, or nothing where a text can only have such bytes."""
    never = {0x00, 0xC0, 0xC1, *range(0xF5, 0x100)}  # in a neutralized text's UTF-8
    without = set(absent.encode("latin-1"))
    return bytes(byte for byte in range(256) if byte not in without) if without - never else b""


def _spelled(text: str, characters: frozenset[str]) -> str:
    """Return a text that merges as SentencePiece does, given the characters that have a token.

    Each byte of another character takes a token and merges with nothing, as NUL does.
    """
    beyond_ascii = text.encode().translate(None, _ASCII).decode()
    without = set(beyond_ascii) - characters
    if not without:
        return text
    table = {ord(char): "\0" * len(char.encode()) for char in without} | {ord(SPACE): " "}
    return text.translate(table)
