"""Texts and times as people are shown them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.display import one_line, spell_seconds


def test_what_a_server_says_fits_on_a_line():
    assert one_line("a\nb\t c") == "a b c"
    assert len(one_line("x" * 1000)) == 300


@given(st.text(max_size=500))
def test_any_text_becomes_one_line_of_bounded_length(text):
    line = one_line(text)
    assert len(line) <= min(300, len(text))
    assert len(line.splitlines()) <= 1


def test_what_is_no_text_is_shown_all_the_same():
    assert one_line(ValueError("no\nroom")) == "no room"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (45, "45 s"),
        (99.4, "99 s"),
        (99.5, "2 min"),
        (12 * 60, "12 min"),
        (99 * 60, "99 min"),
        (100 * 60, "1 h 40 min"),
        (3 * 3600 + 20 * 60, "3 h 20 min"),
        (26 * 3600 + 60, "26 h 01 min"),
    ],
)
def test_a_duration_is_spelled_as_people_say_it(seconds, said):
    assert spell_seconds(seconds) == said
