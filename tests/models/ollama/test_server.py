"""What an address of an Ollama server means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ollama._client import _parse_host as ollamas_own_parse_host

from pipeline.errors import (
    InputError,
)
from pipeline.models.ollama.server import parse_host

NAMES = st.sampled_from(
    ["", "1.2.3.4", "example.com", "EXAMPLE.com", "localhost", "[::1]", "[0001:002:003:0004::1]"]
)
PORTS = st.sampled_from(["", ":1", ":80", ":443", ":11434", ":56789", ":"])
PATHS = st.sampled_from(["", "/", "/path", "/path/", "/a/b", "/a//"])


@given(st.sampled_from(["", "http://", "https://"]), NAMES, PORTS, PATHS)
def test_an_address_means_what_it_means_to_ollama(scheme, name, port, path):
    text = f"{scheme}{name}{port}{path}"
    if text not in ("http://", "https://"):  # which Ollama's own client misreads
        assert parse_host(text) == ollamas_own_parse_host(text)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (None, "http://127.0.0.1:11434"),
        ("  '10.0.0.1' ", "http://10.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("http://[::]", "http://[::1]:80"),
        ("::1", "http://[::1]:11434"),
        ("fe80::1", "http://[fe80::1]:11434"),
        ("https://me:secret@example.com/ollama/", "https://me:secret@example.com:443/ollama"),
        ("me:secret@example.com", "http://me:secret@example.com:11434"),
        ("HTTPS://example.com", "https://example.com:443"),
    ],
)
def test_an_address_that_ollamas_client_leaves_open(given, meant):
    assert parse_host(given) == meant


@pytest.mark.parametrize(
    "bad", ["ftp://example.com", "example.com:http", "h:99999", "a\0b", "[::1"]
)
def test_what_is_no_address_is_refused(bad):
    with pytest.raises(InputError, match="HOST:PORT"):
        parse_host(bad)
