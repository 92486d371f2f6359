"""Chunks that hold nothing on a query."""

import pytest

from pipeline.core.planner import on_topic
from pipeline.text.query import asked
from pipeline.tree import Chunk


def chunks(*texts):
    return [Chunk(text, 0, len(text), 1) for text in texts]


TEXTS = ("Alan fled from the robots.", "Peggy slept in the camp.", "The river was wide.")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("What does the robot do to Alan?", [0]),
        ("Who are Alan and Peggy?", [0, 1]),
        ("What is the plot of the story?", [0, 1, 2]),
        ("Summarize the whole meeting.", [0, 1, 2]),
        ("Describe the setting for the story.", [0, 1, 2]),
        ("Where does it take place?", [0, 1, 2]),
        ("What is Alan's relationship with Peggy?", [0, 1]),
        ("Describe the submarine", []),
    ],
)
def test_a_chunk_is_kept_for_a_word_of_the_query(query, kept):
    assert [TEXTS.index(chunk.text) for chunk in on_topic(chunks(*TEXTS), query)] == kept


@pytest.mark.parametrize(
    ("language", "query", "text"),
    [
        ("de", "Waagen", "Die alte Waage stand im Rathaus."),
        ("fr", "Les ruches et les journaux?", "Elle lit un journal."),
        ("es", "canciones", "Una canción sonaba en la plaza."),
        ("ru", "Что с книгой?", "Старая книга лежала на столе."),
    ],
)
def test_a_chunk_is_kept_for_another_form_of_a_word_in_its_language(language, query, text):
    assert on_topic(chunks(text), query, language)
    assert not on_topic(chunks(text), query)  # by the rules for English


def test_a_general_question_in_english_is_general_of_a_text_in_any_language():
    assert asked("What is the plot of this story?", "de") == frozenset()


def test_words_on_how_to_summarize_ask_nothing():
    assert asked("What is the plot of this story?") == frozenset()
    assert asked("What do the robots do?") == asked("The robot") != frozenset()
