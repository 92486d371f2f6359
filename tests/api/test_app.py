"""What a service says of its models to people (`api.offers`): where each is, what brings it."""

import pytest

from api.app import UNKNOWN_PLACE, offer_of
from pipeline.models.embedded.weights import INSTALL
from pipeline.settings import Settings


def place(name, settings):
    return offer_of(name, settings).server


def test_a_model_server_is_named_without_credentials():
    settings = Settings(openai_base_url="http://ann:secret@host:8080/v1")
    assert place("openai:any", settings) == "The model server at http://host:8080/v1"
    settings = Settings(ollama_host="http://127.0.0.1:9999")
    assert place("ollama:any", settings) == "The Ollama server at http://127.0.0.1:9999"
    assert place("embedded", settings) == "The model in this process"
    assert place("auto", settings).endswith("or else the model in this process,")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("ollama:tinyllama", "ollama pull tinyllama"),
        ("embedded", INSTALL),
        ("embedded:/a/file.gguf", None),
        ("openai:any", None),
    ],
)
def test_what_brings_a_model(name, command):
    assert offer_of(name, Settings()).command == command


def test_of_a_model_that_nobody_provides_who_opens_it_tells():
    assert offer_of("nobody:any", Settings()).server == UNKNOWN_PLACE
