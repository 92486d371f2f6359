"""The service over real HTTP: answers, streams, refusals."""

import json
import shutil
import subprocess
import threading
import time

import httpx
import pytest
from api_service import TEXT, WHERE, events, make, nothing_wrong, process, serving, until

from api.keys import hash_key
from api.server import check_language, check_safety
from api.settings import ServiceSettings
from eval.bench.simulation import SIMULATOR, simulated
from pipeline.cli import run
from pipeline.errors import InputError, ModelMissing, ServerDown
from pipeline.settings import Settings
from pipeline.testing import ScriptedModel, first_words

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


def test_the_options_reach_the_model(tmp_path):
    model = scripted()
    with serving(make(model, tmp_path, models=("other",))) as client:
        body = {"text": TEXT, "query": "What does wind do?", "words": 12, "model": "other"}
        assert client.post("/summarize", json=body).status_code == 200
    prompt = model.calls[0].system + model.calls[0].user
    assert "What does wind do?" in prompt
    assert "12 words" in prompt


@pytest.mark.parametrize("language", ["de", "German"])
def test_the_language_that_is_asked_for_is_in_the_prompt(tmp_path, language):
    model = scripted()
    with serving(make(model, tmp_path)) as client:
        body = client.post("/summarize", json={"text": TEXT, "language": language}).json()
        form = client.post(
            "/summarize/file", files={"file": ("a.txt", TEXT)}, data={"language": language}
        ).json()
    assert body["language"]["asked"] == form["language"]["asked"] == "de"
    assert all(call.user.endswith(", in German.") for call in model.calls)


def test_sentences_of_the_text_are_in_its_own_language_alone(tmp_path):
    extractive = make(scripted(), tmp_path, summaries={"strategy": "extractive"})
    with serving(extractive) as client:
        refused = client.post("/summarize", json={"text": LONG, "language": "de"})
        assert "language" in problem_of(refused, 422, "invalid")["detail"]
        body = client.post("/summarize", json={"text": LONG, "language": "en"}).json()
    assert body["language"]["summary"] == "en"


def test_a_language_of_the_settings_is_not_taken_for_a_blank_text(tmp_path):
    both = {"strategy": "extractive", "language": "de"}
    with serving(make(scripted(), tmp_path, summaries=both)) as client:
        problem_of(client.post("/summarize", json={"text": LONG}), 422, "invalid")


def test_it_does_not_start_with_a_language_that_it_cannot_write():
    with pytest.raises(InputError, match="leave one of the two out"):
        check_language(Settings(strategy="extractive", language="de"))
    check_language(Settings(language="de"))
    check_language(Settings(strategy="extractive"))


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


def test_sources_are_traced_where_they_are_asked_for(client):
    plain = client.post("/summarize", json={"text": LONG}).json()
    assert "sentences" not in plain
    found = client.post("/summarize", json={"text": LONG, "sources": True}).json()
    assert found["sentences"][0]["sources"][0]["score"] > 0
    assert found["coverage"]["chunks"] == found["calls"]["map"]
    with client.stream(
        "POST", "/summarize", json={"text": LONG, "sources": True}, headers=STREAM
    ) as response:
        *_, (_, _, finished) = events(response.iter_lines())
    assert finished["sentences"] == found["sentences"]


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


def test_a_stream_of_a_dying_run_says_no_more_than_that(tmp_path):
    def broken(call):
        raise RuntimeError(f"cannot stand {call.user}")

    with serving(make(ScriptedModel(broken), tmp_path)) as client:
        with client.stream("POST", "/summarize", json={"text": TEXT}, headers=STREAM) as response:
            (*_, (_, _, data)) = events(response.iter_lines())
        problem = problem_of(client.post("/summarize", json={"text": TEXT}), 500, "internal")
    assert data == problem
    assert "sand" not in json.dumps(problem)


def test_files(client):
    files = {"file": ("../../etc/pass\x00wd.md", f"# Sand\n\n{TEXT}".encode())}
    response = client.post("/summarize/file", files=files, data={"words": "9"})
    assert response.status_code == 200
    name = response.json()["input"]["name"]
    assert "/" not in name
    assert "\x00" not in name
    with client.stream("POST", "/summarize/file", files=files, headers=STREAM) as response:
        assert [name for _, name, _ in events(response.iter_lines())][-1] == "finished"
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(range(256))):
        refused = client.post("/summarize/file", files={"file": ("a.bin", content)})
        problem_of(refused, 415, "unsupported-media-type")
    problem_of(client.post("/summarize/file", files={"file": ("a", b" \n")}), 422, "blank")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"text": "   "}, 422, "blank"),
        ({"text": TEXT, "query": "  "}, 422, "blank"),
        ({"text": TEXT, "model": "ollama:else"}, 422, "model-not-offered"),
        ({"text": TEXT, "words": 5000}, 422, "summary-too-long"),
        ({"text": TEXT, "words": 0}, 422, "invalid"),
        ({"text": TEXT, "words": "12"}, 422, "invalid"),
        ({"text": TEXT, "language": "Klingon"}, 422, "invalid"),
        ({"text": TEXT, "hidden": 1}, 422, "invalid"),
        ({"text": [TEXT]}, 422, "invalid"),
        ([TEXT], 422, "invalid"),
        ({}, 422, "invalid"),
    ],
)
def test_what_cannot_be_done_is_refused(client, body, status, kind):
    response = client.post("/summarize", json=body)
    problem = problem_of(response, status, kind)
    assert "sand" not in response.text
    assert "hidden" not in response.text
    assert bool(problem["errors"]) == (kind == "invalid")


def test_every_error_of_the_framework_has_problem_details(client):
    problem_of(client.get("/nowhere"), 404, "not-found")
    problem_of(client.put("/summarize"), 405, "method-not-allowed")
    json_type = {"Content-Type": "application/json"}
    broken = client.post("/summarize", content=b'{"text": ', headers=json_type)
    problem_of(broken, 400, "malformed")
    problem_of(client.post("/summarize", content=b"text"), 415, "unsupported-media-type")


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


def test_a_full_line_refuses_and_says_when_to_come_back(tmp_path):
    free = threading.Event()
    model = scripted(delay=lambda call: 0 if free.is_set() else 0.3)
    with serving(make(model, tmp_path, runs=1, waiting=1)) as client:
        answers = []

        def ask():
            answers.append(client.post("/summarize", json={"text": TEXT}))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [answer for answer in answers if answer.status_code == 429]
        assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
        for answer in refused:
            problem_of(answer, 429, "busy")
            assert int(answer.headers["retry-after"]) > 0
            assert "/jobs" in answer.json()["detail"]


def test_a_request_that_takes_too_long_is_sent_to_jobs(tmp_path):
    model = scripted(delay=lambda call: 60)
    with serving(make(model, tmp_path, request_seconds=0.2)) as client:
        response = client.post("/summarize", json={"text": TEXT})
    problem = problem_of(response, 503, "too-slow")
    assert "/jobs" in problem["detail"]
    assert "</jobs>" in response.headers["link"]
    assert response.headers["retry-after"]
    assert model.in_flight == 0


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


def test_it_does_not_listen_to_strangers_by_accident():
    for host in ("0.0.0.0", "::", "example.org", "192.168.1.2"):
        with pytest.raises(InputError, match="--new-key"):
            check_safety(ServiceSettings(host=host))
        check_safety(ServiceSettings(host=host, insecure=True))
        check_safety(ServiceSettings(host=host, api_keys={"ann": hash_key("a")}))
    for host in ("127.0.0.1", "::1", "localhost"):
        check_safety(ServiceSettings(host=host))


def test_a_key_is_made_on_the_command_line(capsys):
    assert run(["serve", "--new-key", "ann"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f'ann = "{hash_key(lines[1].strip())}"'


def test_health(tmp_path):
    def missing(name):
        raise ModelMissing("http://host does not have it")

    with serving(make(scripted(), tmp_path, probe=missing)) as client:
        assert client.get("/livez").json() == {"status": "live"}
        problem = problem_of(client.get("/readyz"), 503, "model-missing")
        assert WHERE in problem["detail"]
        assert client.get("/models").json()["models"][0]["problem"] == problem
    with serving(make(scripted(), tmp_path, probe=nothing_wrong)) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        assert client.get("/models").json()["models"] == [
            {
                "name": "scripted",
                "default": True,
                "model": "scripted",
                "context": 700,
                "problem": None,
                "command": None,
            }
        ]


def test_the_model_server_is_not_asked_for_every_check(tmp_path):
    asked = []
    with serving(make(scripted(), tmp_path, probe=asked.append)) as client:
        for _ in range(20):
            assert client.get("/readyz").status_code == 200
    assert 1 <= len(asked) <= 3


def test_a_model_that_cannot_be_opened_is_tried_again(tmp_path):
    tries = []

    def open_late(name):
        tries.append(name)
        if len(tries) == 1:
            raise ServerDown("nothing answers")
        return scripted()

    with serving(make(None, tmp_path, opener=open_late)) as client:
        refused = client.post("/summarize", json={"text": TEXT})
        problem_of(refused, 503, "model-server-down")
        assert int(refused.headers["retry-after"]) > 0
        assert client.post("/summarize", json={"text": TEXT}).status_code == 200


def test_metrics_count_what_happened(client):
    client.post("/summarize", json={"text": LONG})
    text = client.get("/metrics").text
    assert 'py_llama_requests_total{method="POST",route="/summarize",status="200"} 1.0' in text
    assert 'py_llama_runs_total{end="done",kind="request"} 1.0' in text
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values['py_llama_calls_total{end="answered",model="scripted"}']) > 2
    assert float(values['py_llama_tokens_total{kind="prompt",model="scripted"}']) > 1000
    for stage in ("wait", "plan", "slot", "call", "run"):
        assert float(values[f'py_llama_stage_seconds_count{{stage="{stage}"}}']) >= 1
    for name in ("waiting_requests", "waiting_calls", "cache_hits_total", "retries_total"):
        assert f"py_llama_{name}" in values


def test_a_request_id_comes_back(client):
    assert (
        client.get("/livez", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    )
    for bad in ("a b", "x" * 65, '"{}'):
        given = client.get("/livez", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert given != bad
        assert len(given) == 32


def test_a_short_text_is_not_starved_by_a_long_one(tmp_path):
    model = scripted(delay=lambda call: 0.02, concurrency=2)
    huge = LONG * 12
    with serving(make(model, tmp_path, request_seconds=60)) as client:
        long_run = threading.Thread(
            target=client.post, args=("/summarize",), kwargs={"json": {"text": huge}}
        )
        long_run.start()
        until(lambda: model.in_flight == 2)
        assert client.post("/summarize", json={"text": TEXT}).status_code == 200
        assert long_run.is_alive()
        long_run.join()
    assert len(model.calls) > 80


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
