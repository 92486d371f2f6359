"""What a provider of models is: how its models are named, listed, found and opened.

Each has a row in `pipeline.models.open.PROVIDERS`, or comes with a package of somebody else's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.models.base import ChatModel, ModelInfo
    from pipeline.settings import Settings


class Provider(ABC):
    """A kind of models, by the word that their names begin with: "ollama" in "ollama:tinyllama".

    What the methods take as `name` is the rest of a model's name, "" where there is none. A key or
    an address of another package's provider comes from the environment: the settings know none but
    those of ours.

    One that comes with this project has a package beside this module, a row in `PROVIDERS`, and a
    fixture with its name in tests/conftest.py and in tests/models/test_model_contract.py, the suite
    that every model passes.

    Attributes:
        forms: How its models' names are written, for people: "echo:NAME" where any name may
            follow, "echo" where none has to.
    """

    forms: ClassVar[tuple[str, ...]]

    @abstractmethod
    def open(self, name: str, settings: Settings) -> ChatModel:
        """Open a model, without a call to it.

        Raises:
            InputError: a setting makes no sense.
            ModelUnavailable: the server (ServerDown) or the model (ModelMissing) cannot be had;
                the message says how to get it.
        """

    def models(self, settings: Settings) -> Sequence[ModelInfo]:
        """Return the models that can be used now, and how to get those that cannot."""
        return ()

    def where(self, name: str, settings: Settings) -> str:
        """Return where a model is, for people: what comes before "cannot be reached"."""
        return "The model in this process"

    def how_to_get(self, name: str) -> str | None:
        """Return the command that brings a model; None where no command does."""
        return None

    def probe(self, name: str, settings: Settings) -> None:
        """Ask a model's server, quickly, whether it is there and has the model.

        Raises:
            ModelUnavailable: it does not.
        """
        return

    @classmethod
    def takes(cls, name: str) -> bool:
        """Whether a model can have this name, or none where it is ""."""
        return any((":" in form) == bool(name) for form in cls.forms)
