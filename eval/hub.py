"""Public data sets by name, through the `datasets` library (extra [datasets]).

A record becomes a row of our form by the names of its fields, or, where it nests questions and
answers, by a function of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import InputError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Fields:
    """The names of a record's fields. Records without an id are numbered."""

    document: str
    reference: str
    id: str | None = None

    def __call__(self, record: Row, number: int) -> Iterator[Row]:
        """Yield the row that a record makes."""
        references = record.get(self.reference)
        yield {
            "id": str(record[self.id]) if self.id else str(number),
            "document": record.get(self.document),
            "references": [references] if isinstance(references, str) else references,
        }


def squality(record: Row, number: int) -> Iterator[Row]:
    """Yield a row for each question on a story; the first asks for the plot."""
    passage = (record.get("metadata") or {}).get("passage_id", number)
    for question in record["questions"]:
        yield {
            "id": f"{passage}-q{question['question_number']}",
            "document": record["document"],
            "query": question["question_text"],
            "references": [response["response_text"] for response in question["responses"]],
        }


def qmsum(record: Row, number: int) -> Iterator[Row]:
    """Yield a row for each question on a meeting, the general ones first."""
    turns = (f"{turn['speaker']}: {turn['content']}" for turn in record["meeting_transcripts"])
    document = "\n".join(turns)
    queries = [*record["general_query_list"], *record["specific_query_list"]]
    for index, query in enumerate(queries, 1):
        yield {
            "id": f"{number}-q{index}",
            "document": document,
            "query": query["query"],
            "references": [query["answer"]],
        }


@dataclass(frozen=True)
class Source:
    """Where a data set is kept, and how its records become rows."""

    path: str
    rows: Callable[[Row, int], Iterator[Row]]
    config: str | None = None
    split: str = "test"


SOURCES = {
    "cnn_dailymail": Source(
        "abisee/cnn_dailymail", Fields("article", "highlights", "id"), config="3.0.0"
    ),
    "xsum": Source("EdinburghNLP/xsum", Fields("document", "summary", "id")),
    "arxiv": Source("ccdv/arxiv-summarization", Fields("article", "abstract")),
    "pubmed": Source("ccdv/pubmed-summarization", Fields("article", "abstract")),
    "booksum": Source("kmfoda/booksum", Fields("chapter", "summary_text")),
    "multi_news": Source("alexfabbri/multi_news", Fields("document", "summary")),
    "billsum": Source("FiscalNote/billsum", Fields("text", "summary")),
    "gov_report": Source("ccdv/govreport-summarization", Fields("report", "summary")),
    "qmsum": Source("json", qmsum),
    "squality": Source("pszemraj/SQuALITY-v1.3", squality),
}


def rows_of(name: str, records: Iterable[Row]) -> list[Row]:
    """Turn a data set's records into rows of our form.

    Raises:
        InputError: the records do not have the fields of that data set.
    """
    make = _source(name).rows
    try:
        return [row for number, record in enumerate(records, 1) for row in make(record, number)]
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"hub:{name}: a record is not as expected ({error!r})") from None


def load_hub(name: str) -> list[Row]:
    """Load a data set by NAME, NAME:SPLIT or NAME@FILE (its own files, already on this machine).

    Raises:
        InputError: the name is not known, `datasets` is not installed, or the set cannot be had.
    """
    name, _, file = name.partition("@")
    name, _, split = name.partition(":")
    source = _source(name)
    if not file and source.path == "json":
        raise InputError(f"hub:{name} is not on the hub in this form; name a file: hub:{name}@FILE")
    try:
        from datasets import load_dataset
    except ImportError:
        raise InputError(
            "the package datasets is missing: pip install 'py-llama-backend[datasets]'"
        ) from None
    try:
        if file:
            return rows_of(name, load_dataset("json", data_files=file, split="train"))
        return rows_of(name, load_dataset(source.path, source.config, split=split or source.split))
    except (OSError, ValueError) as error:
        problem = str(error).partition("\n")[0]
        raise InputError(f"hub:{name} cannot be loaded: {problem}") from None


def _source(name: str) -> Source:
    if name not in SOURCES:
        raise InputError(f"hub: knows {', '.join(SOURCES)}, not {name!r}")
    return SOURCES[name]
