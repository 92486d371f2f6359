"""Hostile documents: nothing executes, nothing is fetched, and the service stays as it is.

They are sent to a service in a process of its own, which answers each with a summary of what little
they hold, or with a problem; within seconds, and without taking much memory itself. The processes
that read them may take no more than they are given: `test_sandbox.py`.
"""

import sys
import time
from pathlib import Path

import pytest
from api_service import process
from canary import CANARY_SAYS, listening
from hostile_documents import NAMES, documents
from ollama_server import ScriptedOllama, says

MOST_MEMORY = 500  # MB of the service itself, of which starting it takes 150
SLOW = 30  # seconds, which no answer may take even on a busy machine
PASSWORDS = Path("/etc/passwd")
ADDRESSES = (
    "http://127.0.0.1:{port}/",
    "http://localhost:{port}/",
    "http://LOCALHOST.:{port}/",
    "http://127.1:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/",
    "http://0177.0.0.01:{port}/",
    "http://127.0.0.1.:{port}/",
    "http://127。0。0。1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://[::1]:{port}/",
    "http://[::]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
    "http://[fe80::1%25lo]:{port}/",
    "http://user:pass@127.0.0.1:{port}/",
    "http://example.org@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@example.org/",
    "http://example.org\\@127.0.0.1:{port}/",
    "http:127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
    "http://100.64.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "file:///etc/passwd",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/",
    "data:text/html,hello",
    "javascript:alert(1)",
    "http://",
    "http://[",
    "http://a b/",
    "http://127.0.0.1:99999/",
    "http://\r\nHost: x/",
)


@pytest.fixture(scope="module")
def canary():
    with listening() as (port, asked):
        yield port
        assert asked == []


@pytest.fixture(scope="module")
def client(canary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    settings = {
        "document_seconds": 2,
        "document_mb": 512,
        "max_body": 32 * 2**20,
        "max_characters": 200_000,
        "rate_limit": "",
        "fetch": True,
    }
    with (
        ScriptedOllama(says("Nothing much.")) as ollama,
        process(folder, url=ollama.url, model="ollama:tiny", **settings) as service,
    ):
        yield service.client
        assert service.client.post("/summarize", json={"text": "Still here."}).status_code == 200
        assert most_memory(service.running.pid) < MOST_MEMORY
        assert "Traceback" not in service.log
        prompts = str([request.body for request in ollama.chats])
    assert CANARY_SAYS not in prompts
    if PASSWORDS.exists():
        assert PASSWORDS.read_text().splitlines()[0] not in prompts


def most_memory(pid):
    """The most that a process has held so far, in MB."""
    if sys.platform != "linux":
        return 0
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def check(response):
    if response.status_code != 200:
        assert 400 <= response.status_code < 500
        problem = response.json()
        assert problem["type"].startswith("urn:py-llama:problem:")
        assert "<script" not in response.text


@pytest.mark.parametrize("name", list(documents("")))
def test_hostile_documents(client, canary, name):
    content = documents(f"http://127.0.0.1:{canary}")[name]()
    began = time.monotonic()
    files, data = {"file": ("a.pdf", content)}, {"sources": "true"}
    check(client.post("/summarize/file", files=files, data=data))
    assert time.monotonic() - began < SLOW


def test_what_is_too_large_is_called_that(client):
    content = documents("")["docx: a bomb of words"]()
    response = client.post("/summarize/file", files={"file": ("a.docx", content)})
    assert response.status_code == 413
    assert response.json()["title"] == "The document is too large"


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_hostile_names(client, name):
    response = client.post("/summarize/file", files={"file": (name, b"Rivers carry sand.")})
    assert response.status_code == 200
    shown = response.json()["input"]["name"]
    assert shown.isprintable()
    assert len(shown) <= 200
    assert not {"/", "\\"} & set(shown)


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_that_are_not_public_are_not_asked(client, canary, address):
    form = {"address": address.replace("{port}", str(canary))}
    response = client.post("/summarize/file", files={"no": b""}, data=form)
    check(response)
    assert response.json()["type"].endswith(("unreachable", "invalid"))


def test_there_are_enough_of_them():
    assert len(documents("")) + len(NAMES) >= 50
