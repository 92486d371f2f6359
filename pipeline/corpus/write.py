"""Files beside the lines of finished documents: the list of failures, and Parquet on request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipeline.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from pipeline.corpus.ledger import Ledger

LINES, PARQUET = ".jsonl", ".parquet"
ROW_GROUP = 10_000  # rows of Parquet output that are held in memory


def lines_path(out: Path, corpus: Path) -> Path:
    """Return where the lines of an output are gathered: in it, or beside a Parquet file.

    Raises:
        InputError: the output is neither JSONL nor Parquet, or lies in the corpus.
    """
    if out.suffix.lower() not in {LINES, PARQUET}:
        raise InputError(f"{out} ends in neither {LINES} nor {PARQUET}; name such a file")
    if corpus.is_dir() and corpus.resolve() in out.resolve().parents:
        raise InputError(f"{out} would be read as a document of {corpus}; name it elsewhere")
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent}; make it first")
    return out if out.suffix.lower() == LINES else out.with_name(f"{out.name}{LINES}")


def write_outputs(out: Path, lines: Path, ledger: Ledger) -> None:
    """Write the list of failures, and the Parquet file where the output is one."""
    _write_failures(out.with_name(f"{out.stem}.failed{LINES}"), ledger)
    if lines != out:
        _write_parquet(lines, out)


def _write_failures(path: Path, ledger: Ledger) -> None:
    path.unlink(missing_ok=True)
    for name, kind, reason in ledger.failures():
        with path.open("a", encoding="utf-8") as file:
            row = {"id": name, "kind": kind, "reason": reason}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _write_parquet(lines: Path, out: Path) -> None:
    """Write id, summary and the whole result, as JSON, of each line; the file appears whole."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    schema = pyarrow.schema([(name, pyarrow.string()) for name in ("id", "summary", "result")])
    draft = out.with_name(f"{out.name}.new")
    with lines.open("rb") as file, ParquetWriter(draft, schema) as writer:
        while rows := _rows(file):
            writer.write_table(pyarrow.Table.from_pylist(rows, schema))
    draft.replace(out)


def _rows(file: BinaryIO) -> list[dict[str, str]]:
    rows = []
    for line in file:
        result = json.loads(line)
        name, summary = result.pop("id"), result["summary"]
        text = json.dumps(result, ensure_ascii=False)
        rows.append({"id": name, "summary": summary, "result": text})
        if len(rows) == ROW_GROUP:
            break
    return rows
