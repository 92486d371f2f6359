"""A text is put together from parts, and what is no content is counted."""

import pytest

from pipeline.documents.document import Mark
from pipeline.documents.formats.writer import LINE, MAX_CHARACTERS, Writer, one_line


def test_parts_marks_and_gaps():
    writer = Writer()
    writer.heading(" One ", 1)
    writer.add("")
    writer.mark("page", "page 2")
    writer.add("two")
    writer.add("three", LINE)
    document = writer.document("a")
    assert document.text == "One\n\ntwo\nthree"
    assert document.marks == (Mark(0, "heading", "One"), Mark(5, "page", "page 2"))


def test_a_mark_of_no_known_kind_is_refused():
    with pytest.raises(ValueError, match="a mark is one of time, page, heading, not 'slide'"):
        Writer().mark("slide", "slide 3")


def test_a_word_is_joined_with_or_without_its_hyphen():
    writer = Writer()
    writer.add("conver-")
    writer.join("sations of the well-", hyphen=False)
    writer.join("known", hyphen=True)
    document = writer.document("a")
    assert document.text == "conversations of the well-known"
    assert document.removed.hyphens == 1


def test_what_is_no_text_is_counted_or_dropped():
    writer = Writer()
    writer.add("ef\u00adfort \ufb01ne\x00\ufeff")
    document = writer.document("a")
    assert document.text == "effort fine"
    assert document.removed.to_dict() == {"soft_hyphens": 1, "ligatures": 1}


def test_there_is_an_end_to_it():
    writer = Writer()
    with pytest.raises(OverflowError):
        writer.add("a" * (MAX_CHARACTERS + 1))


def test_one_line():
    assert one_line(" a\n b\t c ") == "a b c"
