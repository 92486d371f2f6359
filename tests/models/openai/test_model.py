"""Models behind OpenAI-compatible servers; what all adapters share is in test_model_contract.py."""

import asyncio
import json
import subprocess
import sys
import threading
import time
from importlib.util import find_spec

import llama_server
import pytest
from ollama_server import fails, html, sends
from openai_server import (
    CHAT,
    CONTEXT,
    PROMPT_TOKENS,
    SYSTEM,
    USER,
    ask,
    begins,
    ends_unsaid,
    error,
    error_event,
    frame,
    models,
    opened,
    says,
    server,
    streamed,
    unused_address,
    vllm_counts,
)
from sample_texts import ODD_TEXTS, asked

from pipeline.errors import (
    EmptyAnswer,
    InputError,
    ModelMissing,
    ModelUnavailable,
    PromptCut,
    Refused,
    ServerBusy,
    ServerDown,
    ServerFault,
    StreamBroken,
    TimedOut,
)
from pipeline.models.base import ModelOptions
from pipeline.models.openai.model import OPENAI_URL, open_openai

pytestmark = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="the extra [openai] is not installed"
)


# Answers ------------------------------------------------------------------------------------------


@streamed
def test_an_answer_is_returned_with_the_counts_of_both_sides(emit):
    _, reply, _ = ask(says("Rome is a city."), emit=emit)
    assert reply.text.replace(" ", "") == "Romeisacity."
    assert (reply.prompt_tokens, reply.output_tokens) == (PROMPT_TOKENS, 4)
    assert (reply.finish, reply.verified) == ("stop", True)


@streamed
def test_an_answer_that_reaches_its_bound_says_so(emit):
    _, reply, _ = ask(says(finish="length"), emit=emit)
    assert reply.finish == "length"


@streamed
def test_a_prompt_of_which_less_was_read_is_a_cut_prompt(emit):
    with pytest.raises(PromptCut, match=f"{PROMPT_TOKENS - 1} tokens .* {PROMPT_TOKENS}"):
        ask(says(read=PROMPT_TOKENS - 1), emit=emit)


@streamed
def test_an_answer_without_counts_is_not_verified_and_that_is_said_once(emit):
    model, reply, _ = ask(says(read=None), emit=emit)
    assert not reply.verified
    assert reply.prompt_tokens == PROMPT_TOKENS
    assert sum("cannot be verified" in warning for warning in model.warnings) == 1


def test_a_prompt_that_does_not_fit_is_not_sent():
    with server() as running:

        async def run():
            async with opened(running.url) as model:
                room = CONTEXT - 1 - PROMPT_TOKENS
                with pytest.raises(PromptCut):
                    await model.complete(SYSTEM, USER, max_tokens=room + 1)
                await model.complete(SYSTEM, USER, max_tokens=room)

        asyncio.run(run())
    assert [r.path for r in running.journal].count(CHAT) == 1


# Failures -----------------------------------------------------------------------------------------

FAILURES = {
    "no key": (error(401, "Incorrect API key provided"), ModelUnavailable),
    "not allowed": (error(403, "Forbidden"), ModelUnavailable),
    "no model": (error(404, "The model does not exist"), ModelMissing),
    "no money": (error(429, "You exceeded your current quota"), ModelUnavailable),
    "rate limit": (error(429, "Too many requests"), ServerBusy),
    "queue full": (error(503, "Service unavailable"), ServerBusy),
    "llama.cpp: too long": (
        error(
            400,
            "request (9000 tokens) exceeds the available context size (2048 tokens), try "
            "increasing it",
            type="exceed_context_size_error",
        ),
        PromptCut,
    ),
    "vLLM: too long": (
        sends(
            json.dumps(
                {
                    "object": "error",
                    "message": "This model's maximum context length is 2048 tokens. However, you "
                    "requested 3000 tokens. Please reduce the length of the messages.",
                }
            ),
            status=400,
        ),
        PromptCut,
    ),
    "OpenAI: too long": (error(400, "…", code="context_length_exceeded"), PromptCut),
    "bad request": (error(400, "Unknown parameter: 'seed'"), Refused),
    "unprocessable": (error(422, "temperature must be at most 2"), Refused),
    "crash": (error(500, "Internal error"), ServerFault),
    "bad gateway": (fails(502, "bad gateway"), ServerFault),
    "error under 200": (error_event, ServerFault),
    "no choices": (sends(json.dumps({**frame(), "choices": None})), ServerFault),
    "not JSON": (sends("Hello!"), ServerFault),
    "another web server": (html, ServerFault),
    "blank": (says(" \n "), EmptyAnswer),
    "empty": (says(""), EmptyAnswer),
    "dropped": (begins(end="dropped"), StreamBroken),
    "hanging": (begins(end="hanging"), TimedOut),
    "no end": (ends_unsaid, StreamBroken),
}
# A stream without a single event is one that was broken off.
IN_A_STREAM = {"no choices", "not JSON", "another web server"}


@streamed
@pytest.mark.parametrize("name", FAILURES)
def test_each_way_to_fail_becomes_one_of_our_errors(name, emit):
    chat, expected = FAILURES[name]
    if emit and name in IN_A_STREAM:
        expected = (ServerFault, StreamBroken)
    with pytest.raises(expected) as caught:
        ask(chat, emit=emit, timeout=0.5 if name == "hanging" else 20)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    if not isinstance(expected, tuple):
        assert caught.type is expected


@streamed
def test_a_server_that_is_gone_is_down(emit):
    async def run():
        with server() as running:
            url = running.url
            model = open_openai(
                "tiny", base_url=url, api_key=None, options=ModelOptions(), cache_folder=None
            )
            model.count(SYSTEM, USER)
        with pytest.raises(ServerDown, match=url):
            await model.complete(SYSTEM, USER, max_tokens=8, emit=emit)
        await model.aclose()

    asyncio.run(run())


@streamed
def test_a_cancelled_call_closes_its_connection(emit):
    async def run(running):
        async with opened(running.url) as model:
            call = asyncio.create_task(model.complete(SYSTEM, USER, max_tokens=8, emit=emit))
            await asyncio.to_thread(begun.wait, 20)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.sleep(0.2)
            [request] = [r for r in running.journal if r.path == CHAT]
            assert request.left is not None

    begun = threading.Event()

    def hangs(request):
        begun.set()
        return begins(end="hanging")(request)

    with server(hangs) as running:
        asyncio.run(run(running))


# Requests -----------------------------------------------------------------------------------------


def test_llama_cpp_is_asked_with_its_own_parameters():
    _, _, request = ask(temperature=0.5, seed=7, repeat_penalty=1.25)
    assert request.body["messages"] == [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": USER},
    ]
    expected = {
        "model": "tiny",
        "max_tokens": 32,
        "temperature": 0.5,
        "seed": 7,
        "repeat_penalty": 1.25,
        "repeat_last_n": 256,
        "cache_prompt": True,
    }
    assert request.body.items() >= expected.items()
    assert not request.body.get("stream")
    assert "max_completion_tokens" not in request.body


def test_vllm_is_asked_with_its_own_parameters():
    model, reply, request = ask(counts=vllm_counts(), repeat_penalty=1.25)
    assert reply.verified
    assert (model.exact, model.context) == (True, CONTEXT)
    assert request.body["repetition_penalty"] == 1.25
    assert "repeat_penalty" not in request.body


def test_an_unknown_server_is_asked_with_nothing_but_openais_parameters():
    _, _, request = ask(counts={"/v1/models": models("tiny")}, context=1024)
    known = {"model", "messages", "max_tokens", "temperature", "seed", "stream"}
    assert set(request.body) <= known


def test_another_attempt_asks_in_another_way():
    _, _, first = ask(seed=7)
    _, _, third = ask(seed=7, attempt=2)
    assert (first.body["seed"], third.body["seed"]) == (7, 9)
    assert (first.body["temperature"], third.body["temperature"]) == (0, 0.3)
    assert third.body["repeat_penalty"] == pytest.approx(1.3)


def test_the_key_is_sent_with_every_request():
    with server() as running:

        async def run():
            async with opened(running.url, api_key="secret") as model:
                await model.complete(SYSTEM, USER, max_tokens=8)
                assert "secret" not in repr(model.options)

        asyncio.run(run())
    assert {r.headers["authorization"] for r in running.journal} == {"Bearer secret"}


def test_no_more_calls_are_in_flight_than_allowed():
    def slow(request):
        time.sleep(0.05)
        return says()(request)

    with server(slow) as running:

        async def run():
            async with opened(running.url, concurrency=3) as model:
                calls = [model.complete(SYSTEM, USER, max_tokens=8) for _ in range(9)]
                await asyncio.gather(*calls)

        asyncio.run(run())
    assert max(r.in_flight for r in running.journal if r.path == CHAT) == 3


# Opening and listing ------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", ["", "/", "/v1", "/v1/"])
def test_the_address_may_leave_out_what_is_the_same_everywhere(suffix):
    with server() as running:

        async def run():
            async with opened(running.url + suffix) as model:
                assert (await model.complete(SYSTEM, USER, max_tokens=8)).verified
                assert model.options["server"] == f"{running.url}/v1"

        asyncio.run(run())


@pytest.mark.parametrize("address", ["", "localhost:8080", "ftp://host/v1", "http://"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InputError, match="address"):
        open_openai(
            "tiny", base_url=address, api_key=None, options=ModelOptions(), cache_folder=None
        )


def opens(url, name="tiny"):
    async def run():
        async with opened(url, name) as model:
            return model

    return asyncio.run(run())


def test_a_model_that_the_server_does_not_have_is_missing():
    with (
        server(counts={"/v1/models": models("one", "two:latest")}) as running,
        pytest.raises(ModelMissing, match=r"'tiny'.*one, two:latest"),
    ):
        opens(running.url)


def test_latest_may_be_left_out_of_a_name():
    with server(counts={"/v1/models": models("one", "two:latest")}) as running:
        assert opens(running.url, "two").name == "openai:two"


def test_a_server_that_lists_no_models_is_believed_to_have_the_model():
    with server(counts={}) as running:
        assert opens(running.url).name == "openai:tiny"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (error(401, "Invalid API Key"), "key"),
        (error(503, "Loading model"), "not ready"),
    ],
)
def test_a_server_that_cannot_be_used_says_why(answer, message):
    with (
        server(**{"/v1/models": answer}) as running,
        pytest.raises(ModelUnavailable, match=message),
    ):
        opens(running.url)


def test_where_nothing_answers_the_server_is_down():
    address = unused_address()
    with pytest.raises(ServerDown, match=address):
        opens(address)


def test_openai_itself_is_where_no_other_server_is_named():
    assert OPENAI_URL == "https://api.openai.com/v1"


def test_without_the_extra_the_command_is_named_that_brings_it():
    code = (
        "import sys; sys.modules['langchain_openai'] = None\n"
        "from pipeline.models.base import ModelOptions\n"
        "from pipeline.models.openai.model import open_openai\n"
        "open_openai('x', base_url=None, api_key=None, options=ModelOptions(), cache_folder=None)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ModelMissing" in done.stderr
    assert 'pip install "py-llama-backend[openai]"' in done.stderr


# llama.cpp's own server ---------------------------------------------------------------------------


def test_a_real_server_reads_texts_as_it_counted_them(smollm2_address):
    async def run():
        async with opened(smollm2_address) as model:
            assert (model.exact, model.context) == (True, llama_server.SLOT_CONTEXT)
            for text in ODD_TEXTS[4::8]:
                assert (await asked(model, text)).verified, text

    asyncio.run(run())


def test_a_real_server_that_dies_breaks_the_answer_and_is_down_afterwards(tiny_weights):
    async def run(address, process):
        async with opened(address) as model:
            pieces = asyncio.Queue()
            call = asyncio.create_task(
                model.complete(SYSTEM, USER, max_tokens=1900, emit=pieces.put_nowait)
            )
            await pieces.get()
            process.kill()
            with pytest.raises(StreamBroken):
                await call
            process.wait()  # until then its port may still be open
            with pytest.raises(ServerDown):
                await model.complete(SYSTEM, "Another question?", max_tokens=8)

    with llama_server.serve(tiny_weights) as (address, process):
        asyncio.run(run(address, process))
