"""How a service stops: it parks jobs, waits for what is nearly done, and tells what it ends."""

import threading

import pytest
from api_service import LONG, TEXT, make, scripted, serving, until

from api.jobs import JobStore
from api.settings import ServiceSettings
from pipeline.cache.sqlite import SqliteStore


def done(client, job, state="done"):
    def look():
        body = client.get(job).json()
        return body if body["state"] == state else None

    return until(look)


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path)) as client:
        yield client


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
