"""The words of languages: `pipeline.text.english`, `pipeline.text.german`, `pipeline.text.french`,
`pipeline.text.spanish`, `pipeline.text.chinese`, `pipeline.text.japanese`, and what is made of all.

What the English phrases do is held by the tests of those who use them.
"""

import re
from pathlib import Path

import pytest

from pipeline.core.clean import clean
from pipeline.core.rules import PLACES
from pipeline.text import english, wordlists
from pipeline.text.sentences import sentences
from pipeline.text.wordlists import ABBREVIATIONS, AFTER_ORDINALS, HERE_IS, OTHERS, SUMMARY


@pytest.mark.parametrize("word", sorted(ABBREVIATIONS))
def test_no_sentence_ends_at_an_abbreviation_of_any_language(word):
    assert len(sentences(f"They asked {word}. Moss about it. Then it rained.")) == 2
    assert len(sentences(f"They asked x{word}. Moss knew it. Then it rained.")) == 3


@pytest.mark.parametrize("word", [w for one in OTHERS for w in one.AFTER_ORDINALS.split()])
def test_no_sentence_ends_at_an_ordinal_of_any_language(word):
    assert len(sentences(f"Es war am 19. {word} so. Danach nicht.")) == 2
    assert len(sentences("Es waren 19. Danach nicht.")) == 2


def test_ordinals_are_those_of_german():
    assert {"März", "Dezember", "Jahrhundert"} <= set(AFTER_ORDINALS)


def test_only_the_table_reads_a_language_s_own_file():
    """Else a new language's file, a copy of another, would be read in part."""
    names = "|".join(one.__name__.rpartition(".")[2] for one in OTHERS)
    reads = re.compile(rf"pipeline\.text(?:\.| import [^\n]*\b)(?:{names})\b")
    modules = Path(wordlists.__file__).parents[1].rglob("*.py")
    assert [one.name for one in modules if reads.search(one.read_text("utf-8"))] == ["wordlists.py"]


@pytest.mark.parametrize(
    "opening",
    ["Hier ist eine Zusammenfassung des Textes: ", "Voici un résumé du texte : ", "Resumen: ",
     "以下是这段文字的摘要：", "要約："],
)  # fmt: skip
def test_openings_are_cut_off(opening):
    assert clean(f"{opening}1976.", finish="stop") == "1976."


def test_announcements_of_all_languages_are_patterns_without_groups():
    for pattern in (HERE_IS, SUMMARY):
        assert re.compile(pattern).groups == 0
        assert not re.fullmatch(pattern, "")


def test_general_words_are_in_lower_case_and_in_order():
    found = english.GENERAL_WORDS.split()
    assert found == sorted({word.lower() for word in found})


def test_every_list_is_of_the_version_of_the_rules():
    """An answer is derived anew where a list has changed: `pipeline.core.rules`."""
    assert "text" in PLACES
    for module in (english, wordlists, *OTHERS):
        assert Path(module.__file__).parent.name == "text"
