"""What a model is to the rest of the package, and how to open one by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.types import Reply


class ChatModel(Protocol):
    """A chat model that counts its prompts exactly and says what it was sent.

    An adapter translates every failure into the tree in `pipeline.errors`, keeps at most its
    configured number of calls in flight, and neutralizes special-token text in what it is given,
    in `count`, `count_text` and `complete` alike.
    """

    @property
    def name(self) -> str:
        """Provider and name, as in the configuration: "ollama:tinyllama"."""

    @property
    def digest(self) -> str:
        """Hash of the model's weights and template, "" where the server gives none."""

    @property
    def context(self) -> int:
        """Tokens for prompt and answer together, as the server will really use them."""

    @property
    def exact(self) -> bool:
        """Whether counts are made with the model's own vocabulary and template."""

    @property
    def options(self) -> Mapping[str, object]:
        """Every setting that can change an answer, besides the weights and the prompt."""

    def count(self, system: str, user: str) -> int:
        """Count the tokens of the whole rendered prompt, template and BOS included."""

    def count_text(self, text: str) -> int:
        """Count the tokens that a text takes in the middle of a prompt.

        Where a text is cut before a single space, the parts' counts add up to the whole's.
        """

    async def complete(
        self,
        system: str,
        user: str,
        *,
        max_tokens: int,
        attempt: int = 0,
        emit: Callable[[str], None] | None = None,
    ) -> Reply:
        """Ask once and return the answer as the model wrote it.

        `attempt` above 0 asks in another way: the seed and the repeat penalty move with it.
        With `emit` the answer is also handed over piece by piece while it is written.

        Raises:
            ModelUnavailable: no call can succeed.
            CallFailed: this call failed.
        """
