"""Files beside the lines of an output."""

import json
from importlib.util import find_spec

import pytest
from corpora import lines

from pipeline import InputError
from pipeline.corpus.ledger import Outcome, open_ledger
from pipeline.corpus.write import ROW_GROUP, lines_path, write_outputs

needs_parquet = pytest.mark.skipif(
    find_spec("pyarrow") is None, reason="the extra [parquet] is not installed"
)


def write(out, outcomes):
    gathered = lines_path(out, out.with_name("corpus.jsonl"))
    with open_ledger(gathered, {}) as ledger:
        ledger.add(outcomes)
        write_outputs(out, gathered, ledger)


def finished(number):
    return Outcome(f"d{number}", b"%d" % number, {"summary": f"Summary {number} ü.", "n": number})


def failed(name, reason="why"):
    return Outcome(name, name.encode(), kind="NoText", reason=reason)


def test_lines_are_gathered_in_the_output_or_beside_a_parquet_file(tmp_path):
    corpus = tmp_path / "in.jsonl"
    assert lines_path(tmp_path / "out.JSONL", corpus) == tmp_path / "out.JSONL"
    assert lines_path(tmp_path / "out.parquet", corpus) == tmp_path / "out.parquet.jsonl"


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("out.txt", "ends in neither"),
        ("corpus/out.jsonl", "would be read as a document"),
        ("corpus/below/../out.jsonl", "would be read as a document"),
        ("nowhere/out.jsonl", "there is no folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused(tmp_path, out, complaint):
    (tmp_path / "corpus" / "below").mkdir(parents=True)
    with pytest.raises(InputError, match=complaint):
        lines_path(tmp_path / out, tmp_path / "corpus")


def test_failures_are_listed_anew_each_time_and_an_empty_list_is_no_file(tmp_path):
    out, listed = tmp_path / "out.jsonl", tmp_path / "out.failed.jsonl"
    write(out, [failed("b", "why ü"), failed("a"), finished(1)])
    assert lines(listed) == [
        {"id": "a", "kind": "NoText", "reason": "why"},
        {"id": "b", "kind": "NoText", "reason": "why ü"},
    ]
    write(out, [Outcome("a", b"new", {"summary": "Now it can be read."})])
    assert [line["id"] for line in lines(listed)] == ["b"]
    write(out, [Outcome("b", b"new", {"summary": "And so can this."})])
    assert not listed.exists()


@needs_parquet
def test_a_parquet_file_has_a_row_for_each_line(tmp_path):
    from pyarrow.parquet import ParquetFile

    count = ROW_GROUP + 5  # more than are held in memory at once
    write(tmp_path / "out.parquet", [finished(n) for n in range(count)])
    with ParquetFile(tmp_path / "out.parquet") as file:
        assert file.num_row_groups == 2
        rows = file.read().to_pylist()
    assert len(rows) == count
    assert rows[-1]["id"] == f"d{count - 1}"
    for number, row in enumerate(rows[:9]):
        result = {"summary": f"Summary {number} ü.", "n": number}
        assert row == {"id": f"d{number}", "summary": result["summary"], "result": row["result"]}
        assert json.loads(row["result"]) == result
    assert sorted(file.name for file in tmp_path.iterdir() if "ledger" not in file.name) == [
        "out.parquet",
        "out.parquet.jsonl",
    ]
