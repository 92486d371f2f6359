"""Orders are carried out as they say.

They are sent as `api.orders` and `api.schemas` have it.
"""

import pytest
from api_service import LONG, STREAM, TEXT, events, make, problem_of, scripted, serving


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


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
