"""Metadata of vocabularies that fit on a page, as Ollama and GGUF files give them."""

from collections.abc import Mapping, Sequence

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6
SPACE = "▁"


def byte_level(
    merges: Sequence[str] = (),
    specials: Mapping[str, int] | None = None,
    absent: Sequence[int] = (),
    pre: str = "gpt-2",
    **more: object,
) -> dict[str, object]:
    """A gpt2 vocabulary: a letter for each byte but the absent ones, what the merges make, and
    special tokens with their types. `more` are further keys below "tokenizer.ggml"."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    letters = {byte: chr(byte) for byte in plain}
    letters |= {byte: chr(256 + n) for n, byte in enumerate(others)}
    types = {letter: NORMAL for byte, letter in letters.items() if byte not in absent}
    types |= {merge.replace(" ", ""): NORMAL for merge in merges}
    types |= specials or {}
    return _metadata("gpt2", types, more | {"pre": pre, "merges": [*merges, "Ġ Ġ"]}, ["ĠĠ"])


def sentencepiece(
    characters: str = "",
    pieces: Sequence[str] = (),
    specials: Mapping[str, int] | None = None,
    **more: object,
) -> dict[str, object]:
    """A llama vocabulary: bytes, single characters, and longer pieces, the best first."""
    types = {"<unk>": UNKNOWN, "<s>": CONTROL, "</s>": CONTROL}
    types |= {f"<0x{byte:02X}>": BYTE for byte in range(256)}
    types |= dict.fromkeys([SPACE, *characters, *pieces], NORMAL)
    types |= specials or {}
    scores = [-float(number) for number, _ in enumerate(types)]
    return _metadata("llama", types, {"scores": scores} | more)


def _metadata(
    kind: str, types: Mapping[str, int], more: Mapping[str, object], tokens: Sequence[str] = ()
) -> dict[str, object]:
    types = {**types, **dict.fromkeys(tokens, NORMAL)}
    values = {"model": kind, "tokens": list(types), "token_type": list(types.values()), **more}
    return {f"tokenizer.ggml.{key}": value for key, value in values.items()}
