"""Kinds of text: meetings, stories, and other prose."""

from hypothesis import given
from hypothesis import strategies as st
from short_story import STORY

from pipeline.passages.kind import kind_of

MEETING = "\n".join(
    f"{who}: I think that we should look at the plan for the harbour again."
    for who in ["Chair", "Ann", "Bob"] * 5
)
REPORT = (
    "The committee reviewed the budget of the port. Costs rose by four percent in 2019. The"
    " agency calls this a “modest” increase, and expects no more of it. "
) * 20


def test_a_story_has_people_who_act_and_speak():
    assert kind_of(STORY) == "story"


def test_a_meeting_has_a_speaker_before_each_turn():
    assert kind_of(MEETING) == "meeting"


def test_a_report_is_prose_though_it_quotes_words():
    assert kind_of(REPORT) == "prose"
    assert kind_of("") == "prose"


@given(st.text())
def test_any_text_is_of_a_kind(text):
    assert kind_of(text) in {"meeting", "story", "prose"}
