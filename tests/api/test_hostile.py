"""Requests that mean no good: each gets its 4xx with problem details, nothing of it is logged."""

import contextlib
import gzip
import io
import json
import socket
import time

import httpx
import pytest
from api_service import make, serving

from api.keys import hash_key
from pipeline.testing import ScriptedModel, first_words

SECRET = "Popocatepetl"
KEY = "right-key"
JSON = {"Content-Type": "application/json"}
BOUNDARY = "----b"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(content, disposition):
    lines = (f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").encode()
    return lines + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def body(**fields):
    return json.dumps({"text": SECRET, **fields}).encode()


BODIES = {  # sent to POST /summarize and to POST /jobs
    "nothing": b"",
    "no end": b'{"text": "' + SECRET.encode(),
    "no JSON": SECRET.encode(),
    "two values": body() + body(),
    "trailing comma": b'{"text": "' + SECRET.encode() + b'",}',
    "single quotes": f"{{'text': '{SECRET}'}}".encode(),
    "a comment": body() + b"// no",
    "bad UTF-8": b'{"text": "' + SECRET.encode() + b'\xff\xfe"}',
    "cut UTF-8": b'{"text": "\xc3"}',
    "overlong UTF-8": b'{"text": "\xc0\xaf"}',
    "lone surrogate": b'{"text": "' + SECRET.encode() + b' \\ud800"}',
    "bare control": b'{"text": "' + SECRET.encode() + b'\x00"}',
    "gzip": gzip.compress(body()),
    "deep list": b"[" * 100_000 + b"]" * 100_000,
    "deep object": b'{"text":' * 50_000 + b"1" + b"}" * 50_000,
    "deep query": b'{"text": "x", "query": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "null": b"null",
    "a string": json.dumps(SECRET).encode(),
    "a list": json.dumps([SECRET]).encode(),
    "a number": b"1e999",
    "a huge number": body(words=1)[:-2] + b"9" * 10_000 + b"}",
    "text is null": b'{"text": null}',
    "text is a number": b'{"text": 1}',
    "text is a list": json.dumps({"text": [SECRET]}).encode(),
    "text is an object": json.dumps({"text": {SECRET: SECRET}}).encode(),
    "text is empty": b'{"text": ""}',
    "text is blank": b'{"text": "\\n \\u2003"}',
    "words is a string": body(words="10"),
    "words is negative": body(words=-1),
    "words is huge": body(words=10**30),
    "words is a fraction": body(words=1.5),
    "words is true": body(words=True),
    "words is no number": b'{"text": "x", "words": NaN}',
    "words is infinite": b'{"text": "x", "words": Infinity}',
    "query is a list": body(query=[SECRET]),
    "query is blank": body(query="  "),
    "query is long": body(query=SECRET * 1000),
    "model is a path": body(model="embedded:/etc/passwd"),
    "model is another": body(model=f"ollama:{SECRET}"),
    "model is an address": body(model="openai:http://169.254.169.254/"),
    "sources is a string": body(sources="yes"),
    "unknown field": body(**{SECRET: 1}),
    "prototype": body(__proto__={"admin": True}),
    "too large": body() + b" " * 40_000,
    "too many characters": json.dumps({"text": f"{SECRET} " * 2000}).encode(),
}
FILES = {  # sent to POST /summarize/file
    "no part": f"--{BOUNDARY}--\r\n".encode(),
    "no end": part(SECRET.encode(), 'name="file"; filename="a.txt"')[:-10],
    "no boundary": SECRET.encode(),
    "no file": part(SECRET.encode(), 'name="text"'),
    "a field as file": part(SECRET.encode(), 'name="file"'),
    "no disposition": f"--{BOUNDARY}\r\n\r\n{SECRET}\r\n--{BOUNDARY}--\r\n".encode(),
    "binary": part(bytes(range(256)), 'name="file"; filename="a.txt"'),
    "not UTF-16": part(b"\xff\xfe\x00\xd8a\x00", 'name="file"; filename="a.txt"'),
    "empty": part(b"", 'name="file"; filename="a.txt"'),
    "blank": part(b" \n", 'name="file"; filename="a.txt"'),
    "PDF": part(b"%PDF-1.7\x00\x01\x02" * 50, 'name="file"; filename="a.pdf"'),
    "a million headers": part(b"x", 'name="file"' + "; a=b" * 6000),
}
PATHS = (
    "/jobs/../../etc/passwd",
    "/jobs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/jobs/%00",
    "/jobs/' OR 1=1 --",
    f"/jobs/{'0' * 36}",
    f"/jobs/{'x' * 5000}",
    "/jobs/%ff%fe",
    "/summarize/",
    "/.env",
    "/docs/../metrics%00",
)
HEADERS = (
    {"Idempotency-Key": "x" * 5000},
    {"Idempotency-Key": '"unfinished'},
    {"Idempotency-Key": "a\tb"},
    {"Idempotency-Key": ""},
    {"Content-Type": "application/xml"},
    {"Content-Type": "text/plain"},
    {"Content-Type": ";;;"},
    {"Content-Type": "multipart/form-data"},
)
GUESSES = (
    {},
    {"X-API-Key": ""},
    {"X-API-Key": "wrong"},
    {"X-API-Key": KEY + " "[:0] + "x"},
    {"X-API-Key": "x" * 8000},
    {"X-API-Key": hash_key(KEY)},
    {"Authorization": KEY},
    {"Authorization": f"Basic {KEY}"},
    {"Authorization": "Bearer"},
    {"Authorization": f"Bearer {hash_key(KEY)}"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Original-URL": "/livez"},
)
RAW = {
    "no HTTP": b"HELLO\r\n\r\n",
    "a space too many": b"GET / summarize HTTP/1.1\r\nHost: a\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "a folded header": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\nY\r\n\r\n",
    "two lengths": b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nab",
    "a negative length": b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "a bad chunk": b"POST /jobs HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "length and chunks": b"POST /jobs HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
    b"Transfer-Encoding: gzip\r\n\r\nabc",
    "an endless header": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000,
    "a control in a header": b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n",
}


class Service:
    """A service that others attack, and its log."""

    def __init__(self, client, log):
        self.client, self.log = client, log

    def check(self, response):
        """A 4xx with problem details, and a process that goes on."""
        assert 400 <= response.status_code < 500, response.status_code
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["type"].startswith("urn:py-llama:problem:")
        assert problem["status"] == response.status_code
        assert SECRET not in response.text
        assert SECRET not in self.log.getvalue()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    model = ScriptedModel(first_words(20), context=700)
    log = io.StringIO()
    settings = {
        "api_keys": {"ann": hash_key(KEY), "bob": hash_key("bob")},
        "guesses": "1000/minute",
        "rate_limit": "",
        "max_body": 400_000,
        "max_characters": 20_000,
        "body_seconds": 0.4,
    }
    made = make(model, tmp_path_factory.mktemp("hostile"), **settings)
    with serving(made, log=log, headers={"X-API-Key": KEY}) as client:
        yield Service(client, log)
        assert client.post("/summarize", json={"text": "Still here."}).status_code == 200
    assert not [call for call in model.calls if SECRET in call.user]


@pytest.mark.parametrize("path", ["/summarize", "/jobs"])
@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies(service, name, path):
    content = BODIES[name] + (b" " * 400_000 if name == "too large" else b"")
    service.check(service.client.post(path, content=content, headers=JSON))


# Starlette leaves the file of a form without an end to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", FILES)
def test_hostile_files(service, name):
    response = service.client.post("/summarize/file", content=FILES[name], headers=MULTIPART)
    service.check(response)


@pytest.mark.parametrize("path", PATHS)
def test_hostile_paths(service, path):
    service.check(service.client.get(path))


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_hostile_headers(service, headers):
    service.check(service.client.post("/jobs", content=body(), headers={**JSON, **headers}))


@pytest.mark.parametrize("headers", GUESSES, ids=lambda headers: str(headers)[:40])
def test_guessed_keys(service, headers):
    response = httpx.post(
        service.client.base_url.join("/summarize"), json={"text": SECRET}, headers=headers
    )
    service.check(response)
    assert response.status_code == 401


def test_other_peoples_jobs(service):
    job = service.client.post("/jobs", json={"text": "Still here."}).headers["location"]
    for method, path in (("GET", job), ("DELETE", job), ("GET", f"{job}/events")):
        response = service.client.request(method, path, headers={"X-API-Key": "bob"})
        service.check(response)
        assert response.status_code == 404
    assert service.client.delete(job).status_code in {204, 409}


@pytest.mark.parametrize("name", RAW)
def test_what_is_no_http(service, name):
    problem_at(service, RAW[name])


def problem_at(service, request):
    """Send bytes; return the status line of the answer, which must be a problem."""
    host, port = service.client.base_url.host, service.client.base_url.port
    with socket.create_connection((host, port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while b"}" not in answer and (piece := connection.recv(65536)):
            answer += piece
    head, _, content = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 4")
    assert b"application/problem+json" in head
    assert json.loads(content)["type"].startswith("urn:py-llama:problem:")
    return head


def test_a_hundred_megabytes_are_not_read(service):
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(1600):
            sent += 65536
            yield SECRET.encode() * (65536 // len(SECRET))

    began = time.monotonic()
    with contextlib.suppress(httpx.WriteError):  # closed while we were still sending
        service.check(service.client.post("/summarize", content=endless(), headers=JSON))
    declared = f"POST /jobs HTTP/1.1\r\nHost: a\r\nX-API-Key: {KEY}\r\nContent-Length: {10**8}"
    assert problem_at(service, f"{declared}\r\n\r\n{{".encode()).startswith(b"HTTP/1.1 413")
    assert sent < 20 * 2**20
    assert time.monotonic() - began < 3


def test_slow_bodies(service):
    host, port = service.client.base_url.host, service.client.base_url.port
    head = (
        f"POST /summarize HTTP/1.1\r\nHost: a\r\nX-API-Key: {KEY}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    slow = [socket.create_connection((host, port), timeout=5) for _ in range(20)]
    for connection in slow:
        connection.sendall(head.encode())
    for connection in slow:
        assert connection.recv(100).startswith(b"HTTP/1.1 408")
        connection.close()


def test_there_are_enough_of_them():
    assert 2 * len(BODIES) + len(FILES) + len(PATHS) + len(HEADERS) + len(GUESSES) + len(RAW) >= 60
