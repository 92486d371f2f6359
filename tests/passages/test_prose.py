"""Passages of prose: what can be read alone, chosen for what it tells.

These hold `pipeline.passages.candidates` and the words of `pipeline.passages.english_prose` too.
"""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_texts import ODD_TEXTS

from pipeline.passages.prose import passages
from pipeline.text.terms import count_words

REPORT = """\
Ferries of the northern islands

The Northern Ferry Scheme (NFS) is a programme of the county that pays for ferries to eleven \
islands. It was founded in 1964.

Use

Some 210,000 passengers a year sail with the ferries of the NFS, twice as many as in 1990. \
However, four of the islands have fewer than thirty inhabitants. They pay no fare in winter.
A survey of 900 islanders found that 64 percent would move to the mainland if the ferries were \
to stop. This was more than in 2010.

Costs

An island loses its ferry if all of the following are true:
Nobody has lived on the island for more than two winters.
The pier of the island has been closed by the harbour board.

The cost of fuel for the ferries has risen by 38 percent since the year 2018. In summary, the \
county cannot go on paying for eleven ferries without another three million pounds a year.

Recommendations

First, the county should buy four electric ferries for the islands that are nearest to the coast. \
Second, passengers who live on the mainland should pay for winter crossings.
"""


def shown(text: str, words: int, query: str | None = None) -> list[str]:
    return [passage.text for passage in passages(text, words, query)]


def test_begins_with_what_the_text_is_about() -> None:
    first = passages(REPORT, 60)[0]
    assert first.text.startswith("The Northern Ferry Scheme (NFS) is a programme")
    assert REPORT[first.start : first.end].startswith("The Northern Ferry Scheme")


def test_tells_findings_and_advice_and_no_item_of_a_list() -> None:
    told = " ".join(shown(REPORT, 150))
    assert "found that 64 percent" in told
    assert "The county cannot go on paying" in told
    assert "The county should buy four electric ferries" in told
    assert "Nobody has lived" not in told


def test_what_comes_right_after_a_colon_is_no_passage() -> None:
    """Even in one paragraph: alone, a condition would say that it is so."""
    text = REPORT.replace("more than two winters.\nThe pier", "more than two winters. The pier")
    told = " ".join(shown(text, 150))
    assert "Nobody has lived" not in told
    assert "The pier of the island" not in told


def test_every_passage_can_be_read_alone() -> None:
    for text in shown(REPORT, 150):
        assert not re.match(r"It|They|This|However|First|Second", text)


def test_a_query_is_what_they_are_about() -> None:
    told = shown(REPORT, 40, "What does fuel cost?")
    assert any("fuel" in text for text in told)


def test_does_not_say_the_same_twice() -> None:
    again = (
        REPORT + "\nA survey of the islanders found that 64 percent would move to the mainland.\n"
    )
    assert " ".join(shown(again, 150)).count("64 percent") == 1


def test_hard_wrapped_text_has_the_same_passages() -> None:
    lines = []
    for paragraph in REPORT.splitlines():
        lines += re.findall(r".{1,70}(?:\s|$)", paragraph) or [""]
        lines.append("")
    assert shown("\n".join(line.rstrip() for line in lines), 60) == shown(REPORT, 60)


def test_one_huge_paragraph() -> None:
    huge = " ".join(
        f"The island of N{i} has {i + 20} inhabitants who keep {i * 7} sheep and one ferry."
        for i in range(500)
    )
    assert 1 < len(passages(huge, 60)) < 6


def test_abbreviations_are_spelled_out_where_they_first_stand() -> None:
    told = shown(REPORT, 40, "How many passengers sail?")
    assert any("the Northern Ferry Scheme (NFS)" in text for text in told)


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "It was. They did. This is it.", "- Small\n- Fast\n", "x" * 10_000, "word " * 500],
)
def test_nothing_where_nothing_can_be_read_alone(text: str) -> None:
    assert passages(text, 100) == []


def test_nothing_where_it_is_too_little() -> None:
    talk = "She had left it there, and they never found it again in all those years. " * 40
    assert passages(f"{talk}\n\n{REPORT[:300]}", 400) == []


@given(
    st.one_of(
        st.sampled_from(ODD_TEXTS),
        st.text(max_size=300),
        st.lists(st.sampled_from(re.split(r"(?<=[.\n ])", REPORT)), max_size=120).map("".join),
    ),
    st.integers(1, 200),
    st.sampled_from([None, "", "ferries", "?"]),
)
@settings(deadline=None, max_examples=60)
def test_any_text_at_all(text: str, words: int, query: str | None) -> None:
    found = passages(text, words, query)
    assert sum(count_words(passage.text) for passage in found) <= words
    assert [p.start for p in found] == sorted(p.start for p in found)
    source = set(re.findall(r"\w+", text.lower()))
    for passage in found:
        assert 0 <= passage.start < passage.end <= len(text)
        assert passage.worth >= 0
        assert set(re.findall(r"\w+", passage.text.lower())) <= source


def test_what_this_is_may_stand_further_back_than_the_sentence_before():
    """ "This" of a paragraph's third sentence may mean both before it; of the second, only one."""
    first = "Fungi of the forest break down the wood that beetles leave behind in the soil."
    second = "Worms of the garden pull the leaves into their burrows and leave them richer there."
    this = "This takes from three months to a whole year, as the weather of the place allows."
    filler = " ".join(
        f"The {name} of Ashford was measured by the council of the town in 19{n}."
        for n, name in enumerate(("canal", "bridge", "harbour"), 50)
    )
    for paragraph, both in ((f"{first} {second} {this}", False), (f"{second} {this}", True)):
        shown = [one.text for one in passages(f"{paragraph}\n\n{filler}", 120)]
        assert any(text.endswith(this) for text in shown) == both
