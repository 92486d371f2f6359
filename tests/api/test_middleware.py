"""Request ids, API keys, rate limits and bounds on bodies, over real HTTP."""

import time

import pytest
from api_service import make, problem_of, scripted, serving

from api.keys import hash_key


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


def test_bodies_are_bounded_in_size_and_time(tmp_path):
    settings = {"max_body": 1000, "max_characters": 500, "body_seconds": 0.3}
    with serving(make(scripted(), tmp_path, **settings)) as client:
        problem_of(client.post("/summarize", json={"text": "x" * 1000}), 413, "body-too-large")
        problem_of(client.post("/summarize", json={"text": "x" * 600}), 413, "text-too-long")

        def endless():
            for _ in range(100):
                yield b"x" * 100

        problem_of(client.post("/summarize", content=endless()), 413, "body-too-large")

        def slow():
            yield b'{"text": "'
            time.sleep(0.6)

        problem_of(client.post("/summarize", content=slow()), 408, "body-too-slow")
        assert client.get("/livez").status_code == 200


def test_rates_are_limited_for_each_client(tmp_path):
    keys = {"ann": hash_key("a"), "bob": hash_key("b")}
    with serving(make(scripted(), tmp_path, rate_limit="3/minute", api_keys=keys)) as client:
        answers = [client.get("/models", headers={"X-API-Key": "a"}) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[0].headers["ratelimit-policy"] == '"client";q=3;w=60'
        assert answers[0].headers["ratelimit"].startswith('"client";r=2;t=')
        problem_of(answers[3], 429, "rate-limited")
        assert int(answers[3].headers["retry-after"]) > 0
        assert client.get("/models", headers={"X-API-Key": "b"}).status_code == 200


def test_keys_open_and_guessing_ends(tmp_path):
    settings = {"api_keys": {"ann": hash_key("a")}, "guesses": "3/minute"}
    with serving(make(scripted(), tmp_path, **settings)) as client:
        assert client.get("/livez").status_code == 200
        assert client.get("/models", headers={"Authorization": "Bearer a"}).status_code == 200
        assert client.get("/models", headers={"x-api-key": "a"}).status_code == 200
        refused = client.get("/models")
        problem_of(refused, 401, "unauthorized")
        assert refused.headers["www-authenticate"] == "Bearer"
        for guess in ("b", "ä".encode()):
            problem_of(client.get("/nowhere", headers={"x-api-key": guess}), 401, "unauthorized")
        problem_of(client.get("/models", headers={"x-api-key": "c"}), 429, "rate-limited")


def test_a_request_id_comes_back(client):
    assert (
        client.get("/livez", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    )
    for bad in ("a b", "x" * 65, '"{}'):
        given = client.get("/livez", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert given != bad
        assert len(given) == 32
