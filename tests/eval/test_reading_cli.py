"""`py-llama eval read` (`eval.reading.cli`): sheets, forms filled in, tables
(`eval.reading.tables`), and judged sentences that stay (`eval.reading.judged`).
"""

import json

import pytest
from click.testing import CliRunner
from readers import fill

from eval.cli import evaluate
from eval.reading.cases import PEOPLE
from eval.reading.judged import grow
from eval.reading.sheets import read_key
from pipeline.errors import InputError

MARKS = {
    "lead": ("TE", 2, 4),
    "textrank": ("TTE", 3.5, 3),
    "oracle": ("TP", 5, 2),
    PEOPLE: ("T", 8, 1),
}


def call(*args):
    return CliRunner().invoke(evaluate, ["read", *map(str, args)], catch_exceptions=False)


@pytest.fixture
def sheets(folder, tmp_path):
    path = tmp_path / "sheets"
    result = call("sheets", folder, "-o", path)
    assert result.exit_code == 0
    assert "2 documents" in result.stdout
    return path


def sentences(path):
    return sum(len(text) for case in read_key(path).cases for text in case.texts.values())


def test_sheets_are_the_same_for_the_same_seed(sheets, folder, tmp_path):
    call("sheets", folder, "-o", tmp_path / "again")
    call("sheets", folder, "-o", tmp_path / "other", "--seed", 1)
    files = [path.relative_to(sheets) for path in sheets.rglob("*") if path.is_file()]
    assert len(files) == 2 * 2 * 2 + 1
    texts = {
        name: [(tmp_path / name / file).read_bytes() for file in files]
        for name in ("sheets", "again", "other")
    }
    assert texts["sheets"] == texts["again"] != texts["other"]


def test_fewer_readers_and_documents_can_be_asked_for(folder, tmp_path):
    flags = ["-o", tmp_path / "one", "--readers", 1, "--max-documents", 1]
    result = call("sheets", folder, *flags)
    assert "one opinion" in result.stderr
    (case,) = read_key(tmp_path / "one").cases
    assert list(case.letters) == ["reader1"]
    call("sheets", folder, "-o", tmp_path / "named", "--ids", case.document)
    assert [one.document for one in read_key(tmp_path / "named").cases] == [case.document]


def test_a_tally_is_shown_and_warns_of_what_is_not_read(sheets):
    fill(sheets, "reader1", MARKS)
    result = call("tally", sheets)
    assert result.exit_code == 0
    assert "2 forms are not filled in" in result.stderr
    assert "fewer than 2 readers" in result.stderr
    fill(sheets, "reader2", {**MARKS, "lead": ("TF", 1, 4)})
    result = call("tally", sheets)
    assert result.stderr == ""
    for said in ("textrank", "people - oracle", "2 of 2", "reader1 - reader2", "kappa"):
        assert said in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_a_tally_in_json(sheets):
    for reader in ("reader1", "reader2"):
        fill(sheets, reader, MARKS)
    found = json.loads(call("tally", sheets, "--json").stdout)
    (board,) = found["boards"]
    assert found["warnings"] == []
    assert [system["name"] for system in board["systems"]] == [
        PEOPLE,
        "oracle",
        "textrank",
        "lead",
    ]
    assert board["systems"][0]["shares"]["T"] == {"mean": 1, "low": 1, "high": 1}
    assert sum(system["sentences"] for system in board["systems"]) == sentences(sheets)
    assert board["agreement"][0]["kappa"] == 1
    assert board["agreement"][0]["sentences"] == sentences(sheets)
    assert {pair["above"] for pair in board["pairs"]} == {2}


def test_what_was_read_stays(sheets, tmp_path):
    out = tmp_path / "kept" / "judged.jsonl"
    fill(sheets, "reader1", MARKS)
    assert f"{sentences(sheets)} of them new" in call("judged", sheets, "-o", out).stdout
    before = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert all(readers(row) == ["reader1"] for row in before)
    fill(sheets, "reader2", MARKS)
    assert "0 of them new" in call("judged", sheets, "-o", out).stdout
    whole = out.read_bytes()
    call("judged", sheets, "-o", out)
    assert out.read_bytes() == whole
    rows = [json.loads(line) for line in whole.decode().splitlines()]
    assert [row["text"] for row in rows] == [row["text"] for row in before]
    assert all(readers(row) == ["reader1", "reader2"] for row in rows)
    for row in rows:
        verdicts = MARKS[row["system"]][0]
        (mine,) = [v for key, v in row["verdicts"].items() if key.endswith("/reader1")]
        assert mine == verdicts[(row["number"] - 1) % len(verdicts)]
    assert rows[0].keys() == {
        "task", "document", "system", "number", "text", "verdicts",
    }  # fmt: skip


def readers(row):
    return [key.rpartition("/")[2] for key in row["verdicts"]]


def test_other_sheets_add_to_what_was_read(sheets, folder, tmp_path):
    """The folders have one name; of the same summaries, the sentences are not kept twice."""
    out = tmp_path / "judged.jsonl"
    call("sheets", folder, "-o", tmp_path / "more" / "sheets", "--seed", 1)
    call("sheets", f"again-lead={folder / 'lead'}", "-o", tmp_path / "lead")
    for path in (sheets, tmp_path / "more" / "sheets", tmp_path / "lead"):
        fill(path, "reader1", {**MARKS, "again-lead": ("TE", 2, 2)})
        call("judged", path, "-o", out)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    own = [row for row in rows if row["system"] not in (PEOPLE, "again-lead")]
    assert all(readers(row) == ["reader1", "reader1"] for row in own)
    again = [row["text"] for row in rows if row["system"] == "again-lead"]
    assert again == [row["text"] for row in rows if row["system"] == "lead"]


def test_a_file_of_something_else_is_not_touched(tmp_path):
    path = tmp_path / "else.jsonl"
    path.write_text('{"text": "mine"}\n')
    with pytest.raises(InputError, match="line 1: not a judged sentence"):
        grow(path, [])
    assert path.read_text() == '{"text": "mine"}\n'
