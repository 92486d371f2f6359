"""Reading in a process of its own: what it may take, what it may do, and what comes back."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.documents.formats.detect import read
from pipeline.documents.sandbox import Limits, read_in_sandbox
from pipeline.errors import DocumentError, NoText, TooLarge, Unsupported

CORPUS = Path(__file__).parent / "corpus"
FORBIDDEN = {
    "a connection": "import socket; socket.create_connection(('127.0.0.1', 9))",
    "a name": "import socket; socket.getaddrinfo('localhost', 80)",
    "a program": "import subprocess; subprocess.run(['true'])",
    "a shell": "import os; os.system('true')",
    "a file to write": "open('made', 'w')",
    "a file by its number": "import os; os.open('made', os.O_CREAT | os.O_WRONLY)",
    "a file to remove": "import os; os.remove('there')",
}


@pytest.mark.parametrize("name", ["harbour-libreoffice.pdf", "harbour-pandoc3.epub"])
def test_it_gives_what_reading_here_gives(name):
    data = (CORPUS / "files" / name).read_bytes()
    assert read_in_sandbox(data, name) == read(data, name)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b" \n", NoText),
        (b"\x89PNG", Unsupported),
        ((CORPUS / "unreadable" / "encrypted.pdf").read_bytes(), DocumentError),
    ],
)
def test_its_errors_are_those_of_reading_here(data, kind):
    with pytest.raises(kind) as here:
        read(data, "a")
    with pytest.raises(kind) as apart:
        read_in_sandbox(data, "a")
    assert str(here.value) == str(apart.value)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is not limited everywhere")
def test_it_may_take_no_more_memory_than_it_is_given():
    text = b"<html><body>" + b"<p>a<b>" * 1_000_000
    limits = Limits(seconds=60, memory=350 * 2**20)
    assert read_in_sandbox(text[:1000], "a", limits).text
    with pytest.raises(TooLarge):
        read_in_sandbox(text, "a", limits)


def test_it_may_take_no_more_time_than_it_is_given():
    text = b"<html><body>" + b"<p>a<b>" * 1_000_000
    with pytest.raises(TooLarge, match="too much memory or time"):
        read_in_sandbox(text, "a", Limits(seconds=1))


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_may_not_do_much(tmp_path, what):
    (tmp_path / "there").touch()
    code = f"from pipeline.documents.sandbox import _confine; _confine(9, 2**31); {FORBIDDEN[what]}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "PermissionError: reading a document needs no" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_nothing_is_imported_from_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    assert read_in_sandbox(b"Rivers carry sand.", "a").text == "Rivers carry sand."
