"""Summaries put together of sentences that exist: merges without a model, and the right length."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.core.compose import Composer, Part
from pipeline.knobs import KNOBS
from pipeline.text.sentences import split_sentences
from pipeline.text.terms import count_words
from pipeline.tree import Chunk

STORY = (
    "The harbour wall of Ashford failed in the storm on Monday night. "
    "Engineers say that the wall was cracked long before the storm. "
    "A cat slept through it. "
    "The council will repair the harbour wall before winter, which costs two million. "
    "Fishermen of Ashford moved their boats to the next harbour until then. "
)


def composer(text, summary="", words=30, query=None):
    return Composer((Part(Chunk(text, 0, len(text), 0), summary),), words, query)


def test_chooses_whole_sentences_of_the_summaries_and_of_the_text():
    made = "The wall of the harbour failed in a storm and is to be repaired by the council."
    text = composer(STORY, made).compose()
    assert made in text
    assert set(split_sentences(text)) <= {made, *split_sentences(STORY)}
    assert "cat" not in text


def test_what_cannot_be_traced_to_the_text_is_not_taken():
    moral = "This highlights the importance of patience, courage and innovation in modern society."
    assert moral not in composer(STORY, f"{moral} The harbour wall failed.", words=60).compose()


def test_a_turn_that_breaks_off_is_no_sentence():
    scrap = "User Interface: The harbour wall of Ashford in the storm on Monday I don't"
    assert scrap not in composer(f"{STORY}\n{scrap}\nMarketing: Yes.\n", words=60).compose()


def test_a_text_without_full_stops_is_summarized_all_the_same():
    made = composer("the harbour wall of Ashford failed\nthe council will repair it", words=15)
    assert made.compose()


def test_the_rest_of_a_list_is_no_sentence():
    scrap = "everything of the harbour wall of Ashford that failed in the storm on Monday night."
    assert scrap not in composer(f"{STORY}\n- key:\n\n{scrap}\n\n", words=40).compose()


def test_says_nothing_twice():
    made = split_sentences(STORY)[0]
    assert composer(STORY * 3, made, words=60).compose().count(made) == 1


def test_two_sentences_that_differ_only_at_their_ends_are_one():
    """What "smollm2:135m" wrote of a crew and of its captain: near each other, but not too near."""
    twins = (
        "To the crew, the harbour wall that the storm had broken for them was anything but safe.",
        "To the captain, the harbour wall that the storm had broken for him was a nightmare.",
    )
    text = composer(STORY, " ".join(twins), words=90).compose()
    assert sum(twin in text for twin in twins) == 1


def test_does_not_talk_about_the_text():
    told = (
        "The text also mentions that the wall was cracked before the storm. The article highlights "
        "the importance of the harbour wall of Ashford. In this story, boats and fishermen left."
    )
    text = composer(STORY, told, words=75).compose()
    assert text.startswith("The wall was cracked before the storm.")
    assert "highlights" not in text
    assert "Boats and fishermen left." in text


def test_does_not_say_what_a_chunk_lacks():
    told = (
        "The text does not provide any information on the harbour wall of Ashford in the storm. "
        "The story doesn't explicitly state what the harbour wall of Ashford costs the council. "
        "The harbour wall of Ashford does not hold."
    )
    text = composer(STORY, told, words=75).compose()
    assert "information" not in text
    assert "explicitly" not in text
    assert "The harbour wall of Ashford does not hold." in text


def test_talks_about_a_text_that_the_text_is_about():
    told = "The article mentions that the harbour wall of Ashford was cracked."
    assert told in composer(f"{STORY}An article on the wall came out.", told, words=60).compose()


def test_talk_about_a_text_is_none_of_a_text_that_has_the_word_once():
    told = "The story touches on the storm that broke the harbour wall of Ashford on Monday night."
    source = "The council of Ashford heard a story about the wall. " + STORY * 12
    assert told not in composer(source, told, words=60).compose()


def test_begins_with_a_sentence_that_leads_on_from_none():
    told = (
        "They said that the harbour wall of Ashford failed in the storm on Monday night. "
        "However, a cat slept through the storm that broke the harbour wall of Ashford."
    )
    text = composer("It rained in Ashford. " * 9 + STORY, told, words=30).compose()
    assert "They said" not in text
    assert text.startswith("A cat slept through the storm that broke the harbour wall of Ashford.")


def test_where_every_sentence_leads_on_from_another_they_are_taken_all_the_same():
    text = "He repaired the harbour wall. She moved the boats of Ashford. They waited for winter. "
    assert composer(text * 2, words=11).compose()


def test_quotes_have_both_of_their_marks():
    speech = '"The harbour wall will be repaired. The council has money for the wall," she said.'
    chosen = split_sentences(composer(speech, words=30).compose())
    assert chosen == [
        '"The harbour wall will be repaired."',
        '"The council has money for the wall," she said.',
    ]


def test_who_hesitates_is_not_quoted_with_it():
    speech = "Um the the harbour wall, uh, failed in th the storm and I I think it's it's old. "
    assert composer(speech, words=12).compose() == (
        "The harbour wall, failed in the storm and I think it's old."
    )


def test_a_text_without_hesitations_keeps_its_words():
    text = "Um sieben fiel die Hafenmauer um, und die, die die Boote hatten, die fuhren weg. "
    assert composer(text, words=16).compose() == text.strip()


def test_a_model_that_opens_with_talk_about_the_text_is_cut_short():
    fitted = composer(STORY, words=100).fit("In summary, the text says that a wall broke. It fell.")
    assert fitted == "A wall broke. It fell."


def test_a_query_turns_the_choice():
    asked = composer(STORY, words=14, query="Where did the fishermen move their boats?").compose()
    assert asked == split_sentences(STORY)[4]


def test_what_is_asked_is_found_in_other_forms_of_its_words():
    text = "Утром на острове начался сильный дождь. Рыбаки нашли у маяка старую книгу. "
    made = Composer((Part(Chunk(text, 0, len(text), 0)),), 7, "старые книги", "ru").compose()
    assert made == "Рыбаки нашли у маяка старую книгу."


def test_leaves_sentences_out_of_what_is_too_long():
    fitted = composer(STORY, words=25).fit(STORY)
    assert count_words(fitted) <= 25 * (1 + KNOBS.leeway)
    assert set(split_sentences(fitted)) < set(split_sentences(STORY))


@pytest.mark.parametrize("words", [26, 100])
def test_nothing_is_added_to_what_is_short(words):
    assert composer(STORY, words=words).fit("A wall broke.") == "A wall broke."


@settings(deadline=None)
@given(st.lists(st.integers(3, 25), min_size=12, max_size=60), st.integers(40, 120))
@example([21, 21, 21, 23, 21, 3, 23, 3, 21, 23, 21, 3], 40)  # 32 words: no other set is nearer
@example([24, 24, 25, 25, 25, 3, 24, 25, 24, 4, 24, 25, 24], 98)  # 82: the best come first
def test_the_length_is_near_what_was_asked_for_wherever_sentences_allow_it(lengths, words):
    """They do not where each one that was not taken is longer than what is left."""
    text = " ".join(
        " ".join([f"S{n}", *(f"w{n}x{i}" for i in range(length - 1))]) + "."
        for n, length in enumerate(lengths)
    )
    made = composer(text, words=words).compose()
    left = words - count_words(made)
    others = [count_words(one) for one in split_sentences(text) if one not in made]
    if count_words(text) >= 2 * words:
        assert 0 <= left <= max(0.15 * words, min(others) - 1)
