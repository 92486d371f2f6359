"""Where sentences and turns end, in prose, lists, transcripts and other scripts."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from sample_texts import SENTENCES, texts

from pipeline.text.sentences import is_chat, join, sentences, spans, split_sentences
from pipeline.text.terms import count_words

CHAT = "Jo: snow closed the pass\nKim: which road do we take?\nJo: the coast road"


def listed(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@settings(max_examples=200, deadline=None)
@given(text=texts)
def test_sentences_hold_all_that_is_not_white_space(text):
    spans = sentences(text)
    assert "".join("".join(sentence.split()) for sentence in listed(text)) == "".join(text.split())
    assert all(start < end for start, end in spans)
    assert all(left[1] <= right[0] for left, right in pairwise(spans))
    assert all(sentence == sentence.strip() for sentence in listed(text))


def test_sentences_of_prose():
    expected = [part for s in SENTENCES for part in re.split(r"(?<=dry…) ", s)]
    assert listed(" ".join(SENTENCES)) == expected
    assert listed("\n".join(SENTENCES)) == expected


@pytest.mark.parametrize(
    "expected",
    [
        ["Dr. A. B. Moss vs. Mrs. Alder, i.e. the widow.", "It was over."],
        ["He came at 5 p.m. on Friday.", "Or was it 5.30?", "Yes!"],
        ["What did the U.S. Government say?!", "Nothing..."],
        ['She said "stop."', "He did not (why should he?)", "Then *it* fell."],
        ["“What?” asked the boy.", "“Go!”"],
        ["See No. 7 and Fig. 2 in Vol. 3.", "They differ."],
    ],
)
def test_abbreviations_and_quotes(expected):
    assert listed(" ".join(expected)) == expected


def test_sentences_end_at_blank_lines_and_list_items():
    text = "Bring:\n- tea\n- oil and\n  rope\n1. Go.\n2. Stop\n\nTHE END\n \nover"
    expected = ["Bring:", "- tea", "- oil and\n  rope", "1. Go.", "2. Stop", "THE END", "over"]
    assert listed(text) == expected
    assert listed(text.replace("\n", "\r\n")) == [s.replace("\n", "\r\n") for s in expected]


def test_sentences_without_spaces_between_them():
    assert listed("他说：「走吧！」她没有回答。！？然后 呢？") == [
        "他说：「走吧！」",
        "她没有回答。！？",
        "然后 呢？",
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Am 3. März 1976 kam z. B. Dr. Kuhn mit der Nr. 12. Im 19. Jahrhundert nicht.", 2),
        ("El Sr. Marín y la Sra. Ruiz llegaron. ¿Quién fue? ¡Nadie!", 3),
        ("M. Le Goff dit : « Non. » Puis il partit.", 2),
        ("他说：“钟坏了。”大家都走了。真的吗？是的！", 4),
        ("「本当か？」と聞いた。とても驚いた。", 2),
    ],
)
def test_sentences_end_where_each_language_ends_them(text, count):
    assert len(listed(text)) == count


@settings(deadline=None)
@given(texts)
def test_turns_only_cut_sentences_further(text):
    whole, cut = sentences(text), spans(text)
    held = "".join("".join(text[start:end].split()) for start, end in cut)
    assert held == "".join(text.split())
    assert len(cut) >= len(whole)
    assert all(left[1] <= right[0] for left, right in pairwise(cut))


@settings(deadline=None)
@given(texts)
def test_split_sentences_are_in_single_spaces_and_lose_no_words(text):
    found = split_sentences(text)
    assert all(sentence == " ".join(sentence.split()) != "" for sentence in found)
    assert sum(map(count_words, found)) >= count_words(text) - text.count("\0")


def test_each_turn_of_a_transcript_is_a_sentence_with_or_without_a_point():
    assert split_sentences(CHAT) == CHAT.split("\n")
    assert is_chat(CHAT)


def test_a_colon_in_prose_makes_no_chat_of_it():
    assert not is_chat("Note: it rained.\nAll day.\nAnd all night.\nThen it stopped.")


@pytest.mark.parametrize(
    ("found", "joined"),
    [
        (["One.", "Two."], "One. Two."),
        (["今天下雨。", "明天晴。"], "今天下雨。明天晴。"),
        (["「行く。」", "と言った。"], "「行く。」と言った。"),
        ([], ""),
    ],
)
def test_sentences_are_joined_by_spaces_where_their_script_has_them(found, joined):
    assert join(found) == joined


def test_what_nobody_sees_is_no_part_of_a_sentence():
    assert split_sentences("It rained\U000e0061.") == ["It rained\u2060."]
