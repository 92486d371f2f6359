"""No model at all."""

import asyncio

import pytest

from pipeline.errors import ModelMissing
from pipeline.models.no_model import NoModel


def test_it_counts_and_cannot_be_asked():
    model = NoModel()
    assert model.count_text("three short words") > 0
    assert model.count("", "three short words") >= model.count_text("three short words")
    assert (model.parameters, model.warnings) == (None, [])
    with pytest.raises(ModelMissing, match="no model here"):
        asyncio.run(model.complete("", "Hello", max_tokens=9))
