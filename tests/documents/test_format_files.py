"""Files made by real programs give the words that went into them, and nothing from around them.

`corpus/make.py` made them; `corpus/texts.py` knows what they say.
"""

import sys
from collections import Counter
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import pytest

from pipeline.documents.formats.detect import read

CORPUS = Path(__file__).parent / "corpus"
sys.path.insert(0, str(CORPUS))

import texts  # noqa: E402 - in the corpus

FILES = sorted(path.name for path in (CORPUS / "files").iterdir())
AROUND = ["Coastal Society", "Lost property", "webmaster", "Coastal web", "127.0.0.1", "MkDocs",
          "Sphinx", "Read the Docs", "Search", "nav.xhtml", "-->"]  # fmt: skip
CHAPTERS = {
    "harbour": ["Chapter 1. The dredger", "Chapter 2. Figures", "Chapter 3. What the diver saw",
                "Chapter 4. The beam", "Chapter 5. Afterwards"],
    "moor": ["Erstes Kapitel. Der Weg", "Zweites Kapitel. Das Gerät", "Drittes Kapitel. Der Nebel"],
}  # fmt: skip


@cache
def document(name):
    return read((CORPUS / "files" / name).read_bytes(), name)


def kept(expected, got):
    """How many of the expected words are there in order."""
    matcher = SequenceMatcher(None, expected, got, autojunk=False)
    return sum(block.size for block in matcher.get_matching_blocks())


@pytest.mark.parametrize("name", FILES)
def test_the_words_come_through_in_order_and_no_others(name):
    expected = texts.words(texts.plain(name.split("-")[0]))
    found = document(name)
    got = texts.words(found.text)
    assert kept(expected, got) >= 0.99 * len(expected), lost(expected, got)
    more = (Counter(got) - Counter(expected)).total()
    assert more <= 0.01 * len(expected) + allowed(name), Counter(got) - Counter(expected)
    for phrase in AROUND:
        assert phrase not in found.text


def lost(expected, got):
    matcher = SequenceMatcher(None, expected, got, autojunk=False)
    return [
        (" ".join(expected[a:b]), " ".join(got[c:d]))
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def allowed(name):
    """Words that a program adds: calibre puts a table of contents before the text."""
    return 24 if name.endswith("calibre.docx") else 0


def test_there_are_enough_of_them():
    assert len(FILES) >= 40
    assert {Path(name).suffix for name in FILES} == {
        ".docx", ".epub", ".html", ".md", ".pdf", ".srt", ".txt", ".vtt",
    }  # fmt: skip


NO_OUTLINE = ("libreoffice.epub", "columns.pdf", "small.pdf", "txt")  # have no headings to go by


@pytest.mark.parametrize("name", [name for name in FILES if not name.endswith(NO_OUTLINE)])
def test_chapters_are_marked_and_stand_alone(name):
    found = document(name)
    headings = {mark.label: mark for mark in found.marks if mark.kind == "heading"}
    for chapter in CHAPTERS.get(name.split("-")[0], []):
        assert found.text[headings[chapter].start :].lstrip("# ").split("\n\n")[0] == chapter
