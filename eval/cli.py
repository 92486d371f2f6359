"""py-llama eval: run summarizers over documents with references, score them, compare them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eval.reading.cli import read
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eval.records import Run
    from eval.rouge import Scorer
    from eval.run import Variant
    from eval.scoring import Board
    from eval.tasks import Data, Item

FOLDER = click.Path(path_type=Path, file_okay=False)
FOLDERS = click.argument("folders", nargs=-1, required=True, type=FOLDER, metavar="DIR...")
DATA = click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of the files of tasks that do not ship with the package.",
)
SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, help="Seed of the random draws."
)
STEMMING = click.option(
    "--stemming/--no-stemming", default=True, help="Compare stems of words, or whole words."
)
REFERENCES = click.option(
    "--references",
    type=click.Choice(["max", "mean", "leave-one-out"]),
    default="max",
    help="How scores against several references become one.",
)
WORDS_ARE = click.option(
    "--words-are",
    type=click.Choice(["rouge-score", "unicode", "characters"]),
    default="rouge-score",
    help="What a word is; rouge-score knows only a to z and digits.",
)


def scoring_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how to score."""
    for option in (DATA, SEED, STEMMING, REFERENCES, WORDS_ARE):
        command = option(command)
    return command


@click.group(name="eval")
def evaluate() -> None:
    """Measure summaries against what people wrote, and say which differences are real."""


evaluate.add_command(read)


@evaluate.command(name="list")
def list_tasks() -> None:
    """Show the tasks, the systems, and the public data sets that can be named."""
    from rich.console import Console
    from rich.table import Table

    from eval.hub import SOURCES
    from eval.systems import NAMES
    from eval.tasks import declared

    console = Console()
    table = Table("task", "version", "what it is", box=None, pad_edge=False)
    for task in declared().values():
        where = "" if task.shipped else " (needs --data)"
        table.add_row(task.name, str(task.version), task.description + where)
    console.print(table)
    console.print("\nalso FILE.jsonl, and hub:NAME or hub:NAME@FILE, of", ", ".join(SOURCES))
    console.print("\nsystems:", ", ".join(NAMES))


@evaluate.command()
@click.argument("task")
@DATA
def validate(task: str, folder: Path | None) -> None:
    """Check a task's data, and show what it holds."""
    from eval.tasks import load_task

    data = load_task(task, folder)
    _warn(data)
    words = [len(item.document.split()) for item in data.items]
    references = sum(len(item.references) for item in data.items)
    queries = sum(item.query is not None for item in data.items)
    click.echo(
        f"{data.name} v{data.version}: {len(data.items)} items, documents of {min(words):,} to "
        f"{max(words):,} words, {references} references of {data.words} words at the median, "
        f"{queries} queries"
    )


@evaluate.command()
@click.argument("task")
@click.option("-o", "--out", type=FOLDER, required=True, help="The run's folder.")
@click.option(
    "-s", "--system", "systems", multiple=True, help="System to run (see list); may be repeated."
)
@click.option(
    "-g",
    "--grid",
    multiple=True,
    metavar="KEY=A,B",
    help="Run once for each value of a setting or knob.NAME.",
)
@click.option("-m", "--model", help="PROVIDER:NAME, embedded or auto.")
@click.option(
    "-n",
    "--words",
    type=click.IntRange(min=1),
    help="Words to aim for; else the references' median.",
)
@click.option(
    "--context", type=click.IntRange(min=1), help="Tokens for prompt and answer together."
)
@click.option(
    "--chunk-tokens", type=click.IntRange(min=1), help="Upper bound on a chunk, in tokens."
)
@click.option(
    "--summary-tokens",
    type=click.IntRange(min=1),
    help="Upper bound on a partial summary, in tokens.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N documents.")
@click.option("--ids", help="Only these documents, separated by commas.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Seed of the first run.")
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=1,
    help="How many runs, each with the next seed.",
)
@click.option("--retry-failed", is_flag=True, help="Try documents again that failed.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache of calls.")
@DATA
def run(
    task: str,
    *,
    out: Path,
    systems: tuple[str, ...],
    grid: tuple[str, ...],
    folder: Path | None,
    limit: int | None,
    ids: str | None,
    seed: int,
    repeat: int,
    retry_failed: bool,
    no_cache: bool,
    **flags: Any,  # noqa: ANN401 - the settings that flags override, each of its own type
) -> None:
    """Run systems over a TASK. To resume after an interruption, give the same command again.

    With several systems, or a grid of settings, each combination gets a folder inside --out.
    """
    from eval.progress import live_progress
    from eval.run import run_variant, variants
    from eval.tasks import load_task
    from pipeline.settings import load_settings

    data = load_task(task, folder)
    _warn(data)
    items = data.select(None if ids is None else ids.split(","), limit)
    given = _grid(grid)
    found = variants(
        systems or ("py-llama",), given, lambda **values: load_settings(**{**flags, **values})
    )
    seeds = range(seed, seed + repeat)
    with live_progress() as tell:
        for variant in found:
            finished = asyncio.run(
                run_variant(
                    variant,
                    data,
                    items,
                    seeds,
                    _folder(out, variant, found),
                    use_store=not no_cache,
                    retry_failed=retry_failed,
                    tell=tell,
                    warn=_note,
                )
            )
            _report_run(finished, items)


def _folder(out: Path, variant: Variant, found: Sequence[Variant]) -> Path:
    return out if len(found) == 1 else out / variant.name.replace(":", "_")


def _grid(given: Sequence[str]) -> dict[str, list[str]]:
    grid = {}
    for text in given:
        key, equals, values = text.partition("=")
        if not equals or not values:
            raise InputError(f"--grid takes KEY=A,B, not {text!r}")
        grid[key.replace("-", "_")] = values.split(",")
    return grid


def _report_run(run: Run, items: Sequence[Item]) -> None:
    failed = [output for output in run.outputs if output.status == "failed"]
    part = "" if run.manifest["comparable"] else "; a part of the task, so not comparable"
    click.echo(f"{run.path}: {len(run.outputs)} of {len(items)} documents x seeds done{part}")
    for output in failed:
        _note(f"{output.id} failed: {output.error}")


@evaluate.command()
@FOLDERS
@scoring_options
def score(folders: tuple[Path, ...], folder: Path | None, seed: int, **how: Any) -> None:  # noqa: ANN401
    """Score runs, beside baselines of the same length; writes scores.json into each."""
    from rich.console import Console

    from eval import report as reports
    from eval.records import find, write_whole

    runs = find(folders)
    boards, _ = _boards(runs, folder, _scorer(**how), seed)
    for board, one in zip(boards, runs, strict=True):
        scores = {"manifest": one.manifest["name"], **board.to_dict(seed)}
        write_whole(one.path / "scores.json", json.dumps(scores, ensure_ascii=False, indent=1))
    console = Console()
    for table in reports.terminal_tables(boards, seed):
        console.print(table, "")
    for note in reports.notes(boards):
        console.print(note, soft_wrap=True, highlight=False)


@evaluate.command()
@FOLDERS
@click.option("--common", is_flag=True, help="Compare only the documents that all runs have.")
@click.option("--json", "in_json", is_flag=True, help="Print JSON.")
@scoring_options
def compare(
    folders: tuple[Path, ...],
    folder: Path | None,
    seed: int,
    *,
    common: bool,
    in_json: bool,
    **how: Any,  # noqa: ANN401 - the scoring options
) -> None:
    """Compare the first run with the others, document by document: is the difference real?"""
    from rich.console import Console

    from eval.records import find
    from eval.report import pair_table
    from eval.scoring import compare_runs

    runs = find(folders)
    scorer = _scorer(**how)
    pairs = compare_runs(runs, _data(runs, folder), scorer, seed, common=common)
    if in_json:
        click.echo(json.dumps([asdict(pair) for pair in pairs], ensure_ascii=False))
        return
    console = Console()
    console.print(pair_table(pairs))
    n = pairs[0].differences["rouge1"].n
    console.print(scorer.signature(n, seed), soft_wrap=True, highlight=False)


@evaluate.command()
@FOLDERS
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file that ends in .html, .md or .json.",
)
@scoring_options
def report(
    folders: tuple[Path, ...],
    out: Path,
    folder: Path | None,
    seed: int,
    **how: Any,  # noqa: ANN401 - the scoring options
) -> None:
    """Write a report on runs, as a web page, Markdown or JSON."""
    from eval import report as reports
    from eval.records import find, write_whole

    if out.suffix not in (".html", ".md", ".json"):
        raise InputError(f"{out} must end in .html, .md or .json")
    runs = find(folders)
    boards, data = _boards(runs, folder, _scorer(**how), seed)
    text = {
        ".html": lambda: reports.html(boards, runs, data, seed),
        ".md": lambda: reports.markdown(boards, seed),
        ".json": lambda: reports.as_json(boards, runs, seed),
    }[out.suffix]()
    write_whole(out, text)
    click.echo(f"wrote {out}")


@evaluate.command()
@FOLDERS
@click.option("-m", "--model", required=True, help="The judge: PROVIDER:NAME.")
@DATA
def judge(folders: tuple[Path, ...], folder: Path | None, model: str) -> None:
    """Have a model judge the summaries; writes judge.json into each run."""
    from eval import judge as judges
    from eval.records import find, write_whole
    from eval.scoring import items_of
    from pipeline.models.open import open_model
    from pipeline.settings import load_settings

    runs = find(folders)
    data = _data(runs, folder)

    async def ask() -> None:
        judging = open_model(load_settings(model=model))
        try:
            for one in runs:
                verdicts = await judges.judge_run(one, items_of(one, data), judging)
                means = judges.means(verdicts)
                found = {
                    "judge": judging.name,
                    "digest": judging.digest,
                    "version": judges.JUDGE_VERSION,
                    "caveat": judges.CAVEAT,
                    "means": means,
                    "verdicts": [asdict(verdict) for verdict in verdicts],
                }
                write_whole(one.path / "judge.json", json.dumps(found, indent=1))
                said = [f"{k} {'-' if v is None else f'{v:.2f}'}" for k, v in means.items()]
                click.echo(f"{one.name}: {', '.join(said)} ({len(verdicts)} summaries)")
        finally:
            await judging.aclose()

    asyncio.run(ask())
    click.echo(judges.CAVEAT)


def _scorer(**how: Any) -> Scorer:  # noqa: ANN401 - the scoring options
    try:
        from eval.rouge import Scorer
    except ImportError as error:
        raise InputError(f"{error.name} is missing: pip install 'py-llama-backend[eval]'") from None
    return Scorer(how["stemming"], how["references"], how["words_are"])


def _boards(
    runs: Sequence[Run], folder: Path | None, scorer: Scorer, seed: int
) -> tuple[list[Board], Data]:
    from eval.scoring import board

    data = _data(runs, folder)
    return [board(run, data, scorer, seed) for run in runs], data


def _data(runs: Sequence[Run], folder: Path | None) -> Data:
    """Load the task that all runs have in common."""
    from eval.tasks import load_task

    if not runs:
        raise InputError("there is no run in that folder")
    tasks = {run.manifest["task"]["source"] for run in runs}
    if len(tasks) > 1:
        raise InputError(f"the runs are of different tasks: {', '.join(sorted(tasks))}")
    return load_task(tasks.pop(), folder)


def _warn(data: Data) -> None:
    for warning in data.warnings:
        _note(warning)


def _note(text: str) -> None:
    click.echo(f"py-llama: {text}", err=True)
