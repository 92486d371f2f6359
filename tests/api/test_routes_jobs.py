"""Jobs over real HTTP: accepted, followed, listed, deleted (`api.routes.jobs`)."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from api_service import LONG, TEXT, events, make, scripted, serving, until

from api.keys import hash_key


def done(client, job, state="done"):
    def look():
        body = client.get(job).json()
        return body if body["state"] == state else None

    return until(look)


def execute(folder, statement):
    with closing(sqlite3.connect(folder / "jobs.sqlite3", isolation_level=None)) as db:
        return db.execute(statement).fetchall()


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
