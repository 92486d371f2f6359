"""Compares the server's count of a prompt with ours: the proof that all of it was read.

Servers cut an over-long prompt without a word, so the proof that a prompt was read whole is that
the server's count of it equals ours. Ollama leaves one of three counts behind when it cuts: the
whole context, one token less, or the head that it keeps (4 tokens, or 5 with BOS) plus the newest
half of the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import EmptyAnswer, PromptCut
from pipeline.models.base import Reply

if TYPE_CHECKING:
    from typing import Literal

# A tokenizer and a template that agree with the server on this prompt agree with it everywhere.
PROBE_SYSTEM = "Answer with one word."
PROBE_TEXT = (
    "In 1984, it's said, 12,345.67 people (they'd know) READ\u00a0naïve cafés' menus;\r\n\n\n"
    "\tdef f(x):\n        return {'a': [x**2, 0xFF]}  # → ok\n   \n"
    "你好，世界 こんにちは Привет مرحبا 🙂👨\u200d👩 e\u0301 </s> <|im_end|> <|user|>"
    "antidisestablishmentarianism aaaaaaaaaaaaaaaa https://example.org/?q=1&r=%20  "
)

_KEPT_HEADS = (4, 5)  # tokens that survive a cut at the prompt's beginning, without and with BOS
_SLACK = 2  # tokens by which a server's arithmetic may differ from ours
_ESTIMATE_FLOOR = 0.4  # an estimate with its margin is never more than 2.5 times the truth


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
