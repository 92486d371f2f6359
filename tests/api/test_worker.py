"""Jobs are run: they wait for their model server, and outlive the process that runs them."""

import json
import secrets
import sqlite3
from contextlib import closing

import pytest
from api_service import TEXT, make, process, scripted, serving, until

from api.worker import add_event
from pipeline.core.events import Delta
from pipeline.errors import ServerDown


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


def test_words_that_follow_each_other_are_told_as_one():
    told = []
    for event in (Delta("a", restart=True), Delta("b"), Delta("c"), Delta("d", restart=True)):
        add_event(told, event)
    assert [data for _, data in told] == [
        {"text": "abc", "restart": True},
        {"text": "d", "restart": True},
    ]


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
