"""Counting the tokens of a prompt, template and all, before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pipeline.tokens.tokenizer import UnknownVocabulary, estimate_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.tokens.tokenizer import Tokenizer


class PromptCounter(Protocol):
    """Counts what a model is sent. `exact`: with its own vocabulary and template."""

    @property
    def exact(self) -> bool:
        """Whether counts are the server's own."""

    def neutralize(self, text: str) -> str:
        """Return the text with nothing in it that a server would take for more than text."""

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt; the texts are neutralized."""

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt, once neutralized."""


@dataclass(frozen=True)
class LocalCounter:
    """Counts prompts here, with a vocabulary and a function that renders the template."""

    tokenizer: Tokenizer
    render: Callable[[str, str], str]

    @property
    def exact(self) -> bool:
        """Whether the vocabulary and the template are the model's own."""
        return self.tokenizer.exact

    def neutralize(self, text: str) -> str:
        """Return the text as it may be sent."""
        return self.tokenizer.neutralize(text)

    def count_prompt(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt."""
        return self.tokenizer.count_prompt(self.render(system, user))

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt."""
        return self.tokenizer.count_text(text)


def estimating_counter() -> LocalCounter:
    """Return a counter for a model of which neither vocabulary nor template is known."""
    return LocalCounter(estimate_tokenizer(), plain_prompt)


def plain_prompt(system: str, user: str) -> str:
    """Render a prompt in the commonest template, to estimate with where the model's is unknown."""
    return (
        f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def local_counter(
    render: Callable[[str, str], str],
    load: Callable[[], Tokenizer],
    refusal: type[Exception],
    warnings: list[str],
) -> LocalCounter:
    """Return a model's own counter, or one that estimates, with a warning.

    Args:
        render: Makes the prompt of a system and a user message.
        load: Loads the vocabulary; raises UnknownVocabulary where it cannot be used.
        refusal: What `render` raises where the template cannot be used.
        warnings: Takes the warning.
    """
    try:
        render("system", "user")
        return LocalCounter(load(), render)
    except (UnknownVocabulary, refusal) as error:
        warnings.append(f"tokens are estimated, with a margin: {error}")
        return estimating_counter()
