"""Models are opened once, checked seldom, shared fairly between runs; `api.offers` names them."""

import threading

import pytest
from api_service import LONG, TEXT, make, problem_of, scripted, serving, until

from pipeline.errors import ServerDown


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


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
