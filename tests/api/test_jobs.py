"""Jobs: accepted, followed, found again after a crash, and nobody else's."""

import json
import re
import secrets
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from api_service import TEXT, events, make, process, serving, until

from api.jobs import JobStore, KeyReused, LeaseLost, TooManyJobs
from api.keys import hash_key
from api.orders import Order
from api.settings import ServiceSettings
from api.worker import add_event
from pipeline.cache.store import SqliteStore
from pipeline.core.events import Delta
from pipeline.errors import InputError, ServerDown
from pipeline.testing import ScriptedModel, first_words

LONG = " ".join(f"Sentence {i} tells of sand, water and wind." for i in range(400))
STREAM = {"Accept": "text/event-stream"}


def scripted(**more):
    return ScriptedModel(first_words(20), context=700, **more)


def done(client, job, state="done"):
    def look():
        body = client.get(job).json()
        return body if body["state"] == state else None

    return until(look)


def execute(folder, statement):
    with closing(sqlite3.connect(folder / "jobs.sqlite3", isolation_level=None)) as db:
        return db.execute(statement).fetchall()


def tries(folder):
    return execute(folder, "SELECT tries FROM py_llama_jobs")[0][0]


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path)) as client:
        yield client


def test_a_job_is_accepted_and_done(client):
    accepted = client.post("/jobs", json={"text": LONG, "words": 20})
    assert accepted.status_code == 202
    location = accepted.headers["location"]
    assert location == f"/jobs/{accepted.json()['id']}"
    assert accepted.json()["state"] == "queued"
    job = done(client, location)
    assert job["result"]["summary"]
    assert job["progress"]["done"] == job["progress"]["total"] > 5
    assert job["expires"] - job["finished"] == pytest.approx(24 * 3600)


def test_its_events_resume_where_the_client_was(client):
    location = client.post("/jobs", json={"text": LONG}).headers["location"]
    with client.stream("GET", f"{location}/events") as response:
        seen = list(events(response.iter_lines()))
    assert [int(number) for number, _, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[0][1] == "planned"
    assert seen[-1][1] == "finished"
    assert sum(name == "summarized" for _, name, _ in seen) == seen[0][2]["total"]
    header = {"Last-Event-ID": seen[3][0]}
    with client.stream("GET", f"{location}/events", headers=header) as response:
        assert list(events(response.iter_lines())) == seen[4:]


def test_events_tell_the_tree_the_texts_and_the_words_as_they_come(client):
    location = client.post("/jobs", json={"text": LONG}).headers["location"]
    with client.stream("GET", f"{location}/events") as response:
        seen = [(name, data) for _, name, data in events(response.iter_lines())]
    planned, finished = seen[0][1], seen[-1][1]
    done = [data for name, data in seen if name == "summarized"]
    leaves = [[d["start"], d["end"]] for d in done if d["level"] == 0]
    merges = [[d["level"], d["start"], d["end"]] for d in done if d["level"]]
    assert (sorted(leaves), sorted(merges)) == (planned["leaves"], sorted(planned["merges"]))
    assert "".join(LONG[start:end] for start, end in planned["leaves"]) == LONG
    assert planned["off_topic"] == []
    assert done[-1]["text"] == finished["summary"]
    assert all(d["text"] and d["tokens"] > 0 for d in done)
    times = [planned["at"], *(d["at"] for d in done)]
    assert times == sorted(times)
    drafts = [data["text"] for name, data in seen if name == "delta"]
    assert finished["summary"] in "".join(drafts)


def test_a_text_has_marks_as_a_file_has(client):
    text = f"# Sand\n\n{LONG}\n\n# Water\n\n{LONG}"
    location = client.post("/jobs", json={"text": text}).headers["location"]
    marks = client.get(f"{location}/order").json()["marks"]
    assert [(mark["start"], mark["label"]) for mark in marks] == [
        (0, "Sand"),
        (text.index("# Water"), "Water"),
    ]


def test_a_text_can_be_given_a_name(client):
    accepted = client.post("/jobs", json={"text": TEXT, "name": "Minutes of März"})
    assert accepted.json()["name"] == "Minutes of März"
    assert (
        done(client, accepted.headers["location"])["result"]["input"]["name"] == "Minutes of März"
    )
    for bad in ("", "a\x1b[31m", "x" * 201):
        assert client.post("/jobs", json={"text": TEXT, "name": bad}).status_code == 422


def test_words_that_follow_each_other_are_told_as_one():
    told = []
    for event in (Delta("a", restart=True), Delta("b"), Delta("c"), Delta("d", restart=True)):
        add_event(told, event)
    assert [data for _, data in told] == [
        {"text": "abc", "restart": True},
        {"text": "d", "restart": True},
    ]


def test_a_file_becomes_a_job_and_its_order_can_be_read(client):
    form = {"words": "20", "query": "What of the sand?", "sources": "true"}
    accepted = client.post("/jobs/file", files={"file": ("a/sand.md", TEXT)}, data=form)
    assert accepted.status_code == 202
    location = accepted.headers["location"]
    assert accepted.json()["name"] == "sand.md"
    order = client.get(f"{location}/order").json()
    assert order["text"] == TEXT
    assert (order["name"], order["query"], order["words"]) == ("sand.md", form["query"], 20)
    result = done(client, location)["result"]
    start, end = (result["sentences"][0]["sources"][0][at] for at in ("start", "end"))
    assert order["text"][start:end] in TEXT


def test_a_job_can_be_asked_for_again(client):
    form = {"words": "20", "sources": "true"}
    files = {"file": ("talk.vtt", "WEBVTT\n\n00:01.000 --> 00:04.000\n" + TEXT)}
    first = client.post("/jobs/file", files=files, data=form).headers["location"]
    done(client, first)
    again = client.post(f"{first}/again")
    assert again.status_code == 202
    second = again.headers["location"]
    assert second != first
    assert client.get(f"{second}/order").json() == client.get(f"{first}/order").json()
    assert client.get(f"{second}/order").json()["marks"][0]["label"] == "00:00:01"
    assert done(client, second)["result"]["summary"] == done(client, first)["result"]["summary"]
    assert client.post(f"/jobs/{'0' * 36}/again").status_code == 404


def test_a_job_is_forgotten_with_all_that_is_kept_of_it(tmp_path):
    model = scripted()
    with serving(make(model, tmp_path)) as client:
        ended = client.post("/jobs", json={"text": TEXT}).headers["location"]
        done(client, ended)
        model.delay = lambda call: 60
        running = client.post("/jobs", json={"text": LONG}).headers["location"]
        until(lambda: model.in_flight)
        for location in (ended, running):
            assert client.delete(location, params={"forget": True}).status_code == 204
            for address in (location, f"{location}/order", f"{location}/events"):
                assert client.get(address).status_code == 404
        until(lambda: model.in_flight == 0, 1)
        for table in ("py_llama_jobs", "py_llama_job_events"):
            assert execute(tmp_path, f"SELECT count(*) FROM {table}") == [(0,)]


def test_a_cancelled_job_makes_no_more_calls(tmp_path):
    model = scripted(delay=lambda call: 60)
    with serving(make(model, tmp_path)) as client:
        location = client.post("/jobs", json={"text": LONG}).headers["location"]
        until(lambda: model.in_flight)
        assert client.delete(location).status_code == 204
        until(lambda: model.in_flight == 0, 1)
        assert client.get(location).json()["state"] == "cancelled"
        with client.stream("GET", f"{location}/events") as response:
            assert [name for _, name, _ in events(response.iter_lines())][-1] == "cancelled"
        again = client.delete(location)
        assert (again.status_code, again.json()["type"]) == (409, "urn:py-llama:problem:finished")


def test_the_same_key_makes_one_job(client):
    body, header = {"text": TEXT}, {"Idempotency-Key": '"4711-a"'}

    def send(_):
        return client.post("/jobs", json=body, headers=header).headers["location"]

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(send, range(12)))) == 1
    bare = client.post("/jobs", json=body, headers={"Idempotency-Key": "4711-a"})
    assert bare.status_code == 202
    assert len(client.get("/jobs").json()["jobs"]) == 1
    other = client.post("/jobs", json={"text": LONG}, headers=header)
    assert (other.status_code, other.json()["type"]) == (422, "urn:py-llama:problem:key-reused")
    for bad in ('"', '""', "", "x" * 201, "a b"):
        refused = client.post("/jobs", json=body, headers={"Idempotency-Key": bad})
        assert refused.status_code == 422, bad


def test_a_listing_has_pages(client):
    made = [client.post("/jobs", json={"text": f"{TEXT} {i}"}).json()["id"] for i in range(5)]
    seen, after = [], None
    while True:
        page = client.get("/jobs", params={"limit": 2} | ({"after": after} if after else {})).json()
        seen += [job["id"] for job in page["jobs"]]
        if (after := page["next"]) is None:
            break
    assert seen == made[::-1]


def test_one_client_never_sees_anothers_jobs(tmp_path):
    keys = {"ann": hash_key("a"), "bob": hash_key("b")}
    ann, bob = {"X-API-Key": "a"}, {"X-API-Key": "b"}
    with serving(make(scripted(), tmp_path, api_keys=keys)) as client:
        location = client.post("/jobs", json={"text": TEXT}, headers=ann).headers["location"]
        for call in (client.get, client.delete):
            assert call(location, headers=bob).status_code == 404
        assert client.delete(f"{location}?forget=true", headers=bob).status_code == 404
        for part in ("events", "order"):
            assert client.get(f"{location}/{part}", headers=bob).status_code == 404
        assert client.get("/jobs", headers=bob).json() == {"jobs": [], "next": None}
        header = {"Idempotency-Key": "same"}
        first = client.post("/jobs", json={"text": TEXT}, headers=ann | header)
        second = client.post("/jobs", json={"text": LONG}, headers=bob | header)
        assert first.headers["location"] != second.headers["location"]
        assert client.get(location, headers=ann).status_code == 200


def test_a_client_has_so_many_unfinished_jobs(tmp_path):
    model = scripted(delay=lambda call: 60)
    with serving(make(model, tmp_path, jobs_per_client=2)) as client:
        assert client.post("/jobs", json={"text": TEXT}).status_code == 202
        assert client.post("/jobs", json={"text": TEXT}).status_code == 202
        refused = client.post("/jobs", json={"text": TEXT})
        assert refused.status_code == 429
        assert refused.headers["retry-after"]


def test_a_job_waits_for_its_model_server(tmp_path):
    down = [True]

    def opener(name):
        if down[0]:
            raise ServerDown("nothing answers")
        return scripted()

    with serving(make(None, tmp_path, opener=opener)) as client:
        location = client.post("/jobs", json={"text": TEXT}).headers["location"]
        until(lambda: tries(tmp_path) == 1)
        until(lambda: client.get(location).json()["state"] == "queued")
        ((told,),) = execute(tmp_path, "SELECT data FROM py_llama_job_events")
        waiting = json.loads(told)
        assert waiting["seconds"] == 10
        assert waiting["problem"]["type"] == "urn:py-llama:problem:model-server-down"
        down[0] = False
        execute(tmp_path, "UPDATE py_llama_jobs SET ready = 0")
        assert done(client, location)["result"]["summary"]


def test_a_job_that_cannot_be_done_says_why(client):
    location = client.post("/jobs", json={"text": TEXT, "words": 5000}).headers["location"]
    job = done(client, location, "failed")
    assert job["problem"]["type"] == "urn:py-llama:problem:summary-too-long"
    most = int(re.search(r"at most (\d+) words", job["problem"]["detail"])[1])
    again = client.post(f"{location}/again", json={"words": most}).headers["location"]
    assert done(client, again)["result"]["summary"]
    order = {**client.get(f"{location}/order").json(), "words": most}
    assert client.get(f"{again}/order").json() == order
    assert client.post(f"{location}/again", json={"text": TEXT}).status_code == 422
    refused = client.post("/jobs", json={"text": " "})
    assert refused.status_code == 422


def test_stopping_parks_a_job_and_another_process_goes_on(tmp_path):
    slow, calls = threading.Event(), []

    def delay(call):
        return 60 if slow.is_set() else 0

    model = scripted(delay=delay, concurrency=2)
    with SqliteStore(tmp_path / "calls.sqlite3", warn=calls.append) as store:
        model.delay = lambda call: 60 if len(model.calls) > 5 else 0
        service = make(model, tmp_path, store=store)
        with serving(service) as client:
            location = client.post("/jobs", json={"text": LONG}).headers["location"]
            until(lambda: model.in_flight == 2)
        assert (service.worker.parked, model.in_flight) == (1, 0)
        finished = len(model.calls) - 2
        other = scripted()
        with serving(make(other, tmp_path, store=store)) as client:
            job = done(client, location)
    assert job["result"]["calls"]["cached"] == finished
    planned = job["result"]["calls"]["map"] + job["result"]["calls"]["merge"]
    assert len(other.calls) == planned - finished


def test_stopping_waits_for_what_is_nearly_done(tmp_path):
    model = scripted(delay=lambda call: 0.4)
    service = make(model, tmp_path, grace_seconds=10)
    answers = []
    with serving(service) as client:
        asking = threading.Thread(
            target=lambda: answers.append(client.post("/summarize", json={"text": TEXT}))
        )
        asking.start()
        until(lambda: model.in_flight == 1)
        location = client.post("/jobs", json={"text": TEXT}).headers["location"]
        until(lambda: model.in_flight == 2)
    asking.join()
    assert answers[0].status_code == 200
    assert service.worker.finished == 1
    store = JobStore(service.settings, "later")
    assert store.get("address 127.0.0.1", location.rpartition("/")[2]).state == "done"
    store.close()


def test_a_request_that_is_ended_by_the_stop_is_told(tmp_path):
    model = scripted(delay=lambda call: 60)
    answers = []
    with serving(make(model, tmp_path)) as client:
        asking = threading.Thread(
            target=lambda: answers.append(client.post("/summarize", json={"text": TEXT}))
        )
        asking.start()
        until(lambda: model.in_flight == 1)
    asking.join()
    assert answers[0].json()["type"] == "urn:py-llama:problem:stopping"
    assert answers[0].headers["retry-after"]


@pytest.fixture
def store(tmp_path):
    made = []

    def make_store(owner="one", **changes):
        url = f"sqlite:///{tmp_path / 'jobs.sqlite3'}"
        made.append(JobStore(ServiceSettings(jobs_url=url, **changes), owner))
        return made[-1]

    yield make_store
    for each in made:
        each.close()


def test_a_lease_that_ends_lets_another_process_take_over(store):
    dead, alive = store("dead", lease_seconds=0.2), store("alive", lease_seconds=0.2)
    name = dead.create("ann", Order(TEXT), None, "f").id
    assert [taken.id for taken in dead.lease(5)] == [name]
    assert alive.lease(5) == []
    assert dead.renew({name}) == {name}
    time.sleep(0.25)
    (taken,) = alive.lease(5)
    assert (taken.id, taken.tries, taken.order) == (name, 2, Order(TEXT))
    assert dead.renew({name}) == set()
    with pytest.raises(LeaseLost):
        dead.add_events(name, [("planned", {"done": 0, "total": 3})])
    dead.finish(name, "done", [], result={"from": "the dead"})
    alive.add_events(name, [("planned", {"done": 1, "total": 3})])
    alive.finish(name, "done", [("finished", {})], result={"from": "the living"})
    row = alive.get("ann", name)
    assert (row.state, json.loads(row.result)) == ("done", {"from": "the living"})
    assert [(event.number, event.name) for event in alive.events_after(name, 0)] == [
        (1, "planned"),
        (2, "finished"),
    ]


def test_many_processes_take_each_job_once(store):
    stores = [store(f"process {i}") for i in range(4)]
    made = {stores[0].create("ann", Order(TEXT), None, "f").id for _ in range(40)}

    def take(one):
        found = []
        while taken := one.lease(3):
            found += taken
        return found

    with ThreadPoolExecutor(4) as pool:
        taken = [job.id for found in pool.map(take, stores) for job in found]
    assert sorted(taken) == sorted(made)


def test_finished_jobs_expire_with_their_events(store):
    kept = store(keep_hours=1)
    old = kept.create("ann", Order(TEXT), None, "f").id
    kept.cancel("ann", old)
    assert kept.expire() == 0
    soon = store(keep_hours=1e-9)
    name = soon.create("ann", Order(TEXT), None, "f").id
    soon.cancel("ann", name)
    time.sleep(0.01)
    assert soon.expire() == 1
    assert soon.get("ann", name) is None
    assert soon.events_after(name, 0) == []
    assert soon.get("ann", old) is not None


def test_keys_and_numbers_are_held_by_the_database(store):
    one = store(jobs_per_client=1)
    row = one.create("ann", Order(TEXT), "key", "f")
    assert one.create("ann", Order(TEXT), "key", "f").id == row.id
    with pytest.raises(KeyReused):
        one.create("ann", Order(TEXT), "key", "g")
    with pytest.raises(TooManyJobs):
        one.create("ann", Order(TEXT), None, "f")
    assert one.create("bob", Order(TEXT), "key", "g").id != row.id


def test_a_database_that_fails_is_named_and_not_waited_for(tmp_path):
    service = make(scripted(), tmp_path)
    with serving(service) as client:
        location = client.post("/jobs", json={"text": TEXT}).headers["location"]
        done(client, location)
        execute(tmp_path, "ALTER TABLE py_llama_jobs RENAME TO away")
        for answer in (client.get(location), client.post("/jobs", json={"text": TEXT})):
            assert (answer.status_code, answer.json()["type"]) == (
                503,
                "urn:py-llama:problem:jobs-down",
            )
            assert answer.headers["retry-after"]
        assert "waiting_jobs NaN" in client.get("/metrics").text
        assert client.post("/summarize", json={"text": TEXT}).status_code == 200
        execute(tmp_path, "ALTER TABLE away RENAME TO py_llama_jobs")
        assert client.get(location).json()["state"] == "done"


def test_an_abandoned_job_is_not_kept_by_its_lease(store):
    one = store("one", lease_seconds=0.1)
    name = one.create("ann", Order(TEXT), None, "f").id
    one.lease(1)
    assert one.renew(set()) == set()
    time.sleep(0.15)
    assert [taken.id for taken in one.lease(1)] == [name]


def test_the_texts_are_nobody_elses_business(store, tmp_path):
    store()
    assert (tmp_path / "jobs.sqlite3").stat().st_mode & 0o077 == 0


def test_a_database_that_cannot_be_opened_is_named():
    for url in ("nonsense", "sqlite:////proc/none/jobs.sqlite3"):
        with pytest.raises(InputError, match="jobs_url"):
            JobStore(ServiceSettings(jobs_url=url), "one")


def test_a_killed_process_loses_no_job_and_no_finished_call(simulation, tmp_path):
    """SIGKILL in the middle of running jobs; the next process ends them with the calls missing."""
    simulation.reset()
    settings = {
        "rate_limit": "",
        "jobs": 6,
        "lease_seconds": 1.5,
        "context": 2048,
        "concurrency": 8,
    }
    texts = [
        " ".join(f"Report {job} says {i} in {secrets.token_hex(3)}." for i in range(500))
        for job in range(6)
    ]
    with process(tmp_path, url=simulation.url, **settings) as first:
        places = [
            first.client.post("/jobs", json={"text": text}).headers["location"] for text in texts
        ]
        until(lambda: sum(row["status"] == 200 for row in simulation.requests()) > 12, 30)
        first.running.kill()
        first.running.wait()
    with process(tmp_path, url=simulation.url, **settings) as second:
        results = [done(second.client, place)["result"] for place in places]
    planned = sum(r["calls"]["map"] + r["calls"]["merge"] for r in results)
    assert sum(r["calls"]["cached"] for r in results) >= 12 - 8
    answered = [row["prompt_sha"] for row in simulation.requests() if row["status"] == 200]
    repeated = len(answered) - len(set(answered))
    assert len(set(answered)) >= planned
    assert repeated <= 8  # those that were answered in the moment of the kill
