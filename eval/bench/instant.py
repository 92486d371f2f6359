"""A server that answers at once, to measure what a call costs the client.

    python -m eval.bench.instant UPSTREAM

It stands before a simulated Ollama server at UPSTREAM. Chats it answers itself, with the first
sentences of the text and the prompt's count in the simulator's vocabulary, which takes a fraction
of a simulated call's processor time; what else it is asked it passes on. Its first line of output
is its address. It needs aiohttp (extra [dev]).
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any, cast

import click
from aiohttp import ClientSession, web

from pipeline.models.open import open_model
from pipeline.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eval.bench.simulation import Simulation
    from pipeline.models.base import ChatModel

WORDS = 50  # of the text, that an answer repeats


@contextlib.contextmanager
def instant(simulation: Simulation) -> Iterator[str]:
    """Run such a server before a simulation, and yield its address."""
    command = [sys.executable, "-m", "eval.bench.instant", simulation.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        try:
            yield cast("IO[str]", server.stdout).readline().strip()
        finally:
            server.terminate()


@click.command()
@click.argument("upstream")
def main(upstream: str) -> None:
    """Answer at once, before the simulated server at UPSTREAM."""
    asyncio.run(_serve(upstream))


async def _serve(upstream: str) -> None:
    settings = load_settings(model="ollama:sim", ollama_host=upstream)
    model = await asyncio.to_thread(open_model, settings)
    async with contextlib.aclosing(model), ClientSession(upstream) as session:

        async def chat(request: web.Request) -> web.Response:
            return web.json_response(_answer(model, await request.json()))

        async def passed_on(request: web.Request) -> web.Response:
            asked = session.request(request.method, request.path, data=await request.read())
            async with asked as answer:
                kind = answer.content_type
                return web.Response(
                    body=await answer.read(), status=answer.status, content_type=kind
                )

        app = web.Application()
        app.add_routes([web.post("/api/chat", chat), web.route("*", "/{rest:.*}", passed_on)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0]
        click.echo(f"http://{host}:{port}")
        await asyncio.Event().wait()


def _answer(model: ChatModel, body: dict[str, Any]) -> dict[str, Any]:
    said = {message["role"]: message["content"] for message in body["messages"]}
    text = said["user"].partition("\n\n")[2]
    words = text.split()[: min(WORDS, body["options"]["num_predict"])]
    return {
        "model": body["model"],
        "created_at": "2026-01-01T00:00:00Z",
        "message": {"role": "assistant", "content": " ".join(words).rstrip(".") + "."},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": model.count(said.get("system", ""), said["user"]),
        "eval_count": len(words),
    }


if __name__ == "__main__":
    main()
