"""Documents to read, and readers who fill in forms, for the tests of reading."""

import json
from itertools import count

from eval.reading.cases import Case
from eval.reading.sheets import read_key
from eval.tasks import Item


def case(document, texts, task="meetings"):
    """Return a case; `texts` are sentences by system."""
    return Case(task, Item(document, f"The source of {document}.", ("Reference.",)), texts)


def fill(folder, reader, marks):
    """Fill a reader's forms: `marks` has verdicts, usefulness and rank by system.

    A system's verdicts are a text like "TTF", gone through again and again.
    """
    for key in read_key(folder).cases:
        path = folder / key.file(reader, ".json")
        form = json.loads(path.read_text("utf-8"))
        for letter, system in key.letters[reader].items():
            verdicts, usefulness, rank = marks[system]
            summary = form["summaries"][letter]
            summary["usefulness"], summary["rank"] = usefulness, rank
            for name, i in zip(summary["sentences"], count(), strict=False):
                summary["sentences"][name] = verdicts[i % len(verdicts)]
        path.write_text(json.dumps(form), "utf-8")
