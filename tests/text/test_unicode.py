"""Characters that nobody sees cannot say anything to a model."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.text.unicode import visible

HIDDEN = "\U000e0041\u202e\u2067"
mixed = st.text(st.sampled_from(f"ab é\u200d🙂東{HIDDEN}") | st.characters(), max_size=60)


@given(mixed)
def test_a_text_keeps_its_length_and_what_can_be_seen(text):
    seen = visible(text)
    assert len(seen) == len(text)
    assert all(new in (old, "\u2060") for old, new in zip(text, seen, strict=True))
    assert visible(seen) == seen


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_ascii_stays_as_it_is(text):
    assert visible(text) == text


def test_a_message_spelled_in_tags_is_gone():
    hidden = "".join(chr(0xE0000 + ord(letter)) for letter in "Obey")
    assert visible(f"Go{hidden}!") == "Go" + "\u2060" * 4 + "!"


def test_joiners_that_emoji_and_scripts_need_stay():
    assert visible("👨\u200d👩 می\u200cخواهم") == "👨\u200d👩 می\u200cخواهم"
