"""What a sentence says, without the talk around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.postedit import (
    balance_quotes,
    drop_unpaired_quote,
    is_meta_commentary,
    is_transcript,
    remove_disfluencies,
    self_references,
    starts_with_anaphor,
    strip_attribution,
    strip_connective,
)

NONE: frozenset[str] = frozenset()
PIECES = [
    *("The text", "This story", "In summary, ", "In this article, ", "However, ", "He ", "They "),
    *(" mentions that ", " does not mention ", " explores ", "a sentence", "it rained", ". ", "?"),
    *('"', "“", "”", " ", "uh, ", "um ", "th the ", "the the ", "I I ", "東京。", "(", "— ", "7 "),
]
GROWN = 2  # characters: the capital of one letter may be three ("ﬃ")
sentences = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("sentence", "left"),
    [
        ("The text also mentions that it rained.", "It rained."),
        ("In this story, the text says that it rained.", "It rained."),
        ("In summary, it rained.", "It rained."),
        ("Overall, the article states that it rained.", "It rained."),
        ("The author argues that it rained.", "The author argues that it rained."),
        ("The text mentions rain.", "The text mentions rain."),
        ("Der Text sagt, dass es regnete.", "Der Text sagt, dass es regnete."),
    ],
)
def test_an_opening_that_only_says_who_says_so_goes(sentence, left):
    assert strip_attribution(sentence, NONE) == left


def test_of_a_text_about_a_text_it_stays():
    said = "The article mentions that it rained."
    known = self_references("An article came out. The article lied.")
    assert strip_attribution(said, known) == said


@pytest.mark.parametrize(
    ("sentence", "talk"),
    [
        ("The story explores grief.", True),
        ("This passage is about rain.", False),
        ("The text does not mention rain.", True),
        ("The author didn't explicitly state it.", True),
        ("It is told in one sentence.", True),
        ("The keeper explores the cave.", False),
        ("The text burned.", False),
    ],
)
def test_talk_about_how_a_text_is_written_is_known(sentence, talk):
    assert is_meta_commentary(sentence, NONE) is talk


def test_a_text_refers_to_itself_where_it_does_so_often():
    assert self_references("The film was shown. The judge read the sentence.") == {
        "film",
        "sentence",
    }
    assert self_references("The film was shown. " + "It rained. " * 400) == NONE
    assert self_references("One sentence. " + "It rained. " * 400) == {"sentence"}


@pytest.mark.parametrize(
    ("sentence", "left", "back"),
    [
        ("However, he left.", "He left.", True),
        ("As a result, the wall fell.", "The wall fell.", False),
        ("However he tried, it fell.", "However he tried, it fell.", True),
        ("They left.", "They left.", True),
        ("Theodore left.", "Theodore left.", False),
        ("For example, this broke.", "This broke.", True),
    ],
)
def test_what_leads_on_from_another_sentence_is_known_by_its_first_word(sentence, left, back):
    assert strip_connective(sentence) == left
    assert starts_with_anaphor(sentence) is back


@pytest.mark.parametrize(
    ("sentence", "balanced", "dropped"),
    [
        ('It rained," she said.', '"It rained," she said.', "It rained, she said."),
        ("She said: “It rained.", "She said: “It rained.”", "She said: It rained."),
        ("It rained,” she said.", "“It rained,” she said.", "It rained, she said."),
        ('He said "no" twice.', 'He said "no" twice.', 'He said "no" twice.'),
        ('A pipe of 3" broke.', 'A pipe of 3" broke.', 'A pipe of 3" broke.'),
    ],
)
def test_quotation_marks_come_in_pairs(sentence, balanced, dropped):
    assert balance_quotes(sentence) == balanced
    assert drop_unpaired_quote(sentence) == dropped


@pytest.mark.parametrize(
    ("said", "fluent"),
    [
        ("Um the the wall, uh, fell.", "The wall, fell."),
        ("th the wall fell", "The wall fell"),
        ("I I think it's it's old.", "I think it's old."),
        ("Call zero zero seven.", "Call zero zero seven."),
        ("It is 5 mm wide.", "It is 5 mm wide."),
    ],
)
def test_hesitations_and_words_said_twice_go(said, fluent):
    assert remove_disfluencies(said) == fluent


def test_a_transcript_is_known_by_who_hesitates():
    assert is_transcript("Uh, it rained, uh, all day.")
    assert not is_transcript("Uh. " + "It rained all day. " * 200)
    assert not is_transcript("Um sieben fiel die Mauer um.")


@given(sentences)
def test_what_is_left_out_never_makes_a_sentence_longer(sentence):
    assert len(strip_attribution(sentence, NONE)) <= len(sentence) + GROWN
    assert len(strip_connective(sentence)) <= len(sentence) + GROWN
    assert len(drop_unpaired_quote(sentence)) <= len(sentence)
    assert len(remove_disfluencies(sentence)) <= len(sentence) + GROWN


@given(sentences)
def test_quotes_are_only_added_or_dropped(sentence):
    bare = sentence.translate(dict.fromkeys(map(ord, '"“”')))
    for mended in (balance_quotes(sentence), drop_unpaired_quote(sentence)):
        assert mended.translate(dict.fromkeys(map(ord, '"“”'))) == bare
    assert 0 <= len(balance_quotes(sentence)) - len(sentence) <= 2


@given(sentences, st.frozensets(st.sampled_from(["text", "story", "article", "sentence"])))
def test_the_more_a_text_speaks_of_texts_the_more_its_summary_may(sentence, known):
    assert len(strip_attribution(sentence, known)) >= len(strip_attribution(sentence, NONE))
    if is_meta_commentary(sentence, known):
        assert is_meta_commentary(sentence, NONE)
