"""Sentences that can be read alone, and those that cannot."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.passages.standalone import as_item, follows_well, loosened, stands_alone

ALONE = [
    "The ferry to Skarholm sails twice a day, and in summer it takes bicycles.",
    "Mayor Ruth Adeyemi said that she would not close the harbour in winter.",
    "It is unlikely that the harbour will be closed before the new pier is built.",
    "Some islands, such as Skarholm, have had a ferry since the year 1890.",
    "More than half of the islanders who own a boat keep it in Skarholm.",
    "The captain of a ferry can ask the harbour board to look at his case again.",
    "The harbour board must publish its rules on the same day as the harbour does.",
    "No island has lost as many inhabitants since the war as Skarholm has.",
    "“The pier will hold for a hundred years at the least,” said Anna Holm, the engineer.",
]
NOT_ALONE = [
    "It was built in 1890 to a design by the engineer Harriet Lowe.",
    "This means that the ferry sails only when the wind is light.",
    "The latter have had a ferry of their own since the year 1890.",
    "Such ferries are seldom seen on the coast south of Skarholm today.",
    "In that year the harbour of Skarholm froze from shore to shore.",
    "Some of them were bought by the county when the ferry was sold.",
    "Others say that the ferry should sail on Fridays and on Mondays.",
    "In 1890 they built a pier of granite on the north side of Skarholm.",
    "On April 19, he issued an order that the harbour should be closed.",
    "The extent of their use depends on the winds over the western bay.",
    "The bill would give the islands four million pounds for a new pier.",
    "The harbour, as discussed above, was closed for most of the winter.",
    "As Table 3 shows, most of the islanders keep a boat in the harbour.",
    "Two years later the county sold the ferry to a man from Skarholm.",
    "The harbour board may then close the harbour and the pier for the winter.",
    "Ellen Roper did not, and with a lawyer from Skarholm she went to court.",
    "There are three ways of getting to Skarholm when the wind is high.",
    "The harbour is closed if all of the following are true on a day:",
    "Does the ferry sail to Skarholm when the wind is from the north?",
    "“We will sleep tonight, and so will all of the people of Skarholm.",
    "Too short to say anything.",
    "For more on the ferry to Skarholm, see https://example.org/ferry today.",
    "Note: the ferry to Skarholm does not sail when the harbour is frozen.",
    "304 as the committee on harbours, which did not meet before the war.",
    "the ferry to Skarholm sails twice a day, and in summer takes bicycles.",
]


@pytest.mark.parametrize("sentence", ALONE)
def test_can_be_read_alone(sentence: str) -> None:
    assert stands_alone(sentence)


@pytest.mark.parametrize("sentence", NOT_ALONE)
def test_cannot_be_read_alone(sentence: str) -> None:
    assert not stands_alone(sentence)


def test_what_a_text_is_about_needs_no_name() -> None:
    sentence = "The scheme gave every island four million pounds for a new pier."
    assert not stands_alone(sentence)
    assert stands_alone(sentence, frozenset({"scheme"}))
    assert stands_alone("cut reads recordings and writes a file for each.", frozenset({"cut"}))


@pytest.mark.parametrize(
    ("sentence", "loose"),
    [
        ("However, the board also closed the pier.", "The board closed the pier."),
        ("In summary, the pier will hold.", "The pier will hold."),
        ("The board, however, closed the pier.", "The board closed the pier."),
        ("It not only closed but also sold it.", "It not only closed but also sold it."),
        ("Third, islands should have a pier.", "Islands should have a pier."),
        ("First, the board met on Skarholm.", "First, the board met on Skarholm."),
        ("For example, the pier was closed.", "For example, the pier was closed."),
        ("Training —The board trains pilots.", "The board trains pilots."),
        ("Anyone can sail, by taking the following steps:", "Anyone can sail."),
    ],
)
def test_loosened(sentence: str, loose: str) -> None:
    assert loosened(sentence) == loose


def test_items_of_lists() -> None:
    assert as_item("Fast: a folder is read at once.") == "A folder is read at once."
    assert as_item("Encrypts files before it sends the bytes.") == ""
    assert as_item("Operators should publish their positions.") != ""


def test_a_sentence_may_follow_the_one_that_it_leads_on_from() -> None:
    before = "The ferry to Skarholm sails twice a day."
    assert follows_well("It takes bicycles in summer, and dogs in winter.", before)
    assert not follows_well("He takes bicycles in summer, and dogs in winter.", before)
    assert not follows_well("It takes bicycles in summer, as discussed above.", before)
    assert not follows_well("The ferry takes bicycles in summer, and dogs in winter.", before)


@given(st.text("ABab theity.,;:()“”\"'—- \n19"))
def test_any_text_at_all(text: str) -> None:
    assert stands_alone(loosened(text)) in (True, False)
    assert follows_well(text, text) in (True, False)


@pytest.mark.parametrize("part", ["the both of ", "A ", "if ", "Aa — ", "(", "the many ", "it "])
def test_hostile_texts_are_read_quickly(part: str) -> None:
    text = "Abc is " + part * (100_000 // len(part)) + "done."
    start = time.process_time()
    stands_alone(loosened(text))
    follows_well(text, text)
    assert time.process_time() - start < 5


def test_they_behind_a_clause_on_something_else_are_nobody():
    lost = "Once the middle of the heap passes 40 degrees, they die and other kinds take over."
    told = "When the farmers of a valley have sold their grain, they buy wood for the winter."
    assert not stands_alone(lost)
    assert stands_alone(told)
