"""What a terminal shows while a run goes on."""

import asyncio
import io
from dataclasses import replace

from rich.console import Console

from pipeline.cli.progress import ASCII, GLYPHS, Counts, RunProgress, draw_row
from pipeline.core.events import Delta, Planned, Summarized
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document
from pipeline.testing import ScriptedModel, first_words

TEXT = "The ferry left the harbour at dawn with ten sacks of mail on board. " * 300


def pictures(width=60, encoding="utf-8"):
    """The picture after each event of a run, and the events."""
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=out, width=width, height=20, force_terminal=True, color_system=None)
    progress, shown, told = RunProgress(console, "book.txt"), [], []

    def emit(event):
        progress(event)
        told.append(event)
        with console.capture() as capture:
            console.print(progress)
        shown.append(capture.get())

    model = ScriptedModel(first_words(20), context=500)
    asyncio.run(Summarizer(model, words=30, summary_tokens=40).summarize(Document(TEXT), emit))
    return shown, told


def test_the_strip_fills_and_the_tree_grows_above_it():
    shown, told = pictures()
    assert isinstance(told[0], Planned)
    levels = told[0].plan.levels
    assert levels >= 3
    first, last = shown[0].split("\n"), shown[-1].split("\n")
    assert len(first) == len(last) == levels + 2  # rows, a line of counts, a line's end
    assert set("".join(first[:levels])) == {GLYPHS[0], " "}
    assert set("".join(last[:levels])) == {GLYPHS[-1], " "}
    filled = [picture.count(GLYPHS[-1]) for picture in shown]
    assert filled == sorted(filled)
    (half,) = [i for i, event in enumerate(told) if isinstance(event, Summarized)][3:4]
    assert 0 < filled[half] < filled[-1]


def test_counts_pace_and_the_draft_are_said():
    shown, told = pictures(width=100)
    assert "first calls under way" in shown[0]
    drafts = [
        picture for picture, event in zip(shown, told, strict=True) if isinstance(event, Delta)
    ]
    assert "… " in drafts[-1]
    assert f"chunks {len(told[0].plan.leaves)}/{len(told[0].plan.leaves)}" in shown[-1]
    assert all(len(line) <= 100 for picture in shown for line in picture.split("\n"))


def test_where_there_are_no_blocks_other_signs_stand_for_them():
    shown, _ = pictures(encoding="ascii")
    assert ASCII[-1] in shown[-1]
    assert not set(GLYPHS) & set(shown[-1])


def test_a_row_shows_shares_where_nodes_are_narrower_than_cells():
    nodes = [(i, i + 1) for i in range(40)]
    assert draw_row(nodes, nodes[:20], 10, GLYPHS) == GLYPHS[-1] * 5 + GLYPHS[0] * 5
    assert draw_row(nodes, nodes[::2], 10, GLYPHS) == GLYPHS[1] * 10


def test_wide_nodes_are_set_apart():
    assert draw_row([(0, 50), (50, 100)], [(0, 50)], 10, ASCII) == "#### .... "


def test_cached_calls_count_as_done_and_not_as_pace():
    _, told = pictures()
    counts = Counts(told[0].plan, started=0.0)
    assert counts.pace(10.0) == "first calls under way"
    finished = [event for event in told if isinstance(event, Summarized)]
    counts.add(replace(finished[0], cached=True))
    assert (counts.made, counts.cached, counts.written) == (0, 1, 0)
    assert counts.pace(10.0) == "first calls under way"
    for event in finished[1:]:
        counts.add(event)
    written = sum(event.summary.tokens for event in finished[1:])
    assert (counts.made, counts.written) == (counts.plan.calls - 1, written)
    assert counts.pace(10.0) == f"{written / 10:.0f} tokens/s  0 s left"
    chunks, merges = len(counts.plan.leaves), len(counts.plan.merges)
    assert counts.parts() == f"chunks {chunks}/{chunks}  merges {merges}/{merges}"


def test_it_starts_and_stops_on_a_terminal():
    console = Console(file=io.StringIO(), force_terminal=True, width=60)
    with RunProgress(console, "book.txt"):
        pass
    assert "planning" in console.file.getvalue()
