"""What steps use to make a text: the caller of the model, choosing and composing sentences."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.cache.keys import derived_key
from pipeline.core.compose import Composer, Part
from pipeline.core.rules import rules_version
from pipeline.evidence.review import Reviewer
from pipeline.models.base import Reply
from pipeline.text.extract import extract

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.answers import Answers
    from pipeline.core.ask import Caller
    from pipeline.core.budget import Budget
    from pipeline.documents.document import Document
    from pipeline.tree import Chunk


@dataclass(frozen=True)
class Tools:
    """The caller of the model, and what can be made without it: chosen and composed sentences."""

    caller: Caller
    answers: Answers
    _central: dict[int, str] = field(default_factory=dict)  # of chunks, by where they start

    @property
    def document(self) -> Document:
        """The document."""
        return self.answers.document

    @property
    def budget(self) -> Budget:
        """How the context is shared."""
        return self.answers.budget

    @property
    def query(self) -> str | None:
        """What the summary should be about; None for all of the text."""
        return self.answers.wording.query

    def count(self, text: str) -> int:
        """Count the tokens of a text."""
        return self.caller.model.count_text(text)

    def extract(self, text: str, tokens: int) -> str:
        """Return the central sentences of a part of the document, of so many tokens at most."""
        answers = self.answers
        return extract(text, self.count, tokens, self.query, answers.languages.text, answers.knobs)

    def central(self, chunk: Chunk) -> str:
        """Return as many central sentences of a chunk as the model should read of it."""
        if chunk.start not in self._central:
            self._central[chunk.start] = self.extract(chunk.text, self.answers.knobs.rewritten)
        return self._central[chunk.start]

    async def compose(self, parts: Sequence[Part]) -> str:
        """Return the sentences that say most of all parts."""
        return await self._derived("compose", "", parts, lambda: self._composer(parts).compose())

    async def fit(self, text: str, parts: Sequence[Part], *, stand_in: bool) -> str:
        """Bring a summary of these parts to its length."""
        if len(parts) == 1:
            return self._fitted(text, parts)  # of so short a text at once
        return await self._derived(
            "fit", text, parts, lambda: self._fitted(text, parts), kept=not stand_in
        )

    def _fitted(self, text: str, parts: Sequence[Part]) -> str:
        text = self._composer(parts).fit(text)
        if self.answers.unsupported == "mark":
            text = Reviewer(
                self.document.text, self.query, self.answers.languages, self.answers.knobs
            ).mark(text)
        return text

    def _composer(self, parts: Sequence[Part]) -> Composer:
        if self.answers.languages.crossed:  # only what the model wrote is in the right language
            parts = [Part(replace(part.chunk, text=part.summary)) for part in parts]
        languages, knobs = self.answers.languages, self.answers.knobs
        return Composer(tuple(parts), self.answers.words, self.query, languages.wanted, knobs)

    async def _derived(
        self,
        kind: str,
        text: str,
        parts: Sequence[Part],
        make: Callable[[], str],
        *,
        kept: bool = True,
    ) -> str:
        """Return what is made without a model, from the record if it is there.

        For a book it takes a second or two, in which other runs of this loop go on.
        """
        answers = self.answers
        key = derived_key(
            f"{kind} {rules_version()}", vars(answers.knobs), answers.words, self.query,
            answers.unsupported, answers.languages.asked, self.document.text, text,
            [part.summary for part in parts],
        )  # fmt: skip
        found = answers.store.get(key)
        if found is not None:
            return found.text
        made = await asyncio.to_thread(make)
        if kept and made != text:
            await answers.store.put(key, Reply(made, 0, 0, "stop"))
        return made
