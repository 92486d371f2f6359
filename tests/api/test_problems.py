"""Every error is answered with problem details that repeat nothing of what was sent."""

import pytest
from api_service import TEXT, make, problem_of, scripted, serving


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


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
