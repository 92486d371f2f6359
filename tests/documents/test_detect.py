"""Formats are told from the content, and what cannot be read says what to do."""

import subprocess
import sys

import pytest
from hostile_documents import (
    body,
    book,
    packed,
    page,
    paragraph,
    word,
)

from pipeline.documents.formats.detect import read
from pipeline.errors import TooLarge, Unsupported


@pytest.mark.parametrize("packed", [
    lambda words: word(body(paragraph(words))),
    lambda words: book(page(f"<p>{words}</p>")),
], ids=["docx", "epub"])  # fmt: skip
def test_what_holds_too_many_words_is_too_large_and_not_broken(packed):
    with pytest.raises(TooLarge, match="holds more than a document may"):
        read(packed("ha " * 9_000_000), "a")


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
