"""What counting needs to know of a model's vocabulary, and how it is read from the model.

The metadata is that of GGUF: the keys "tokenizer.ggml.*" that Ollama's `/api/show` answers and
that a GGUF file holds. Two kinds are understood, and both become what tiktoken works with, a
regular expression that cuts a text into pieces and a list of byte strings to merge to, best first:

- "gpt2" is byte-level BPE and has that form already.
- "llama" is SentencePiece. It merges characters, taking the pair with the best score first, so the
  list is the tokens by falling score. The bytes of a character are merged before all else, because
  there a character is one symbol from the start.

What is special follows llama.cpp, which the servers run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import tiktoken

from pipeline.errors import PyLlamaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SPACE = "▁"  # how SentencePiece writes a space
WHOLE_TEXT = r"(?s:.+)"


class UnknownVocabulary(PyLlamaError):
    """The vocabulary cannot be rebuilt exactly, so tokens can only be estimated."""


@dataclass(frozen=True)
class Vocabulary:
    """A model's vocabulary, as far as counting needs it.

    `pattern` cuts a text into pieces, and nothing is merged across their ends. `merged` are the
    tokens of two bytes and more that merging makes, best first, as Latin-1 text.

    `control` tokens are special in a prompt, and text that spells one must be neutralized;
    `atomic` tokens are cut out of any text, and cannot harm. White space after a `stripping` token
    is dropped.

    `added` is the number of tokens that are put around a prompt (BOS, EOS). With `space_prefix` a
    space comes before a prompt, and before what follows a special token.

    `absent` are the bytes without a token, as Latin-1 text: the server drops them. `characters`,
    for SentencePiece, are the characters beyond ASCII that have a token; each of the others takes
    a token for every byte of its UTF-8. None for a byte-level vocabulary.
    """

    pattern: str
    merged: tuple[str, ...]
    control: tuple[str, ...] = ()
    atomic: tuple[str, ...] = ()
    stripping: tuple[str, ...] = ()
    added: int = 0
    space_prefix: bool = False
    absent: str = ""
    characters: str | None = None

    def encoding(self) -> tiktoken.Encoding:
        """Return the encoding that merges what lies between special tokens."""
        return _encoding(self.pattern, self.merged)

    def to_json(self) -> str:
        """Return a form of it that `from_json` reads."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Vocabulary:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        values: Any = json.loads(text)
        names = {field.name for field in fields(Vocabulary)}
        if not isinstance(values, dict) or values.keys() != names:
            raise ValueError("not a vocabulary")
        values |= {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
        return Vocabulary(**values)


def vocabulary_from_metadata(info: Mapping[str, object]) -> Vocabulary:
    """Read a vocabulary from the keys "tokenizer.ggml.*".

    Raises:
        UnknownVocabulary: it is of a kind, or has a trait, that cannot be counted exactly.
    """
    kind = info.get("tokenizer.ggml.model")
    if kind == "gpt2":
        return _byte_level(info)
    if kind == "llama":
        return _sentencepiece(info)
    raise UnknownVocabulary(f"the vocabulary is of the kind {kind!r}, not gpt2 or llama")


def byte_level_tokens(merges: Iterable[str]) -> tuple[str, ...]:
    """Return what the merges of a byte-level vocabulary make, in their order, as Latin-1 text."""
    made = (_as_bytes(merge.replace(" ", "")) for merge in merges)
    return tuple(dict.fromkeys(made))


# Byte level ---------------------------------------------------------------------------------------

# llama.cpp's expressions, by the names in `tokenizer.ggml.pre`. They are written so that most words
# match the first alternative, and each was compared with llama.cpp on thousands of texts.
_CONTRACTION = r"'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])"
_LINES_AND_SPACE = r"|\s*[\r\n]+|\s+(?!\S)|\s"
_GPT2 = r" ?\p{L}+| ?\p{N}+|'(?:[stmd]|re|ve|ll)| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s"
# Digits are cut out one by one before anything else, so white space ends there as at the end.
_SMOLLM = r" ?\p{L}+|\p{N}|'(?:[stmd]|re|ve|ll)| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s"
_QWEN2 = (
    r" ?\p{L}+|" + _CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + _LINES_AND_SPACE
)
_QWEN35 = _QWEN2.replace(r"\p{L}+", r"[\p{L}\p{M}]+").replace(r"[^\s\p{L}", r"[^\s\p{L}\p{M}")
_LLAMA3 = _QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
# Words end where small letters end and capitals begin; a letter beyond ASCII counts as either.
_CAPITALS_THEN_SMALL = r"[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]*[\p{L}&&[^A-Z]]+"
_CAPITALS = r"[^\r\n\p{L}\p{N}]?[\p{L}&&[^a-z]]+[\p{L}&&[^A-Z]]*"
_MARKS = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*"
_TEKKEN = rf"{_CAPITALS_THEN_SMALL}|{_CAPITALS}|\p{{N}}{_MARKS}{_LINES_AND_SPACE}"
_GPT4O = (
    rf"{_CAPITALS_THEN_SMALL}(?:{_CONTRACTION})?|{_CAPITALS}(?:{_CONTRACTION})?"
    rf"|\p{{N}}{{1,3}}{_MARKS}{_LINES_AND_SPACE}"
)
_PATTERNS = {
    **dict.fromkeys(["gpt-2", "phi-2", "olmo", "mpt", "jais", "exaone4", "trillion"], _GPT2),
    **dict.fromkeys(["smollm", "starcoder", "refact", "command-r", "codeshell"], _SMOLLM),
    **dict.fromkeys(["exaone", "minerva-7b"], _SMOLLM),
    **dict.fromkeys(["qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan"], _QWEN2),
    **dict.fromkeys(["llama3", "llama-v3", "llama-bpe", "falcon3", "lfm2"], _LLAMA3),
    **dict.fromkeys(["dbrx", "smaug-bpe", "glm4", "chatglm-bpe"], _LLAMA3),
    **dict.fromkeys(["gpt-4o", "llama4"], _GPT4O),
    "qwen35": _QWEN35,
    "tekken": _TEKKEN,
}
# A piece that is a token is taken whole, even where merging would not make it; and BOS is added.
_WHOLE_WORDS = frozenset({"llama3", "llama-v3", "llama-bpe", "falcon3", "lfm2", "tekken"})

# Byte-level vocabularies write each byte as a letter: printable Latin-1 as itself, the others as
# the letters from U+0100 on.
_PLAIN = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_BYTE_OF_LETTER = {code: code for code in _PLAIN} | {
    0x100 + n: byte for n, byte in enumerate(b for b in range(0x100) if b not in set(_PLAIN))
}


def _byte_level(info: Mapping[str, object]) -> Vocabulary:
    pre = str(info.get("tokenizer.ggml.pre"))
    if pre not in _PATTERNS:
        raise UnknownVocabulary(f"the vocabulary's pre-tokenizer {pre!r} is not known")
    tokens = _tokens(info)
    merges = _strings(info, "merges")
    letters = {merge.replace(" ", "") for merge in merges}
    if not letters <= tokens.keys():
        raise UnknownVocabulary("some of the vocabulary's merges make no token")
    merged = byte_level_tokens(merges)
    whole_words = pre in _WHOLE_WORDS
    if whole_words:
        words = (t for t, kind in tokens.items() if kind == _Type.NORMAL and len(t) > 1)
        merged = tuple(dict.fromkeys([*merged, *map(_as_bytes, words)]))
    absent = (chr(byte) for code, byte in _BYTE_OF_LETTER.items() if chr(code) not in tokens)
    control, atomic = _specials(tokens)
    return Vocabulary(
        pattern=_PATTERNS[pre],
        merged=merged,
        control=control,
        atomic=atomic,
        added=_added(info, bos=whole_words),
        absent="".join(absent),
    )


def _as_bytes(letters: str) -> str:
    return letters.translate(_BYTE_OF_LETTER)


# SentencePiece ------------------------------------------------------------------------------------


def _sentencepiece(info: Mapping[str, object]) -> Vocabulary:
    tokens = _tokens(info)
    if not {SPACE, *(f"<0x{byte:02X}>" for byte in range(256))} <= tokens.keys():
        raise UnknownVocabulary("the vocabulary has no tokens for single bytes")
    ranked = _by_score(tokens, _numbers(info, "scores"))
    characters = {
        text
        for text, kind in tokens.items()
        if len(text) == 1 and kind in _MERGED and text > "\x7f"
    }
    if not {c for text in ranked for c in text if c > "\x7f"} <= characters:
        raise UnknownVocabulary("the vocabulary has tokens with characters that are none")
    merged = _reachable([*_spellings(characters - {SPACE}), *map(_spaced, ranked)])
    control, atomic = _specials(tokens)
    return Vocabulary(
        # Where no token has a space after another character, nothing is merged across such a
        # place, and cutting there changes no count and saves half of the time.
        pattern=WHOLE_TEXT if any(re.search("[^▁]▁", t) for t in ranked) else r" *[^ ]+| +",
        merged=merged,
        control=control,
        atomic=atomic,
        stripping=_stripping(info, control + atomic),
        added=_added(info, bos=True),
        space_prefix=info.get("tokenizer.ggml.add_space_prefix") is not False,
        characters="".join(sorted(characters - {SPACE})),
    )


def _by_score(tokens: Mapping[str, float], scores: Sequence[float]) -> list[str]:
    """Return the tokens of two characters and more that merging can make, the best first."""
    mergeable = {
        text: -score
        for (text, kind), score in zip(tokens.items(), scores, strict=False)
        if len(text) > 1
        and kind in _MERGED
        and " " not in text
        # The others of these are cut out before anything is merged.
        and (kind != _Type.USER_DEFINED or SPACE in text)
    }
    # llama.cpp takes the leftmost of equal pairs, whichever tokens they make; a ranking cannot say
    # that. It makes no difference to runs of one character, and only these are equal in practice.
    ties = Counter(score for text, score in mergeable.items() if len(set(text)) > 1)
    if ties and max(ties.values()) > 1:
        raise UnknownVocabulary("the vocabulary has equal scores, so its merges have no order")
    return sorted(mergeable, key=lambda text: mergeable[text])


def _spaced(text: str) -> str:
    return text.replace(SPACE, " ").encode().decode("latin-1")


def _spellings(characters: Iterable[str]) -> Iterable[str]:
    """Return the beginnings of the characters' UTF-8, from two bytes on, each once."""
    spelled = [character.encode().decode("latin-1") for character in sorted(characters)]
    return dict.fromkeys(text[:end] for text in spelled for end in range(2, len(text) + 1))


def _reachable(merged: list[str]) -> tuple[str, ...]:
    """Leave out the tokens that merging never makes; tiktoken would find them as whole pieces."""
    encoding = _encoding(WHOLE_TEXT, merged)

    def made(text: str) -> bool:
        try:
            whole = text.encode("latin-1").decode()
        except UnicodeDecodeError:
            return True  # the beginning of a character: no piece of a text
        return len(encoding.encode_ordinary(whole + "\0")) == 2  # no token has a NUL

    return tuple(text for text in merged if made(text))


# Both ---------------------------------------------------------------------------------------------


class _Type(IntEnum):
    """The numbers in `tokenizer.ggml.token_type`."""

    UNDEFINED = 0
    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


_MERGED = frozenset({_Type.NORMAL, _Type.USER_DEFINED, _Type.UNUSED})
# llama.cpp takes these for control tokens, whatever type the model gives them.
_ALWAYS_CONTROL = re.compile(
    r"<\|(?:eot_id|eom_id|im_end|end|return|call|endoftext|end_of_text)\|>|<｜end▁of▁sentence｜>"
    r"|<end_of_(?:turn|utterance)>|_?<EOT>|\[EOT]|\[EOS]|<eos>|</s>"
    r"|<(?:PRE|SUF|MID|PAD|REPO|reponame|fim_prefix|fim_suffix|fim_middle|fim_pad)>"
)


def _specials(tokens: Mapping[str, float]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the control tokens and the atomic ones."""
    control, atomic = [], []
    for text, kind in tokens.items():
        if kind in (_Type.CONTROL, _Type.UNKNOWN) or _ALWAYS_CONTROL.fullmatch(text):
            control.append(text)
        elif kind == _Type.USER_DEFINED:
            atomic.append(text)
    if _clash([text.encode() for text in control + atomic]):
        raise UnknownVocabulary("the vocabulary's special tokens overlap in more than one way")
    return tuple(control), tuple(atomic)


def _clash(specials: Sequence[bytes]) -> bool:
    """Say whether two special tokens of one length can overlap: which is cut out first is open."""
    heads = Counter((len(s), s[:k]) for s in specials for k in range(1, len(s)))
    return any(
        heads[len(s), s[-k:]] > (s[:k] == s[-k:]) for s in specials for k in range(1, len(s))
    )


def _stripping(info: Mapping[str, object], specials: Sequence[str]) -> tuple[str, ...]:
    """Return the special tokens that swallow white space: llama.cpp knows Phi-3 by its name."""
    if "<|placeholder1|>" not in specials:
        return ()
    if "general.name" not in info:
        raise UnknownVocabulary("a Phi-3 vocabulary is counted by the model's name, not given here")
    name = str(info["general.name"]).lower()
    if "phi-3" not in name and "phi3" not in name:
        return ()
    return tuple(s for s in specials if s not in ("<unk>", "<s>", "<|endoftext|>"))


def _added(info: Mapping[str, object], *, bos: bool) -> int:
    given_bos = info.get("tokenizer.ggml.add_bos_token")
    given_eos = info.get("tokenizer.ggml.add_eos_token")
    return bool(bos if given_bos is None else given_bos) + bool(given_eos)


def _encoding(pattern: str, merged: Iterable[str]) -> tiktoken.Encoding:
    ranks = {bytes([byte]): byte for byte in range(256)}
    ranks.update((text.encode("latin-1"), rank) for rank, text in enumerate(merged, 256))
    return tiktoken.Encoding(
        "vocabulary", pat_str=pattern, mergeable_ranks=ranks, special_tokens={}
    )


def _tokens(info: Mapping[str, object]) -> dict[str, float]:
    """Return the tokens with the numbers of their types, in the order of their ids."""
    tokens, types = _strings(info, "tokens"), _numbers(info, "token_type")
    if not len(set(tokens)) == len(tokens) == len(types):
        raise UnknownVocabulary("the vocabulary's tokens and their types do not fit together")
    return dict(zip(tokens, types, strict=True))


def _strings(info: Mapping[str, object], key: str) -> list[str]:
    return [value for value in _list(info, key) if isinstance(value, str)]


def _numbers(info: Mapping[str, object], key: str) -> list[float]:
    return [value for value in _list(info, key) if isinstance(value, int | float)]


def _list(info: Mapping[str, object], key: str) -> list[object]:
    values = info.get(f"tokenizer.ggml.{key}")
    if not isinstance(values, list) or not values:
        raise UnknownVocabulary(f"the model does not give its tokenizer.ggml.{key}")
    return values
