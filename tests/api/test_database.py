"""The jobs' database: private, and named where it fails or cannot be opened."""

import sqlite3
from contextlib import closing

import pytest
from api_service import TEXT, make, scripted, serving, until

from api.jobs import JobStore
from api.settings import ServiceSettings
from pipeline.errors import InputError


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


def test_the_texts_are_nobody_elses_business(store, tmp_path):
    store()
    assert (tmp_path / "jobs.sqlite3").stat().st_mode & 0o077 == 0


def test_a_database_that_cannot_be_opened_is_named():
    for url in ("nonsense", "sqlite:////proc/none/jobs.sqlite3"):
        with pytest.raises(InputError, match="jobs_url"):
            JobStore(ServiceSettings(jobs_url=url), "one")
