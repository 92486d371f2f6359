"""The file of all judged sentences: a line of JSON for each, without its source.

    {"task", "document", "system", "number", "text", "verdicts": {"SHEETS/READER": verdict}}

Every later check of truth is tried on these lines.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from eval.records import write_whole
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from eval.reading.verdicts import Reading

IDENTITY = ("task", "document", "system", "number", "text")


def rows(readings: Sequence[Reading]) -> Iterator[dict[str, Any]]:
    """Yield a row for each sentence and reader; `number` counts a summary's sentences from 1."""
    for one in readings:
        for system, judged in one.systems.items():
            both = zip(judged.sentences, judged.verdicts, strict=True)
            for number, (text, verdict) in enumerate(both, 1):
                yield {
                    "task": one.task,
                    "document": one.document,
                    "system": system,
                    "number": number,
                    "text": text,
                    "verdicts": {f"{one.sheets}/{one.reader}": verdict},
                }


def grow(path: Path, readings: Sequence[Reading]) -> tuple[int, int]:
    """Add what was read to a file, and return how many sentences are new, and how many there are.

    A sentence that is there gets the verdicts of further readers, of other sheets too; what a
    reader corrected on the same sheet takes the place of what was there.

    Raises:
        InputError: the file holds something else.
    """
    kept = {_identity(row): row for row in _there(path)}
    before = len(kept)
    for row in rows(readings):
        known = kept.setdefault(_identity(row), row)
        known["verdicts"] = {**known["verdicts"], **row["verdicts"]}
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in kept.values())
    write_whole(path, "".join(lines))
    return len(kept) - before, len(kept)


def _identity(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in IDENTITY)


def _there(path: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            _identity(row)
            dict(row["verdicts"])
        except (ValueError, TypeError, KeyError):
            raise InputError(f"{path}, line {number}: not a judged sentence") from None
        yield row
