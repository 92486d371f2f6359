"""The queue of requests, over real HTTP."""

import threading

import pytest
from api_service import TEXT, make, problem_of, scripted, serving


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


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
