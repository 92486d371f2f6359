"""A corpus, document by document: a folder, a glob, JSONL, CSV, Parquet, or a data set by name.

Nothing here holds more than a few documents at a time, however large the corpus is.
"""

from __future__ import annotations

import csv
import glob
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pipeline.documents.document import Document
from pipeline.documents.load import load
from pipeline.errors import DocumentError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

HUB = "hub:"
LONGEST_FIELD = 2**31 - 1  # characters of a CSV field; what all systems take
ROWS = 64  # of a Parquet file that are decoded at once
PAGE = 2**20  # bytes of a Parquet column that are read at once


@dataclass(frozen=True)
class Entry:
    """A document of a corpus, named by its id; where it could not be read, `error` says why.

    `share` is how much of the corpus has been read with it, between 0 and 1; None where nobody
    knows.
    """

    document: Document
    error: InputError | None = None
    share: float | None = None


@dataclass(frozen=True)
class Columns:
    """Where a record holds a document. Records without an id are numbered from 1."""

    text: str = "text"
    id: str | None = None

    def entry(self, record: object, number: int) -> Entry:
        """Return the document of a record."""
        if not isinstance(record, Mapping):
            return _bad(number, f"record {number}", "has no columns")
        name = number if self.id is None else record.get(self.id)
        if name is None or name == "":
            return _bad(number, f"record {number}", f"has nothing in column {self.id}")
        name, text = writable(name), record.get(self.text)
        if not isinstance(text, str):
            return _bad(name, f"record {name}", f"has no text in column {self.text}")
        if writable(text) != text:
            return _bad(name, f"record {name}", "is not UTF-8")
        return Entry(Document(text, name))


def _bad(name: object, what: str, problem: str) -> Entry:
    return Entry(Document("", str(name)), DocumentError(what, problem))


def writable(value: object) -> str:
    """Return a value as text without what cannot be written in UTF-8."""
    return str(value).encode(errors="replace").decode()


def open_corpus(source: str, columns: Columns, *, split: str = "train") -> Iterator[Entry]:
    """Read a corpus: a folder, a glob, a .jsonl, .csv or .parquet file, or hub:NAME.

    `split` is the part of a data set on the hub.

    Raises:
        InputError: there is nothing of that name, or it cannot be read.
    """
    path = Path(source)
    if source.startswith(HUB):
        return _hub(source, columns, split)
    if path.is_dir():
        return _files(lambda: _walk(source), path)
    if path.is_file():
        return _reader(path)(path, columns)
    if glob.has_magic(source):
        return _files(lambda: _matches(source), None)
    raise InputError(f"{source} does not exist; name a folder, a glob, a file or hub:NAME")


def _reader(path: Path) -> Callable[[Path, Columns], Iterator[Entry]]:
    kinds = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv, ".parquet": _parquet}
    try:
        return kinds[path.suffix.lower()]
    except KeyError:
        raise InputError(
            f"{path} is not a corpus: name a folder, or a file that ends in {', '.join(kinds)}"
        ) from None


def _walk(folder: str) -> Iterator[str]:
    """Yield every file in a folder and below, hidden ones left out, holding none of the names."""
    with os.scandir(folder) as found:
        for item in found:
            if item.name.startswith("."):
                continue
            if item.is_dir(follow_symlinks=False):  # a link may lead back here
                yield from _walk(item.path)
            elif item.is_file():
                yield item.path


def _matches(pattern: str) -> Iterator[str]:
    found = glob.iglob(pattern, recursive=True)  # noqa: PTH207 - Path's takes no absolute pattern
    return filter(os.path.isfile, found)


def _files(names: Callable[[], Iterable[str]], root: Path | None) -> Iterator[Entry]:
    total = sum(1 for _ in names())
    if not total:
        raise InputError("there is no file to read; name a folder or a glob with files")
    for number, name in enumerate(names(), 1):
        share = min(1.0, number / total)
        key = writable((Path(name).relative_to(root) if root else Path(name)).as_posix())
        try:
            yield Entry(replace(load(name), name=key), share=share)
        except InputError as error:
            yield Entry(Document("", key), error, share)


def _jsonl(path: Path, columns: Columns) -> Iterator[Entry]:
    with path.open("rb") as file:
        size = max(1, path.stat().st_size)
        for number, line in enumerate(file, 1):
            if line.strip():
                entry = _of_line(line, columns, number)
                yield replace(entry, share=min(1.0, file.tell() / size))


def _of_line(line: bytes, columns: Columns, number: int) -> Entry:
    try:
        record = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return _bad(number, f"line {number}", "is not UTF-8")
    except (ValueError, RecursionError) as error:
        return _bad(number, f"line {number}", f"is no JSON: {error}")
    return columns.entry(record, number)


def _csv(path: Path, columns: Columns) -> Iterator[Entry]:
    csv.field_size_limit(LONGEST_FIELD)
    with path.open("rb") as file:
        size = max(1, path.stat().st_size)
        rows = csv.DictReader(_decoded(file))
        missing = {columns.text, columns.id or columns.text} - set(rows.fieldnames or ())
        if missing:
            raise _no_column(path, min(missing), rows.fieldnames or ())
        try:
            for number, row in enumerate(rows, 1):
                share = min(1.0, file.tell() / size)
                yield replace(columns.entry(row, number), share=share)
        except csv.Error as error:
            raise InputError(f"{path}, line {rows.line_num}: {error}") from None


def _decoded(file: BinaryIO) -> Iterator[str]:
    """Yield lines, with what is not UTF-8 as lone surrogates: one bad record is not the file."""
    for number, line in enumerate(file):
        text = line.decode("utf-8", "surrogateescape")
        yield text.removeprefix("\ufeff") if number == 0 else text


def _parquet(path: Path, columns: Columns) -> Iterator[Entry]:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise _missing("pyarrow", "parquet") from None
    try:
        # A buffer, and nothing read ahead: a row group may be larger than the memory.
        with ParquetFile(path, buffer_size=PAGE, pre_buffer=False) as file:
            names = [columns.text] if columns.id is None else [columns.id, columns.text]
            for name in names:
                if name not in file.schema_arrow.names:
                    raise _no_column(path, name, file.schema_arrow.names)
            rows = max(1, file.metadata.num_rows)
            batches = file.iter_batches(ROWS, columns=names, use_threads=False)
            records = (record for batch in batches for record in batch.to_pylist())
            for number, record in enumerate(records, 1):
                yield replace(columns.entry(record, number), share=number / rows)
    except (ArrowException, OSError) as error:
        raise InputError(f"{path} cannot be read: {str(error).partition(chr(10))[0]}") from None


def _hub(source: str, columns: Columns, split: str) -> Iterator[Entry]:
    try:
        from datasets import load_dataset
    except ImportError:
        raise _missing("datasets", "datasets") from None
    name, _, config = source.removeprefix(HUB).partition(":")
    try:
        records = load_dataset(name, config or None, split=split, streaming=True)
        yield from _records(records, columns)
    except (OSError, ValueError) as error:
        problem = str(error).partition("\n")[0]
        raise InputError(f"{source} cannot be read: {problem}") from None


def _records(records: Any, columns: Columns) -> Iterator[Entry]:  # noqa: ANN401 - of `datasets`
    for number, record in enumerate(records, 1):
        yield columns.entry(record, number)


def _no_column(path: Path, name: str, names: Iterable[str]) -> InputError:
    return InputError(f"{path} has no column {name!r}; it has {', '.join(names)}")


def _missing(package: str, extra: str) -> InputError:
    return InputError(f"the package {package} is missing: pip install 'py-llama-backend[{extra}]'")
