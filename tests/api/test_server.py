"""What the process refuses to start with, and how it serves and stops."""

import json

import pytest
from api_service import STREAM, events, process, until

from api.keys import hash_key
from api.server import check_language, check_safety
from api.settings import ServiceSettings
from eval.bench.simulation import SIMULATOR, simulated
from pipeline.errors import InputError
from pipeline.settings import Settings


def test_it_does_not_start_with_a_language_that_it_cannot_write():
    with pytest.raises(InputError, match="leave one of the two out"):
        check_language(Settings(strategy="extractive", language="de"))
    check_language(Settings(language="de"))
    check_language(Settings(strategy="extractive"))


def test_it_does_not_listen_to_strangers_by_accident():
    for host in ("0.0.0.0", "::", "example.org", "192.168.1.2"):
        with pytest.raises(InputError, match="--new-key"):
            check_safety(ServiceSettings(host=host))
        check_safety(ServiceSettings(host=host, insecure=True))
        check_safety(ServiceSettings(host=host, api_keys={"ann": hash_key("a")}))
    for host in ("127.0.0.1", "::1", "localhost"):
        check_safety(ServiceSettings(host=host))


@pytest.fixture(scope="module")
def simulation():
    pytest.importorskip("aiohttp")
    if not SIMULATOR.exists():
        pytest.skip("no simulated Ollama lies beside the project")
    with simulated(slots=4, model_ctx=2048, prefill=2000, decode=50) as simulation:
        yield simulation


def test_the_process_serves_logs_and_leaves_no_call_behind(simulation, tmp_path):
    """A real process and a model server that says what is in flight at it."""
    simulation.reset()
    with process(tmp_path, url=simulation.url, context=2048) as service:
        secret = "Zanzibar"
        text = " ".join(f"{secret} sentence {i} of a longer report." for i in range(3000))
        with service.client.stream(
            "POST", "/summarize", json={"text": text}, headers=STREAM
        ) as response:
            seen = events(response.iter_lines())
            assert next(seen)[1] == "planned"
            until(lambda: simulation.journal()["running"] == 4)
        until(lambda: simulation.journal()["running"] == 0, 1)
        with service.client.stream(
            "POST", "/summarize", json={"text": text[:900]}, headers=STREAM
        ) as response:
            names = [name for _, name, _ in events(response.iter_lines())]
        assert names.count("delta") > 10, "token by token"
        assert names[-1] == "finished"
        service.running.terminate()
        assert service.running.wait(15) == 0
        log = service.log
    assert secret not in log
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line.get("route") == "/summarize" and line["request_id"] for line in lines)
