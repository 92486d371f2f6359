"""PDF: lines become paragraphs, and what pages add to a text is left out."""

import sys
import time
import zlib
from pathlib import Path

import pytest
from hostile_documents import (
    UNREADABLE,
    pdf,
    stream,
)

from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Mark
from pipeline.documents.formats.detect import read
from pipeline.documents.formats.pdf import Line, Page, Setting, furniture
from pipeline.documents.sandbox import read_in_sandbox
from pipeline.errors import DocumentError
from pipeline.testing import ScriptedModel, first_words

CORPUS = Path(__file__).parent / "corpus" / "files"


PROSE = (
    "The dredger came round the mole at a quarter past five, before anybody on the quay was awake. "
    "She brought up silt, flat stones and a bicycle, and nobody asked whose bicycle it had been."
)


def labels(document, kind):
    return [mark.label for mark in document.marks if mark.kind == kind]


def lines(*texts, top=700.0, left=50.0, right=500.0, step=14.0):
    return tuple(
        Line(text, left, right, top - i * step, top - i * step + 12) for i, text in enumerate(texts)
    )


def pages(*contents, **more):
    return [Page(str(i + 1), lines(*texts, **more), (), False) for i, texts in enumerate(contents)]


def text_of(*texts):
    return Setting(pages(texts), []).document("a").text


def test_words_are_put_together_at_line_ends():
    document = Setting(pages(["All the conver-", "sations were long."]), []).document("a")
    assert document.text == "All the conversations were long."
    assert document.removed.hyphens == 1


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("a well-known, a well-", "known man", "a well-known, a well-known man"),
        ("in Schleswig-", "Holstein", "in Schleswig-Holstein"),
        ("from 1911-", "1912", "from 1911- 1912"),
        ("and then -", "nothing", "and then - nothing"),
    ],
)
def test_hyphens_that_belong_to_a_word_stay(before, after, text):
    assert text_of(before, after) == text


def test_a_word_is_put_together_across_pages_and_the_page_marked_inside_it():
    document = Setting(pages(["a long conver-"], ["sation at six"]), []).document("a")
    assert document.text == "a long conversation at six"
    assert document.marks == (Mark(0, "page", "page 1"), Mark(13, "page", "page 2"))


def test_gaps_items_and_short_lines_end_paragraphs_and_lines():
    assert text_of("one two", "three") == "one two three"
    assert text_of("one two.", "• three") == "one two.\n• three"
    apart = (*lines("One two."), *lines("Three four.", top=660), *lines("Five six.", top=646))
    assert Setting([Page("1", apart, (), False)], []).document("a").text.startswith("One two.\n\nT")
    indented = (*lines("One two."), *lines("Three.", top=686, left=70), *lines("x", top=672))
    assert Setting([Page("1", indented, (), False)], []).document("a").text[:10] == "One two.\n\n"


def found(*contents):
    return {
        line.text: kind
        for of_page in furniture(pages(*contents)).values()
        for line, kind in of_page.items()
    }


def test_running_heads_and_page_numbers_are_told_by_where_they_stand():
    contents = [
        ["The Title", *[f"{PROSE[7 * i + j :]}" for j in range(8)], f"- {i} -"] for i in range(9)
    ]
    kinds = found(*contents)
    assert kinds["The Title"] == "running_heads"
    assert {kinds[f"- {i} -"] for i in range(9)} == {"page_numbers"}
    assert len(kinds) == 10


def test_left_and_right_pages_may_have_their_own_heads_and_roman_numbers():
    romans = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"]
    contents = [
        ["Left" if i % 2 else "Right", *"abcdefgh", f"{i} text", romans[i]] for i in range(8)
    ]
    assert set(found(*contents)) >= {"Left", "Right", *romans}


def test_what_is_said_again_elsewhere_is_text():
    refrain = [["And the sea came in."] if i in {0, 10, 20} else [f"verse {i}"] for i in range(30)]
    assert found(*[[*first, *"abcdefg"] for first in refrain]).get("And the sea came in.") is None


def test_numbers_that_do_not_count_pages_are_text():
    amounts = [["Sum", "x", "y", "z", "u", "v", "w", str(7 * i * i)] for i in range(9)]
    assert not {str(7 * i * i) for i in range(9)} & set(found(*amounts))


def test_the_pages_of_a_pdf_are_marked_and_its_outline_gives_headings():
    document = read((CORPUS / "harbour-libreoffice.pdf").read_bytes(), "a")
    assert labels(document, "page") == [f"page {i}" for i in range(1, 6)]
    assert labels(document, "heading")[1] == "Chapter 1. The dredger"
    assert document.removed.running_heads == document.removed.page_numbers == 5
    assert document.place(document.text.index("It was about a bicycle")) == "page 5"


def test_a_pdf_that_cannot_be_read_says_why():
    with pytest.raises(DocumentError, match="is encrypted; save it without a password"):
        read((UNREADABLE / "encrypted.pdf").read_bytes(), "a")
    with pytest.raises(DocumentError, match="needs OCR first"):
        read((UNREADABLE / "scanned.pdf").read_bytes(), "a")
    with pytest.raises(DocumentError, match="is broken"):
        read(b"%PDF-1.7\nnothing", "a")


def test_pages_that_are_pictures_are_named():
    document = read((UNREADABLE / "partly.pdf").read_bytes(), "a")
    assert "Nobody on the quay waved." in document.text
    assert document.warnings == (
        "1 of 2 pages hold pictures without text, page 2 the first; they need OCR",
    )


def long_pdf(count):
    """A PDF of so many pages, with a running head and page numbers."""
    kids = " ".join(f"{2 * i + 4} 0 R" for i in range(count))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number in range(count):
        said = [f"{i}. {PROSE[(7 * number + 3 * i) % 97 :][:60]}" for i in range(40)]
        shown = "\n".join(f"({line}) Tj 0 -14 Td" for line in ["The Harbour", *said, str(number)])
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {2 * number + 5} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>",
            stream(zlib.compress(f"BT /F 11 Tf 40 740 Td {shown} ET".encode())),
        ]
    return pdf(*objects)


@pytest.mark.skipif(sys.platform == "win32", reason="asks for the time that processes took")
def test_300_pages_open_and_plan_in_under_3_seconds():
    data, model = long_pdf(300), ScriptedModel(first_words(20), context=4096)
    began = time.process_time() + children()
    document = read_in_sandbox(data, "a.pdf")
    plan = Summarizer(model).plan(document)
    took = time.process_time() + children() - began  # of the processor: tests run side by side
    assert document.removed.page_numbers == document.removed.running_heads == 300
    assert labels(document, "page")[-1] == "page 300"
    assert len(plan.chunks) > 20
    assert took < 3


def children():
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
