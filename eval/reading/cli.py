"""py-llama eval read: blind sheets, verdicts, tally."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

FOLDER = click.Path(path_type=Path, file_okay=False)
SHEETS = click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="SHEETS...")


@click.group()
def read() -> None:
    """Have people read summaries blind, sentence by sentence, and tally their verdicts.

    `sheets` writes the sheets and forms for the readers, `tally` counts the filled forms, and
    `judged` adds every judged sentence to a file.
    """


@read.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN_FOLDER|NAME=FOLDER...")
@click.option("-o", "--out", type=FOLDER, required=True, help="A new folder, for the sheets.")
@click.option("--task", help="Task of a NAME=FOLDER that has an ID.txt for each document.")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the files of tasks that do not ship with the package.",
)
@click.option("--ids", help="Only these documents, separated by commas.")
@click.option(
    "--max-documents", type=click.IntRange(min=1), help="Only the first N documents of each task."
)
@click.option(
    "--readers",
    type=click.IntRange(min=1),
    default=2,
    help="How many readers; each gets a folder of sheets.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Seed of the order of summaries."
)
def sheets(
    runs: tuple[str, ...],
    *,
    out: Path,
    task: str | None,
    folder: Path | None,
    ids: str | None,
    max_documents: int | None,
    readers: int,
    seed: int,
) -> None:
    """Write blind sheets of the summaries in run folders, a person's reference among them.

    A run has the name that its manifest gives it, or NAME in NAME=RUN_FOLDER; of several seeds the
    first is read. Documents that a system has no summary of are left out.
    """
    from eval.reading.cases import gather
    from eval.reading.sheets import KEY, write

    found = gather(
        runs,
        task=task,
        folder=folder,
        ids=None if ids is None else ids.split(","),
        limit=max_documents,
        seed=seed,
    )
    for note in found.notes:
        _note(note)
    key = write(found.cases, out, readers=readers, seed=seed)
    sentences = sum(len(text) for case in key.cases for text in case.texts.values())
    click.echo(
        f"{out}: {len(key.cases)} documents, {sentences} sentences, {readers} readers. Give each "
        f"reader one folder (reader1, ...), and nobody {KEY}."
    )
    if readers == 1:
        _note("one reader's verdicts are one opinion; two or more can be held against each other")


@read.command()
@SHEETS
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the random draws.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
def tally(folders: tuple[Path, ...], *, seed: int, in_json: bool) -> None:
    """Tally the filled forms: for systems, pairs of systems, and pairs of readers."""
    from rich.console import Console

    from eval.reading import tally as tallies
    from eval.reading.tables import LEGEND, tables
    from eval.reading.verdicts import read as read_forms

    readings = read_forms(folders)
    warnings = list(tallies.warnings(readings))
    for warning in warnings:
        _note(warning)
    boards = tallies.tally(readings.done, seed)
    if in_json:
        found = {"boards": [asdict(board) for board in boards], "warnings": warnings}
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    console = Console()
    for board in boards:
        for table in tables(board):
            console.print(table, "")
    console.print(LEGEND, highlight=False)


@read.command()
@SHEETS
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file of JSON lines; lines are only added.",
)
def judged(folders: tuple[Path, ...], out: Path) -> None:
    """Add every judged sentence to a file, with the verdict of each reader."""
    from eval.reading.judged import grow
    from eval.reading.verdicts import read as read_forms

    new, there = grow(out, read_forms(folders).done)
    click.echo(f"{out}: {there} sentences, {new} of them new")


def _note(text: str) -> None:
    click.echo(f"py-llama: {text}", err=True)
