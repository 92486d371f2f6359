"""Tasks: documents with reference summaries, declared with a version and checked by SHA-256.

`tasks.toml` declares the tasks that have names. They are read from JSONL:
{"id", "document", "references": […], "query"?}. A task of questions takes its documents from one
file and its rows, {"id", "doc_id", "query", "references"}, from another. Any file of the first
form is a task too, by its path, and so is a public data set, as `hub:NAME` (see `eval.hub`).
"""

from __future__ import annotations

import hashlib
import json
import statistics
import tomllib
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import InputError
from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SHIPPED = Path(__file__).parent / "data"
DECLARED = Path(__file__).parent / "tasks.toml"
LEAK_WORDS = 10  # a shorter sentence can stand in a document and its reference by chance
MOST_PROBLEMS = 5  # named in one message


@dataclass(frozen=True)
class Item:
    """A document, what it is asked, and what people answered."""

    id: str
    document: str
    references: tuple[str, ...]
    query: str | None = None

    @property
    def digest(self) -> str:
        """A hash of everything that an answer or a score depends on."""
        parts = json.dumps([self.document, self.references, self.query])
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Task:
    """A declared task. Files come with their SHA-256; an empty one is not checked.

    `asks` says whether an item's query is put to the summarizer, where it has one; if not, the
    query is dropped from the items.
    """

    name: str
    version: int
    description: str
    documents: tuple[str, str]
    questions: tuple[str, str] | None = None
    asks: bool = True
    shipped: bool = False


@dataclass(frozen=True)
class Data:
    """A task with its items in the order of the file, and what is doubtful about them.

    `source` is what `load_task` takes to load it again.
    """

    name: str
    source: str
    version: int
    items: tuple[Item, ...]
    warnings: tuple[str, ...] = field(default=(), compare=False)

    @property
    def words(self) -> int:
        """The median length of the references: what a summarizer is asked for."""
        return round(
            statistics.median(len(text.split()) for item in self.items for text in item.references)
        )

    def select(
        self, ids: Sequence[str] | None = None, limit: int | None = None
    ) -> tuple[Item, ...]:
        """Return the named items, or the first `limit`, or all.

        Raises:
            InputError: there is no item of that id.
        """
        if ids is None:
            return self.items[:limit]
        known = {item.id: item for item in self.items}
        for wanted in ids:
            if wanted not in known:
                raise InputError(f"{self.name} has no item {wanted!r}")
        return tuple(known[wanted] for wanted in dict.fromkeys(ids))[:limit]


def declared(path: Path = DECLARED) -> dict[str, Task]:
    """Return the tasks that have names."""
    tasks = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Task(name, **{key: _pair(value) for key, value in fields.items()})
        for name, fields in tasks.items()
    }


def _pair(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds
    return tuple(value) if isinstance(value, list) else value


def load_task(name: str, folder: Path | None = None, table: Path = DECLARED) -> Data:
    """Read a task and check it.

    Args:
        name: A declared task's, the path of a JSONL file, or hub:NAME.
        folder: Where the files of declared tasks are that do not ship with the package.
        table: What declares tasks.

    Raises:
        InputError: there is no such task, its files are missing or are not those that were
            declared, or they cannot be used; the message says which rows are wrong and why.
    """
    if name.startswith("hub:"):
        from eval.hub import load_hub

        return _data(name, name, 0, load_hub(name.removeprefix("hub:")), asks=True)
    known = declared(table)
    if name in known:
        return _load_declared(known[name], folder)
    if Path(name).suffix == ".jsonl":
        return _data(
            Path(name).stem, str(Path(name).resolve()), 0, _rows(Path(name), ""), asks=True
        )
    raise InputError(f"there is no task {name!r}; `py-llama eval list` shows them")


def _load_declared(task: Task, folder: Path | None) -> Data:
    home = SHIPPED if task.shipped else folder
    if home is None:
        raise InputError(
            f"{task.name} needs {task.documents[0]}; name the folder that holds it with --data"
        )
    rows = _rows(home / task.documents[0], task.documents[1])
    if task.questions is not None:
        questions = _rows(home / task.questions[0], task.questions[1])
        rows = list(_asked(questions, rows))
    return _data(task.name, task.name, task.version, rows, asks=task.asks)


def _rows(path: Path, digest: str) -> list[Mapping[str, Any]]:
    """Read JSONL, each row with its line number under "line"."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist") from None
    if digest and hashlib.sha256(raw).hexdigest() != digest:
        raise InputError(
            f"{path} is not the file that the task was declared with (its SHA-256 differs); "
            "give its path instead of the task's name to use it all the same"
        )
    return list(_parsed(raw, path))


def _parsed(raw: bytes, path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(raw.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise InputError(f"{path}, line {number}: not JSON") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: not a JSON object")
        yield {**row, "line": number}


def _asked(
    questions: Iterable[Mapping[str, Any]], documents: Iterable[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    known = {row.get("id"): row.get("document") for row in documents}
    for row in questions:
        yield {**row, "document": known.get(row.get("doc_id"))}


def _data(
    name: str, source: str, version: int, rows: Sequence[Mapping[str, Any]], *, asks: bool
) -> Data:
    problems = list(find_problems(rows))
    if problems:
        more = f"; and {len(problems) - MOST_PROBLEMS} more" * (len(problems) > MOST_PROBLEMS)
        raise InputError(f"{name}: {'; '.join(problems[:MOST_PROBLEMS])}{more}")
    items = [
        Item(str(row["id"]), row["document"], tuple(row["references"]), row.get("query"))
        for row in rows
    ]
    if not asks:
        items = [replace(item, query=None) for item in items]
    return Data(name, source, version, tuple(items), tuple(find_leaks(items)))


def find_problems(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what makes rows unusable: missing fields, repeated ids, empty texts."""
    if not rows:
        yield "there is no document"
    for index, row in enumerate(rows, 1):
        where = f"line {row.get('line', index)}"
        missing = [key for key in ("id", "document", "references") if row.get(key) is None]
        if missing:
            yield f"{where}: no {' and no '.join(missing)}"
            continue
        references = row["references"]
        if not isinstance(row["document"], str) or not row["document"].strip():
            yield f"{where}: the document is empty"
        if not isinstance(references, list | tuple) or not references:
            yield f"{where}: references must be a list of texts, and hold one at least"
        elif not all(isinstance(text, str) and text.strip() for text in references):
            yield f"{where}: a reference is empty"
        query = row.get("query")
        if not isinstance(query, str | None):
            yield f"{where}: the query is not a text"
        elif query is not None and not query.strip():
            yield f"{where}: the query is empty; leave it out where there is none"
    times = Counter(str(row.get("id")) for row in rows)
    yield from (f"the id {id!r} comes {n} times" for id, n in times.items() if n > 1)  # noqa: A001


def find_leaks(items: Iterable[Item]) -> Iterator[str]:
    """Yield a warning for each document that holds a sentence of its reference word for word."""
    for item in items:
        document = " ".join(item.document.split())
        for reference in item.references:
            text = " ".join(reference.split())
            parts = [text[start:end] for start, end in sentences(text)]
            leaked = [s for s in parts if len(s.split()) >= LEAK_WORDS and s in document]
            if leaked:
                yield (
                    f"{item.id}: {len(leaked)} of {len(parts)} sentences of a reference stand in "
                    f"the document word for word, such as {leaked[0][:60]!r}"
                )
