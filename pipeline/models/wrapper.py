"""A model around another one; it passes on all that it does not do itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.models.base import ChatModel, Reply


class ModelWrapper:
    """A ChatModel that passes everything on to `model`; a subclass says what it does otherwise."""

    model: ChatModel

    @property
    def name(self) -> str:
        """As the model's."""
        return self.model.name

    @property
    def digest(self) -> str:
        """As the model's."""
        return self.model.digest

    @property
    def context(self) -> int:
        """As the model's."""
        return self.model.context

    @property
    def parameters(self) -> int | None:
        """As the model's."""
        return self.model.parameters

    @property
    def exact(self) -> bool:
        """As the model's."""
        return self.model.exact

    @property
    def warnings(self) -> list[str]:
        """As the model's."""
        return self.model.warnings

    @property
    def concurrency(self) -> int:
        """As the model's."""
        return self.model.concurrency

    @property
    def options(self) -> Mapping[str, object]:
        """As the model's."""
        return self.model.options

    def count(self, system: str, user: str) -> int:
        """Count as the model does."""
        return self.model.count(system, user)

    def count_text(self, text: str) -> int:
        """Count as the model does."""
        return self.model.count_text(text)

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask the model; see `ChatModel.complete`."""
        return await self.model.complete(
            system, user, max_tokens=max_tokens, attempt=attempt, emit=emit
        )

    async def aclose(self) -> None:
        """Close the model."""
        await self.model.aclose()
