"""What is listed of an Ollama server."""

from ollama_server import (
    ScriptedOllama,
    Served,
)

from pipeline.models.base import ModelInfo
from pipeline.models.ollama.provider import list_ollama

NOBODY = "127.0.0.1:9"  # the port of a service that discards, and that nobody runs


def test_models_that_can_write_are_listed_with_what_is_missing():
    models = [
        Served("tiny:latest", context=4096),
        Served("small:1b", capabilities=None),
        Served("vectors:latest", capabilities=("embedding",)),
    ]
    with ScriptedOllama(models=models) as server:
        assert list_ollama(server.url) == [
            ModelInfo("ollama:tiny", context=4096, size=1_000_000),
            ModelInfo("ollama:small:1b", context=2048, size=1_000_000),
            ModelInfo("ollama:tinyllama", hint="`ollama pull tinyllama`"),
        ]


def test_the_default_model_is_not_missing_where_it_is():
    with ScriptedOllama(models=[Served("tinyllama:latest")]) as server:
        (model,) = list_ollama(server.url)
    assert model == ModelInfo("ollama:tinyllama", context=2048, size=1_000_000)


def test_without_a_server_the_list_says_how_to_get_one():
    (model,) = list_ollama(NOBODY)
    assert "ollama serve" in model.hint
    assert "ollama pull tinyllama" in model.hint
