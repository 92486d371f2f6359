"""What a browser is told with every answer, and that no key is needed to see the page."""

import re

import pytest
from api_service import make, serving

from api.keys import hash_key
from api.site import PAGE, SWAGGER
from pipeline.testing import ScriptedModel, first_words

PARTS = sorted(path.name for path in PAGE.iterdir())
OURS = [name for name in PARTS if name.endswith((".html", ".js", ".css"))]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    model = ScriptedModel(first_words(20), context=700)
    folder = tmp_path_factory.mktemp("site")
    with serving(make(model, folder, api_keys={"ann": hash_key("a")})) as client:
        yield client


def policy(answer):
    parts = answer.headers["content-security-policy"].split("; ")
    return {name: values for name, *values in map(str.split, parts)}


def test_the_page_may_do_nothing_but_run_its_own_scripts_and_ask_this_service(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert policy(answer) == {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "connect-src": ["'self'"],
        "img-src": ["'self'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }


@pytest.mark.parametrize("path", ["/livez", "/jobs", "/nowhere", "/openapi.json"])
def test_answers_that_are_no_page_may_do_nothing(client, path):
    answer = client.get(path)
    assert policy(answer)["default-src"] == ["'none'"]
    assert "script-src" not in policy(answer)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", PARTS)
def test_every_part_of_the_page_is_served_without_a_key(client, name):
    answer = client.get(f"/{name}")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    again = client.get(f"/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name", [name for name in PARTS if name.endswith((".html", ".js", ".css"))]
)
def test_the_page_names_no_other_host_and_sets_no_text_as_html(name):
    text = (PAGE / name).read_text(encoding="utf-8")
    assert not re.search(r"""["'(=]\s*(https?:)?//(?!www\.w3\.org/2000/svg)""", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"""<script(?![^>]*\bsrc=)|<style|\son\w+="|\sstyle=""", text)


def test_the_description_needs_no_other_host(client):
    answer = client.get("/docs")
    assert "'unsafe-inline'" not in policy(answer)["script-src"]
    assert "//" not in answer.text
    for name in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert client.get(f"/docs/{name}").content == (SWAGGER / name).read_bytes()
