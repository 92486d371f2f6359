"""Runs the service for tests: over real HTTP, in a thread of this process or in one of its own."""

import contextlib
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import httpx
from opentelemetry import trace

from api import logs
from api.app import offer_of
from api.engine import Engine
from api.jobs import JobStore
from api.metrics import Metrics
from api.model_pool import ModelPool
from api.server import Server
from api.service import Service
from api.settings import ServiceSettings
from pipeline.cache.store import NoStore
from pipeline.settings import Settings
from pipeline.testing import ScriptedModel, first_words

TEXT = "Rivers carry sand to the sea. The sea makes beaches of it. Wind moves it inland."
WHERE = "The scripted server"
LONG = " ".join(f"Sentence {i} tells of sand, water and wind." for i in range(400))
STREAM = {"Accept": "text/event-stream"}


def scripted(**more):
    return ScriptedModel(first_words(20), context=700, **more)


def problem_of(response, status, kind):
    assert (response.status_code, response.json()["type"]) == (
        status,
        f"urn:py-llama:problem:{kind}",
    )
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    return response.json()


def nothing_wrong(name):
    """A probe that finds nothing."""


def make(
    model, folder, *, opener=None, probe=nothing_wrong, store=None, tracers=None, summaries=None,
    **changes,
):  # fmt: skip
    """A service around a scripted model; `changes` are its settings, `summaries` the pipeline's."""
    settings = ServiceSettings(
        **{
            "port": 0,
            "grace_seconds": 0.2,
            "jobs_url": f"sqlite:///{folder / 'jobs.sqlite3'}",
            **changes,
        }
    )
    # Answers stay as they are scripted.
    own = Settings(**{"model": "scripted", "unsupported": "keep", **(summaries or {})})
    names = ("scripted", *settings.models)
    pool = ModelPool(
        offers=tuple(replace(offer_of(name, own), server=WHERE) for name in names),
        open=opener or (lambda name: model),
        probe=probe,
        slots=model.concurrency if model else 4,
    )
    metrics = Metrics()
    tracer = trace.get_tracer("tests", tracer_provider=tracers)
    engine = Engine(
        own,
        pool,
        store or NoStore(),
        metrics,
        tracer,
        settings.max_characters,
    )
    return Service(settings, engine, metrics, JobStore(settings, secrets.token_hex(8)), tracers)


class _Threaded(Server):
    """A server that leaves the process's signals alone."""

    @contextlib.contextmanager
    def capture_signals(self):
        yield


@contextlib.contextmanager
def serving(service, *, log=None, **more):
    """Serve in a thread; yield a client that speaks to it. `log` takes what is logged."""
    logs.configure(log or io.StringIO())
    server = _Threaded(service)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, **more) as client:
        try:
            yield client
        finally:
            server.should_exit = True
            thread.join()
            service.jobs.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def process(folder, *, url, port=None, model="ollama:smollm2:135m", **settings):
    """Run `py-llama serve` in a process of its own, against a model server; yield it."""
    port = port or free_port()
    environment = {
        **os.environ,
        "OLLAMA_HOST": url,
        "PY_LLAMA_STORE": str(folder / "calls.sqlite3"),
        "PY_LLAMA_MERGE": "extractive",  # or so small a model would not be asked
        "PY_LLAMA_SERVE_GRACE_SECONDS": "1",
        "PY_LLAMA_SERVE_JOBS_URL": f"sqlite:///{folder / 'jobs.sqlite3'}",
    }
    for name, value in settings.items():
        known = name in Settings.model_fields and name not in ServiceSettings.model_fields
        prefix = "PY_LLAMA_" if known else "PY_LLAMA_SERVE_"
        environment[prefix + name.upper()] = value if isinstance(value, str) else json.dumps(value)
    command = [sys.executable, "-m", "pipeline", "serve", "--model", model, "--port", str(port)]
    with (
        (folder / f"serve-{port}.log").open("ab") as log,
        subprocess.Popen(command, env=environment, cwd=folder, stderr=log) as running,
    ):
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                yield Process(running, client, folder / f"serve-{port}.log")
        finally:
            if running.poll() is None:
                running.kill()


class Process:
    """A running service, once it answers."""

    def __init__(self, running, client, log):
        self.running, self.client, self._log = running, client, log
        until(self._answers, 30)

    def _answers(self):
        assert self.running.poll() is None, self.log
        with contextlib.suppress(httpx.TransportError):
            return self.client.get("/livez").status_code == 200
        return False

    @property
    def log(self):
        return self._log.read_text()


def until(condition, seconds=60.0):
    """Wait until a condition holds, and return what it returned."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return found


def events(lines):
    """Yield (id, name, data) of each event in the lines of a stream."""
    fields = {}
    for line in lines:
        if not line:
            if "event" in fields:
                yield fields.get("id"), fields["event"], json.loads(fields["data"])
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
