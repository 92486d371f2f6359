"""Text as it stands: its encoding is told, its headings and times are marked."""

import codecs

import pytest

from pipeline.documents.formats import plain
from pipeline.documents.formats.detect import read
from pipeline.documents.load import load
from pipeline.errors import DocumentError, NoText, Unsupported


def test_text_comes_as_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße,\r\n\r\nthe end.\x0c".encode())
    document = load(str(path))
    assert document.text == "Grüße,\r\n\r\nthe end.\x0c"
    assert document.name == str(path)
    assert document.marks == ()


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
    ],
)
def test_a_byte_order_mark_is_no_text(bom, encoding):
    assert read(bom + "Grüße.".encode(encoding), "a").text == "Grüße."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Die Fähre verließ den Hafen um sieben Uhr. Über Köln schneite es. " * 9, "cp1252"),
        ("Паром вышел из гавани в семь часов. Над городом шёл снег. " * 9, "cp1251"),
        ("渡し船は七時に港を出た。町には雪が降っていた。" * 9, "shift_jis"),
    ],
)
def test_other_encodings_are_told_from_the_text(text, encoding):
    assert read(text.encode(encoding), "a.txt").text == text


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (b"", NoText, "holds no text"),
        (b" \n\t\r\n", NoText, "holds no text"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), Unsupported, "is not a text file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), Unsupported, "is a picture"),
        (b"{\\rtf1 Hello}", Unsupported, "save it as DOCX"),
        (codecs.BOM_UTF16_LE + b"a\x00b", DocumentError, "is not the utf-16 that"),
    ],
)
def test_what_is_no_text_is_refused(data, kind, message):
    with pytest.raises(kind, match=message) as caught:
        read(data, "a.txt")
    assert str(caught.value).startswith("a.txt ")


def test_stray_control_characters_do_not_make_a_text_binary():
    assert "\x00" in read(b"A long line of text. " * 50 + b"\x00\x01", "a").text


def marked(text):
    document = plain.read(text.encode(), "a")
    assert document.text == text
    return [(text[m.start :].split("\n")[0], m.kind, m.label, m.depth) for m in document.marks]


def test_headings_of_markdown_are_marked_but_not_comments_in_its_code():
    text = "# One #\n\ntext\n\n```sh\n# no\n```\n\n  ## Two\n\n#no\n\n~~~\n# no\n"
    assert marked(text) == [("# One #", "heading", "One", 1), ("## Two", "heading", "Two", 2)]


@pytest.mark.parametrize(
    "turn",
    [
        "[{}] Anna: Good morning.",
        "{} Anna: Good morning.",
        "Anna ({}): Good morning.",
        "Anna Smith [{}]\nGood morning.",
        "3/12/24, {} - Anna: Good morning.",
        "{}.250 – Good morning.",
    ],
)
def test_the_times_of_transcripts_are_marked(turn):
    text = "Minutes\n\n" + "\n".join(turn.format(f"00:{minute}:05") for minute in (10, 11, 12))
    assert [(kind, label) for _, kind, label, _ in marked(text)] == [
        ("time", "00:10:05"),
        ("time", "00:11:05"),
        ("time", "00:12:05"),
    ]


def test_what_has_more_marks_than_people_need_has_none():
    assert len(plain.read(b"# a\n" * plain.MAX_MARKS, "a").marks) == plain.MAX_MARKS
    assert plain.read(b"# a\n" * (plain.MAX_MARKS + 1), "a").marks == ()


def test_a_time_or_two_make_no_transcript():
    assert marked("12:30 Lunch.\n14:00 Bus to the harbour.\nNothing more.") == []


def test_plain_text_is_read_in_time_however_it_is_made():
    hostile = ["# " + " " * 10**6 + "b", "`" * 10**6, "```\n" * 10**5 + "~~~\n" * 10**5,
               "# a\n" * 10**5, "\n1:00" * 10**5, "a" * 41 + " " * 10**6, "[" * 10**6]  # fmt: skip
    for text in hostile:
        assert read(text.encode(), "a").text == text
