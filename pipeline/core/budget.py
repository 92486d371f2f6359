"""How a context window is shared, and so how many partial summaries fit into one merge."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import BudgetError

MIN_FAN_IN = 3  # with fewer, a level of the tree need not be shorter than the one below it


@dataclass(frozen=True)
class Budget:
    """How a context window is shared, in tokens.

    `context` holds the prompt and the answer. `overhead` is the prompt without its source: the
    template, the instructions, the seams. `summary` bounds a partial summary and `answer` the
    final one.
    """

    context: int
    overhead: int
    summary: int
    answer: int

    def __post_init__(self) -> None:
        if min(self.context, self.overhead, self.summary, self.answer) < 1:
            raise BudgetError(f"every part of a budget is at least 1 token, got {self}")
        if min(self.fan_in, self.final_fan_in) < MIN_FAN_IN:
            raise BudgetError(self._too_small())

    def _too_small(self) -> str:
        least = self.overhead + max(self.summary, self.answer) + MIN_FAN_IN * self.summary
        setting = "--words" if self.answer > self.summary else "summary_tokens"
        return (
            f"a context of {self.context} tokens cannot hold {MIN_FAN_IN} partial summaries of "
            f"{self.summary} tokens, an answer of {max(self.summary, self.answer)} and the "
            f"prompt's own {self.overhead}: lower {setting}, or set context to {least} or more"
        )

    @property
    def source(self) -> int:
        """Tokens for the source of a partial summary."""
        return self.context - self.overhead - self.summary

    @property
    def final_source(self) -> int:
        """Tokens for the source of the final summary."""
        return self.context - self.overhead - self.answer

    @property
    def fan_in(self) -> int:
        """How many partial summaries fit into one merge."""
        return self.source // self.summary

    @property
    def final_fan_in(self) -> int:
        """How many partial summaries fit into the final merge."""
        return self.final_source // self.summary
