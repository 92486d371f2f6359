"""The prompts: what varies comes last, and their cost can be known before a text is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.prompts import FORMS, SEPARATOR, Form, Prompt, Wording, join_sources
from pipeline.errors import InputError
from pipeline.text.unicode import visible

QUERY = "What did the council decide?"
ASKED = {
    "partial": lambda wording, source: wording.partial(source),
    "final": lambda wording, source: wording.final(source, 150),
}
every_form = pytest.mark.parametrize("form", FORMS)
every_ask = pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
every_query = pytest.mark.parametrize("query", [None, QUERY])


@every_form
@every_ask
@every_query
def test_only_the_closing_line_follows_the_source(form, ask, query) -> None:
    prompt = ask(Wording(form, query), "SOURCE")
    after = prompt.user.partition("SOURCE")[2].removeprefix(FORMS[form].after)
    assert "\n" not in after
    assert (QUERY in after) == (query is not None)


@every_form
@every_ask
@every_query
def test_nothing_before_the_source_varies(form, ask, query) -> None:
    prompt, plain = ask(Wording(form, query), "SOURCE"), Wording(form).partial("SOURCE")
    assert prompt.system == plain.system
    assert prompt.user.partition("SOURCE")[0] == plain.user.partition("SOURCE")[0]


@every_form
@every_ask
@given(source=st.text(st.characters(exclude_characters="<"), max_size=60))  # no tag changes for it
def test_the_source_is_in_the_prompt_as_it_is(form, ask, source) -> None:
    empty, full = ask(Wording(form), ""), ask(Wording(form), source)
    assert full.user.startswith(FORMS[form].before + visible(source))
    assert len(full.user) == len(empty.user) + len(source)


@every_form
def test_the_final_prompt_says_how_many_words(form) -> None:
    assert "80 words" in Wording(form).final("Text.", 80).user


@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=5), min_size=1, max_size=6))
def test_joining_costs_one_separator_between_two(texts) -> None:
    joined = join_sources(texts)
    assert joined == SEPARATOR.join(texts)
    assert len(joined) == sum(map(len, texts)) + len(SEPARATOR) * (len(texts) - 1)


def test_a_refinement_reads_what_came_before_first() -> None:
    user = Wording().refined("Before.", "After.", 80).user
    assert f"Before.{SEPARATOR}After." in user


def test_a_prompt_can_be_unpacked_into_a_call() -> None:
    system, user = Prompt("task", "text")
    assert (system, user) == ("task", "text")


@pytest.mark.parametrize(
    ("closing", "asking", "problem"),
    [
        ("Sum up.", "{Size}: {query}", "closing must have {size}, and"),
        ("Sum up {size} {tone}.", "{Size}: {query}", "closing must have {size}, and"),
        ("Sum up {size} {.", "{Size}: {query}", "closing must have {size}, and"),
        ("Sum up {size}.", "{Size}, sum up.", "asking must have {Size} and {query}, and"),
        ("Sum up {size}.", "Tell {size} of {query}.", "asking must have {Size} and {query}, and"),
    ],
)
def test_a_form_is_held_to_the_places_that_are_filled_in_it(closing, asking, problem) -> None:
    with pytest.raises(ValueError, match=problem):
        Form("Text:\n\n", closing, asking)


@pytest.mark.parametrize("name", ["before", "after", "system"])
def test_nothing_is_filled_in_around_the_text(name) -> None:
    lines = {"before": "Text:\n\n", "closing": "Sum up {size}.", "asking": "{Size}: {query}"}
    with pytest.raises(ValueError, match=f"^{name} must have no braces"):
        Form(**{**lines, name: "Text {size}"})


def test_a_form_that_is_not_there_is_told_which_are() -> None:
    with pytest.raises(InputError, match=r"no form 'plian': write one of .*plain, tagged, "):
        Wording("plian")
