"""Corpora of every kind, document by document, and what is wrong with some."""

import contextlib
import json
import tracemalloc
from importlib.util import find_spec
from itertools import islice

import pytest

from pipeline.corpus.read import Columns, open_corpus
from pipeline.errors import InputError

needs_parquet = pytest.mark.skipif(
    find_spec("pyarrow") is None, reason="the extra [parquet] is not installed"
)


def read(source, **columns):
    return list(open_corpus(str(source), Columns(**columns)))


def pairs(source, **columns):
    return [
        (entry.document.name, entry.document.text or str(entry.error))
        for entry in read(source, **columns)
    ]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path, rows, **options):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, **options)


def test_a_folder_with_all_below_it(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.txt").write_text("Text a.")
    (tmp_path / "sub" / "b.md").write_text("Text b.")
    (tmp_path / ".hidden").write_text("Nobody asked.")
    (tmp_path / "bad.bin").write_bytes(bytes(range(256)))
    with contextlib.suppress(OSError):  # Windows makes links for some users only
        (tmp_path / "sub" / "back").symlink_to(tmp_path, target_is_directory=True)
    found = dict(pairs(tmp_path))
    assert found["a.txt"] == "Text a."
    assert found["sub/b.md"] == "Text b."
    assert "bad.bin" in found["bad.bin"]
    assert len(found) == 3
    assert sorted(entry.share for entry in read(tmp_path)) == [1 / 3, 2 / 3, 1]


def test_a_glob(tmp_path):
    for name in ("a.txt", "b.txt", "c.md"):
        (tmp_path / name).write_text(f"Text {name}.")
    assert sorted(text for _, text in pairs(tmp_path / "*.txt")) == ["Text a.txt.", "Text b.txt."]


def test_jsonl(tmp_path):
    path = tmp_path / "c.jsonl"
    write_jsonl(path, [{"key": 7, "body": "One."}, {"key": "x", "body": "Two."}])
    assert pairs(path, text="body", id="key") == [("7", "One."), ("x", "Two.")]
    assert pairs(path, text="body") == [("1", "One."), ("2", "Two.")]
    assert read(path, text="body")[-1].share == 1


def test_bad_lines_of_jsonl_cost_themselves_alone(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_bytes(
        b'{"text": "One."}\n{broken\n\n{"text": 5}\n[1]\n{"text": "caf\xe9"}\n'
        b'{"text": "half \\ud83d"}\n' + b"[" * 100_000 + b'\n{"text": "Two."}\n'
    )
    found = pairs(path)
    assert found[0] == ("1", "One.")
    assert found[-1] == ("9", "Two.")
    problems = ["no JSON", "no text in column", "no columns", "not UTF-8", "not UTF-8", "no JSON"]
    for (_, said), problem in zip(found[1:-1], problems, strict=True):
        assert problem in said


def test_a_record_without_its_id(tmp_path):
    path = tmp_path / "c.jsonl"
    write_jsonl(path, [{"text": "One."}, {"key": 0, "text": "Two."}])
    assert pairs(path, id="key") == [
        ("1", "record 1 has nothing in column key"),
        ("0", "Two."),
    ]


def test_csv(tmp_path):
    path = tmp_path / "c.csv"
    long = "word " * 100_000
    rows = f'\ufeffkey,text\n1,"One, with a comma,\nand two lines."\n2,{long}\n'
    path.write_bytes(rows.encode() + b"3,caf\xe9\n4\n")
    found = pairs(path, id="key")
    assert found[0] == ("1", "One, with a comma,\nand two lines.")
    assert found[1] == ("2", long)
    assert found[2] == ("3", "record 3 is not UTF-8")
    assert found[3] == ("4", "record 4 has no text in column text")


@needs_parquet
def test_parquet(tmp_path):
    path = tmp_path / "c.parquet"
    write_parquet(path, [{"n": i, "text": f"Text {i}."} for i in range(200)], row_group_size=150)
    assert pairs(path, id="n") == [(str(i), f"Text {i}.") for i in range(200)]
    assert read(path)[99].share == 0.5


@needs_parquet
def test_a_large_parquet_file_is_not_held_in_memory(tmp_path):
    path = tmp_path / "c.parquet"
    rows = [{"text": f"{i} " + "word " * 2000} for i in range(4000)]
    write_parquet(path, rows, row_group_size=4000, compression="none", use_dictionary=False)
    import pyarrow

    tracemalloc.start()
    before = pyarrow.total_allocated_bytes()
    most = max(pyarrow.total_allocated_bytes() for _ in open_corpus(str(path), Columns()))
    python = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 35e6
    assert most - before < 20e6
    assert python < 10e6


def test_a_corpus_is_read_as_it_is_needed(tmp_path):
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "One."}\n' + "x" * 10_000_000)
    tracemalloc.start()
    (entry,) = islice(open_corpus(str(path), Columns()), 1)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert entry.document.text == "One."
    assert most < 2_000_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nowhere", None, "does not exist"),
        ("c.pdf", b"", "is not a corpus"),
        ("c.csv", b"a,b\n1,2\n", "no column 'text'; it has a, b"),
        pytest.param("c.parquet", b"nonsense", "cannot be read", marks=needs_parquet),
        ("*.nothing", None, "there is no file to read"),
    ],
)
def test_what_is_no_corpus(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


@needs_parquet
def test_parquet_without_the_column(tmp_path):
    write_parquet(tmp_path / "c.parquet", [{"body": "One."}])
    with pytest.raises(InputError, match="no column 'text'; it has body"):
        read(tmp_path / "c.parquet")


@pytest.mark.skipif(find_spec("datasets") is not None, reason="datasets is installed")
def test_a_data_set_without_the_library():
    with pytest.raises(InputError, match=r"pip install 'py-llama-backend\[datasets\]'"):
        read("hub:someone/something")
