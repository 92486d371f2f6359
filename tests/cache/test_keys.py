"""What a key covers."""

import json
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cache.keys import call_key, derived_key


def model(**changes):
    return SimpleNamespace(**({"name": "a:b", "digest": "d1", "options": {"seed": 0}} | changes))


def test_a_key_names_everything_that_can_change_the_answer():
    calls = [
        (model(), 1, "system", "user", 100),
        (model(digest="d2"), 1, "system", "user", 100),
        (model(digest=""), 1, "system", "user", 100),
        (model(digest="", name="a:c"), 1, "system", "user", 100),
        (model(options={"seed": 1}), 1, "system", "user", 100),
        (model(options={"seed": 0, "top_k": 1}), 1, "system", "user", 100),
        (model(), 2, "system", "user", 100),
        (model(), 1, "systemu", "ser", 100),
        (model(), 1, "system", "user\ud800", 100),
        (model(), 1, "system", "user", 101),
    ]
    assert len({call_key(*call) for call in calls}) == len(calls)


def test_a_key_does_not_hang_on_a_name_or_on_the_order_of_options():
    options = {"seed": 0, "top_k": 1}
    turned = dict(reversed(options.items()))
    one = call_key(model(options=options), 1, "s", "u", 9)
    assert one == call_key(model(name="a:renamed", options=turned), 1, "s", "u", 9)
    assert len(one) == 64
    assert int(one, 16)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.tuples(st.text(), st.lists(json_values, max_size=3)), min_size=2, max_size=2))
def test_texts_made_from_other_things_have_other_keys(made):
    one, two = made
    assert (derived_key(one[0], *one[1]) == derived_key(two[0], *two[1])) == (
        json.dumps(one) == json.dumps(two)
    )


def test_keys_stay_the_same_from_version_to_version():
    """Whoever changes one loses all that is in the caches of users; raise KEY_VERSION then."""
    assert call_key(model(), "1", "system", "user", 100) == (
        "6573d9bda6ee2e08ebe9bc4aa335ca0eee62c09e5ad5dc071a2a824f5ec9a147"
    )
    assert derived_key("fit", "text", 100) == (
        "derived-a28bcd50d7124fe9b7fb568ff1673636db62b19d4ff786d0da671c4d5c67e566"
    )
