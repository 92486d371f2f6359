"""The prompts: what varies comes last, and their cost can be known before a text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.prompts import (
    SEPARATOR,
    Prompt,
    final_prompt,
    join_sources,
    map_prompt,
    merge_prompt,
)

QUERY = "What did the council decide?"
FORMS = {
    "map": map_prompt,
    "merge": merge_prompt,
    "final": lambda source, query: final_prompt(source, 150, query, merged=False),
    "final of merged": lambda source, query: final_prompt(source, 150, query, merged=True),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_query = pytest.mark.parametrize("query", [None, QUERY])


@every_form
@every_query
def test_only_the_closing_line_follows_the_source(form, query) -> None:
    prompt = form("SOURCE", query)
    closing = prompt.user.partition("SOURCE")[2]
    assert closing.startswith("\n\n")
    assert "\n" not in closing.strip()
    assert (QUERY in closing) == (query is not None)


@every_form
@every_query
def test_nothing_before_the_source_varies(form, query) -> None:
    prompt, plain = form("SOURCE", query), map_prompt("SOURCE", None)
    assert prompt.system == plain.system
    assert prompt.user.partition("SOURCE")[0] == plain.user.partition("SOURCE")[0]


@every_form
@given(source=st.text(max_size=60))
def test_the_source_is_in_the_prompt_as_it_is(form, source) -> None:
    empty, full = form("", None), form(source, None)
    head, tail = map_prompt("\0", None).user.split("\0")[0], empty.user
    assert full.user.startswith(head + source)
    assert len(full.user) == len(tail) + len(source)


def test_the_final_prompt_says_how_many_words() -> None:
    assert "80 words" in final_prompt("Text.", 80, None, merged=False).user


@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=5), min_size=1, max_size=6))
def test_joining_costs_one_separator_between_two(texts) -> None:
    joined = join_sources(texts)
    assert joined == SEPARATOR.join(texts)
    assert len(joined) == sum(map(len, texts)) + len(SEPARATOR) * (len(texts) - 1)


def test_a_prompt_can_be_unpacked_into_a_call() -> None:
    system, user = Prompt("task", "text")
    assert (system, user) == ("task", "text")
