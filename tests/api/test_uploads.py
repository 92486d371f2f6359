"""Files that are sent."""

import pytest
from api_service import STREAM, TEXT, events, make, problem_of, scripted, serving


@pytest.fixture
def client(tmp_path):
    with serving(make(scripted(), tmp_path, models=("other",))) as client:
        yield client


def test_files(client):
    files = {"file": ("../../etc/pass\x00wd.md", f"# Sand\n\n{TEXT}".encode())}
    response = client.post("/summarize/file", files=files, data={"words": "9"})
    assert response.status_code == 200
    name = response.json()["input"]["name"]
    assert "/" not in name
    assert "\x00" not in name
    with client.stream("POST", "/summarize/file", files=files, headers=STREAM) as response:
        assert [name for _, name, _ in events(response.iter_lines())][-1] == "finished"
    for content in (b"\x89PNG\r\n\x1a\n" + bytes(40), bytes(range(256))):
        refused = client.post("/summarize/file", files={"file": ("a.bin", content)})
        problem_of(refused, 415, "unsupported-media-type")
    problem_of(client.post("/summarize/file", files={"file": ("a", b" \n")}), 422, "blank")
