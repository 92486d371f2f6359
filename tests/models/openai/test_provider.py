"""What is listed of OpenAI-compatible servers."""

from importlib.util import find_spec

import pytest
from openai_server import (
    CONTEXT,
    server,
    unused_address,
    vllm_counts,
)

from pipeline.models.openai.provider import list_openai

pytestmark = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="the extra [openai] is not installed"
)


def test_the_models_of_a_server_are_listed():
    with server() as running:
        [info] = list_openai(running.url, None)
        assert (info.name, info.context, info.size) == ("openai:tiny.gguf", 8192, 1000)
    with server(counts=vllm_counts()) as running:
        [info] = list_openai(running.url, None)
        assert (info.name, info.context, info.size) == ("openai:tiny", CONTEXT, None)
    assert list_openai(None, None) == []
    [info] = list_openai(unused_address(), None)
    assert "nothing answers" in info.hint
