"""What the models of every provider share, with one that is played here."""

import asyncio
from dataclasses import dataclass, field

import pytest

from pipeline.errors import PromptCut, StreamBroken, TimedOut
from pipeline.models.adapter import (
    Piece,
    Request,
    StreamingAdapter,
    choose_context,
    deadline,
    parameter_count,
    trained_context,
    vary,
)
from pipeline.models.base import MAX_DEFAULT_CONTEXT, ModelOptions
from pipeline.models.verify import PROBE_TEXT


class Words:
    """Counts words, and takes the angle out of what it neutralizes."""

    exact = True

    def neutralize(self, text):
        return text.replace("<", "‹")

    def count_prompt(self, system, user):
        assert "<" not in system + user
        return self.count_text(system) + self.count_text(user)

    def count_text(self, text):
        return len(text.split())


@dataclass(kw_only=True, eq=False)
class Played(StreamingAdapter):
    """A model that answers with the given pieces, and notes what it was asked."""

    pieces: tuple[Piece, ...] = (Piece("A short"), Piece(" answer."), Piece(finish="stop"))
    misread: int = 0  # tokens by which the server's count is another one than ours
    asked: list[Request] = field(default_factory=list)
    closed: bool = False

    async def _pieces(self, request, *, stream):
        self.asked.append(request)
        read = self.prompts.count_prompt(request.system, request.user) + self.misread
        for piece in self.pieces:
            yield piece
        yield Piece(prompt_tokens=read, output_tokens=3)

    async def aclose(self):
        self.closed = True


def played(**more):
    return Played(name="played", context=400, prompts=Words(), settings=ModelOptions(), **more)


def ask(model, user="A question?", max_tokens=9, **more):
    return asyncio.run(model.complete("Answer.", user, max_tokens=max_tokens, **more))


def test_an_answer_is_made_of_its_pieces_and_verified_by_the_servers_count():
    told, model = [], played()
    reply = ask(model, emit=told.append)
    assert (reply.text, reply.finish, reply.verified) == ("A short answer.", "stop", True)
    assert (reply.prompt_tokens, reply.output_tokens) == (3, 3)
    assert told == ["A short", " answer."]


def test_what_is_asked_is_neutralized_and_drawn_as_the_attempt_says():
    model = played()
    ask(model, "A <tag>?", attempt=2)
    (request,) = model.asked
    assert request.messages == [("system", "Answer."), ("user", "A ‹tag>?")]
    assert (request.max_tokens, request.sampling) == (9, vary(ModelOptions(), 2))


def test_what_does_not_fit_is_not_asked():
    model = played()
    with pytest.raises(PromptCut):
        ask(model, max_tokens=397)
    assert model.asked == []
    ask(model, max_tokens=396)


def test_an_answer_without_an_end_is_broken():
    with pytest.raises(StreamBroken):
        ask(played(pieces=(Piece("A short"),)))


def test_the_probe_is_sent_before_the_first_call_until_its_file_is_there(tmp_path):
    confirmed = tmp_path / "new" / "confirmed"
    model = played(confirmed=confirmed)
    ask(model)
    assert [request.user == Words().neutralize(PROBE_TEXT) for request in model.asked] == [
        True,
        False,
    ]
    assert confirmed.exists()
    again = played(confirmed=confirmed)
    ask(again)
    assert len(again.asked) == 1


def test_a_probe_that_is_counted_otherwise_makes_counts_estimates(tmp_path):
    model = played(confirmed=tmp_path / "confirmed", misread=1)
    assert not ask(model).verified
    assert not model.exact
    assert "where we count" in model.warnings[0]
    assert not model.confirmed.exists()


def test_what_a_gguf_says_of_its_model():
    facts = {"general.architecture": "llama", "llama.context_length": 2048}
    assert trained_context(facts) == 2048
    assert trained_context({}) is None
    assert parameter_count({"general.parameter_count": 7}, "1B") == 7
    assert parameter_count({}, "134.5M") == 134_500_000
    assert parameter_count({}, None) is None


def test_attempts_differ_and_the_first_is_as_configured():
    options = ModelOptions(temperature=0.1, seed=5, repeat_penalty=1.1)
    first, second, third = (vary(options, attempt) for attempt in range(3))
    assert (first.temperature, first.seed, first.repeat_penalty) == (0.1, 5, 1.1)
    assert (second.temperature, second.seed) == (0.3, 6)
    assert third.seed == 7
    assert third.repeat_penalty == pytest.approx(1.3)
    assert vary(ModelOptions(temperature=0.8), 1).temperature == 0.8


@pytest.mark.parametrize(
    ("wanted", "trained", "chosen", "warnings"),
    [
        (None, 2048, 2048, 0),
        (None, 131_072, MAX_DEFAULT_CONTEXT, 0),
        (32_768, 131_072, 32_768, 0),
        (4096, 2048, 2048, 1),
        (4096, None, 4096, 0),
        (None, None, MAX_DEFAULT_CONTEXT, 1),
    ],
)
def test_the_context_is_what_was_wanted_as_far_as_it_goes(wanted, trained, chosen, warnings):
    said = []
    assert choose_context(wanted, trained, said) == chosen
    assert len(said) == warnings


def test_a_deadline_ends_what_takes_too_long():
    async def run():
        async with deadline(5):
            pass
        async with deadline(0.01):
            await asyncio.sleep(5)

    with pytest.raises(TimedOut, match=r"0\.01 s"):
        asyncio.run(run())
