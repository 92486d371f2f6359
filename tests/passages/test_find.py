"""Finding passages, whichever kind of text it is; and `pipeline.passages.passage`."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.find import find
from pipeline.passages.kind import kind_of
from pipeline.text.terms import count_words

GOLDEN = Path(__file__).parents[1] / "golden"
TEXTS = {
    "meeting": (GOLDEN / "meeting.txt").read_text("utf-8"),
    "prose": (GOLDEN / "compost.txt").read_text("utf-8"),
    "story": STORY,
}


@pytest.mark.parametrize(("kind", "text"), TEXTS.items(), ids=list(TEXTS))
def test_passages_are_of_the_kind_of_their_text_and_in_its_order(kind, text):
    found = find(text, 80)
    assert kind_of(text) == kind
    assert found
    assert {one.kind for one in found} == {kind}
    assert all(one.start <= other.start for one, other in pairwise(found))
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert sum(count_words(one.text) for one in found) <= 1.1 * 80


@given(st.text(max_size=400), st.integers(1, 200))
@settings(max_examples=60)
def test_any_text_at_all(text, words):
    for one in find(text, words):
        assert one.text.strip()
        assert 0 <= one.start <= one.end <= len(text)
