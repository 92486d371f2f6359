"""What is to be read: documents, each with the summaries that systems and a person made of it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from eval import records
from eval.scoring import items_of
from eval.tasks import load_task
from pipeline.errors import InputError
from pipeline.text.sentences import sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eval.records import Run
    from eval.tasks import Data, Item

PEOPLE = "people"  # what a person's reference is called in keys and tables


@dataclass(frozen=True)
class Case:
    """A document, and the sentences of each system's summary; none where it has no summary."""

    task: str
    item: Item
    texts: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Found:
    """The cases, and what was left out and why."""

    cases: tuple[Case, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Summaries:
    """A system's summaries of a task's documents, by their ids."""

    system: str
    source: str
    texts: Mapping[str, str]


def split(text: str) -> tuple[str, ...]:
    """Return a summary's sentences, each on one line; items of lists are sentences too.

    Lone surrogates, which no file can hold, become question marks.
    """
    text = "\n" + text.encode("utf-8", "replace").decode()  # as the first of a list, "1." is no end
    return tuple(" ".join(text[start:end].split()) for start, end in sentences(text))


def file_name(text: str) -> str:
    """Return a name of a file for any id."""
    return quote(text, safe=" ,+@")


def gather(
    given: Sequence[str],
    *,
    task: str | None = None,
    folder: Path | None = None,
    ids: Sequence[str] | None = None,
    limit: int | None = None,
    seed: int = 0,
) -> Found:
    """Collect what is to be read from run folders and folders of plain summaries.

    Args:
        given: Run folders, folders of them, or NAME=FOLDER: a run folder by another name, or a
            folder with ID.txt for each document.
        task: The task that plain summaries are of.
        folder: Where the files of declared tasks are that do not ship with the package.
        ids: Only these documents.
        limit: At most as many documents of each task.
        seed: Of the draw among several references.

    Raises:
        InputError: a folder holds no summaries, two systems have one name, or no document has
            a summary by every system.
    """
    data: dict[str, Data] = {}

    def load(source: str) -> Data:
        if source not in data:
            data[source] = load_task(source, folder)
        return data[source]

    summaries = [one for text in given for one in _summaries(text, task, load)]
    if not summaries:
        raise InputError("there is no run in that folder")
    cases: list[Case] = []
    notes: list[str] = []
    for source in dict.fromkeys(one.source for one in summaries):
        of_task = [one for one in summaries if one.source == source]
        _refuse_namesakes(of_task)
        items = _shared(data[source], of_task, ids, notes)[:limit]
        cases += [_case(data[source].name, item, of_task, seed) for item in items]
    _refuse_unknown(ids, cases)
    _refuse_twins(cases)
    return Found(tuple(cases), tuple(notes))


def _summaries(text: str, task: str | None, load: Callable[[str], Data]) -> list[_Summaries]:
    name, path = _named(text)
    if name is None or any(path.glob("manifest.json")) or any(path.glob("*/manifest.json")):
        return [_of_run(run, name, load) for run in records.find([path])]
    if task is None:
        raise InputError(f"{path} is no run folder; name the task of its summaries with --task")
    texts = {
        item.id: file.read_text(encoding="utf-8", errors="replace")
        for item in load(task).items
        if (file := path / f"{file_name(item.id)}.txt").is_file()
    }
    if not texts:
        raise InputError(f"{path} holds no ID.txt of a document of {task}")
    return [_Summaries(name, task, texts)]


def _named(text: str) -> tuple[str | None, Path]:
    """Part NAME=FOLDER; a folder whose own name has a "=" is one all the same."""
    name, equals, path = text.partition("=")
    if not equals or Path(text).is_dir():
        return None, Path(text)
    if not name or name == PEOPLE:
        raise InputError(f"{text!r}: a system needs a name, and not {PEOPLE!r}")
    if not Path(path).is_dir():
        raise InputError(f"{path} is not a folder")
    return name, Path(path)


def _of_run(run: Run, name: str | None, load: Callable[[str], Data]) -> _Summaries:
    """Return a run's summaries, of several seeds the first; what failed is an empty one."""
    source = run.manifest["task"]["source"]
    items_of(run, load(source))
    texts: dict[str, str] = {}
    for output in sorted(run.outputs, key=lambda output: output.seed):
        texts.setdefault(output.id, output.summary)
    return _Summaries(name or run.name, source, texts)


def _refuse_namesakes(found: Sequence[_Summaries]) -> None:
    names = [one.system for one in found]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two systems are called {name!r}; give them names: NAME=FOLDER")


def _shared(
    data: Data, found: Sequence[_Summaries], ids: Sequence[str] | None, notes: list[str]
) -> list[Item]:
    """Return the wanted documents that all systems have summed up, in the order of the data."""
    wanted = [
        item
        for item in data.items
        if (ids is None or item.id in ids) and any(item.id in one.texts for one in found)
    ]
    shared = [item for item in wanted if all(item.id in one.texts for one in found)]
    for one in found:
        lacking = [item.id for item in wanted if item.id not in one.texts]
        if lacking:
            notes.append(
                f"{one.system} has no summary of {len(lacking)} documents of {data.name}, "
                f"which are left out: {', '.join(lacking[:3])}{', ...' * (len(lacking) > 3)}"
            )
    if wanted and not shared:
        raise InputError(f"no document of {data.name} has a summary by every system")
    return shared


def _refuse_unknown(ids: Sequence[str] | None, cases: Sequence[Case]) -> None:
    known = {case.item.id for case in cases}
    for wanted in ids or ():
        if wanted not in known:
            raise InputError(f"there is no summary of {wanted!r} by every system")


def _refuse_twins(cases: Sequence[Case]) -> None:
    """Refuse tasks of one name that hold a document of one id: their sheets would be one file."""
    times = Counter((case.task, case.item.id) for case in cases)
    for (task, document), number in times.items():
        if number > 1:
            raise InputError(f"two tasks called {task} hold a document {document!r}")


def _case(task: str, item: Item, found: Sequence[_Summaries], seed: int) -> Case:
    """Put a document's summaries together with one reference, drawn where there are several."""
    draw = random.Random(f"{seed}/{task}/{item.id}")  # noqa: S311 - no secret depends on it
    texts = {one.system: split(one.texts[item.id]) for one in found}
    return Case(task, item, {**texts, PEOPLE: split(draw.choice(item.references))})
