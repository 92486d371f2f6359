"""Telling which language a text is in, and what languages are called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import IN_LANGUAGES

from pipeline.errors import InputError
from pipeline.text.languages import NAMES, Languages, foreign, language_code, language_of

MIXED = IN_LANGUAGES["en"][:2000] + IN_LANGUAGES["zh"][:700]


@pytest.mark.parametrize("code", IN_LANGUAGES)
def test_a_text_is_told_by_its_language(code):
    assert language_of(IN_LANGUAGES[code]) == code


@given(st.sampled_from(list(IN_LANGUAGES)), st.integers(0, 10_000), st.integers(0, 3000))
def test_no_part_of_a_text_is_taken_for_another_language(code, start, length):
    start %= len(IN_LANGUAGES[code])
    assert language_of(IN_LANGUAGES[code][start : start + length]) in (code, None)


@pytest.mark.parametrize("half", [chr(0xD83D), chr(0xDE00)], ids=["first", "second"])
def test_half_of_a_surrogate_pair_hides_no_language(half):
    """A file with such a half is read; its run ended in a TypeError of the detector's."""
    assert language_of(IN_LANGUAGES["de"].replace(" die ", f" {half} ")) == "de"
    assert language_of(half * 500) is None


@given(st.text(st.characters(exclude_categories=()), max_size=500))
def test_any_text_has_a_known_language_or_none(text):
    assert language_of(text) in {*NAMES, None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n",
        "1984, 2001",
        "Grüß Gott",
        "你好",
        MIXED,
    ],
    ids=["empty", "blank", "numbers", "short", "dense", "mixed"],
)
def test_what_is_short_or_mixed_has_none(text):
    assert language_of(text) is None


@pytest.mark.parametrize("name", ["de", "German", "german", " DE "])
def test_languages_are_asked_for_by_code_or_name(name):
    assert language_code(name) == "de"


@pytest.mark.parametrize("name", ["Klingon", "", "e n", "GERMANY"])
def test_an_unknown_name_is_refused_with_all_that_are_known(name):
    with pytest.raises(InputError, match=r"take one of Arabic \(ar\).*Chinese \(zh\)"):
        language_code(name)


def test_a_text_is_foreign_where_it_is_surely_in_another_language():
    assert foreign(IN_LANGUAGES["de"], "en") == "de"
    assert foreign(IN_LANGUAGES["de"], "de") is None
    assert foreign(IN_LANGUAGES["de"], None) is None
    assert foreign("Grüß Gott", "en") is None


@pytest.mark.parametrize(
    ("languages", "wanted", "crossed", "said"),
    [
        (Languages(), None, False, None),
        (Languages("en"), "en", False, None),
        (Languages("de"), "de", False, "de"),
        (Languages("de", "de"), "de", False, "de"),
        (Languages("de", "en"), "en", True, "en"),
        (Languages(None, "en"), "en", True, "en"),
    ],
)
def test_prompts_name_a_language_where_it_is_not_plain(languages, wanted, crossed, said):
    assert (languages.wanted, languages.crossed, languages.said) == (wanted, crossed, said)
