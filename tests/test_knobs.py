"""The numbers that decide quality: named, told about, and turned by one word."""

import ast
import inspect
import re
from dataclasses import fields
from itertools import pairwise

import pytest

import pipeline.knobs
from eval.run import variants
from pipeline.core.compose import Composer, Part
from pipeline.errors import InputError
from pipeline.knobs import KNOBS, Knobs, turned
from pipeline.settings import Settings
from pipeline.tree import Chunk


def explanations():
    """Yield each knob's name and the text that stands below it."""
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(pipeline.knobs)).body
        if isinstance(node, ast.ClassDef)
    ]
    for knob, text in pairwise(body):
        if isinstance(knob, ast.AnnAssign):
            yield knob.target.id, text.value.value if isinstance(text, ast.Expr) else ""


def test_every_knob_says_what_it_is_and_where_its_value_is_from():
    told = dict(explanations())
    assert set(told) == {field.name for field in fields(Knobs)}
    for name, text in told.items():
        assert re.search(r"Chosen|LOG\s+2026|tokens in English", text), name


def test_knobs_are_turned_by_what_is_written():
    knobs = turned({"novelty": "0.8", "openings": "2"})
    assert (knobs.novelty, knobs.openings) == (0.8, 2)
    assert turned({}) == KNOBS
    with pytest.raises(InputError, match="no knob 'novelti'; choose from full_terms, row"):
        turned({"novelti": "1"})
    with pytest.raises(InputError, match="knob openings takes a number, got 'many'"):
        turned({"openings": "many"})


def test_a_grid_has_knobs_beside_settings():
    found = variants(
        ["py-llama", "textrank"],
        {"knob.novelty": ["0.2", "0.8"], "words": ["80"]},
        lambda **values: Settings(model="embedded", **values),
    )
    assert [variant.name for variant in found] == [
        "py-llama,knob.novelty=0.2,words=80",
        "py-llama,knob.novelty=0.8,words=80",
        "textrank",
    ]
    assert [variant.knobs.novelty for variant in found] == [0.2, 0.8, KNOBS.novelty]
    assert found[0].settings.words == 80


def test_a_turned_knob_changes_what_is_composed():
    text = "The ferry sank at noon. " * 3 + "Rain fell on the town for a week without an end."
    part = Part(Chunk(text, 0, len(text), 30), "The ferry of the town sank at noon in heavy rain.")
    alone, beside = (
        Composer((part,), 12, knobs=turned({"source_weight": weight})).compose()
        for weight in ("0.01", "9")
    )
    assert alone == part.summary
    assert beside != part.summary
