"""The events of a run, as the client of a stream sees them."""

import json

import pytest
from api_service import LONG, STREAM, TEXT, WHERE, events, make, problem_of, scripted, serving

from pipeline.errors import ServerDown
from pipeline.testing import ScriptedModel


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


def test_a_stream_tells_each_step(client):
    with client.stream("POST", "/summarize", json={"text": LONG}, headers=STREAM) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        seen = list(events(response.iter_lines()))
    names = [name for _, name, _ in seen]
    assert names[0] == "planned"
    assert names[-1] == "finished"
    total = seen[0][2]["total"]
    steps = [data["done"] for _, name, data in seen if name == "summarized"]
    assert steps == list(range(1, total + 1))
    deltas = "".join(data["text"] for _, name, data in seen if name == "delta")
    assert deltas
    assert seen[-1][2]["calls"]["map"] + seen[-1][2]["calls"]["merge"] == total


def test_a_stream_that_fails_ends_in_the_problem(tmp_path):
    def down(call):
        raise ServerDown("nothing answers at http://secret")

    with serving(make(ScriptedModel(down), tmp_path)) as client:
        with client.stream("POST", "/summarize", json={"text": TEXT}, headers=STREAM) as response:
            (*_, (_, name, data)) = events(response.iter_lines())
        assert name == "failed"
        assert data["type"] == "urn:py-llama:problem:model-server-down"
        problem = problem_of(
            client.post("/summarize", json={"text": TEXT}), 503, "model-server-down"
        )
    assert WHERE in problem["detail"]
    assert "secret" not in json.dumps([problem, data])


def test_a_stream_of_a_dying_run_says_no_more_than_that(tmp_path):
    def broken(call):
        raise RuntimeError(f"cannot stand {call.user}")

    with serving(make(ScriptedModel(broken), tmp_path)) as client:
        with client.stream("POST", "/summarize", json={"text": TEXT}, headers=STREAM) as response:
            (*_, (_, _, data)) = events(response.iter_lines())
        problem = problem_of(client.post("/summarize", json={"text": TEXT}), 500, "internal")
    assert data == problem
    assert "sand" not in json.dumps(problem)
