"""What a service says of its models to people: where each is, and what brings it."""

import pytest

from api.app import IN_PROCESS, command_for, server_of
from pipeline.models.base import INSTALL_EMBEDDED
from pipeline.settings import Settings


def test_a_model_server_is_named_without_credentials():
    settings = Settings(openai_base_url="http://ann:secret@host:8080/v1")
    assert server_of("openai:any", settings) == "The model server at http://host:8080/v1"
    settings = Settings(ollama_host="http://127.0.0.1:9999")
    assert server_of("ollama:any", settings) == "The Ollama server at http://127.0.0.1:9999"
    assert server_of("embedded", settings) == IN_PROCESS
    assert server_of("auto", settings).endswith("or else the model in this process,")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("ollama:tinyllama", "ollama pull tinyllama"),
        ("embedded", INSTALL_EMBEDDED),
        ("embedded:/a/file.gguf", None),
        ("openai:any", None),
    ],
)
def test_what_brings_a_model(name, command):
    assert command_for(name) == command
