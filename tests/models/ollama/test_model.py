"""Models of Ollama servers; what all adapters share is in test_model_contract.py."""

import asyncio
import base64
import json
import time
from dataclasses import replace

import pytest
from ollama_server import (
    ScriptedOllama,
    Served,
    byte_vocabulary,
    cuts,
    drops,
    error_line,
    fails,
    hangs,
    html,
    says,
    sends,
    stops,
)

from pipeline.errors import (
    EmptyAnswer,
    LoopedAnswer,
    ModelMissing,
    PromptCut,
    PyLlamaError,
    Refused,
    ServerBusy,
    ServerDown,
    ServerFault,
    StreamBroken,
    TimedOut,
)
from pipeline.models.base import ModelOptions
from pipeline.models.ollama.model import open_ollama

SYSTEM, USER = "Be short.", "Why is the sky blue?"
NOBODY = "127.0.0.1:9"  # the port of a service that discards, and that nobody runs
BOTH = pytest.mark.parametrize("emit", [None, len], ids=["plain", "streamed"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A cache folder in which the scripted server has already confirmed our count."""
    folder = tmp_path_factory.mktemp("confirmed")
    with ScriptedOllama() as server:
        ask(server, folder)
        assert len(server.chats) == 2
    return folder


def opened(server, folder, name="tiny", **options):
    return open_ollama(name, host=server.url, options=ModelOptions(**options), cache_folder=folder)


def run(model, *calls):
    """Make calls one after the other in one event loop; return the replies and close the model."""

    async def all_calls():
        try:
            return [await call(model) for call in calls]
        finally:
            await model.aclose()

    return asyncio.run(all_calls())


def call(system=SYSTEM, user=USER, max_tokens=50, **more):
    return lambda model: model.complete(system, user, max_tokens=max_tokens, **more)


def ask(server, folder, emit=None, attempt=0, **options):
    (reply,) = run(opened(server, folder, **options), call(emit=emit, attempt=attempt))
    return reply


# What is asked ------------------------------------------------------------------------------------


def test_a_call_sends_every_setting_and_no_other_than_the_prompt(folder):
    with ScriptedOllama(says("It scatters.")) as server:
        reply = ask(server, folder, context=1024, seed=7, repeat_penalty=1.15, keep_alive="1m")
        (request,) = server.chats
    assert request.body["messages"] == [
        {"role": "system", "content": SYSTEM},
        {"role": "user", "content": USER},
    ]
    assert request.body["options"] == {
        "num_ctx": 1024,
        "num_predict": 50,
        "temperature": 0.0,
        "seed": 7,
        "repeat_penalty": 1.15,
        "repeat_last_n": 256,
    }
    assert request.body["keep_alive"] == "1m"
    assert request.body.get("think") is None
    assert not request.streamed
    assert (reply.text, reply.finish, reply.output_tokens) == ("It scatters.", "stop", 2)
    assert reply.verified
    assert reply.prompt_tokens == request.prompt_tokens


def test_what_can_change_an_answer_is_among_the_options(folder):
    with ScriptedOllama() as server:
        model = opened(server, folder, context=1024)
        run(model, call())
        sent = server.chats[0].body["options"]
    del sent["num_predict"]
    assert dict(model.options) == sent


def test_an_attempt_moves_the_draw_and_never_the_context(folder):
    with ScriptedOllama() as server:
        run(opened(server, folder), *(call(attempt=attempt) for attempt in range(4)))
        sent = [request.body["options"] for request in server.chats]
    assert len({options["seed"] for options in sent}) == 4
    assert sent[0]["temperature"] == 0 < min(options["temperature"] for options in sent[1:])
    assert len({options["num_ctx"] for options in sent}) == 1


def test_a_length_finish_is_no_error(folder):
    with ScriptedOllama(says("Cut in the mid", reason="length")) as server:
        assert ask(server, folder).finish == "length"


def test_emit_gets_the_answer_in_pieces(folder):
    pieces = []
    with ScriptedOllama(says("One two  three\nfour.")) as server:
        reply = ask(server, folder, emit=pieces.append)
        assert server.chats[0].streamed
    assert pieces == ["One", " two", "  three", "\nfour."]
    assert reply.text == "".join(pieces)
    assert reply.verified


class EmitFailed(ValueError):
    pass


def test_an_error_of_emit_is_the_callers_own(folder):
    def emit(piece):
        raise EmitFailed(piece)

    with ScriptedOllama() as server, pytest.raises(EmitFailed):
        ask(server, folder, emit=emit)


# What goes wrong: one row for each line of the tables ---------------------------------------------

JSON_IN_A_STRING = json.dumps(
    {
        "error": {
            "code": 400,
            "message": "request (2100 tokens) exceeds the available context size (2048 tokens), "
            "try increasing it",
            "type": "exceed_context_size_error",
        }
    }
)
CRASH = "an error was encountered while running the model: unexpected EOF"
LOOP = "prediction aborted, token repeat limit reached"
LOADED = {"model": "tiny", "message": {"role": "assistant", "content": ""}, "done": True}

FAILURES = {
    "missing model": (fails(404, "model 'tiny' not found"), ModelMissing),
    "missing model, in other words": (
        fails(404, 'model "tiny" not found, try pulling it first'),
        ModelMissing,
    ),
    "runner died": (
        fails(500, "llama runner process has terminated: signal: killed"),
        ServerFault,
    ),
    "weights cannot be read": (
        fails(500, "llama runner process has terminated: error loading model: bad magic"),
        ModelMissing,
    ),
    "weights cannot be loaded": (fails(500, "unable to load model: /blobs/sha256-1"), ModelMissing),
    "too little memory": (
        fails(500, "model requires more system memory (5.6 GiB) than is available (2.1 GiB)"),
        ModelMissing,
    ),
    "queue full": (
        fails(503, "server busy, please try again.  maximum pending requests exceeded"),
        ServerBusy,
    ),
    "too many requests": (fails(429, "slow down"), ServerBusy),
    "bad gateway": (sends("<html>bad gateway", status=502, kind="text/html"), ServerFault),
    "too long for 0.24": (fails(400, "the input length exceeds the context length"), PromptCut),
    "too long for 0.30": (fails(400, JSON_IN_A_STRING), PromptCut),
    "too long for 0.30.9": (
        fails(400, "the prompt is longer than the context length currently available"),
        PromptCut,
    ),
    "another 400": (fails(400, '"tiny" does not support chat'), Refused),
    "unauthorized": (fails(401, "unauthorized"), Refused),
    "error line": (error_line(CRASH), ServerFault),
    "error line at once": (error_line(CRASH, text=""), ServerFault),
    "error line of a loop": (error_line(LOOP), LoopedAnswer),
    "error line of a long prompt": (error_line(JSON_IN_A_STRING), PromptCut),
    "loop noticed by the server": (fails(500, LOOP), LoopedAnswer),
    "loop of a word without done": (stops("It is" + " so" * 31), LoopedAnswer),
    "loop of words without done": (stops("It is" + " so very" * 31), LoopedAnswer),
    "loop of blank lines without done": (stops("It is." + " \n" * 31), LoopedAnswer),
    "no done": (stops("It is because"), StreamBroken),
    "dropped": (drops(), StreamBroken),
    "never answers": (hangs(), TimedOut),
    "stops answering": (hangs("It is"), TimedOut),
    "empty": (says("", wrote=1), EmptyAnswer),
    "blank": (says(" \n "), EmptyAnswer),
    "load reply": (sends(json.dumps(LOADED | {"done_reason": "load"})), StreamBroken),
    "nothing": (sends(), StreamBroken),
    "broken JSON": (sends('{"model":"tiny","message":{"role":"assist'), StreamBroken),
    "no object": (sends("[]"), StreamBroken),
    "no message": (sends("{}"), StreamBroken),
    "error that is no text": (sends('{"error": {"message": "odd"}}'), StreamBroken),
    "a web page": (html, StreamBroken),
}


@BOTH
@pytest.mark.parametrize(("script", "error"), FAILURES.values(), ids=FAILURES.keys())
def test_every_failure_is_an_error_of_ours(folder, script, error, emit):
    with ScriptedOllama(script) as server:
        with pytest.raises(error) as caught:
            ask(server, folder, emit=emit, timeout=0.5)
        assert "\n" not in str(caught.value)
        assert len(server.chats) == 1  # nothing below retries on its own


@BOTH
def test_a_call_after_any_failure_works(folder, emit):
    # The connection that a failure leaves behind must not spoil the next call.
    scripts = [script for script, _ in FAILURES.values()]

    async def go():
        failed = 0
        for _ in scripts:
            try:
                await model.complete(SYSTEM, USER, max_tokens=50, emit=emit)
            except PyLlamaError:
                failed += 1
            assert (await model.complete(SYSTEM, USER, max_tokens=50, emit=emit)).verified
        await model.aclose()
        return failed

    answers = [answer for script in scripts for answer in (script, says())]
    with ScriptedOllama(answers) as server:
        model = opened(server, folder, timeout=0.3)
        assert asyncio.run(go()) == len(scripts)


@BOTH
def test_a_real_server_stops_a_loop_without_a_word(real_ollama, folder, emit):
    options = ModelOptions(context=512, repeat_penalty=0.8)
    model = open_ollama("smollm2:135m", host=real_ollama, options=options, cache_folder=folder)
    loop = call(user=f"Repeat after me for ever:{' no' * 24}", max_tokens=200, emit=emit)
    with pytest.raises(LoopedAnswer):
        run(model, loop)


def test_a_server_that_went_away_stops_the_run(folder):
    with ScriptedOllama() as server:
        model = opened(server, folder)
    with pytest.raises(ServerDown, match="ollama serve"):
        run(model, call())


def test_a_timeout_counts_from_the_sending_of_a_call(folder):
    with ScriptedOllama(says(seconds=0.3)) as server:
        model = opened(server, folder, timeout=0.8, concurrency=1)

        async def together(model):
            return await asyncio.gather(*(call()(model) for _ in range(4)))

        (replies,) = run(model, together)
        assert len(replies) == 4
        assert max(request.in_flight for request in server.chats) == 1
        assert all(0.25 < reply.seconds < 0.8 for reply in replies)


@BOTH
@pytest.mark.parametrize("said", ["", "It is"])
def test_a_cancelled_call_leaves_the_server_at_once(folder, emit, said):
    with ScriptedOllama(hangs(said)) as server:
        model = opened(server, folder)

        async def cancelled(model):
            task = asyncio.create_task(call(emit=emit)(model))
            await asyncio.to_thread(server.arrived.wait, 5)
            await asyncio.sleep(0.05)
            task.cancel()
            at = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            return at

        (at,) = run(model, cancelled)
    (request,) = server.chats
    assert request.left is not None
    assert request.left - at < 0.5


# What is read: the count check --------------------------------------------------------------------

CUTS = {
    "up to 0.24": lambda n: n,
    "0.30.0 to 0.30.10": lambda n: n - 1,
    "from 0.30.11": lambda n: n - (n - 4) // 2,
    "from 0.30.11, with BOS": lambda n: n - (n - 5) // 2,
}
UNKNOWN = Served(tokenizer={"tokenizer.ggml.model": "unigram"}, digest="e1" * 32)


@pytest.mark.parametrize("to", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("served", [Served(), UNKNOWN], ids=["exact", "estimated"])
def test_a_cut_prompt_is_never_accepted(folder, served, to):
    # Each byte is 8 tokens to this server, so what we think is short is cut.
    wordy = replace_counts(cuts(to), times=8)
    with ScriptedOllama(wordy, models=[served]) as server:
        model = opened(server, folder, context=1024)
        with pytest.raises(PromptCut, match=f"the server read {to(1024)} tokens"):
            run(model, call(user=USER * 10))
        assert model.exact == (served is not UNKNOWN)


def replace_counts(script, times):
    """Let a server find more tokens in a prompt than there are."""

    def answer(request):
        messages = request.body["messages"]
        longer = [{**m, "content": m["content"] * times} for m in messages]
        return script(replace(request, body=request.body | {"messages": longer}))

    return answer


@pytest.mark.parametrize(
    ("more", "outcome"), [(0, True), (1, False), (700, False), (-1, PromptCut), (1000, PromptCut)]
)
def test_only_an_equal_count_is_verified_and_a_lower_one_refused(folder, more, outcome):
    def miscounts(request):
        return says(read=request.prompt_tokens + more)(request)

    with ScriptedOllama(miscounts) as server:
        if outcome is PromptCut:
            with pytest.raises(PromptCut):
                ask(server, folder)
        else:
            assert ask(server, folder).verified == outcome


def test_a_count_that_the_server_does_not_give_verifies_nothing(folder):
    with ScriptedOllama(says(read=None)) as server:
        model = opened(server, folder)
        (reply, _) = run(model, call(), call())
    assert not reply.verified
    assert reply.prompt_tokens == model.count(SYSTEM, USER)
    assert [warning for warning in model.warnings if "verified" in warning] == model.warnings
    assert len(model.warnings) == 1


def test_a_prompt_that_does_not_fit_is_not_sent(folder):
    with ScriptedOllama() as server:
        model = opened(server, folder, context=256)
        room = 255 - model.count(SYSTEM, USER)
        with pytest.raises(PromptCut):
            run(model, call(max_tokens=room + 1))
        assert not server.chats
        run(opened(server, folder, context=256), call(max_tokens=room))
        assert len(server.chats) == 1


# The vocabulary and its confirmation --------------------------------------------------------------


def test_opening_and_counting_call_no_model(tmp_path):
    with ScriptedOllama() as server:
        model = opened(server, tmp_path)
        assert model.count(SYSTEM, USER) > model.count_text(USER) == len(USER)
        asyncio.run(model.aclose())
        assert {request.path for request in server.journal} == {
            "/api/version",
            "/api/tags",
            "/api/show",
        }
        assert model.exact


def test_the_vocabulary_is_read_once(tmp_path):
    with ScriptedOllama() as server:
        for _ in range(2):
            opened(server, tmp_path)
        verbose = [request for request in server.journal if request.body.get("verbose")]
    assert len(verbose) == 1


def test_the_server_confirms_a_vocabulary_once_for_each_version(tmp_path):
    with ScriptedOllama() as server:
        for _ in range(2):
            assert ask(server, tmp_path).verified
        confirmation, *calls = server.chats
        assert len(calls) == 2
        assert confirmation.body["options"]["num_predict"] == 1
        assert confirmation.body["options"]["num_ctx"] == calls[0].body["options"]["num_ctx"]
        assert confirmation.prompt_tokens < 500
    with ScriptedOllama(version="0.30.0") as newer:
        ask(newer, tmp_path)
        assert len(newer.chats) == 2


def test_calls_that_begin_together_wait_for_one_confirmation(tmp_path):
    with ScriptedOllama(says(seconds=0.1)) as server:

        async def together(model):
            await asyncio.gather(*(call(user=f"Question {i}")(model) for i in range(4)))

        run(opened(server, tmp_path), together)
        assert [request.body["options"]["num_predict"] for request in server.chats] == [1] + [
            50
        ] * 4
        assert server.chats[0].in_flight == server.chats[1].in_flight == 1


def test_a_vocabulary_that_the_server_does_not_confirm_is_not_exact(tmp_path):
    with ScriptedOllama(says(read=100)) as server:
        for _ in range(2):  # and it is asked again next time
            model = opened(server, tmp_path)
            assert model.exact
            (reply,) = run(model, call())
            assert not model.exact
            assert not reply.verified
            assert "100" in model.warnings[0]
        assert len(server.chats) == 4


def test_a_confirmation_that_fails_is_tried_again(tmp_path):
    scripts = [fails(503, "server busy"), says(), fails(500, "crash"), says(), says()]
    with ScriptedOllama(scripts) as server:
        model = opened(server, tmp_path)
        replies = run(model, call(), call(), call(), call())
        bounds = [request.body["options"]["num_predict"] for request in server.chats]
    assert bounds == [1, 50, 1, 50, 1, 50, 50]
    assert all(reply.verified for reply in replies)
    assert model.exact


def test_a_folder_that_cannot_be_written_costs_only_the_memory(tmp_path):
    (tmp_path / "file").touch()
    with ScriptedOllama() as server:
        for _ in range(2):
            assert ask(server, tmp_path / "file" / "cache").verified
        assert len(server.chats) == 4


UNCOUNTABLE = {
    "an unknown vocabulary": UNKNOWN,
    "an unknown template": Served(template="{{ call .Magic }}", digest="e2" * 32),
}


@pytest.mark.parametrize("served", UNCOUNTABLE.values(), ids=UNCOUNTABLE.keys())
def test_what_cannot_be_rebuilt_is_estimated_with_a_warning(tmp_path, served):
    # About as many tokens as usual vocabularies make of this.
    with ScriptedOllama(says(read=30), models=[served]) as server:
        model = opened(server, tmp_path)
        assert not model.exact
        assert "estimated" in model.warnings[0]
        assert 30 < model.count(SYSTEM, USER) < 75
        (reply,) = run(model, call())
        assert not reply.verified
        assert reply.prompt_tokens == 30
        assert len(server.chats) == 1  # there is nothing to confirm


# Opening ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trained", "wanted", "used"),
    [(2048, None, 2048), (131072, None, 8192), (131072, 16384, 16384), (2048, 512, 512)],
)
def test_the_context_is_the_trained_one_within_reason(tmp_path, trained, wanted, used):
    with ScriptedOllama(models=[Served(context=trained)]) as server:
        model = opened(server, tmp_path, context=wanted)
    assert (model.context, model.warnings) == (used, [])


def test_a_context_beyond_the_trained_one_is_lowered_with_a_warning(tmp_path):
    with ScriptedOllama(models=[Served(context=2048)]) as server:
        model = opened(server, tmp_path, context=4096)
    assert model.context == 2048
    assert "4096" in model.warnings[0]
    assert "2048" in model.warnings[0]


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "TINY", "library/tiny"])
def test_a_name_means_what_it_means_to_ollama(tmp_path, name):
    models = [Served("other:latest", digest="00"), Served(), Served("tiny:1b", digest="01")]
    shown = sends(json.dumps({"template": "", "model_info": byte_vocabulary()}))
    with ScriptedOllama(models=models, paths={"/api/show": shown}) as server:
        assert opened(server, tmp_path, name=name).digest == Served().digest


def test_a_model_that_is_not_listed_is_known_by_what_is_shown(tmp_path):
    paths = {"/api/tags": sends('{"models": null}')}
    digests = set()
    for template in ("{{ .Prompt }}", "{{ .System }} {{ .Prompt }}", "{{ .Prompt }}"):
        with ScriptedOllama(models=[Served(template=template)], paths=paths) as server:
            digests.add(opened(server, tmp_path).digest)
    assert len(digests) == 2
    assert "" not in digests


OPENING = {
    "another model": ({}, "big", ModelMissing, "ollama pull big"),
    "a model that cannot write": (
        {"models": [Served(capabilities=("embedding",))]},
        "tiny",
        ModelMissing,
        "does not write",
    ),
    "a web server": ({"paths": {"/api/version": html}}, "tiny", ServerDown, "OLLAMA_HOST"),
    "a server that fails": (
        {"paths": {"/api/tags": fails(500, "no")}},
        "tiny",
        ServerDown,
        "HTTP 500",
    ),
    "no object": ({"paths": {"/api/version": sends("[]")}}, "tiny", ServerDown, "JSON"),
    "a dropped answer": ({"paths": {"/api/show": drops()}}, "tiny", ServerDown, "ollama serve"),
}


@pytest.mark.parametrize(("server", "name", "error", "says"), OPENING.values(), ids=OPENING.keys())
def test_what_cannot_be_opened_says_why(tmp_path, server, name, error, says):
    with ScriptedOllama(**server) as running, pytest.raises(error, match=says):
        opened(running, tmp_path, name=name)


def test_no_server_says_how_to_start_one(tmp_path):
    with pytest.raises(ServerDown, match=r"http://127\.0\.0\.1:9; start it with `ollama serve`"):
        open_ollama("tiny", host=NOBODY, options=ModelOptions(), cache_folder=tmp_path)


@BOTH
def test_thinking_is_switched_off_where_it_can_be_and_left_out_anyway(folder, emit):
    thinker = Served(capabilities=("completion", "thinking"), digest=Served().digest)
    with ScriptedOllama(says("Blue.", thinking="Hm."), models=[thinker]) as server:
        assert ask(server, folder, emit=emit).text == "Blue."
        assert server.chats[0].body["think"] is False


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("<think>Hm, let me see.</think>\n\nBlue.", "Blue."),
        ("\n<think>\nHm.\n</think>Blue. <think> is a tag.", "Blue. <think> is a tag."),
        ("<thin air> is blue.", "<thin air> is blue."),
        (" Blue.", " Blue."),
    ],
)
def test_thinking_in_the_text_is_no_part_of_the_answer(folder, said, text):
    pieces = []
    with ScriptedOllama(says(said)) as server:
        assert ask(server, folder).text == text
        assert ask(server, folder, emit=pieces.append).text == text
    assert "".join(pieces) == text


@BOTH
def test_an_answer_that_is_nothing_but_thinking_is_empty(folder, emit):
    muses = says("<think>Hm, hm, hm", reason="length")
    with ScriptedOllama(muses) as server, pytest.raises(EmptyAnswer):
        ask(server, folder, emit=emit)


def test_credentials_are_sent_and_never_shown(tmp_path):
    expected = "Basic " + base64.b64encode(b"me:p@ss").decode()
    with ScriptedOllama([says(), fails(400, "no")]) as server:
        host = server.url.replace("http://", "http://me:p%40ss@")
        model = open_ollama("tiny", host=host, options=ModelOptions(), cache_folder=tmp_path)
        with pytest.raises(Refused) as refused:
            run(model, call())
    assert {request.headers["authorization"] for request in server.journal} == {expected}
    with pytest.raises(ServerDown) as down:
        open_ollama("tiny", host=host, options=ModelOptions(), cache_folder=tmp_path)
    assert not any(
        "p%40ss" in str(error.value) or "me:" in str(error.value) for error in (refused, down)
    )


def test_no_proxy_stands_before_this_machine(folder, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{NOBODY}")
    with ScriptedOllama() as server:
        assert ask(server, folder).verified
