"""From what was asked for to a plan: the budget, the chunks, and which steps; makes no call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from pipeline.core.budget import MIN_FAN_IN, Budget
from pipeline.core.by_passages import ByPassages
from pipeline.core.chunk import MIN_CHUNK_TOKENS, split
from pipeline.core.content_defined import group_stable, split_stable
from pipeline.core.plan import Node, Plan, even_tree
from pipeline.core.prompts import SEAM_SLACK, nothing_on
from pipeline.core.question import MIN_ANSWER
from pipeline.core.steps import Refine, Say, way_of
from pipeline.errors import BudgetError, InputError, LanguageError
from pipeline.knobs import KNOBS, Knobs
from pipeline.text.languages import NAMES, Languages, foreign, language_code, language_of
from pipeline.text.query import asked
from pipeline.text.terms import count_words, terms
from pipeline.tree import Chunk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.core.prompts import Wording
    from pipeline.core.steps import Way
    from pipeline.documents.document import Document
    from pipeline.models.base import ChatModel
    from pipeline.options import Chunking, Merging, Strategy
    from pipeline.passages.passage import Passage

MIN_SUMMARY = 32  # tokens: a sentence, and what joining it takes
ROOM = 1.25  # the same in other languages than English: the text's own tokens a word, times this
SAMPLE = 4000  # characters of a text that tell how many tokens a word takes
LAST_TOKEN = 1  # of the context stays free: servers slide the window when it is reached
LONGEST_TOKEN = 24  # characters; a text longer than this times the room cannot be expected to fit


@dataclass(frozen=True)
class Planner:
    """Plans runs with one model; the fields are those of `Summarizer`."""

    model: ChatModel
    wording: Wording
    words: int
    language: str | None
    chunk_tokens: int | None
    summary_tokens: int | None
    chunking: Chunking
    strategy: Strategy
    merge: Merging | Literal["auto"]
    knobs: Knobs = KNOBS

    def plan(self, document: Document) -> Plan:
        """Decide on every call of a run, and make none; see `Summarizer.plan`."""
        self._check(document)
        languages = self.languages(document)
        way = self._way(languages)
        passages = self._by_passages.passages(document.text, languages)
        budget = self._budget_for(document, languages)
        chunks = self._chunks(document, budget, way, passages)
        filled = [chunk for chunk in chunks if chunk.text.strip()]
        leaves = self._asked_about(filled, languages)
        starts = {leaf.start for leaf in leaves}
        passages = tuple(p for p in passages if any(c.start <= p.start < c.end for c in leaves))
        if not leaves:
            root = self._nothing(filled, languages)
        elif passages:
            root = self._by_passages.tree(document.text, leaves, passages)
        else:
            root = self._arranged(leaves, budget, way)
        return Plan(
            document,
            tuple(chunks),
            root,
            budget,
            self.model.exact,
            off_topic=tuple(chunk for chunk in filled if chunk.start not in starts),
            languages=languages,
            note=self._by_passages.note(passages),
        )

    def languages(self, document: Document) -> Languages:
        """Return the languages of a document and of its summary; see `Summarizer.languages`."""
        asked = None if self.language is None else language_code(self.language)
        return Languages(language_of(document.text), asked)

    def wording_in(self, languages: Languages) -> Wording:
        """Return the prompts for a document in some language."""
        said = None if languages.said is None else NAMES[languages.said]
        return replace(self.wording, language=said)

    @cached_property
    def budget(self) -> Budget:
        """The budget of English documents; see `Summarizer.budget`."""
        return self._shared(self.wording, self.knobs.tokens_per_word)

    def _budget_for(self, document: Document, languages: Languages) -> Budget:
        if languages.said is None:
            return self.budget
        wording = self.wording_in(languages)
        least = self._shared(wording, self.knobs.tokens_per_word)
        crossed = self.knobs.crossed_tokens_per_word
        wide = crossed if languages.crossed else self._tokens_per_word(document)
        # What a longer answer takes must leave room for the sources; shorter, it is cut to fit.
        most = least.context - least.overhead - MIN_FAN_IN * least.summary
        answer = round(self.words * wide) + MIN_ANSWER
        return replace(least, answer=max(least.answer, min(answer, most)))

    def _tokens_per_word(self, document: Document) -> float:
        sample = document.text[:SAMPLE]
        return ROOM * self.model.count_text(sample) / max(count_words(sample), 1)

    def _shared(self, wording: Wording, tokens_per_word: float) -> Budget:
        empty = [wording.partial(""), wording.final("", self.words)]
        if way_of(self.strategy, self._merging).chained:
            empty.append(wording.refined("", "", self.words))
        context = self.model.context
        overhead = max(self.model.count(*prompt) for prompt in empty) + SEAM_SLACK + LAST_TOKEN
        most = max(context // 8, MIN_SUMMARY)
        summary = self.summary_tokens or min(self.knobs.summary_tokens, most)
        try:
            answer = round(self.words * tokens_per_word) + MIN_ANSWER
            return Budget(context, overhead, summary, answer)
        except BudgetError as error:
            source = context - overhead - MIN_FAN_IN * summary
            most = int((source - MIN_ANSWER) / tokens_per_word)
            error.most_words = most if source >= summary and most > 0 else None
            raise

    @cached_property
    def _by_passages(self) -> ByPassages:
        return ByPassages(
            self.model, self.wording, self.words, self.strategy, self.merge, self.knobs
        )

    @property
    def _merging(self) -> Merging:
        """How partial summaries become one, where there are no passages to tell."""
        if self.merge != "auto":
            return self.merge
        return "extractive" if self._by_passages.is_small else "abstractive"

    def _way(self, languages: Languages) -> Way:
        """Return the way of summarizing; into another language only the model can merge."""
        way = way_of(self.strategy, "abstractive" if languages.crossed else self._merging)
        if languages.crossed and not way.chunk.calls:
            raise LanguageError(
                f"the extractive strategy takes the text's own sentences, which are not in "
                f"{NAMES[languages.asked or '']}: take another strategy, or no language"
            )
        return way

    def _asked_about(self, chunks: list[Chunk], languages: Languages) -> list[Chunk]:
        """Return the chunks that may hold something on the query, where words can tell."""
        query = self.wording.query
        if query is None or languages.crossed or self._asks_in_another(query, languages):
            return chunks
        return on_topic(chunks, query, languages.text)

    def _asks_in_another(self, query: str, languages: Languages) -> bool:
        """Say whether a query is in another language than a text, in so far as that is known."""
        return languages.said is not None and foreign(query, languages.text) is not None

    def _nothing(self, chunks: Sequence[Chunk], languages: Languages) -> Node:
        """Return the whole plan for a text that holds nothing on the query."""
        said = nothing_on(self.wording.query or "", languages.wanted)
        return Node(Say(text=said), tuple(chunks))

    def _arranged(self, leaves: Sequence[Chunk], budget: Budget, way: Way) -> Node:
        if len(leaves) == 1:
            return Node(way.alone, tuple(leaves), final=True)
        nodes = [Node(way.chunk, (leaf,)) for leaf in leaves]
        if way.chained:
            nodes[0] = replace(nodes[0], step=Refine(first=True))
            nodes[-1] = replace(nodes[-1], step=Refine(last=True))
        if way.flat:
            root = Node(way.several, sources=tuple(nodes), level=1)
        else:
            arrange = group_stable if self.chunking == "stable" else even_tree
            root = arrange(nodes, way.several, budget.fan_in, budget.final_fan_in)
        return replace(root, final=True)

    def _check(self, document: Document) -> None:
        if not document.text.strip():
            raise InputError(f"{document.name} holds no text, so there is nothing to summarize")
        least = {"words": 1, "chunk_tokens": MIN_CHUNK_TOKENS, "summary_tokens": MIN_SUMMARY}
        for name, bound in least.items():
            value = getattr(self, name)
            if value is not None and value < bound:
                raise InputError(f"{name} must be {bound} or more, got {value}")

    def _chunks(
        self, document: Document, budget: Budget, way: Way, passages: Sequence[Passage]
    ) -> list[Chunk]:
        bound = self.chunk_tokens or budget.context
        whole = min(budget.final_source, bound)
        if len(document.text) <= whole * LONGEST_TOKEN:
            tokens = self.model.count_text(document.text)
            most = self._by_passages.most(tokens, passages)
            if most is not None:
                whole = min(whole, most)
                bound = min(bound, whole)
            if tokens <= whole:
                return [Chunk(document.text, 0, len(document.text), tokens)]
            bound = min(bound, tokens - 1)  # it does not fit in one, so it makes two or more
        else:
            bound = min(bound, self._by_passages.most(None, passages) or bound)
        if way.whole:
            raise BudgetError(
                f"{document.name} is more than the {whole:,} tokens that a prompt holds: take "
                "another strategy than stuff, or a larger context"
            )
        if way.chained:
            bound = min(bound, budget.final_source - budget.answer)
        cut = split_stable if self.chunking == "stable" else split
        return cut(document, self.model.count_text, min(budget.source, bound))


def on_topic(chunks: Sequence[Chunk], query: str, language: str | None = None) -> list[Chunk]:
    """Return the chunks that may hold something on a query: all of them where it is general.

    `language` is that of the chunks, by its ISO 639-1 code, where it is known.
    """
    about = asked(query, language)
    return [
        chunk for chunk in chunks if not about or about & frozenset(terms(chunk.text, language))
    ]
