"""Runs are records: a folder with a manifest, and a line of JSON for each finished document.

    manifest.json   what was run: task, system, settings, versions, digests
    outputs.jsonl   a line for each document and seed, on disk before the next one is begun
    scores.json     what `eval score` made of them

A run that was killed goes on when the same command is given again.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

FORMAT = 1  # of a run folder; grows when older ones can no longer be read
# What a run is: the same command must give the same. The rest of a manifest is when and where.
IDENTITY = ("task", "system", "seeds", "items")


@dataclass(frozen=True)
class Output:
    """What a system made of one document with one seed.

    `item` is the digest of the document, query and references. `seconds` and `usage` are None
    where calls came from the cache, and so were not measured. `tree` holds the partial
    summaries: for each chunk or merge its level, stretch of the document, tokens and text.
    """

    id: str
    seed: int
    item: str
    status: Literal["done", "failed"]
    summary: str = ""
    error: str | None = None
    seconds: float | None = None
    usage: dict[str, int] | None = None
    calls: dict[str, int] = field(default_factory=dict)
    read: dict[str, Any] = field(default_factory=dict)
    tree: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Run:
    """A run folder."""

    path: Path
    manifest: dict[str, Any]
    outputs: tuple[Output, ...]

    @property
    def name(self) -> str:
        """What the run is called in tables."""
        return str(self.manifest["name"])

    @property
    def finished(self) -> set[tuple[str, int]]:
        """The documents that are done or have failed, each with its seed."""
        return {(output.id, output.seed) for output in self.outputs}

    @property
    def missing(self) -> int:
        """How many documents times seeds are yet to come."""
        return len(self.manifest["items"]) * len(self.manifest["seeds"]) - len(self.outputs)


def begin(path: Path, manifest: dict[str, Any], *, retry_failed: bool = False) -> Run:
    """Begin a run in a folder, or go on with the one that is there.

    Args:
        path: The folder; made where it is missing.
        manifest: What is run.
        retry_failed: Forget the documents that failed, so that they are tried again.

    Raises:
        InputError: the folder holds another run, or is no run folder at all.
    """
    manifest = {"format": FORMAT, **manifest}
    file = path / "manifest.json"
    if not file.exists():
        if path.exists() and any(path.iterdir()):
            raise InputError(f"{path} is not empty and holds no run; choose another folder")
        path.mkdir(parents=True, exist_ok=True)
        write_whole(file, json.dumps(manifest, indent=1, ensure_ascii=False))
        return Run(path, manifest, ())
    there = read(path)
    for key in IDENTITY:
        if there.manifest.get(key) != json.loads(json.dumps(manifest[key])):
            raise InputError(
                f"{path} holds another run ({_difference(there.manifest.get(key), manifest[key])})"
                "; choose another folder"
            )
    kept = [o for o in there.outputs if o.status == "done" or not retry_failed]
    _rewrite(path, kept)  # without a last line that was cut off by a crash
    return Run(path, there.manifest, tuple(kept))


def read(path: Path) -> Run:
    """Read a run folder. A last line that was cut off is left out.

    Raises:
        InputError: it is no run folder, or of a version that this one cannot read.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} is not a run folder: it has no manifest.json") from None
    except ValueError:
        raise InputError(f"{path}: its manifest.json is damaged") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        made = manifest.get("format") if isinstance(manifest, dict) else None
        raise InputError(
            f"{path} was made by another version of py-llama (its format is {made}, this one "
            f"reads {FORMAT}); run it again"
        )
    return Run(path, manifest, tuple(_outputs(path)))


def find(paths: Sequence[Path]) -> list[Run]:
    """Read run folders, and all that lie in a folder of run folders, in the order of their names.

    Raises:
        InputError: a path is neither.
    """
    runs = []
    for path in paths:
        inner = sorted(file.parent for file in path.glob("*/manifest.json"))
        own = (path / "manifest.json").exists()
        runs += [read(path)] if own or not inner else [read(folder) for folder in inner]
    return runs


def add(path: Path, output: Output) -> None:
    """Put an output on disk: when this returns, it stays."""
    with (path / "outputs.jsonl").open("a", encoding="utf-8") as file:
        file.write(_line(output))
        file.flush()
        os.fsync(file.fileno())


def finish(path: Path) -> Run:
    """Note in the manifest what a run took in all; return the run."""
    run = read(path)
    outputs = run.outputs
    used = [output.usage for output in outputs if output.usage is not None]
    totals = {
        "documents": len(outputs),
        "failed": sum(output.status == "failed" for output in outputs),
        "measured": sum(output.seconds is not None for output in outputs),
        "seconds": round(sum(output.seconds or 0.0 for output in outputs), 3),
        "prompt_tokens": sum(usage["prompt_tokens"] for usage in used),
        "output_tokens": sum(usage["output_tokens"] for usage in used),
    }
    manifest = {**run.manifest, "totals": totals}
    write_whole(path / "manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
    return replace(run, manifest=manifest)


def write_whole(path: Path, text: str) -> None:
    """Write a file such that it is there as a whole or not at all."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _outputs(path: Path) -> Iterator[Output]:
    try:
        lines = (path / "outputs.jsonl").read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for number, line in enumerate(lines[:-1], 1):  # what follows the last line end is cut off
        try:
            yield Output(**json.loads(line))
        except (ValueError, TypeError):
            raise InputError(f"{path}/outputs.jsonl, line {number}: damaged") from None


def _rewrite(path: Path, outputs: Sequence[Output]) -> None:
    write_whole(path / "outputs.jsonl", "".join(map(_line, outputs)))


def _line(output: Output) -> str:
    return json.dumps(asdict(output), ensure_ascii=False) + "\n"


def _difference(there: object, here: object) -> str:
    if isinstance(there, dict) and isinstance(here, dict):
        for key in {**there, **here}:
            if there.get(key) != here.get(key):
                return f"{key}: {_short(there.get(key))}, not {_short(here.get(key))}"
    return f"{_short(there)}, not {_short(here)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else f"{text[:57]}..."
