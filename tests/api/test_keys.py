"""API keys: only their hashes are kept, and which one opens is told from the headers."""

import pytest

from api.keys import KeyRing, hash_key, is_loopback, new_key


@pytest.mark.parametrize(
    ("headers", "owner"),
    [
        ({"authorization": "Bearer a"}, "ann"),
        ({"authorization": "bearer  a "}, "ann"),
        ({"x-api-key": "b"}, "bob"),
        ({"authorization": "Basic a"}, None),
        ({"x-api-key": hash_key("a")}, None),  # who has read the settings has no key
        ({"authorization": "Bearer ", "x-api-key": "a"}, None),  # one header counts, not both
        ({}, None),
    ],
)
def test_the_owner_of_a_key(headers, owner):
    ring = KeyRing({"ann": hash_key("a"), "bob": hash_key("b")})
    assert ring
    assert ring.owner(headers) == owner


def test_no_keys_are_no_ring():
    assert not KeyRing({})
    assert new_key() != new_key()


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("[::1]", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.168.0.1", False), ("localhost.org", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches(host, loopback):
    assert is_loopback(host) == loopback
