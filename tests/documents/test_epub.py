"""E-books: pages of the printed book, and XHTML (`pipeline.documents.formats.markup`)."""

from hostile_documents import (
    book,
    page,
)

from pipeline.documents.document import Mark
from pipeline.documents.formats.detect import read


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
