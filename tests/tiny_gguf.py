"""Writes a GGUF of 100 kB: random weights that llama.cpp loads and runs in no time.

Its SentencePiece vocabulary has the 256 bytes and nothing that merges, so every byte of a text is
a token. What it writes is letters, and it never comes to an end.
"""

import math
import random
import re
import struct
from array import array
from collections.abc import Mapping
from pathlib import Path

CHATML = (
    "{{ bos_token }}{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6
TOKENS = {
    "<unk>": UNKNOWN,
    "<s>": CONTROL,
    "</s>": CONTROL,
    **{f"<0x{byte:02X}>": BYTE for byte in range(256)},
    "▁": NORMAL,
    "<|im_start|>": CONTROL,
    "<|im_end|>": CONTROL,
}
_WIDTH, _HEADS = 32, 2
_UINT32, _INT32, _FLOAT32, _BOOL, _STRING, _ARRAY = 4, 5, 6, 7, 8, 9
_ALIGNMENT = 32


def write(
    path: Path, template: str | None = CHATML, *, context: int = 4096, **more: object
) -> Path:
    """Write the model. `more` replaces metadata; a key's "." is written "__"."""
    names = list(TOKENS)
    metadata = {
        "general.architecture": "llama",
        "llama.context_length": context,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": _WIDTH,
        "llama.attention.head_count": _HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": names,
        "tokenizer.ggml.scores": [0.0] * len(names),
        "tokenizer.ggml.token_type": list(TOKENS.values()),
        "tokenizer.ggml.unknown_token_id": names.index("<unk>"),
        "tokenizer.ggml.bos_token_id": names.index("<s>"),
        "tokenizer.ggml.eos_token_id": names.index("</s>"),
        "tokenizer.ggml.add_bos_token": True,
    }
    if template is not None:
        metadata["tokenizer.chat_template"] = template
    metadata |= {key.replace("__", "."): value for key, value in more.items()}
    path.write_bytes(_gguf(metadata, _tensors(len(names))))
    return path


def _tensors(words: int) -> dict[str, tuple[int, ...]]:
    """Return each tensor's dimensions, the fastest first."""
    square = (_WIDTH, _WIDTH)
    block = {
        "attn_norm": (_WIDTH,),
        "ffn_norm": (_WIDTH,),
        **dict.fromkeys(["attn_q", "attn_k", "attn_v", "attn_output"], square),
        **dict.fromkeys(["ffn_gate", "ffn_up", "ffn_down"], square),
    }
    return {
        "token_embd.weight": (_WIDTH, words),
        "output_norm.weight": (_WIDTH,),
        "output.weight": (_WIDTH, words),
        **{f"blk.0.{name}.weight": dimensions for name, dimensions in block.items()},
    }


def _gguf(metadata: Mapping[str, object], tensors: Mapping[str, tuple[int, ...]]) -> bytes:
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    header += b"".join(_string(key) + _value(value) for key, value in metadata.items())
    data = b""
    for name, dimensions in tensors.items():
        count = len(dimensions)
        header += _string(name) + struct.pack(f"<I{count}QIQ", count, *dimensions, 0, len(data))
        data += _padded(_weights(name, math.prod(dimensions)))
    return _padded(header) + data


def _weights(name: str, count: int) -> bytes:
    draw = random.Random(name)
    numbers = array("f", (draw.gauss(0, 1) for _ in range(count)))
    if name == "output.weight":  # every word but the letters gets the score 0, far from the best
        for word, token in enumerate(TOKENS):
            if not re.fullmatch(r"<0x[67].>", token):
                numbers[word * _WIDTH : (word + 1) * _WIDTH] = array("f", bytes(4 * _WIDTH))
    return numbers.tobytes()


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _value(value: object) -> bytes:
    if isinstance(value, list):
        kind = _INT32 if isinstance(value[0], int) else _kind(value[0])
        items = b"".join(_bare(kind, item) for item in value)
        return struct.pack("<IIQ", _ARRAY, kind, len(value)) + items
    return struct.pack("<I", _kind(value)) + _bare(_kind(value), value)


def _kind(value: object) -> int:
    kinds = {bool: _BOOL, int: _UINT32, float: _FLOAT32, str: _STRING}
    return kinds[type(value)]


def _bare(kind: int, value: object) -> bytes:
    letters = {_BOOL: "?", _UINT32: "I", _INT32: "i", _FLOAT32: "f"}
    return _string(value) if kind == _STRING else struct.pack(f"<{letters[kind]}", value)
