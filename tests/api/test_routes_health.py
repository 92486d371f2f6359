"""Alive, ready, and which models there are (`api.routes.health`)."""

import pytest
from api_service import WHERE, make, nothing_wrong, problem_of, scripted, serving

from pipeline.errors import ModelMissing


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


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
