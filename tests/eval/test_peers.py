"""Other people's summarizers: what they answer and where they fail is an output of our form."""

import asyncio

import httpx
import pytest

from eval.peers import Peer, open_peer
from pipeline.core.events import ignore
from pipeline.core.summarizer import Summarizer
from pipeline.errors import InputError, ServerDown
from pipeline.settings import Settings
from pipeline.testing import ScriptedModel, first_words


def summarized(item, ask):
    peer = Peer("peer", Summarizer(ScriptedModel(first_words(9))), 400, ask)
    assert peer.about["name"] == "peer"
    return asyncio.run(peer.summarize(item, 3, ignore))


def test_an_answer_is_an_output(item):
    async def ask(text, query):
        assert (text, query) == (item.document, item.query)
        return " A summary.\n", {"prompt_tokens": 5, "output_tokens": 2}

    output = summarized(item, ask)
    assert (output.id, output.seed, output.status) == (item.id, 3, "done")
    assert (output.summary, output.usage["output_tokens"]) == ("A summary.", 2)


def test_whatever_it_raises_is_a_failure_of_one_document(item):
    async def ask(text, query):
        raise RuntimeError("no stuffing")

    output = summarized(item, ask)
    assert (output.status, output.error) == ("failed", "RuntimeError: no stuffing")


def test_a_server_that_is_gone_ends_the_run(item):
    async def ask(text, query):
        raise httpx.ConnectError("refused")

    with pytest.raises(ServerDown, match="the Ollama server is gone"):
        summarized(item, ask)


def test_they_run_on_ollama_alone():
    with pytest.raises(InputError, match="runs on Ollama models, not on scripted"):
        open_peer("llamaindex-tree", Summarizer(ScriptedModel(first_words(9))), Settings())
