"""A model around another one is as that one."""

import asyncio
import inspect

from pipeline.models.base import ChatModel
from pipeline.models.wrapper import ModelWrapper
from pipeline.testing import ScriptedModel, first_words


class Wrapped(ModelWrapper):
    def __init__(self, model):
        self.model = model


def test_everything_is_passed_on():
    model = ScriptedModel(first_words(2), warnings=["one"], parameters=7, options={"seed": 1})
    wrapped = Wrapped(model)
    names = {name for name in vars(ChatModel) if not name.startswith("_")}
    values = {name for name in names if isinstance(vars(ChatModel)[name], property)}
    assert names - values == {"count", "count_text", "complete", "aclose"}
    for name in values:
        assert getattr(wrapped, name) == getattr(model, name)
    assert wrapped.warnings is model.warnings
    assert wrapped.count("a b", "c") == model.count("a b", "c")
    assert wrapped.count_text("a b") == 2
    told = []
    reply = asyncio.run(
        wrapped.complete("", "One two three.", max_tokens=9, attempt=3, emit=told.append)
    )
    assert reply.text == told[0] == "One two."
    assert model.calls[0].attempt == 3
    asyncio.run(wrapped.aclose())


def test_it_asks_as_the_protocol_says():
    ours, protocol = (inspect.signature(kind.complete) for kind in (ModelWrapper, ChatModel))
    assert ours.parameters == protocol.parameters
