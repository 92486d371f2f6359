"""What readers said: filled forms, checked, and put back under the systems' names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from eval.reading.sheets import read_key, sentence_ids
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eval.reading.sheets import CaseKey

Letter = Literal["T", "P", "F", "E"]
VERDICTS: tuple[Letter, ...] = get_args(Letter)
MOST_PROBLEMS = 8  # named in one message
_MISSING = {"missing", "extra_forbidden"}


def _as_typed(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


Verdict = Annotated[Letter, BeforeValidator(_as_typed)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SummaryForm(_Strict):
    """What a reader says of one summary; usefulness from 0 to 10, rank 1 for the best."""

    usefulness: Annotated[float, Field(ge=0, le=10)]
    rank: Annotated[int, Field(ge=1)]
    sentences: dict[str, Verdict]
    note: str = ""


class Form(_Strict):
    """A filled form."""

    task: str
    document: str
    reader: str
    summaries: dict[str, SummaryForm]


@dataclass(frozen=True)
class Judged:
    """One reader's verdicts on one system's summary of a document."""

    sentences: tuple[str, ...]
    verdicts: tuple[Letter, ...]
    usefulness: float
    rank: int

    def share(self, verdict: Letter) -> float:
        """Return the share of sentences that were judged so; there must be a sentence."""
        return self.verdicts.count(verdict) / len(self.verdicts)


@dataclass(frozen=True)
class Reading:
    """One reader's verdicts on one sheet, by system. `sheets` is what its folder is called."""

    sheets: str
    task: str
    document: str
    reader: str
    systems: Mapping[str, Judged]


@dataclass(frozen=True)
class Readings:
    """All that was read, and the sheets that wait for a reader: document, reader."""

    done: tuple[Reading, ...]
    waiting: tuple[tuple[str, str], ...]


def read(folders: Sequence[Path]) -> Readings:
    """Read the filled forms of folders of sheets. Untouched forms wait.

    Raises:
        InputError: a folder holds no sheets, no form is filled, or some are filled wrongly or in
            part; the message names file, sentence and what is missing.
    """
    done: list[Reading] = []
    waiting: list[tuple[str, str]] = []
    problems: list[str] = []
    for sheets, key, reader, path in _forms(folders):
        raw = _load(path, problems)
        if raw is None or _untouched(raw):
            waiting.append((f"{key.task} {key.document}", reader))
            continue
        found = list(_problems(raw, key, reader))
        problems += [f"{path}: {problem}" for problem in found]
        if not found:
            done.append(_reading(Form.model_validate(raw), key, reader, sheets))
    if problems:
        more = f"\nand {len(problems) - MOST_PROBLEMS} more" * (len(problems) > MOST_PROBLEMS)
        raise InputError("\n".join(problems[:MOST_PROBLEMS]) + more)
    if not done:
        raise InputError("no form is filled in yet")
    return Readings(tuple(done), tuple(waiting))


def _forms(folders: Sequence[Path]) -> Iterator[tuple[str, CaseKey, str, Path]]:
    """Yield every form: the sheets' name, what they are of, who reads them, and the file."""
    for folder in folders:
        key = read_key(folder)
        sheets = f"{folder.resolve().name}-{key.digest[:8]}"
        for case in key.cases:
            for reader in case.letters:
                yield sheets, case, reader, folder / case.file(reader, ".json")


def _load(path: Path, problems: list[str]) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        problems.append(f"{path}: not JSON ({error})")
        return None


def _untouched(raw: object) -> bool:
    """Say whether a form holds no answer at all."""
    if not isinstance(raw, dict) or not isinstance(raw.get("summaries"), dict):
        return False
    return all(_unanswered(summary) for summary in raw["summaries"].values())


def _unanswered(summary: object) -> bool:
    if not isinstance(summary, dict) or not isinstance(summary.get("sentences"), dict):
        return False
    answers = [summary.get("usefulness"), summary.get("rank"), *summary["sentences"].values()]
    return all(answer is None for answer in answers)


def _problems(raw: object, key: CaseKey, reader: str) -> Iterator[str]:
    """Yield what is wrong with a form: in itself, and beside its sheet."""
    try:
        form = Form.model_validate(raw)
    except ValidationError as error:
        yield from (_said(dict(one)) for one in error.errors())
        return
    own = (form.task, form.document, form.reader)
    if own != (key.task, key.document, reader):
        yield f"it is the form of {', '.join(own)}"
        return
    yield from _differing("summary", form.summaries, list(key.letters[reader]))
    for letter, system in key.letters[reader].items():
        if letter in form.summaries:
            ids = sentence_ids(letter, key.texts[system])
            yield from _differing("sentence", form.summaries[letter].sentences, ids)
            if form.summaries[letter].rank > len(key.letters[reader]):
                yield f"{letter} rank: there are {len(key.letters[reader])} summaries only"


def _differing(kind: str, given: Mapping[str, object], wanted: Sequence[str]) -> Iterator[str]:
    yield from (f"{kind} {name} is missing" for name in wanted if name not in given)
    yield from (f"there is no {kind} {name} on the sheet" for name in given if name not in wanted)


def _said(error: Mapping[str, Any]) -> str:
    """Say in words what pydantic found, and where: "A3: no verdict yet (T, P, F or E)"."""
    place = [str(part) for part in error["loc"]]
    if place[:1] == ["summaries"]:
        place = place[3:] if len(place) > 3 else place[1:]
    where = " ".join(place) or "form"
    if error["type"] in _MISSING:
        return f"{where}: {'missing' if error['type'] == 'missing' else 'not asked for'}"
    choice = error["type"] == "literal_error"
    wanted = "T, P, F or E" if choice else str(error["msg"]).lower()
    if error["input"] is None:
        return f"{where}: nothing filled in" + " (T, P, F or E)" * bool(choice)
    return f"{where}: {error['input']!r} ({wanted})"


def _reading(form: Form, key: CaseKey, reader: str, sheets: str) -> Reading:
    systems = {}
    for letter, system in key.letters[reader].items():
        said = form.summaries[letter]
        text = tuple(key.texts[system])
        verdicts = tuple(said.sentences[name] for name in sentence_ids(letter, text))
        systems[system] = Judged(text, verdicts, said.usefulness, said.rank)
    return Reading(sheets, key.task, key.document, reader, systems)
