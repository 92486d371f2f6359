"""Records of public data sets become rows of our form; tested on records of the same shape."""

import json

import pytest

from eval.hub import SOURCES, load_hub, rows_of
from eval.tasks import find_problems
from pipeline.errors import InputError

RECORDS = {
    "cnn_dailymail": {"article": "Text.", "highlights": "Short.", "id": "f001"},
    "xsum": {"document": "Text.", "summary": "Short.", "id": "35"},
    "arxiv": {"article": "Text.", "abstract": "Short."},
    "pubmed": {"article": "Text.", "abstract": "Short."},
    "booksum": {"bid": 1, "chapter": "Text.", "summary_text": "Short."},
    "multi_news": {"document": "Text.", "summary": "Short."},
    "billsum": {"text": "Text.", "summary": "Short.", "title": "An act"},
    "gov_report": {"report": "Text.", "summary": "Short."},
    "qmsum": {
        "meeting_transcripts": [
            {"speaker": "Ann", "content": "Let us begin."},
            {"speaker": "Bo", "content": "Yes."},
        ],
        "general_query_list": [{"query": "Summarize the meeting.", "answer": "They began."}],
        "specific_query_list": [{"query": "What did Bo say?", "answer": "He agreed."}],
    },
    "squality": {
        "metadata": {"passage_id": "52845"},
        "document": "Text.",
        "questions": [
            {
                "question_number": 1,
                "question_text": "What is the plot?",
                "responses": [{"response_text": "Short."}, {"response_text": "Also short."}],
            }
        ],
    },
}


@pytest.mark.parametrize("name", SOURCES)
def test_records_become_rows(name):
    rows = rows_of(name, [RECORDS[name]])
    assert list(find_problems(rows)) == []


def test_nested_records_become_a_row_for_each_question():
    general, specific = rows_of("qmsum", [RECORDS["qmsum"]])
    assert general["document"] == "Ann: Let us begin.\nBo: Yes."
    assert (specific["id"], specific["query"]) == ("1-q2", "What did Bo say?")
    (story,) = rows_of("squality", [RECORDS["squality"]])
    assert story["references"] == ["Short.", "Also short."]
    assert story["id"] == "52845-q1"


@pytest.mark.parametrize("name", ["cnn_dailymail", "squality", "qmsum"])
def test_other_records_are_refused(name):
    with pytest.raises(InputError, match="not as expected"):
        rows_of(name, [{"something": "else"}])


def test_unknown_sets_are_refused():
    with pytest.raises(InputError, match="hub: knows cnn_dailymail"):
        load_hub("nonsense")
    with pytest.raises(InputError, match="hub:qmsum@FILE"):
        load_hub("qmsum")


def test_a_file_of_the_same_shape_is_read_with_the_library(tmp_path):
    pytest.importorskip("datasets", reason="the extra [datasets] is not installed")
    file = tmp_path / "part.jsonl"
    file.write_text(json.dumps(RECORDS["cnn_dailymail"]) + "\n", "utf-8")
    assert load_hub(f"cnn_dailymail@{file}") == [
        {"id": "f001", "document": "Text.", "references": ["Short."]}
    ]
