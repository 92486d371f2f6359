"""A scripted Ollama: an HTTP server that answers chat requests as a test tells it to.

Each chat request takes the next of the given answers (the last one repeats), or what a given
function makes of the request. An answer is a function of this module: `says`, `fails`, `drops` …
They play every way of answering, failing and cutting that `pipeline.models.ollama.model` must know,
streamed or not, whichever the request asks for.

Its model has the smallest vocabulary there is: every UTF-8 byte is a token, and so is each of the
two marks of its ChatML template. So the server counts without any code of ours.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

CHATML = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
MARKS = ("<|im_start|>", "<|im_end|>")
NORMAL, CONTROL = 1, 3


@dataclass(frozen=True)
class Served:
    """A model that the server holds."""

    name: str = "tiny:latest"
    digest: str = "d1" * 32
    context: int = 2048
    template: str = CHATML
    capabilities: tuple[str, ...] | None = ("completion",)
    tokenizer: Mapping[str, object] = field(default_factory=lambda: byte_vocabulary())


@dataclass
class Request:
    """One request as it came in. `left` is when the client went away before the answer ended."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    arrived: float
    in_flight: int
    left: float | None = None

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the whole rendered prompt."""
        return count_prompt(self.body["messages"])

    @property
    def streamed(self) -> bool:
        return self.body.get("stream", True) is not False


@dataclass(frozen=True)
class Answer:
    """What is sent: lines of JSON one by one, then the end.

    `seconds` is the wait before the first line and again between the lines.
    """

    lines: tuple[str, ...] = ()
    status: int = 200
    end: Literal["whole", "dropped", "hanging"] = "whole"
    seconds: float = 0.0
    kind: str = "application/json"


Script = Callable[[Request], Answer]


def says(
    text: str = "A short summary.",
    *,
    read: int | None = -1,
    wrote: int | None = None,
    reason: str = "stop",
    thinking: str = "",
    seconds: float = 0.0,
) -> Script:
    """Answer with a text.

    `read` is the reported prompt_eval_count; -1 is the true one, None leaves it out. `wrote` is
    the reported eval_count, by default one for each word.
    """

    def answer(request: Request) -> Answer:
        words = _words(text)
        end = {"done": True, "done_reason": reason, "eval_count": wrote or max(1, len(words))}
        if read is not None:
            end["prompt_eval_count"] = request.prompt_tokens if read == -1 else read
        if not request.streamed:
            return Answer((_line(text, thinking, **end),), seconds=seconds)
        lines = [_line("", thinking)] if thinking else []
        lines += [_line(word) for word in words]
        return Answer((*lines, _line("", **end)), seconds=seconds, kind="application/x-ndjson")

    return answer


def cuts(to: Callable[[int], int]) -> Script:
    """Answer over-long prompts as Ollama does: by reading only `to(num_ctx)` tokens of them."""

    def answer(request: Request) -> Answer:
        context = request.body["options"]["num_ctx"]
        fits = request.prompt_tokens <= context
        return says(read=request.prompt_tokens if fits else to(context))(request)

    return answer


def fails(status: int, error: str) -> Script:
    """Answer with an HTTP error."""
    return lambda request: Answer((json.dumps({"error": error}),), status)


def error_line(error: str, text: str = "Some words") -> Script:
    """Begin an answer and end it with a line that holds an error, under HTTP 200.

    Where the client does not stream there is nothing to begin, and Ollama answers 500.
    """

    def answer(request: Request) -> Answer:
        line = json.dumps({"error": error})
        return Answer((_line(text), line)) if request.streamed else Answer((line,), 500)

    return answer


def stops(text: str = "Some words") -> Script:
    """Answer without ever saying `done`, as Ollama does when it notices a loop."""

    def answer(request: Request) -> Answer:
        return Answer(tuple(map(_line, _words(text) if request.streamed else [text])))

    return answer


def drops(text: str = "Some words") -> Script:
    """Begin an answer and drop the connection."""
    return lambda request: Answer((_line(text),) if request.streamed else (), end="dropped")


def hangs(text: str = "") -> Script:
    """Say a text where the client streams, then nothing more, and keep the connection open."""
    return lambda request: Answer(
        (_line(text),) if text and request.streamed else (), end="hanging"
    )


def sends(*lines: str, status: int = 200, kind: str = "application/json") -> Script:
    """Answer with these very lines."""
    return lambda request: Answer(lines, status, kind=kind)


def html(request: Request) -> Answer:
    """Answer as a web server does that is no Ollama."""
    return Answer(("<!doctype html><title>It works!</title>",), kind="text/html")


def _words(text: str) -> list[str]:
    """Cut a text into words with the white space before them."""
    return re.findall(r"\s*\S+|\s+", text)


def _line(text: str, thinking: str = "", **end: object) -> str:
    message = {"role": "assistant", "content": text} | ({"thinking": thinking} if thinking else {})
    return json.dumps({"model": "tiny", "message": message, "done": False} | end)


def byte_vocabulary() -> dict[str, object]:
    """Return the metadata of a GPT-2 vocabulary that merges nothing but control characters."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {byte: chr(byte) for byte in plain}
    letters |= {b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in plain)}
    never = letters[0] + letters[1]  # a vocabulary must merge something
    tokens = [*(letters[byte] for byte in range(256)), never, *MARKS]
    return {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": [NORMAL] * 257 + [CONTROL] * len(MARKS),
        "tokenizer.ggml.merges": [f"{letters[0]} {letters[1]}"],
        "tokenizer.ggml.add_bos_token": False,
    }


def count_prompt(messages: Sequence[Mapping[str, str]]) -> int:
    """Count the tokens of a conversation in the byte vocabulary's ChatML template."""
    rendered = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
    pieces = re.split(f"({'|'.join(map(re.escape, MARKS))})", f"{rendered}<|im_start|>assistant\n")
    return sum(1 if piece in MARKS else len(piece.encode()) for piece in pieces)


class ScriptedOllama:
    """The server, as a context manager. `journal` holds its requests in order of arrival.

    `paths` replaces what the server answers at other paths than the chat's.
    """

    def __init__(
        self,
        chat: Script | Sequence[Script] = (),
        *,
        models: Sequence[Served] = (Served(),),
        version: str = "0.5.4",
        paths: Mapping[str, Script] | None = None,
    ) -> None:
        self.journal: list[Request] = []
        self.arrived = threading.Event()  # a chat request has come in
        self._script = [chat] if callable(chat) else list(chat) or [says()]
        self._models = {model.name: model for model in models}
        self._paths = {
            "/api/chat": self._chat,
            "/api/tags": self._tags,
            "/api/show": self._show,
            "/api/ps": self._tags,
            "/api/version": sends(json.dumps({"version": version})),
            **(paths or {}),
        }
        self._lock = threading.Lock()
        self._in_flight = 0
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def chats(self) -> list[Request]:
        """The chat requests alone."""
        return [request for request in self.journal if request.path == "/api/chat"]

    def __enter__(self) -> ScriptedOllama:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()  # waits for the answers under way

    def _chat(self, request: Request) -> Answer:
        self.arrived.set()
        if self._find(request) is None:
            name = request.body.get("model")
            return fails(404, f'model "{name}" not found, try pulling it first')(request)
        with self._lock:
            script = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return script(request)

    def _tags(self, request: Request) -> Answer:
        rows = [
            {"name": model.name, "model": model.name, "digest": model.digest, "size": 1_000_000}
            for model in self._models.values()
        ]
        return Answer((json.dumps({"models": rows}),))

    def _show(self, request: Request) -> Answer:
        model = self._find(request)
        if model is None:
            return fails(404, f"model '{request.body.get('model')}' not found")(request)
        info = {"general.architecture": "llama", "llama.context_length": model.context}
        big = {"tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type"}
        for key, value in model.tokenizer.items():
            info[key] = value if request.body.get("verbose") or key not in big else None
        shown: dict[str, object] = {"template": model.template, "model_info": info}
        if model.capabilities is not None:
            shown["capabilities"] = model.capabilities
        return Answer((json.dumps(shown),))

    def _find(self, request: Request) -> Served | None:
        name = str(request.body.get("model"))
        return self._models.get(name) or self._models.get(f"{name}:latest")

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        with self._lock:
            self._in_flight += 1
            request = Request(
                path=handler.path,
                headers={name.lower(): value for name, value in handler.headers.items()},
                body=json.loads(body or b"{}"),
                arrived=time.monotonic(),
                in_flight=self._in_flight,
            )
            self.journal.append(request)
        with contextlib.ExitStack() as flight:
            flight.callback(self._land)
            try:
                respond = self._paths.get(handler.path, fails(404, "404 page not found"))
                self._send(handler, respond(request), flight.close)
            except OSError:
                request.left = time.monotonic()

    def _land(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def _send(
        self, handler: BaseHTTPRequestHandler, answer: Answer, land: Callable[[], None]
    ) -> None:
        """Send an answer, chunked, so that its end is seen only where it has one.

        It is no longer in flight before its last line goes: who has that may send the next request.
        """
        self._wait(handler.connection, answer.seconds)
        if answer.lines or answer.end == "whole":
            handler.send_response(answer.status)
            handler.send_header("Content-Type", answer.kind)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
        for number, line in enumerate(answer.lines):
            self._wait(handler.connection, answer.seconds if number else 0)
            if answer.end == "whole" and number == len(answer.lines) - 1:
                land()
            data = f"{line}\n".encode()
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            handler.wfile.flush()
        if answer.end == "hanging":
            self._wait(handler.connection, 3600)
        elif answer.end == "whole":
            handler.wfile.write(b"0\r\n\r\n")
            return
        handler.close_connection = True
        _abort(handler.connection)

    def _wait(self, connection: socket.socket, seconds: float) -> None:
        """Wait for so long, or until this server closes.

        Raises:
            OSError: the client went away.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self._closing.is_set():
            readable, _, _ = select.select([connection], [], [], min(left, 0.02))
            if readable and not connection.recv(1, socket.MSG_PEEK):
                raise ConnectionResetError("the client went away")


def _abort(connection: socket.socket) -> None:
    """Reset a connection instead of closing it in order."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _handler(server: ScriptedOllama) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 10  # seconds that an idle connection is kept

        def do_GET(self) -> None:
            server._serve(self)

        def do_POST(self) -> None:
            server._serve(self)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    return Handler
