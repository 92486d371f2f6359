"""Filled forms, read back under the systems' names, and what is wrong with others
(`eval.reading.verdicts`).
"""

import json
import re

import pytest
from readers import case, fill

from eval.reading.cases import PEOPLE
from eval.reading.sheets import write
from eval.reading.verdicts import read
from pipeline.errors import InputError

TEXTS = {"ours": ("One.", "Two.", "Three."), "theirs": ("Four.",), PEOPLE: ("Five.", "Six.")}
MARKS = {"ours": ("TPF", 4, 3), "theirs": ("E", 4.5, 2), PEOPLE: ("T", 9, 1)}


@pytest.fixture
def sheets(tmp_path):
    path = tmp_path / "sheets"
    write([case("a", TEXTS), case("b", TEXTS)], path, readers=2, seed=1)
    return path


@pytest.fixture
def form(sheets):
    """Return what changes one filled form: reader1's of document a, summary A."""
    fill(sheets, "reader1", MARKS)
    path = sheets / "reader1" / "meetings--a.json"

    def change(edit):
        filled = json.loads(path.read_text("utf-8"))
        edit(filled["summaries"]["A"], filled)
        path.write_text(json.dumps(filled), "utf-8")
        return path

    return change


def test_what_is_filled_in_comes_back_by_system(sheets):
    fill(sheets, "reader1", MARKS)
    readings = read([sheets])
    assert readings.waiting == (("meetings a", "reader2"), ("meetings b", "reader2"))
    assert [(one.document, one.reader) for one in readings.done] == [
        ("a", "reader1"),
        ("b", "reader1"),
    ]
    for one in readings.done:
        assert re.fullmatch("sheets-[0-9a-f]{8}", one.sheets)
        for system, judged in one.systems.items():
            verdicts, usefulness, rank = MARKS[system]
            assert judged.sentences == TEXTS[system]
            assert (judged.usefulness, judged.rank) == (usefulness, rank)
            assert judged.verdicts[: len(verdicts)] == tuple(verdicts)
    assert readings.done[0].systems["ours"].share("P") == pytest.approx(1 / 3)


def test_verdicts_may_be_written_small(form, sheets):
    form(lambda summary, _: summary["sentences"].update(A1=" t "))
    assert len(read([sheets]).done) == 2


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (lambda s, _: s["sentences"].update(A1=None), "A1: nothing filled in (T, P, F or E)"),
        (lambda s, _: s["sentences"].update(A1="X"), "A1: 'X' (T, P, F or E)"),
        (lambda s, _: s["sentences"].pop("A1"), "sentence A1 is missing"),
        (lambda s, _: s["sentences"].update(A9="T"), "there is no sentence A9 on the sheet"),
        (lambda s, _: s.update(usefulness=None), "A usefulness: nothing filled in"),
        (lambda s, _: s.update(usefulness=11), "A usefulness: 11 (input should be less than"),
        (lambda s, _: s.pop("rank"), "A rank: missing"),
        (lambda s, _: s.update(rank=0), "A rank: 0"),
        (lambda s, _: s.update(rank=4), "A rank: there are 3 summaries only"),
        (lambda s, _: s.update(colour="red"), "A colour: not asked for"),
        (lambda _, form: form["summaries"].pop("B"), "summary B is missing"),
        (lambda _, form: form.update(document="b"), "it is the form of meetings, b, reader1"),
    ],
)
def test_problems_name_the_file_the_sentence_and_what_is_missing(form, sheets, edit, problem):
    path = form(edit)
    with pytest.raises(InputError) as caught:
        read([sheets])
    assert f"{path}: {problem}" in str(caught.value)


def test_problems_of_all_files_are_told_at_once(sheets):
    fill(sheets, "reader1", {**MARKS, "ours": ("X", 4, 3)})
    (sheets / "reader2" / "meetings--a.json").write_text("{")
    with pytest.raises(InputError) as caught:
        read([sheets])
    lines = str(caught.value).splitlines()
    assert len(lines) == 7
    assert any("not JSON" in line for line in lines)


def test_there_must_be_something_to_read(sheets):
    with pytest.raises(InputError, match="no form is filled in yet"):
        read([sheets])
