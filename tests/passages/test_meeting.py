"""Passages of meetings, chosen by the words of `pipeline.passages.english_meetings`."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.passages.meeting import passages

MEETING = """\
Chair: Um, good morning. Welcome to the second meeting of the harbour board.
Clerk: Morning.
Chair: The purpose of this meeting is to decide on the new crane for the northern harbour.
Clerk: Yeah.
Harbour Manager: Um, so we looked at three cranes, and the the cheapest costs forty thousand euros.
Chair: Mm-hmm.
Harbour Manager: I think we should buy the crane from Bristol, because the others are too heavy.
Clerk: I like my tea very hot, you know.
Treasurer: The budget for the whole harbour is fifty thousand euros for this year.
Chair: Okay.
Treasurer: Looking from the paying of some description using money.
Clerk: Can you hear me? My microphone is muted, I believe.
Treasurer: We have decided to sell the old crane before the end of the summer.
Chair: Let's ask the council for another ten thousand euros to paint the new crane.
Treasurer: Uh, the council people want it is it has to be cheaper than easy to use.
"""
REPORTS = """
the said thought that also opened suggested asked whether they their them themselves theirs are
have will would were had people because going want to
"""
REPORTING = set(REPORTS.split())


def words_of(text):
    return {word.casefold() for word in re.findall(r"[\w'’-]+", text)}


def test_a_meeting_is_told_by_what_it_is_for_and_what_was_settled():
    told = " ".join(one.text for one in passages(MEETING, 200))
    assert "The Chair said that the purpose of this meeting is to decide on the new crane" in told
    assert "Treasurer said that they have decided to sell the old crane" in told
    assert "thought that they should buy the crane from Bristol" in told
    assert "the cheapest costs forty thousand euros" in told
    assert "tea" not in told
    assert "microphone" not in told
    assert "description" not in told
    assert "easy to use" not in told


def test_passages_stand_where_the_text_has_them_and_in_its_order():
    found = passages(MEETING, 200)
    assert [one.start for one in found] == sorted(one.start for one in found)
    for one in found:
        assert MEETING[one.start : one.end].startswith(one.who.removeprefix("The "))
        assert one.text.startswith(one.who)
        assert one.worth > 0
        assert words_of(one.text) <= words_of(MEETING[one.start : one.end]) | REPORTING


@pytest.mark.parametrize("words", [0, 10, 25, 60, 120])
def test_passages_are_no_longer_than_asked_for(words):
    found = passages(MEETING, words)
    also = sum(one.who == other.who for one, other in pairwise(found))
    assert sum(len(one.text.split()) for one in found) + also <= words


def test_a_query_turns_what_is_chosen():
    about = passages(MEETING, 25, "How much money is in the budget?")
    assert "budget" in about[0].text


SAID = st.sampled_from(
    [
        "We decided to buy it.",
        "I think we should",
        "wait until the spring because it is cheaper.",
        "Um, the the crane costs 40 euros, so we, yeah.",
        "If you go, you see it?",
        "Let's sell the crane and ask the council for ten thousand euros.",
    ]
)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(["Ann", "Project Manager"]), SAID | st.text())))
def test_any_text_has_passages_inside_it(said):
    text = "\n".join(f"{who}: {words}" for who, words in said)
    found = passages(text, 50)
    assert sum(len(one.text.split()) for one in found) <= 50
    ends = [(one.start, one.end) for one in found]
    assert ends == sorted(ends)
    assert all(0 <= start < end <= len(text) for start, end in ends)


@pytest.mark.parametrize("nasty", ["I think ", "so, ", "we should ", ", so ", "w", "x' "])
def test_no_text_makes_it_slow(nasty):
    text = "Ann: " + nasty * (100_000 // len(nasty)) + "."
    before = time.perf_counter()
    passages(text, 100)
    assert time.perf_counter() - before < 10


def test_a_clause_stands_for_a_row_that_broke_off():
    said = "We should ask fishermen of the harbour for 40 euros, so it not gonna it's not for us."
    text = MEETING + f"Clerk: Uh, {said}\n"
    told = [one.text for one in passages(text, 400)]
    assert "The Clerk said that they should ask fishermen of the harbour for 40 euros." in told


def test_no_clause_is_told_without_the_but_that_follows():
    said = "We should ask fishermen of the harbour for 40 euros, but it not gonna it's not for us."
    text = MEETING + f"Clerk: Uh, {said}\n"
    assert "fishermen" not in " ".join(one.text for one in passages(text, 400))
