"""What each format keeps, marks and leaves out, in cases that the corpus does not have."""

import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest
from hostile_documents import (
    OFFICE,
    UNREADABLE,
    W,
    body,
    book,
    packed,
    page,
    paragraph,
    pdf,
    stream,
    word,
)

from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Mark
from pipeline.documents.formats.detect import read
from pipeline.documents.formats.pdf import Line, Page, Setting, furniture
from pipeline.documents.sandbox import read_apart
from pipeline.errors import DocumentError, TooLarge, Unsupported
from pipeline.testing import ScriptedModel, first_words

CORPUS = Path(__file__).parent / "corpus" / "files"
PROSE = (
    "The dredger came round the mole at a quarter past five, before anybody on the quay was awake. "
    "She brought up silt, flat stones and a bicycle, and nobody asked whose bicycle it had been."
)


def labels(document, kind):
    return [mark.label for mark in document.marks if mark.kind == kind]


# PDF ----------------------------------------------------------------------------------------------


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
    document = read_apart(data, "a.pdf")
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


# Word ---------------------------------------------------------------------------------------------


def run(text):
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_word_loses_nothing_that_its_readers_see():
    inside = (
        f"<w:sdt><w:sdtContent>{paragraph('in a control')}</w:sdtContent></w:sdt>"
        f"<w:p><w:ins>{run('inserted')}</w:ins><w:del><w:r><w:delText>no</w:delText></w:r></w:del>"
        f"<w:hyperlink>{run(' linked')}</w:hyperlink></w:p>"
        f"<w:p>{run('beside')}<w:r><w:txbxContent>{paragraph('in a box')}</w:txbxContent></w:r>"
        "</w:p><w:p><w:r><w:t>tab</w:t><w:tab/><w:t>ef</w:t><w:softHyphen/><w:t>fort</w:t>"
        "<w:noBreakHyphen/><w:t>less</w:t><w:br/><w:t>line</w:t></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr>"
        f"<w:tr><w:tc>{paragraph('c')}{paragraph('d')}</w:tc></w:tr></w:tbl>"
    )
    document = read(word(body(inside)), "a")
    assert document.text == (
        "in a control\n\ninserted linked\n\nbeside\n\nin a box\n\n"
        "tab\teffort-less\nline\n\na\tb\nc d"
    )
    assert document.removed.soft_hyphens == 1


def test_words_notes_follow_what_refers_to_them_and_none_is_lost():
    notes = "".join(
        f'<w:footnote w:id="{i}">{paragraph(said)}</w:footnote>'
        for i, said in enumerate(["of the text", "of a table"], 1)
    )
    reference = '<w:r><w:footnoteReference w:id="{}"/></w:r>'
    inside = (
        f"<w:tbl><w:tr><w:tc><w:p>{run('cell')}{reference.format(2)}</w:p></w:tc></w:tr></w:tbl>"
        f"<w:p>{run('one')}{reference.format(1)}</w:p>{paragraph('two')}"
    )
    relation = f'<Relationship Id="n" Type="{OFFICE}/footnotes" Target="footnotes.xml"/>'
    written = f'<w:footnotes xmlns:w="{W}">{notes}</w:footnotes>'
    document = read(word(body(inside), relation, **{"word/footnotes.xml": written}), "a")
    assert document.text == "cell\n\none\n\nof the text\n\ntwo\n\nof a table"


def test_word_marks_the_pages_that_word_has_laid_out():
    broken = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>three</w:t></w:r></w:p>"
    document = read(word(body(paragraph("one") + broken)), "a")
    assert labels(document, "page") == ["page 2"]
    assert document.place(document.text.index("three")) == "page 2"


def test_words_own_table_of_contents_is_left_out():
    contents = (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        f"</w:docPartObj></w:sdtPr><w:sdtContent>{paragraph('One 1 Two 2')}</w:sdtContent></w:sdt>"
    )
    document = read(word(body(contents + paragraph("One"))), "a")
    assert document.text == "One"
    assert document.removed.navigation == 4


# E-books and web pages ----------------------------------------------------------------------------


def test_the_pages_of_a_printed_book_are_marked_in_its_e_book():
    breaks = '<span role="doc-pagebreak" aria-label="12"/>'
    document = read(book(page(f"<h2>One</h2><p>before</p>{breaks}<p>after</p>")), "a")
    assert document.text == "One\n\nbefore\n\nafter"
    assert document.marks == (Mark(0, "heading", "One", 2), Mark(13, "page", "page 12"))


def test_xhtml_is_read_as_such_and_named_characters_are_spelled():
    chapter = page("<title/><a id='x'/><p>a&nbsp;b &lt;c> caf&eacute; &unknown; ﬁne</p>")
    document = read(book(chapter), "a")
    assert document.text.startswith("a\xa0b <c> café ")
    assert document.text.endswith(" fine")
    assert document.removed.ligatures == 1


def test_a_page_is_read_without_what_is_around_it():
    menu = "".join(f"<li><a href=/{i}>Menu {i}</a></li>" for i in range(9))
    html = f"""<html><head><title>No</title></head><body>
      <header><nav><ul>{menu}</ul></nav></header>
      <div class="cookie-banner">We use cookies.</div>
      <main><article><h1>The dredger<a class=headerlink href="#x">¶</a></h1>
        <p>{PROSE}</p><p>Short.</p><h2>Coal</h2><p>{PROSE} Again.</p>
        <ul><li>silt<li>stones</ul><p hidden>unseen</p>
        <div class="share">Share this</div>
        <table><tr><td>Mole<td>640</table></article>
        <aside>Elsewhere: more boats</aside></main>
      <footer>All rights reserved</footer></body></html>"""
    document = read(html.encode(), "a")
    assert document.text == (
        f"The dredger\n\n{PROSE}\n\nShort.\n\nCoal\n\n{PROSE} Again.\n\n"
        "- silt\n- stones\n\nMole\t640"
    )
    assert labels(document, "heading") == ["The dredger", "Coal"]
    assert document.removed.navigation > 20


def test_the_title_above_the_content_and_the_last_words_below_it_are_kept():
    paragraphs = "".join(f"<p>{PROSE} {i}.</p>" for i in range(30))
    html = f"""<html><body><ul class=menu><li><a href=/>Home</a></ul>
      <div><h1>The dredger</h1><div><div>{paragraphs}</div><div><p>{PROSE} Last.</p></div></div>
      </div></body></html>"""
    text = read(html.encode(), "a").text
    assert text.startswith("The dredger\n\nThe dredger came")
    assert text.endswith("Last.")
    assert "Home" not in text


def test_a_page_in_another_encoding_is_read_as_it_says():
    html = "<html><meta charset='iso-8859-2'><body><p>Łódź i Kraków</p></body></html>"
    assert read(html.encode("iso-8859-2"), "a").text == "Łódź i Kraków"


# Captions -----------------------------------------------------------------------------------------


def test_a_page_is_read_to_its_end_whatever_is_in_it():
    picture = f"<img src='data:image/png;base64,{'a' * 11_000_000}'>"
    html = f"<html><body><p>Rivers carry sand.</p>{picture}<p>The sea takes it.</p></body></html>"
    assert read(html.encode(), "a").text == "Rivers carry sand.\n\nThe sea takes it."
    with pytest.raises(TooLarge):
        read(b"<html><body>" + b"<div>" * 3000 + b"The end.", "a")


@pytest.mark.parametrize("packed", [
    lambda words: word(body(paragraph(words))),
    lambda words: book(page(f"<p>{words}</p>")),
], ids=["docx", "epub"])  # fmt: skip
def test_what_holds_too_many_words_is_too_large_and_not_broken(packed):
    with pytest.raises(TooLarge, match="holds more than a document may"):
        read(packed("ha " * 9_000_000), "a")


def test_captions_say_who_speaks_and_mark_the_times():
    text = (
        "WEBVTT\n\nNOTE no\n\n1\n00:01.000 --> 00:03.000\n<v Anna>Good <i>morning</i>.\n\n"
        "00:03.000 --> 00:06.000\n<v Anna>Salt &amp; wool.\n<v Bob Smith>Yes.\n\n"
        "01:14:05.500 --> 01:14:09.000\nAnd so on.\n"
    )
    document = read(text.encode(), "a")
    assert document.text == "Anna: Good morning.\nSalt & wool.\n\nBob Smith: Yes.\n\nAnd so on."
    assert labels(document, "time") == ["00:00:01", "00:00:03", "00:00:03", "01:14:05"]


def test_captions_that_roll_are_read_once_and_what_is_said_twice_stays():
    cues = [["one"], ["one", "two"], ["two", "three"], ["three"], ["three"]]
    text = "".join(
        f"{i}\n00:00:0{i},000 --> 00:00:0{i},900\n{'/'.join(cue)}\n\n".replace("/", "\n")
        for i, cue in enumerate(cues, 1)
    )
    document = read(text.encode(), "a")
    assert document.text.split() == ["one", "two", "three", "three", "three"]
    assert document.removed.repeats == 2


def test_malformed_captions_are_read_as_text():
    text = "WEBVTT\n\n00:01.000 --> 00:9x.000\nGood morning.\n"
    assert read(text.encode(), "a").text == text


# What is not read ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (packed({"content.xml": "x"}), "is an OpenDocument file; save it as DOCX or PDF"),
        (packed({"[Content_Types].xml": "x", "xl/a.xml": ""}), "other than Word's"),
        (packed({"a.txt": "x"}), "is an archive; name the files in it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "is an old Office file"),
        (b"ID3" + bytes(99), "is a recording"),
    ],
)
def test_other_formats_are_named_with_what_to_do(data, message):
    with pytest.raises(Unsupported, match=message):
        read(data, "a")


def test_a_missing_extra_is_named():
    code = (
        "import sys; sys.modules['pypdfium2'] = None\n"
        "from pipeline.documents.formats.detect import read\nread(b'%PDF-1.7', 'a.pdf')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "a.pdf needs the extra for its format: pip install 'py-llama-backend[formats]'" in (
        done.stderr
    )
