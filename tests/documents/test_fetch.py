"""Addresses of the web: what is fetched for whom."""

import asyncio
import gzip

import httpx
import pytest
from api_service import make, serving
from canary import CANARY_SAYS, listening

from pipeline.documents.fetch import Fetcher, is_public
from pipeline.documents.load import load
from pipeline.errors import TooLarge, Unreachable
from pipeline.testing import ScriptedModel, first_words

PUBLIC = "93.184.216.34"


def fetch(address, answer, names, **more):
    """Fetch for a stranger; `names` are those of a made-up web, `answer` is its server."""
    asked = []

    async def look_up(host, port):
        found = names[host]
        return found.pop(0) if found and isinstance(found[0], list) else found

    def handle(request):
        asked.append((request.url.host, request.headers["host"]))
        return answer(request)

    fetcher = Fetcher(public=True, look_up=look_up, transport=httpx.MockTransport(handle), **more)
    return asyncio.run(fetcher.fetch(address)), asked


def says_hello(request):
    return httpx.Response(200, content=b"hello")


def test_a_public_address_is_asked_at_the_ip_address_that_was_checked():
    names = {"example.org": [[PUBLIC], ["127.0.0.1"]]}  # the second time it stands for this machine
    data, asked = fetch("http://example.org:8080/a", says_hello, names)
    assert data == b"hello"
    assert asked == [(PUBLIC, "example.org:8080")]


def test_the_certificate_is_that_of_the_name():
    seen = []

    def answer(request):
        seen.append(request.extensions["sni_hostname"])
        return says_hello(request)

    fetch("https://example.org/", answer, {"example.org": [PUBLIC]})
    assert seen == ["example.org"]


@pytest.mark.parametrize("found", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], []])
def test_a_name_that_stands_for_anything_else_is_refused(found):
    with pytest.raises(Unreachable, match="is not a public address"):
        fetch("http://example.org/", says_hello, {"example.org": found})


@pytest.mark.parametrize(
    "target", ["http://inside/", "http://user@example.org/", "//inside/", "file:///etc/passwd"]
)
def test_redirects_are_checked(target):
    def answer(request):
        return httpx.Response(302, headers={"Location": target})

    names = {"example.org": [PUBLIC], "inside": ["192.168.0.1"]}
    with pytest.raises(Unreachable):
        fetch("http://example.org/", answer, names)


def test_redirects_are_followed_but_not_for_ever():
    def answer(request):
        if request.url.path == "/end":
            return says_hello(request)
        return httpx.Response(
            302, headers={"Location": "/end" if request.url.path == "/a" else "/b"}
        )

    assert fetch("http://example.org/a", answer, {"example.org": [PUBLIC]})[0] == b"hello"
    with pytest.raises(Unreachable, match="redirects more than"):
        fetch("http://example.org/b", answer, {"example.org": [PUBLIC]})


def test_no_more_is_taken_than_may_be():
    def bomb(request):
        content = gzip.compress(bytes(10**7))
        return httpx.Response(200, content=content, headers={"Content-Encoding": "gzip"})

    with pytest.raises(TooLarge, match="more than 1 MB"):
        fetch("http://example.org/", bomb, {"example.org": [PUBLIC]}, most=2**20)


def test_an_error_is_not_a_document():
    def missing(request):
        return httpx.Response(404, content=b"<html>Not found</html>")

    with pytest.raises(Unreachable, match="answers with the error 404"):
        fetch("http://example.org/", missing, {"example.org": [PUBLIC]})


def test_who_does_not_answer_is_not_waited_for():
    async def silent(request):
        await asyncio.sleep(60)

    async def look_up(host, port):
        return [PUBLIC]

    fetcher = Fetcher(
        public=True, seconds=0.2, look_up=look_up, transport=httpx.MockTransport(silent)
    )
    with pytest.raises(Unreachable, match=r"no whole answer in 0\.2 s"):
        asyncio.run(fetcher.fetch("http://example.org/"))


def test_people_fetch_from_their_own_machine_what_they_like():
    with listening() as (port, asked):
        assert load(f"http://127.0.0.1:{port}/a.html").text == CANARY_SAYS
    assert asked == ["/a.html"]


def test_what_does_not_exist_is_said():
    with pytest.raises(Unreachable, match="does not answer"):
        load("http://127.0.0.1:9/")
    with pytest.raises(Unreachable, match="is no address"):
        load("http://")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_what_is_public(address):
    assert is_public(address)


def test_a_service_fetches_nothing_unless_it_is_told_to(tmp_path):
    with (
        listening() as (port, asked),
        serving(make(ScriptedModel(first_words(5)), tmp_path)) as client,
    ):
        form = {"address": f"http://127.0.0.1:{port}/"}
        response = client.post("/summarize/file", files={"no": b""}, data=form)
    assert response.json()["detail"] == "This service fetches no addresses; send the file."
    assert asked == []
