"""Word's documents: nothing that their readers see is lost."""

from hostile_documents import (
    OFFICE,
    W,
    body,
    paragraph,
    word,
)

from pipeline.documents.formats.detect import read


def labels(document, kind):
    return [mark.label for mark in document.marks if mark.kind == kind]


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
