"""Tasks: what is declared is checked, and what is wrong is said by line."""

import json
from pathlib import Path

import pytest

from eval.tasks import Item, declared, find_leaks, load_task
from pipeline.errors import InputError

SHARED = Path(__file__).parents[3] / "shared" / "data"
GOOD = {"id": "a", "document": "Some text.", "references": ["Short."]}


def write(path, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def test_the_sample_is_as_promised():
    data = load_task("sample")
    assert len(data.items) == 8
    assert all(len(item.document.split()) >= 1500 for item in data.items)
    assert all(len(item.references) == 2 for item in data.items)
    assert data.warnings == ()
    assert all(item.query is None for item in data.items)


def test_questions_take_their_documents_from_the_task():
    documents = {item.document for item in load_task("sample").items}
    data = load_task("sample-queries")
    assert len(data.items) >= 8
    assert all(item.query and item.document in documents for item in data.items)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not beside the project")
@pytest.mark.parametrize(
    ("name", "items", "words", "queries"),
    [
        ("squality", 12, 458, 0),
        ("squality-queries", 48, 160, 48),
        ("qmsum", 12, 121, 0),
        ("qmsum-queries", 85, 69, 85),
        ("govreport", 6, 260, 0),
    ],
)
def test_real_sets_are_read_in_place(name, items, words, queries):
    data = load_task(name, SHARED)
    assert (len(data.items), data.words) == (items, words)
    assert sum(item.query is not None for item in data.items) == queries


@pytest.mark.parametrize(("more", "query"), [("", "Why?"), ("asks = false\n", None)])
def test_a_declared_task_asks_what_its_file_holds_unless_told_otherwise(tmp_path, more, query):
    write(tmp_path / "mine.jsonl", GOOD | {"query": "Why?"})
    declaration = '[mine]\nversion = 1\ndescription = "mine"\ndocuments = ["mine.jsonl", ""]\n'
    table = tmp_path / "tasks.toml"
    table.write_text(declaration + more, "utf-8")
    (item,) = load_task("mine", tmp_path, table).items
    assert item.query == query


def test_a_file_is_a_task(tmp_path):
    data = load_task(
        write(tmp_path / "mine.jsonl", {**GOOD, "query": "Why?"}, "", GOOD | {"id": 7})
    )
    assert data.name == "mine"
    assert [(item.id, item.query) for item in data.items] == [("a", "Why?"), ("7", None)]
    assert load_task(data.source).items == data.items


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "there is no document"),
        (["{"], "line 1: not JSON"),
        (["[]"], "line 1: not a JSON object"),
        ([GOOD, {"id": "b"}], "line 2: no document and no references"),
        ([GOOD, GOOD], "the id 'a' comes 2 times"),
        ([GOOD | {"document": " \n"}], "line 1: the document is empty"),
        ([GOOD | {"document": 5}], "line 1: the document is empty"),
        ([GOOD | {"references": []}], "line 1: references must be a list"),
        ([GOOD | {"references": "text"}], "line 1: references must be a list"),
        ([GOOD | {"references": ["", "b"]}], "line 1: a reference is empty"),
        ([GOOD | {"query": 3}], "line 1: the query is not a text"),
        ([GOOD | {"query": " \n"}], "line 1: the query is empty"),
    ],
)
def test_bad_rows_are_named(tmp_path, rows, problem):
    with pytest.raises(InputError, match=problem):
        load_task(write(tmp_path / "bad.jsonl", *rows))


def test_many_problems_are_one_message(tmp_path):
    rows = [{"id": str(n)} for n in range(9)]
    with pytest.raises(InputError, match=r"line 5: .*; and 4 more"):
        load_task(write(tmp_path / "bad.jsonl", *rows))


def test_other_data_than_declared_are_refused(tmp_path):
    write(tmp_path / "squality.jsonl", GOOD)
    with pytest.raises(InputError, match="SHA-256 differs"):
        load_task("squality", tmp_path)


@pytest.mark.parametrize(
    ("name", "folder", "problem"),
    [
        ("nonsense", None, "no task 'nonsense'"),
        ("squality", None, "--data"),
        ("squality", Path("nowhere"), "does not exist"),
        ("missing.jsonl", None, "does not exist"),
    ],
)
def test_what_is_not_there_is_said(name, folder, problem):
    with pytest.raises(InputError, match=problem):
        load_task(name, folder)


def test_leaks_are_found():
    sentence = "The keeper had written down each ship that passed in the night."
    leaky = Item("a", f"It rained. {sentence} He slept.", ("A story.", f"In short. {sentence}"))
    clean = Item("b", "The keeper slept.", ("The keeper slept.",))  # short ones come by chance
    (warning,) = find_leaks([leaky, clean])
    assert warning.startswith("a: 1 of ")


def test_items_are_chosen_by_id_or_number():
    data = load_task("sample")
    ids = [item.id for item in data.items]
    assert [item.id for item in data.select(limit=2)] == ids[:2]
    assert [item.id for item in data.select([ids[3], ids[1], ids[3]])] == [ids[3], ids[1]]
    with pytest.raises(InputError, match="no item 'nobody'"):
        data.select(["nobody"])


def test_a_digest_covers_everything():
    item = Item("a", "text", ("one",))
    others = [
        Item("a", "text!", ("one",)),
        Item("a", "text", ("one", "two")),
        Item("a", "text", ("one",), "why"),
    ]
    assert len({item.digest, *(other.digest for other in others)}) == 4
    assert Item("b", "text", ("one",)).digest == item.digest


def test_every_declaration_is_whole():
    for task in declared().values():
        assert task.version >= 1
        assert task.description
        assert all(
            len(digest) == 64
            for _, digest in [task.documents, *([task.questions] * bool(task.questions))]
        )
