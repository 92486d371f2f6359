"""Files are there whole or not at all."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.files import write_whole


def listed(folder):
    return [file.name for file in folder.iterdir()]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_what_is_written_is_there_and_nothing_else(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("files")
    for content in ("before", text):
        write_whole(folder / "new" / "file", content)
    assert (folder / "new" / "file").read_bytes() == text.encode()
    assert listed(folder / "new") == ["file"]


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path):
    (tmp_path / "file").write_text("no folder")
    write_whole(tmp_path / "file" / "below", "text")
    assert listed(tmp_path) == ["file"]


def test_what_cannot_be_replaced_stays_and_the_draft_goes(tmp_path):
    (tmp_path / "file").mkdir()
    write_whole(tmp_path / "file", "text")
    assert listed(tmp_path) == ["file"]


def test_an_error_on_the_way_leaves_the_old_file_and_no_draft(tmp_path):
    write_whole(tmp_path / "file", "before")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "file", "a lone surrogate \ud800")
    assert listed(tmp_path) == ["file"]
    assert (tmp_path / "file").read_text() == "before"


@pytest.mark.skipif(os.name == "nt", reason="Windows replaces no file that is being read")
def test_whoever_reads_meanwhile_reads_a_whole_file(tmp_path):
    path = tmp_path / "file"
    texts = [f"{n}" * 100_000 for n in range(4)]
    write_whole(path, texts[0])
    writers = [
        threading.Thread(target=lambda text=text: [write_whole(path, text) for _ in range(20)])
        for text in texts
    ]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert path.read_text() in texts
    assert listed(tmp_path) == ["file"]
