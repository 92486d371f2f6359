"""What a model is to the rest of the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pipeline.settings import Settings

MAX_DEFAULT_CONTEXT = 8192  # tokens; a longer window costs memory that nobody asked to spend


@dataclass(frozen=True)
class ModelOptions:
    """How to open a model and how to ask it.

    `context` is in tokens; None takes what the model was trained for, at most
    MAX_DEFAULT_CONTEXT. `timeout` is in seconds, for one call, its wait in the server's queue
    included. `concurrency` bounds the calls in flight. `keep_alive` is how long Ollama keeps the
    model loaded after a call.
    """

    context: int | None = None
    temperature: float = 0.0
    seed: int = 0
    repeat_penalty: float = 1.1
    timeout: float = 300.0
    concurrency: int = 4
    keep_alive: str = "5m"

    @classmethod
    def from_settings(cls, settings: Settings) -> ModelOptions:
        """Return what the settings say of it."""
        return cls(
            context=settings.context,
            temperature=settings.temperature,
            seed=settings.seed,
            timeout=settings.timeout,
            concurrency=settings.concurrency,
        )


@dataclass(frozen=True)
class ModelInfo:
    """One line of `py-llama models`.

    `name` can be given to `open_model`. `context` is the trained context in tokens, `size` is in
    bytes; None where unknown. Where the model cannot be used now, `hint` is the command that
    brings it.
    """

    name: str
    context: int | None = None
    size: int | None = None
    hint: str = ""


@dataclass(frozen=True)
class Reply:
    """A model's answer, with the server's own token counts.

    `verified`: the server confirmed that it read the prompt token for token. `seconds`: from
    sending to the last word, the server's queue included. `doubtful`: it was kept while a second
    answer to the same question was still to come.
    """

    text: str
    prompt_tokens: int
    output_tokens: int
    finish: Literal["stop", "length"]
    verified: bool = False
    seconds: float = 0.0
    doubtful: bool = False


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
    def parameters(self) -> int | None:
        """How many weights the model has, about; None where nobody says."""

    @property
    def exact(self) -> bool:
        """Whether counts are made with the model's own vocabulary and template."""

    @property
    def warnings(self) -> list[str]:
        """What the user should know about how this model was opened or behaved; can be added to."""

    @property
    def concurrency(self) -> int:
        """How many calls are in flight at most; more wait."""

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

    async def aclose(self) -> None:
        """Release connections or weights. The model cannot be used afterwards."""
