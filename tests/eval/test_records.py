"""Run folders: nothing is lost, nothing is done twice, nothing foreign is taken for a run."""

import json

import pytest

from eval import records
from eval.records import Output
from pipeline.errors import InputError

MANIFEST = {
    "name": "lead",
    "task": {"name": "sample", "version": 1, "source": "sample"},
    "system": {"name": "lead", "words": 100},
    "seeds": [0],
    "items": {"a": "1", "b": "2"},
}


def output(key, **more):
    return Output(key, 0, "digest", **{"status": "done", "summary": f"Of {key}.\u2028", **more})


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "run"
    records.begin(path, MANIFEST)
    records.add(path, output("a", tree=[{"level": 0, "text": "x"}]))
    return path


def test_what_was_added_is_read(folder):
    run = records.read(folder)
    assert run.outputs == (output("a", tree=[{"level": 0, "text": "x"}]),)
    assert (run.name, run.finished, run.missing) == ("lead", {("a", 0)}, 1)


def test_the_same_command_goes_on(folder):
    run = records.begin(folder, {**MANIFEST, "begun": "later"})
    records.add(folder, output("b"))
    assert run.finished == {("a", 0)}
    assert records.read(folder).missing == 0


@pytest.mark.parametrize("cut", [1, 10])
def test_a_line_that_was_cut_off_is_done_again(folder, cut):
    records.add(folder, output("b"))
    file = folder / "outputs.jsonl"
    file.write_bytes(file.read_bytes()[:-cut])
    assert records.read(folder).finished == {("a", 0)}
    records.begin(folder, MANIFEST)
    records.add(folder, output("b"))
    assert [o.id for o in records.read(folder).outputs] == ["a", "b"]


def test_a_finished_run_notes_what_it_took(folder):
    usage = {"prompt_tokens": 9, "output_tokens": 3}
    records.add(folder, output("b", status="failed", seconds=2.0, usage=usage))
    records.finish(folder)
    totals = records.begin(folder, MANIFEST).manifest["totals"]
    assert (totals["documents"], totals["failed"], totals["measured"]) == (2, 1, 1)
    assert (totals["seconds"], totals["prompt_tokens"], totals["output_tokens"]) == (2.0, 9, 3)


def test_failed_documents_can_be_tried_again(folder):
    records.add(folder, output("b", status="failed", error="no"))
    assert records.begin(folder, MANIFEST).missing == 0
    assert records.begin(folder, MANIFEST, retry_failed=True).finished == {("a", 0)}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"system": {"name": "lead", "words": 50}}, "words: 100, not 50"),
        ({"items": {"a": "1"}}, "b: '2', not None"),
        ({"seeds": [1]}, r"\[0\], not \[1\]"),
    ],
)
def test_another_run_is_refused(folder, change, problem):
    with pytest.raises(InputError, match=problem):
        records.begin(folder, {**MANIFEST, **change})
    assert records.read(folder).finished == {("a", 0)}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "not a run folder"),
        ("{", "damaged"),
        ("[]", "another version"),
        (json.dumps({**MANIFEST, "format": 99}), "its format is 99"),
    ],
)
def test_what_is_no_run_is_said(tmp_path, text, problem):
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=problem):
        records.read(tmp_path)


def test_other_peoples_folders_are_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="is not empty"):
        records.begin(tmp_path, MANIFEST)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_damage_is_named(folder):
    file = folder / "outputs.jsonl"
    file.write_text("{}\n" + file.read_text())
    with pytest.raises(InputError, match="line 1: damaged"):
        records.read(folder)


def test_a_folder_of_runs_is_all_of_them(tmp_path):
    for name in ("b", "a"):
        records.begin(tmp_path / name, {**MANIFEST, "name": name})
    assert [run.name for run in records.find([tmp_path])] == ["a", "b"]
    assert [run.name for run in records.find([tmp_path / "b"])] == ["b"]
