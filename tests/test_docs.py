"""The pages: where their links lead, and which modules, tests and folders they name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "eval" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
TEST = re.compile(r"\btests/[\w/]+(?:\.\w+)?")
MODULE = re.compile(r"`((?:pipeline|api|eval)/[\w/]+\.\w+)`")
DOTTED = re.compile(r"`(?:python -m )?((?:pipeline|api|eval)(?:\.[a-z_]+)+)`")


def anchors(page):
    """Return what can be linked to in a page, as GitHub names it after the headings."""
    headings = HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    for link, anchor in LINK.findall(page.read_text("utf-8")):
        target = page.parent / link if link else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_module_that_is_named_exists(page):
    text = page.read_text("utf-8")
    assert [n for n in MODULE.findall(text) if "NAME" not in n and not (ROOT / n).exists()] == []
    assert [n for n in TEST.findall(text) if not (ROOT / n).exists()] == []
    for name in DOTTED.findall(text):
        path = ROOT.joinpath(*name.split("."))
        known = path.is_dir() or path.with_suffix(".py").exists()
        assert known or path.parent.with_suffix(".py").exists(), name  # a name inside a module
