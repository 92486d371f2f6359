"""The words of a text, as texts are compared by them."""

import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.languages import NAMES
from pipeline.text.terms import SNOWBALL, count_words, is_dense, stemming, terms

ENDS = ("ing", "edly", "ations", "fulness", "ies")


@pytest.mark.parametrize(
    ("text", "words"),
    [("One two  three.", 3), ("東京は首都です", 4), ("Go to 東京 now", 4), ("", 0)],
)
def test_words_are_counted_in_any_script(text, words):
    assert count_words(text) == words


def test_forms_of_a_word_have_one_term():
    assert set(terms("Lamp, lamps; LAMPS")) == {"lamp"}
    assert terms("counted counting counts") == ["count"] * 3


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Häuser Hauses Häusern"),
        ("de", "gewogene gewogenes gewogenen"),
        ("de", "Straße Strassen"),
        ("fr", "abeille abeilles"),
        ("fr", "national nationale nationaux nationales"),
        ("fr", "continuait continuaient continuer"),
        ("es", "canciones canción"),
        ("es", "hablaba hablaron hablando"),
        ("ru", "книга книги книгу книгой"),
        ("ru", "старый старого старому старая"),
        (None, "counted counting counts"),
    ],
)
def test_forms_of_a_word_have_one_term_in_its_language(language, words):
    assert len(set(terms(words, language))) == 1, terms(words, language)


def test_english_rules_cannot_tell_forms_in_other_languages():
    """As all languages were stemmed before."""
    assert len(set(terms("книга книги книгу книгой"))) == 4
    assert len(set(terms("Häuser Hauses Häusern"))) == 3


@pytest.mark.parametrize("language", ["uk", "ja", "vi", "xx"])
def test_without_rules_for_a_language_words_stay_as_they_are(language):
    assert terms("Lamps burning 東京都", language) == ["lamps", "burning", "東京", "京都"]


def test_every_language_that_has_an_algorithm_uses_it():
    known = set(snowballstemmer.algorithms())
    named = {code: name.lower() for code, name in NAMES.items()}
    assert {code: name for code, name in named.items() if name in known} == SNOWBALL


@given(st.sampled_from([None, *NAMES]), st.text(max_size=40))
def test_a_word_has_one_term_in_any_language(language, text):
    """So the same words are known again, whatever the language was taken for."""
    assert terms(text, language) == terms(text.casefold(), language)
    assert len(terms(text, language)) == len(terms(text))


def test_scripts_without_spaces_have_pairs_of_characters():
    assert terms("東京都 is big") == ["東京", "京都", "is", "big"]
    assert terms("東") == ["東"]


@given(st.text(max_size=60))
def test_case_does_not_matter(text):
    assert terms(text) == terms(text.casefold())


@given(st.text(max_size=40), st.text(max_size=40))
def test_the_terms_of_two_texts_are_those_of_both(one, other):
    assert terms(f"{one}\n{other}") == terms(one) + terms(other)


@given(st.text(max_size=40), st.text(max_size=40))
def test_words_of_two_texts_add_up(one, other):
    together = count_words(f"{one} {other}")  # half a word of a dense script may go
    assert count_words(one) + count_words(other) - 1 <= together
    assert together <= count_words(one) + count_words(other)


@pytest.mark.parametrize(
    ("text", "dense"), [("東京は首都です。", True), ("Tokyo (東京)", False), ("", False)]
)
def test_a_text_is_dense_by_most_of_its_characters(text, dense):
    assert is_dense(text) is dense


def test_words_are_stemmed_alike_in_threads():
    """Runs compose and trace in threads, at the same time as others; a wrong stem would stay."""
    words = ["".join(letters) + end for letters in product("abenrst", repeat=4) for end in ENDS]
    parts = [words[i::4] for i in range(4)]
    alone = snowballstemmer.stemmer("english")
    stem = stemming()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # seconds; as often as can be
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda part: [stem(word) for word in part], parts))
    finally:
        sys.setswitchinterval(before)
    assert found == [[alone.stemWord(word) for word in part] for part in parts]
