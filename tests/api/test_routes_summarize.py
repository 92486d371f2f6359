"""POST /summarize and /summarize/file over real HTTP.

The modules are `api.routes.summarize` and `api.routes.common`.
"""

import json
import shutil
import subprocess

import httpx
import pytest
from api_service import LONG, STREAM, TEXT, make, problem_of, process, scripted, serving, until

from eval.bench.simulation import SIMULATOR


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


def test_the_request_it_was_born_with(client):
    response = client.post("/summarize", json={"text": TEXT})
    assert response.status_code == 200
    assert next(iter(response.json())) == "summary"
    assert response.json()["summary"].startswith("Rivers carry sand") or response.json()["summary"]
    assert response.json()["calls"] == {"map": 1, "merge": 0, "retry": 0, "cached": 0}


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "plain"])
def test_a_client_that_leaves_frees_the_model(tmp_path, stream):
    model = scripted(delay=lambda call: 60)
    service = make(model, tmp_path)
    with serving(service) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(
                "/summarize", json={"text": LONG}, headers=STREAM if stream else {}, timeout=0.5
            )
        until(lambda: model.in_flight == service.admission.running == 0, 1)
    assert model.calls


def test_a_request_that_takes_too_long_is_sent_to_jobs(tmp_path):
    model = scripted(delay=lambda call: 60)
    with serving(make(model, tmp_path, request_seconds=0.2)) as client:
        response = client.post("/summarize", json={"text": TEXT})
    problem = problem_of(response, 503, "too-slow")
    assert "/jobs" in problem["detail"]
    assert "</jobs>" in response.headers["link"]
    assert response.headers["retry-after"]
    assert model.in_flight == 0


@pytest.mark.slow
@pytest.mark.parametrize("model", ["ollama:smollm2:135m", "embedded"])
def test_the_origin_on_real_models(model, tmp_path, request):
    """The request that the project began with, sent by curl with its own body."""
    origin = SIMULATOR.parents[1] / "data" / "origin.json"
    curl = shutil.which("curl")
    if curl is None or not origin.exists():
        pytest.skip("there is no curl, or no origin.json beside the project")
    fixture = "real_ollama" if model.startswith("ollama") else "tiny_weights"
    host = request.getfixturevalue(fixture) if fixture == "real_ollama" else "127.0.0.1:1"
    with process(tmp_path, url=host, model=model, request_seconds=600) as service:
        url = service.client.base_url.join("/summarize")
        json_type = ["-H", "Content-Type: application/json"]
        command = [curl, "-s", "-w", "%{http_code}", "-X", "POST", str(url), *json_type]
        done = subprocess.run([*command, "-d", f"@{origin}"], capture_output=True, check=True)
    body, status = done.stdout[:-3], done.stdout[-3:]
    result = json.loads(body)
    print(model, result["summary"], result["seconds"])
    assert status == b"200"
    assert len(result["summary"].split()) > 20
    assert result["read"]["verified"] == result["calls"]["map"] + result["calls"]["merge"]
