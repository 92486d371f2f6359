"""The version of the rules."""

import ast
from pathlib import Path

import pipeline
from pipeline.core import clean, compose
from pipeline.core.rules import PLACES, rules_version
from pipeline.evidence import review

ROOT = Path(pipeline.__file__).parent


def test_it_is_the_same_for_the_same_rules():
    assert rules_version() == rules_version()
    assert len(rules_version()) == 16


def test_it_covers_all_that_the_rules_are_made_of():
    """What clean, compose and review import of ours stands in the places that are hashed."""
    besides = ("errors", "knobs", "tree", "options")  # values alone
    for module in (clean, compose, review):
        for node in ast.walk(ast.parse(Path(module.__file__).read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module.startswith("pipeline."):
                inside = node.module.removeprefix("pipeline.")
                place = inside.replace(".", "/")
                assert place.startswith(tuple(p.removesuffix(".py") for p in PLACES)) or (
                    inside in besides
                ), f"{module.__name__} imports {inside}, which the version does not cover"


def test_every_place_is_there():
    assert all((ROOT / place).exists() for place in PLACES)
