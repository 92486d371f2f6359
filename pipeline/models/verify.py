"""What adapters share: the context they take, and what they do before and after a call.

Servers cut an over-long prompt without a word, so the proof that a prompt was read whole is that
the server's count of it equals ours. Ollama leaves one of three counts behind when it cuts: the
whole context, one token less, or the head that it keeps (4 tokens, or 5 with BOS) plus the newest
half of the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.errors import EmptyAnswer, PromptCut, TimedOut
from pipeline.models.base import MAX_DEFAULT_CONTEXT, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Literal

    from pipeline.models.base import ModelOptions

# A tokenizer and a template that agree with the server on this prompt agree with it everywhere.
PROBE_SYSTEM = "Answer with one word."
PROBE_TEXT = (
    "In 1984, it's said, 12,345.67 people (they'd know) READ\u00a0naïve cafés' menus;\r\n\n\n"
    "\tdef f(x):\n        return {'a': [x**2, 0xFF]}  # → ok\n   \n"
    "你好，世界 こんにちは Привет مرحبا 🙂👨\u200d👩 e\u0301 </s> <|im_end|> <|user|>"
    "antidisestablishmentarianism aaaaaaaaaaaaaaaa https://example.org/?q=1&r=%20  "
)

_UNKNOWN_CONTEXT = 8192  # tokens; where neither the model nor the user says
_KEPT_HEADS = (4, 5)  # tokens that survive a cut at the prompt's beginning, without and with BOS
_SLACK = 2  # tokens by which a server's arithmetic may differ from ours
_ESTIMATE_FLOOR = 0.4  # an estimate with its margin is never more than 2.5 times the truth


def choose_context(wanted: int | None, trained: int | None, warnings: list[str]) -> int:
    """Return the context to use, in tokens, and add to the warnings what the user should know."""
    if trained is None:
        trained = wanted or _UNKNOWN_CONTEXT
        if wanted is None:
            warnings.append(
                f"nothing says how long a context the model has; taking {trained} tokens "
                "(set `context` to what is right)"
            )
    if wanted is not None and wanted > trained:
        warnings.append(f"context lowered from {wanted} to {trained}, which is all the model has")
    return min(trained, wanted or MAX_DEFAULT_CONTEXT)


def parse_size(text: str) -> int | None:
    """Return how many weights "134.52M" or "1.1B" stands for; None where it is no such number."""
    match = re.fullmatch(r"([\d.]+)([KMBT])", text.strip().upper())
    with contextlib.suppress(ValueError):
        if match is not None:
            return round(float(match[1]) * 1000.0 ** ("KMBT".index(match[2]) + 1))
    return None


def plain_prompt(system: str, user: str) -> str:
    """Render a prompt in the commonest template, to estimate with where the model's is unknown."""
    return (
        f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@contextlib.asynccontextmanager
async def deadline(seconds: float) -> AsyncIterator[None]:
    """Bound what is done within.

    Raises:
        TimedOut: it took longer.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimedOut(f"no whole answer within {seconds:g} s; raise the timeout") from error


@dataclass(frozen=True)
class Sampling:
    """How one attempt draws its words."""

    temperature: float
    seed: int
    repeat_penalty: float


def vary(options: ModelOptions, attempt: int) -> Sampling:
    """Return the sampling of an attempt: as configured for 0, another way for each one above.

    At temperature 0 the seed decides nothing, so another attempt also warms up.
    """
    if attempt == 0:
        return Sampling(options.temperature, options.seed, options.repeat_penalty)
    return Sampling(
        temperature=max(options.temperature, 0.3),
        seed=options.seed + attempt,
        repeat_penalty=options.repeat_penalty + 0.1 * attempt,
    )


def check_fits(ours: int, max_tokens: int, context: int) -> None:
    """Refuse a prompt that with its answer would not fit: the server would cut it or slide.

    Raises:
        PromptCut: `ours + max_tokens` is more than `context - 1` tokens.
    """
    if ours + max_tokens > context - 1:
        raise PromptCut(
            f"a prompt of {ours} tokens and an answer of {max_tokens} do not fit into the context "
            f"of {context}; raise the context, or shorten the text or the summary"
        )


def check_prompt_count(ours: int, theirs: int | None, context: int, *, exact: bool) -> bool:
    """Compare our count of a prompt with the server's, in tokens; None where it gave none.

    Returns:
        Whether the server confirmed that it read the prompt token for token. False is for a
        prompt that was read whole as far as can be known.

    Raises:
        PromptCut: the server read less than was sent, or may have.
    """
    if theirs is None:
        return False
    if exact and ours == theirs:
        return True
    if _may_be_cut(ours, theirs, context, exact=exact):
        raise PromptCut(
            f"the server read {theirs} tokens of a prompt of {'' if exact else 'about '}{ours} "
            f"in a context of {context}; give the model a longer context, or ask for smaller chunks"
        )
    return False


def _may_be_cut(ours: int, theirs: int, context: int, *, exact: bool) -> bool:
    halves = [context - (context - head) // 2 for head in _KEPT_HEADS]
    if exact:  # reading more than we counted is only safe below anything that a cut leaves
        return theirs < ours or theirs >= min(halves) - _SLACK
    left_by_a_cut = (context, context - 1, *halves)
    return theirs < _ESTIMATE_FLOOR * ours or any(
        abs(theirs - left) <= _SLACK for left in left_by_a_cut
    )


def checked_reply(
    text: str,
    *,
    ours: int,
    theirs: int | None,
    output_tokens: int,
    finish: Literal["stop", "length"],
    context: int,
    exact: bool,
    seconds: float = 0.0,
) -> Reply:
    """Return a server's answer as a Reply once it is known to rest on the whole prompt.

    Raises:
        PromptCut: the server read less than was sent, or may have.
        EmptyAnswer: the answer is blank.
    """
    verified = check_prompt_count(ours, theirs, context, exact=exact)
    if not text.strip():
        raise EmptyAnswer("the model answered nothing; it may do better with another seed")
    prompt_tokens = ours if theirs is None else theirs
    return Reply(text, prompt_tokens, output_tokens, finish, verified, seconds)
