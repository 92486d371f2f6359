"""A server that speaks as llama.cpp's, vLLM's or neither does, and how models of it are opened.

In it a token is a byte, and what goes around a prompt takes OVERHEAD tokens.
"""

import asyncio
import contextlib
import json
import socket

import pytest
from ollama_server import Answer, ScriptedOllama, sends

from pipeline.models.base import ModelOptions
from pipeline.models.openai.model import open_openai

CHAT = "/v1/chat/completions"
SYSTEM, USER = "Be brief.", "What is Rome?"
OVERHEAD = 10
PROMPT_TOKENS = OVERHEAD + len(SYSTEM) + len(USER)
CONTEXT = 2048


def says(text="A short summary.", *, read=PROMPT_TOKENS, finish="stop", **more):
    """Answer with a text. `read` is the reported count of the prompt; None leaves it out."""
    usage = {"prompt_tokens": read, "completion_tokens": 4, "total_tokens": (read or 0) + 4}
    counts = {"usage": usage} if read is not None else {}

    def answer(request):
        if not request.streamed:
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": finish}
            return Answer((json.dumps({**frame(), "choices": [choice], **counts, **more}),))
        lines = [event(word) for word in text.split(" ")] + [event("", finish)]
        lines += [sse({**frame(), "choices": [], **counts})] if counts else []
        return Answer((*lines, "data: [DONE]\n"), kind="text/event-stream")

    return answer


def frame():
    return {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny"}


def event(piece, finish=None):
    return sse({**frame(), "choices": [choice_delta(piece, finish)]})


def choice_delta(piece, finish):
    return {"index": 0, "delta": {"content": piece}, "finish_reason": finish}


def sse(data):
    return f"data: {json.dumps(data)}\n"


def begins(*, end):
    """Say some words where the client streams, then end so."""

    def answer(request):
        lines = (event("Some"), event(" words")) if request.streamed else ()
        return Answer(lines, end=end, kind="text/event-stream")

    return answer


def ends_unsaid(request):
    """Answer without a reason why the answer ends."""
    return says(finish=None)(request)


def error_event(request):
    """Begin an answer and end it with an error, under HTTP 200."""
    error = {"error": {"message": "CUDA out of memory", "type": "server_error", "code": 500}}
    if not request.streamed:
        return Answer((json.dumps(error),))
    return Answer((event("Some"), sse(error)), kind="text/event-stream")


def error(status, message, **more):
    return sends(json.dumps({"error": {"message": message, **more}}), status=status)


def models(*names, **more):
    return sends(json.dumps({"object": "list", "data": [{"id": n, **more} for n in names]}))


def llama_cpp_counts(*, prefix=0):
    """Count as llama.cpp's server. `prefix` tokens come before any text, as with SentencePiece."""

    def template(request):
        system, user = (message["content"] for message in request.body["messages"])
        return Answer((json.dumps({"prompt": "#" * (OVERHEAD - prefix) + system + user}),))

    def tokenize(request):
        tokens = [0] * (prefix + len(request.body["content"].encode()))
        return Answer((json.dumps({"tokens": tokens}),))

    props = {"default_generation_settings": {"n_ctx": CONTEXT}}
    return {
        "/apply-template": template,
        "/tokenize": tokenize,
        "/props": sends(json.dumps(props)),
        "/v1/models": models("tiny.gguf", meta={"n_ctx_train": 8192, "size": 1000}),
    }


def vllm_counts():
    def tokenize(request):
        body = request.body
        texts = [body["prompt"]] if "prompt" in body else [m["content"] for m in body["messages"]]
        count = sum(len(text.encode()) for text in texts) + OVERHEAD * ("messages" in body)
        return Answer((json.dumps({"count": count, "max_model_len": CONTEXT}),))

    return {"/tokenize": tokenize, "/v1/models": models("tiny", max_model_len=CONTEXT)}


@contextlib.contextmanager
def server(chat=None, counts=None, **paths):
    """Run a scripted server; by default it counts as llama.cpp's does."""
    counts = llama_cpp_counts() if counts is None else counts
    with ScriptedOllama(paths={CHAT: chat or says(), **counts, **paths}) as running:
        yield running


@contextlib.asynccontextmanager
async def opened(url, name="tiny", api_key=None, **options):
    model = open_openai(
        name,
        base_url=url,
        api_key=api_key,
        options=ModelOptions(**{"timeout": 20, **options}),
        cache_folder=None,
    )
    try:
        yield model
    finally:
        await model.aclose()


def ask(chat=None, *, counts=None, emit=None, max_tokens=32, attempt=0, user=USER, **options):
    """Open a model on a server that answers so, ask it once, and return all there is to see."""

    async def run(running):
        async with opened(running.url, **options) as model:
            reply = await model.complete(
                SYSTEM, user, max_tokens=max_tokens, attempt=attempt, emit=emit
            )
            return model, reply

    with server(chat, counts) as running:
        model, reply = asyncio.run(run(running))
    [request] = [r for r in running.journal if r.path == CHAT]
    return model, reply, request


streamed = pytest.mark.parametrize("emit", [None, len], ids=["plain", "streamed"])


def unused_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"
