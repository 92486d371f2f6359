"""Formats are told from the content, and what cannot be read says what to do."""

import json
import os
import subprocess
import sys
import textwrap

import pytest
from hostile_documents import (
    body,
    book,
    packed,
    page,
    paragraph,
    word,
)

from pipeline.documents.formats import detect
from pipeline.documents.formats.detect import FORMATS, TOO_LARGE, extension, read
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


# Formats of other packages ------------------------------------------------------------------------

# The module of detect.py's docstring, as it stands there.
INI = textwrap.dedent(detect.__doc__.split("ini_format.py:\n\n")[1].split("\nand one entry")[0])
SECTIONS = b"[sand]\nwho = Rivers carry it.\n[water]\nwho = The sea takes it.\n"


@pytest.fixture
def package(tmp_path):
    """Installs a package that brings formats; returns what reads a document beside it."""

    def install(source, *entries):
        (tmp_path / "ini_format.py").write_text(source)
        info = tmp_path / "ini_format-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ini-format\nVersion: 1.0\n")
        lines = "\n".join(["[py_llama.formats]", *entries])
        (info / "entry_points.txt").write_text(lines)
        return reads

    def reads(name, data):
        """Load a file in a process that has the package; return what it says and has imported."""
        (tmp_path / name).write_bytes(data)
        path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
        code = (
            "import sys, json\nfrom pipeline.documents.load import load\n"
            "from pipeline.errors import DocumentError\n"
            "try:\n    d = load(sys.argv[1])\n"
            "    said = [d.text, [m.label for m in d.marks], d.warnings]\n"
            "except DocumentError as error:\n    said = [error.problem]\n"
            "print(json.dumps([said, 'ini_format' in sys.modules]))"
        )
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        environment = {**os.environ, "PYTHONPATH": path}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said, imported = json.loads(done.stdout)
        assert not imported  # only in the process of its own
        return said

    return install


def test_a_package_brings_a_format(package):
    reads = package(INI, "ini = ini_format:FORMAT")
    text = "sand\n\nRivers carry it.\n\nwater\n\nThe sea takes it."
    read_as_ini = [text, ["sand", "water"], []]
    assert reads("a.ini", SECTIONS) == read_as_ini
    assert reads("A.CFG", SECTIONS) == read_as_ini
    assert reads("a.txt", SECTIONS) == [SECTIONS.decode(), [], []]
    assert reads("a.other", SECTIONS) == [SECTIONS.decode(), [], []]
    assert reads("a.ini", b"<html><body><p>A page.</p></body></html>")[0] == "A page."


def test_a_package_brings_what_is_refused_without_it(package):
    signed = INI.replace('extensions=(".ini", ".cfg")', 'signatures=(b"{\\\\rtf",)')
    source = signed.replace("    parser, ", '    return Document("read", name)\n    parser, ')
    reads = package(source, "rtf = ini_format:FORMAT")
    assert reads("a", b"{\\rtf1 Hello}")[0] == "read"
    assert "is a picture" in reads("a", b"\x89PNG")[0]


def test_what_a_plugin_prints_is_no_part_of_the_document(package):
    printing = "    print('read')\n    __import__('os').write(1, b'{}')\n    parser, "
    reads = package(INI.replace("    parser, ", printing), "ini = ini_format:FORMAT")
    assert reads("a.ini", SECTIONS)[1] == ["sand", "water"]


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("ini_format:NOTHING", "AttributeError: module 'ini_format' has no attribute 'NOTHING'"),
        ("ini_format:read", "TypeError: it names no Format with a reader"),
        ("not_there:FORMAT", "ModuleNotFoundError: No module named 'not_there'"),
        ("ini_format:ANY", "TypeError: its Format does not say which documents are of it"),
    ],
)
def test_a_plugin_that_cannot_be_loaded_is_named_and_breaks_nothing_else(package, entry, problem):
    source = INI + 'ANY = Format("any", "ini_format:read")\n'
    reads = package(source, f"broken = {entry}", "ini = ini_format:FORMAT")
    line = f"the format plugin broken ({entry}) fails: {problem}"
    assert reads("a.ini", SECTIONS)[1:] == [["sand", "water"], [line]]
    assert reads("a.other", SECTIONS) == [SECTIONS.decode(), [], [line]]
    assert reads("a.txt", SECTIONS) == [SECTIONS.decode(), [], []]
    (refused,) = reads("a.other", bytes(99))
    assert refused == f"is not a text file, nor any other that is read here; {line}"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ('pattern=r"\\["', "TypeError: pattern must be re.compile(…) of a text, not '\\\\['"),
        ('extensions=(".ini")', "TypeError: extensions must be a tuple, not '.ini'"),
        ('signatures=("[",)', "TypeError: a bytes-like object is required, not 'str'"),
    ],
)
def test_a_plugin_that_fails_to_recognize_is_named_and_breaks_nothing_else(package, given, problem):
    source = INI.replace('extensions=(".ini", ".cfg")', given)
    reads = package(source, "broken = ini_format:FORMAT")
    text, marks, (warning,) = reads("a.other", SECTIONS)
    assert (text, marks) == (SECTIONS.decode(), [])
    assert warning.startswith(f"the format plugin broken (ini_format:FORMAT) fails: {problem}")
    assert reads("a.txt", SECTIONS) == [SECTIONS.decode(), [], []]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("raise KeyError(data)", "cannot be read by the format plugin INI (KeyError)"),
        ("return 5", "cannot be read by the format plugin INI (it returns no Document)"),
        ("import not_there", "needs not_there"),
        ("raise OverflowError", TOO_LARGE),
        ("return Document(' ', name)", "holds no text, so there is nothing to summarize"),
        ("open('/tmp/py-llama', 'w')", "cannot be read by the format plugin INI (PermissionError)"),
    ],
)
def test_a_plugin_that_fails_says_so_in_one_line(package, body, problem):
    source = INI.replace("    parser, writer", f"    {body}\n    parser, writer")
    assert package(source, "ini = ini_format:FORMAT")("a.ini", SECTIONS) == [problem]


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.INI", ".ini"), ("https://a.org/b.Ini?c=d.txt#e", ".ini"), ("https://a.org/b", ""),
     ("a", ""), (".ini", ".ini"), ("a.b c", ""), ("a.\x00", ""), ("a." + "b" * 99, "")],
)  # fmt: skip
def test_the_extension_of_a_name(name, found):
    assert extension(name) == found


def test_every_row_of_the_table_can_fit_and_says_what_to_do():
    for one in FORMATS:
        assert one.signatures or one.member or one.pattern
        assert bool(one.reader) != bool(one.problem)
        assert bool(one.reader) == bool(one.needs)


def test_importing_what_loads_documents_is_cheap():
    code = "import pipeline.documents.load, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"lxml", "pypdfium2", "docx", "httpx", "pydantic", "importlib.metadata", "asyncio"}
    assert not heavy & set(done.stdout.split())


def test_text_in_another_encoding_says_what_it_needs_where_that_is_missing(tmp_path):
    (tmp_path / "a.txt").write_bytes("Die Fähre verließ Köln.".encode("cp1252"))
    code = (
        "import sys; sys.modules['charset_normalizer'] = None\n"
        "from pipeline.documents.load import load\nload(sys.argv[1])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Unsupported: " in done.stderr
    assert "needs the extra for its format: pip install" in done.stderr
