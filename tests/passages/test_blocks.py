"""Blocks: paragraphs, headings and items, whichever way lines are broken."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_texts import ODD_TEXTS

from pipeline.passages.blocks import blocks, is_heading

WRAPPED = """\
The ferry to Skarholm sails twice a day from the old harbour, and in summer it
also takes bicycles. Tickets are sold on board; cards have been accepted since
the pier was rebuilt.

In winter the ferry sails on Fridays only.
"""


def kinds(text: str) -> list[tuple[str, str]]:
    return [(block.kind, block.text) for block in blocks(text)]


def test_lines_of_a_wrapped_paragraph_are_one() -> None:
    first, second = blocks(WRAPPED)
    assert first.text == " ".join(WRAPPED.split("\n\n")[0].split())
    assert second.text == "In winter the ferry sails on Fridays only."


def test_where_lines_are_paragraphs_each_is_one() -> None:
    text = "Ferries\nThe ferry sails twice a day.\nTickets are sold on board, by the mate.\n"
    assert kinds(text) == [
        ("heading", "Ferries"),
        ("paragraph", "The ferry sails twice a day."),
        ("paragraph", "Tickets are sold on board, by the mate."),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_all_ends_of_lines(end: str) -> None:
    assert [b.text for b in blocks(WRAPPED.replace("\n", end))] == [b.text for b in blocks(WRAPPED)]


def test_markdown() -> None:
    text = (
        "# Ferries\n\nThe **ferry** to [Skarholm](https://example.org) sails `twice`[3] a day.\n\n"
        "```\nsail --twice\n```\n\n| a | b |\n|---|---|\n\n- Bicycles are free.\n* Dogs\n\n---\n"
        "> He said so.\n"
    )
    assert kinds(text) == [
        ("heading", "Ferries"),
        ("paragraph", "The ferry to Skarholm sails twice a day."),
        ("item", "Bicycles are free."),
        ("item", "Dogs"),
        ("paragraph", "He said so."),
    ]


def test_numbered_headings_are_no_items() -> None:
    text = (
        "1. What we saw\n\nNothing at all was seen.\n\n2. Why so?\n\n1. It was dark.\n2. It rained."
    )
    assert [kind for kind, _ in kinds(text)] == ["heading", "paragraph", "heading", "item", "item"]


def test_manual_pages() -> None:
    text = (
        "DESCRIPTION\n       cut reads recordings and writes a file for each stretch between\n"
        "       two silences, which may be\n       long.\n\nOPTIONS\n       -m SECONDS\n"
        "              the shortest silence there is, in seconds.\n"
    )
    assert ("heading", "DESCRIPTION") in kinds(text)
    assert ("heading", "OPTIONS") in kinds(text)
    assert ("paragraph", "the shortest silence there is, in seconds.") in kinds(text)


@given(st.one_of(st.sampled_from(ODD_TEXTS), st.text(), st.text("ab .\n#-*1|>`[]()_")))
def test_blocks_stand_in_the_text_in_its_order(text: str) -> None:
    at = 0
    for block in blocks(text):
        assert at <= block.start < block.end <= len(text)
        assert block.text == " ".join(block.text.split()) != ""
        at = block.end


@pytest.mark.parametrize(
    "part", ["(", "[a](", "*a", "_", "\t", "x\n", "1.\n", "> ", "| ", "`", "- "]
)
def test_hostile_texts_are_read_quickly(part: str) -> None:
    text = part * (100_000 // len(part))
    start = time.process_time()
    blocks(text)
    assert time.process_time() - start < 5


def test_headings() -> None:
    assert is_heading("What we found")
    assert not is_heading("We found it.")
    assert not is_heading("word " * 30)
