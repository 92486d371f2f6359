"""A document's places, by the marks before them."""

from pipeline.documents.document import Document, Mark, Removed

MARKS = (Mark(0, "page", "page 1"), Mark(2, "heading", "Rivers"), Mark(10, "page", "page 2"))


def test_a_place_is_called_by_the_most_exact_mark_before_it():
    document = Document("Rivers carry sand.", marks=MARKS)
    assert document.marks_at(5) == (MARKS[0], MARKS[1])
    assert (document.place(0), document.place(12)) == ("page 1", "page 2")
    assert Document("Rivers").place(3) is None


def test_a_stretch_is_called_by_its_ends():
    document = Document("Rivers carry sand.", marks=MARKS)
    assert document.stretch(0, 5) == "page 1"
    assert document.stretch(0, 18) == "page 1 to page 2"
    assert Document("a" * 5000).stretch(0, 5000) == "characters 0 to 5,000"


def test_marks_and_counts_go_to_json_and_back():
    assert [Mark(*mark.to_list()) for mark in MARKS] == list(MARKS)
    assert Removed(hyphens=2).to_dict() == {"hyphens": 2}
