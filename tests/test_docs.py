"""The pages: where their links lead, and which modules and commands they name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "eval" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
MODULE = re.compile(r"`((?:pipeline|api|eval)/[\w/]+\.\w+)`")
DOTTED = re.compile(r"`(?:python -m )?((?:pipeline|api|eval)(?:\.[a-z_]+)+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    links = LINK.findall(page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_and_module_that_is_named_exists(page):
    text = page.read_text("utf-8")
    assert [n for n in MODULE.findall(text) if "NAME" not in n and not (ROOT / n).exists()] == []
    for name in DOTTED.findall(text):
        path = ROOT.joinpath(*name.split("."))
        known = path.is_dir() or path.with_suffix(".py").exists()
        assert known or path.parent.with_suffix(".py").exists(), name  # a name inside a module
