"""What is read (`eval.reading.cases`), and sheets that do not tell who wrote it
(`eval.reading.sheets`).
"""

import json
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readers import case

from eval.reading.cases import PEOPLE, gather, split
from eval.reading.sheets import form, make_key, read_key, sheet, write
from eval.tasks import load_task
from pipeline.cli import run as command
from pipeline.errors import InputError

NAMES = ("py-llama,words=130", "langchain-map-reduce", "textrank", PEOPLE)
SENTENCES = st.lists(
    st.text(st.characters(codec="utf-8"), min_size=1).map(lambda t: " ".join(t.split())),
    max_size=5,
).map(lambda found: tuple(text for text in found if text))
CASES = st.lists(
    st.fixed_dictionaries(dict.fromkeys(NAMES, SENTENCES)), min_size=1, max_size=4
).map(lambda many: [case(f"document {i}", texts) for i, texts in enumerate(many)])


@given(CASES, st.integers(1, 4), st.integers(0, 9))
def test_the_key_inverts_the_sheets(cases, readers, seed):
    key = make_key(cases, readers, seed)
    for one, of in zip(cases, key.cases, strict=True):
        for reader, letters in of.letters.items():
            assert sorted(letters.values()) == sorted(one.texts)
            read = sheets_sentences(sheet(one, of, reader))
            for letter, system in letters.items():
                assert tuple(read[letter]) == one.texts[system]


def sheets_sentences(text):
    """Read the summaries out of a sheet, by letter."""
    summaries = text.partition("\n## Summary A\n")[2]
    found = {}
    for letter, part in parts(f"## Summary A\n{summaries}"):
        found[letter] = [line.partition("** ")[2] for line in part if line.startswith("**")]
        numbers = [line[2:].partition("**")[0] for line in part if line.startswith("**")]
        assert numbers == [f"{letter}{number}" for number in range(1, len(numbers) + 1)]
    return found


def parts(text):
    lines = text.split("\n")
    heads = [i for i, line in enumerate(lines) if re.fullmatch("## Summary [A-Z]", line)]
    for start, end in pairwise([*heads, len(lines)]):
        yield lines[start][-1], lines[start:end]


@given(CASES, st.integers(0, 9))
def test_no_name_of_a_system_is_on_what_a_reader_gets(cases, seed):
    for one, of in zip(cases, make_key(cases, 2, seed).cases, strict=True):
        for reader in of.letters:
            given_out = [
                sheet(one, of, reader),
                json.dumps(form(of, reader)),
                str(of.file(reader, ".md")),
            ]
            for name in NAMES:
                assert not any(name in text for text in given_out)


@given(CASES, st.integers(0, 9))
def test_a_form_asks_for_every_sentence_once(cases, seed):
    for one, of in zip(cases, make_key(cases, 2, seed).cases, strict=True):
        for reader in of.letters:
            asked = Counter(
                name
                for summary in form(of, reader)["summaries"].values()
                for name in summary["sentences"]
            )
            assert asked.total() == sum(map(len, one.texts.values()))
            assert set(asked.values()) <= {1}


@given(st.text(st.characters()))
def test_sentences_are_the_whole_summary(text):
    clean = text.encode("utf-8", "replace").decode()
    assert "".join("".join(split(text)).split()) == "".join(clean.split())


def test_items_of_a_list_are_sentences():
    assert split("1. Ann opened it.\n2. Bob\n   shut it.\n\n- He slept. She did not.") == (
        "1. Ann opened it.",
        "2. Bob shut it.",
        "- He slept.",
        "She did not.",
    )


def test_the_order_differs_by_document_and_reader_and_not_by_run():
    texts = dict.fromkeys(NAMES, ("One.",))
    cases = [case(f"document {i}", texts) for i in range(8)]
    key = make_key(cases, 3, 0)
    assert key == make_key(cases, 3, 0) != make_key(cases, 3, 1)
    for of in key.cases:
        assert len({tuple(letters.values()) for letters in of.letters.values()}) == 3
    assert len({tuple(of.letters["reader1"].values()) for of in key.cases}) > 4


def test_more_readers_than_orders_share_them():
    texts = {"x": ("One.",), "y": ("Two.",), PEOPLE: ("Three.",)}
    six = make_key([case("a", texts)], 6, 0).cases[0].letters
    assert len({tuple(order.values()) for order in six.values()}) == 6
    key = make_key([case("a", {"x": ("One.",), PEOPLE: ("Two.",)})], 5, 0)
    assert len({tuple(order.values()) for order in key.cases[0].letters.values()}) == 2


def test_a_sheet_holds_source_question_and_empty_summaries(tmp_path):
    item = load_task("sample-queries").items[0]
    one = case("a", {"x": (), PEOPLE: ("Two.",)})
    one = type(one)("sample-queries", item, one.texts)
    (of,) = write([one], tmp_path / "sheets", readers=1, seed=0).cases
    text = (tmp_path / "sheets" / of.file("reader1", ".md")).read_text("utf-8")
    assert item.query in text
    assert " ".join(item.document.split()) in " ".join(text.split())
    assert "There is no text" in text


def test_a_key_is_read_again_and_sheets_are_not_written_over(tmp_path):
    cases = [case("a/b: c", {"x": ("One.",), PEOPLE: ("Two.",)})]
    key = write(cases, tmp_path / "sheets", readers=2, seed=3)
    assert read_key(tmp_path / "sheets") == key
    assert len(list((tmp_path / "sheets").glob("reader*/*"))) == 4
    with pytest.raises(InputError, match="not empty"):
        write(cases, tmp_path / "sheets", readers=2, seed=3)
    (tmp_path / "sheets" / "key.json").write_text("{}")
    with pytest.raises(InputError, match="damaged"):
        read_key(tmp_path / "sheets")
    with pytest.raises(InputError, match="no sheets"):
        read_key(tmp_path)


@pytest.fixture
def plain(tmp_path):
    """A folder with a summary of each of the first three documents of the sample."""
    path = tmp_path / "plain"
    path.mkdir()
    for item in load_task("sample").items[:3]:
        (path / f"{item.id}.txt").write_text(f"Of {item.id}. It ends.", "utf-8")
    return path


def test_runs_plain_summaries_and_a_reference_are_read_together(folder, plain):
    items = load_task("sample").items
    found = gather([str(folder), f"mine={plain}"], task="sample")
    assert [one.item.id for one in found.cases] == [item.id for item in items[:2]]
    assert [set(one.texts) for one in found.cases] == [
        {"lead", "textrank", "oracle", "mine", PEOPLE}
    ] * 2
    assert found.cases[0].texts["mine"] == (f"Of {items[0].id}.", "It ends.")
    assert found.cases[0].texts[PEOPLE] in {split(text) for text in items[0].references}
    assert len(found.notes) == 3  # the runs lack the third document
    assert gather([f"a={plain}"], task="sample", limit=1).cases[0].texts.keys() == {"a", PEOPLE}
    named = gather([f"other={folder / 'lead'}"], ids=[items[1].id])
    assert [(one.item.id, set(one.texts)) for one in named.cases] == [
        (items[1].id, {"other", PEOPLE})
    ]


def test_of_several_seeds_the_first_is_read_and_what_failed_is_empty(tmp_path):
    flags = ["-s", "random", "--limit", "1", "--words", "60", "--seed", "4", "--repeat", "2"]
    assert command(["eval", "run", "sample", *flags, "-o", str(tmp_path / "run")]) == 0
    path = tmp_path / "run" / "outputs.jsonl"
    first, second = map(json.loads, path.read_text("utf-8").splitlines())
    assert first["summary"] != second["summary"]
    (one,) = gather([str(tmp_path / "run")]).cases
    assert one.texts["random"] == split(first["summary"])
    first |= {"status": "failed", "summary": "", "error": "away"}
    path.write_text("".join(json.dumps(row) + "\n" for row in (second, first)), "utf-8")
    (one,) = gather([str(tmp_path / "run")]).cases
    assert one.texts["random"] == ()


def test_tasks_of_one_name_are_not_mixed_up(tmp_path):
    row = json.dumps({"id": "a", "document": "A text.", "references": ["One."]})
    given_ = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "task.jsonl").write_text(row)
        flags = ["-s", "lead", "-o", str(tmp_path / name / "run")]
        assert command(["eval", "run", str(tmp_path / name / "task.jsonl"), *flags]) == 0
        given_.append(str(tmp_path / name / "run"))
    with pytest.raises(InputError, match="two tasks called task hold a document 'a'"):
        gather(given_)


def test_what_cannot_be_read_is_refused(folder, plain, tmp_path):
    (tmp_path / "nothing").mkdir()
    both = [str(folder / "lead"), str(folder / "lead")]
    for given_, how, problem in (
        (both, {}, "two systems are called 'lead'"),
        ([f"mine={plain}"], {}, "--task"),
        ([f"mine={tmp_path / 'nothing'}"], {"task": "sample"}, "holds no ID.txt"),
        ([f"{PEOPLE}={plain}"], {"task": "sample"}, "needs a name"),
        (["mine=nowhere"], {"task": "sample"}, "not a folder"),
        ([str(tmp_path / "nothing")], {}, "not a run folder"),
        ([str(folder)], {"ids": ["nobody"]}, "'nobody'"),
    ):
        with pytest.raises(InputError, match=problem):
            gather(given_, **how)
