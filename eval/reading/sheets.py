"""Blind sheets: a document and its summaries under letters, in an order that only a key knows.

    reader1/, reader2/, …   what a reader is given: for each document a sheet to read (Markdown)
                            and a form to fill in (JSON)
    key.json                which letter is which system; no reader is given it

The order is drawn for each document and each reader anew, so that neither a letter nor a place
tells anything about a system.
"""

from __future__ import annotations

import hashlib
import json
import random
from math import factorial
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.reading.cases import file_name
from eval.records import write_whole
from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eval.reading.cases import Case

FORMAT: Literal[1] = 1  # of a folder of sheets; grows when older ones can no longer be read
KEY = "key.json"
INSTRUCTION = """\
Read the source, then the summaries. Each is by another writer, and you are not told by whom. Judge
every sentence against this source alone, not against other summaries or what you know:

- **T**, true: the source says so.
- **P**, partly true: the core holds, but something in it does not, or is more than the source says.
- **F**, false: the source says otherwise, or does not say it at all. A wrong person or role, or a
  joke, a refused or a mere proposal told as a decision, is false where it is what is said.
- **E**, empty: talk, scraps, dangling; it cannot be understood where it stands, or says nothing.

Then for each summary: how **useful** it is to somebody who has not read the source, from 0 (of no
use) to 10 (nothing better could be wished for at this length), and its **rank** among the summaries
here, 1 for the best; equally good ones may share a rank.

Write it all into the form, in place of every `null` (a `note` may be left empty): `{form}`"""


class CaseKey(BaseModel):
    """A document's systems with their sentences, and for each reader the letters of the systems."""

    model_config = ConfigDict(extra="forbid")

    task: str
    document: str
    texts: dict[str, list[str]]
    letters: dict[str, dict[str, str]]

    def file(self, reader: str, suffix: str) -> Path:
        """Return where a reader's sheet (".md") or form (".json") lies in the folder."""
        return Path(reader, f"{file_name(self.task)}--{file_name(self.document)}{suffix}")


class Key(BaseModel):
    """What a folder of sheets holds, and who is who on them."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = FORMAT
    seed: int
    cases: list[CaseKey]

    @property
    def digest(self) -> str:
        """A hash of what is on the sheets, which tells folders of one name apart."""
        return hashlib.sha256(self.model_dump_json().encode("utf-8")).hexdigest()


def make_key(cases: Sequence[Case], readers: int, seed: int) -> Key:
    """Draw for each document and reader which letter is which system.

    Raises:
        InputError: there are more systems than letters.
    """
    return Key(
        seed=seed,
        cases=[
            CaseKey(
                task=case.task,
                document=case.item.id,
                texts={system: list(text) for system, text in case.texts.items()},
                letters=_letters(case, readers, seed),
            )
            for case in cases
        ],
    )


def _letters(case: Case, readers: int, seed: int) -> dict[str, dict[str, str]]:
    """Draw an order for each reader, no two of them alike as long as there are orders enough."""
    systems = sorted(case.texts)
    if len(systems) > len(ascii_uppercase):
        raise InputError(
            f"{len(systems)} summaries of one document are more than there are letters"
        )
    draw = random.Random(f"{seed}/{case.task}/{case.item.id}/order")  # noqa: S311 - no secret
    orders: list[list[str]] = []
    while len(orders) < readers:
        order = draw.sample(systems, len(systems))
        if order not in orders or len(orders) >= factorial(len(systems)):
            orders.append(order)
    return {
        f"reader{number}": dict(zip(ascii_uppercase, order, strict=False))
        for number, order in enumerate(orders, 1)
    }


def sentence_ids(letter: str, text: Sequence[str]) -> list[str]:
    """Return the numbers of a summary's sentences: A1, A2 and so on."""
    return [f"{letter}{number}" for number in range(1, len(text) + 1)]


def sheet(case: Case, key: CaseKey, reader: str) -> str:
    """Return what a reader reads, in Markdown."""
    form = key.file(reader, ".json").name
    parts = [f"# {case.task}, {case.item.id}", INSTRUCTION.format(form=form)]
    if case.item.query:
        parts += ["## Question", f"The summaries are to answer this: {case.item.query}"]
    parts += ["## Source", _lines(case.item.document)]
    for letter, system in key.letters[reader].items():
        text = key.texts[system]
        parts.append(f"## Summary {letter}")
        ids = sentence_ids(letter, text)
        parts += [f"**{name}** {sentence}" for name, sentence in zip(ids, text, strict=True)]
        if not text:
            parts.append("(There is no text: usefulness 0, and the last rank.)")
    return "\n\n".join(parts) + "\n"


def _lines(document: str) -> str:
    """Return a text in Markdown that keeps its line ends: two spaces before them do so."""
    text = document.encode("utf-8", "replace").decode()
    return "\n".join(f"{line}  " if line.strip() else "" for line in text.splitlines()).strip()


def form(key: CaseKey, reader: str) -> dict[str, Any]:
    """Return what a reader fills in, with null for everything that is asked."""
    return {
        "task": key.task,
        "document": key.document,
        "reader": reader,
        "summaries": {
            letter: {
                "usefulness": None,
                "rank": None,
                "sentences": dict.fromkeys(sentence_ids(letter, key.texts[system])),
                "note": "",
            }
            for letter, system in key.letters[reader].items()
        },
    }


def write(cases: Sequence[Case], folder: Path, *, readers: int, seed: int) -> Key:
    """Write sheets, forms and the key into a new folder.

    Raises:
        InputError: the folder is not empty: what readers wrote must not be lost.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; choose another folder")
    key = make_key(cases, readers, seed)
    for case, one in zip(cases, key.cases, strict=True):
        for reader in one.letters:
            (folder / reader).mkdir(parents=True, exist_ok=True)
            write_whole(folder / one.file(reader, ".md"), sheet(case, one, reader))
            filled = json.dumps(form(one, reader), ensure_ascii=False, indent=1)
            write_whole(folder / one.file(reader, ".json"), filled + "\n")
    write_whole(folder / KEY, key.model_dump_json(indent=1) + "\n")  # last: all of it is there
    return key


def read_key(folder: Path) -> Key:
    """Read the key of a folder of sheets.

    Raises:
        InputError: there is none, or it is damaged or of another version.
    """
    try:
        return Key.model_validate_json((folder / KEY).read_bytes())
    except FileNotFoundError:
        raise InputError(f"{folder} holds no sheets: it has no {KEY}") from None
    except ValidationError:
        raise InputError(f"{folder / KEY} is damaged, or of another version") from None
