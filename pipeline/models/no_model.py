"""No model at all, for summaries that are chosen from the text's own sentences."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.errors import ModelMissing
from pipeline.models.base import MAX_DEFAULT_CONTEXT
from pipeline.tokens.tokenizer import estimate_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.models.base import Reply


@dataclass
class NoModel:
    """Counts tokens by an estimate, and answers nothing."""

    name: str = "none"
    digest: str = ""
    context: int = MAX_DEFAULT_CONTEXT
    parameters: int | None = None
    exact: bool = False
    concurrency: int = 1
    options: Mapping[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokenizer = estimate_tokenizer()

    def count(self, system: str, user: str) -> int:
        """Count the tokens of both messages."""
        return self.count_text(system) + self.count_text(user)

    def count_text(self, text: str) -> int:
        """Count the tokens of a text."""
        return self._tokenizer.count_text(text)

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Refuse.

        Raises:
            ModelMissing: always.
        """
        raise ModelMissing("there is no model here; it only goes with strategy = extractive")

    async def aclose(self) -> None:
        """Do nothing; there is nothing to release."""
