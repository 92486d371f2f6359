"""ZIP archives are unpacked within limits."""

import pytest
from hostile_documents import packed

from pipeline.documents.formats import archive
from pipeline.documents.formats.archive import Archive


def test_the_files_of_an_archive():
    opened = Archive(packed({"a.txt": "Rivers", "b.txt": "carry sand"}))
    assert opened.names == {"a.txt", "b.txt"}
    assert opened.unpacked == 16
    assert not opened.encrypted
    assert opened.read("a.txt") == b"Rivers"
    with pytest.raises(KeyError):
        opened.read("c.txt")


def test_no_more_is_unpacked_than_may_be():
    opened = Archive(packed({f"{i}.txt": "\0" * (archive.MAX_BYTES // 2) for i in range(3)}))
    for i in range(2):
        opened.read(f"{i}.txt")
    with pytest.raises(OverflowError):
        opened.read("2.txt")


def test_an_archive_of_too_many_files_is_not_opened():
    with pytest.raises(OverflowError):
        Archive(packed({str(i): "" for i in range(archive.MAX_FILES + 1)}))
