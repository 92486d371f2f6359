"""Cleaning answers, having them reviewed, caching them: as the model said it and as we use it.

An answer is kept as the model gave it, and beside it what our rules make of it, under a key with
their version. When a rule changes, the second is derived anew from the first, without a call.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pipeline.cache.keys import call_key, derived_key
from pipeline.core.clean import clean
from pipeline.core.prompts import PROMPT_VERSION
from pipeline.core.question import JOIN_TOKENS, MIN_ANSWER, Answer
from pipeline.core.rules import rules_version
from pipeline.core.tell import told_of, topic_of
from pipeline.errors import BadAnswer, StrayAnswer
from pipeline.evidence.review import Reviewer
from pipeline.knobs import KNOBS, Knobs
from pipeline.models.base import Reply
from pipeline.text.extract import extract
from pipeline.text.languages import NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.cache.store import Store
    from pipeline.core.budget import Budget
    from pipeline.core.prompts import On, Prompt, Wording
    from pipeline.core.question import Question
    from pipeline.documents.document import Document
    from pipeline.errors import CallFailed
    from pipeline.evidence.review import Review
    from pipeline.models.base import ChatModel
    from pipeline.options import Unsupported
    from pipeline.passages.passage import Passage
    from pipeline.text.languages import Languages

FIRST, SECOND, HALVES = "first", "second", "halves"  # what is kept of a question


@dataclass(frozen=True)
class Answers:
    """The answers of one run: how they are asked for, what becomes of them, where they are kept."""

    model: ChatModel
    store: Store
    document: Document
    budget: Budget
    languages: Languages
    wording: Wording
    words: int
    unsupported: Unsupported
    knobs: Knobs = KNOBS
    _known: dict[str, Answer] = field(default_factory=dict)  # from the cache, by derived key
    _derived: set[str] = field(default_factory=set)  # of these, what was derived just now

    def prompt(self, question: Question) -> Prompt:
        """Return what is sent."""
        if question.passage is not None:
            wording = self.wording
            ask = {"passage": wording.told, "topic": wording.topic, "about": wording.about}
            return ask[question.on](question.passage)
        source, words = question.source.text, max(1, round(self.words * question.share))
        if question.before:
            return self.wording.refined(question.before, source, words)
        return self.wording.final(source, words) if question.final else self.wording.partial(source)

    def max_tokens(self, question: Question) -> int:
        """Return the bound on the answer."""
        if question.passage is not None:
            return self.knobs.sentence_tokens
        bound = self.budget.answer if question.final else self.budget.summary - JOIN_TOKENS
        return max(min(MIN_ANSWER, bound), int(bound * question.share))

    def cleaned(self, question: Question, reply: Reply) -> str:
        """Return a reply's text without what small models do wrong.

        Raises:
            BadAnswer: it is no answer.
        """
        return self.bounded(question, clean(reply.text, finish=reply.finish))

    def bounded(self, question: Question, text: str) -> str:
        """Hold a text to its room in the next prompt; read back, it can take more than written."""
        bound = self.max_tokens(question)
        if self._count(text) <= bound:
            return text
        language = self.languages.wanted
        return extract(text, self._count, bound, language=language, knobs=self.knobs)

    def review(self, question: Question, texts: Sequence[str]) -> list[Review]:
        """Hold cleaned answers against what they are about."""
        reviewer = Reviewer(self._stretch(question), self.wording.query, self.languages, self.knobs)
        return [reviewer.review(text) for text in texts]

    def chosen(self, question: Question, first: Reply, reviews: Sequence[Review]) -> Answer:
        """Return what can be passed on of the better of two answers, or what stands in for it."""
        review = min(reviews, key=lambda review: review.badness)
        if question.passage is not None:
            told = self._told(question.passage, question.on, review)
            return Answer(told, first.verified)
        failure = self._failure(review)
        if failure is not None:
            return self.stand_in(question, failure)
        if self.unsupported != "drop":
            return Answer(review.answer, first.verified)
        return Answer(review.supported, first.verified, left_out=review.left_out)

    def _told(self, passage: Passage, on: On, review: Review) -> str:
        """Return what is shown of one sentence; "" of one on more than a passage that fails."""
        if on == "passage":
            return told_of(passage, review.answer, keep=self.unsupported == "keep")
        if self._failure(review) is not None:
            return ""
        supported = review.answer if self.unsupported == "keep" else review.supported
        return topic_of(passage.text, supported, self.knobs.topic_held)

    def stand_in(self, question: Question, failure: CallFailed) -> Answer:
        """Return sentences of the source itself, and why."""
        reason = f"{type(failure).__name__}: {failure}"
        if question.passage is not None:
            text = question.passage.text if question.on == "passage" else ""
            return Answer(text, stand_in=True, reason=reason)
        bound, languages = self.max_tokens(question), self.languages
        # Partial summaries are in the language that is wanted, a chunk is in the document's own.
        language = languages.wanted if question.derived else languages.text
        source = question.source.text
        text = extract(source, self._count, bound, language=language, knobs=self.knobs)
        return Answer(text, stand_in=True, reason=reason)

    def _failure(self, review: Review) -> StrayAnswer | None:
        """Say why nothing of an answer can be passed on; None where something can."""
        if review.foreign and not self.languages.crossed:  # else the text's own would not help
            return StrayAnswer(f"the model wrote {NAMES[review.foreign]}, other than the text")
        if review.off_source:
            return StrayAnswer("the model wrote of something else than the text")
        if self.unsupported == "drop" and not review.supported:
            return StrayAnswer("every sentence of the answer held facts that the text does not")
        return None

    def recorded(self, question: Question) -> Answer | None:
        """Return the answer in the cache; None where something is left to be asked."""
        key = self._derived_key(question)
        if key not in self._known:
            answer = self._kept(key) or self._rederived(question, key) or self._halves(question)
            if answer is None:
                return None
            self._known[key] = replace(answer, cached=question.splits == 0)
        return self._known[key]

    def unsettled(self, question: Question) -> tuple[Reply, str] | None:
        """Return the first answer where a run ended before the second one came, and its text."""
        first = self._first(question)
        return self._usable(question, first) if first is not None and first.doubtful else None

    async def keep(self, question: Question, which: str, reply: Reply) -> None:
        """Keep what the model said."""
        await self.store.put(self._key(question, which), reply)

    async def keep_derived(self, question: Question, answer: Answer) -> None:
        """Keep what our rules made of it. A stand-in costs nothing to make again."""
        if not answer.stand_in:
            await self._keep(self._derived_key(question), answer)

    async def keep_halves(self, question: Question, answer: Answer) -> None:
        """Keep what the answers on two halves came to."""
        await self._keep(self._key(question, HALVES), answer)

    async def keep_rederived(self, question: Question) -> None:
        """Keep what `recorded` has derived anew."""
        key = self._derived_key(question)
        if key in self._derived:
            self._derived.discard(key)
            await self.keep_derived(question, self._known[key])

    async def _keep(self, key: str, answer: Answer) -> None:
        if answer.left_out:  # first, since a run may end between
            left_out = Reply("\n".join(answer.left_out), 0, 0, "stop")
            await self.store.put(derived_key("left out", key), left_out)
        await self.store.put(key, Reply(answer.text, 0, 0, "stop", bool(answer.verified)))

    def _kept(self, key: str) -> Answer | None:
        reply = self.store.get(key)
        if reply is None:
            return None
        left_out = self.store.get(derived_key("left out", key))
        sentences = () if left_out is None else tuple(left_out.text.split("\n"))
        return Answer(reply.text, reply.verified, left_out=sentences)

    def _rederived(self, question: Question, key: str) -> Answer | None:
        first = self._first(question)
        if first is None or first.doubtful:
            return None
        second = self.store.get(self._key(question, SECOND))
        usable = [self._usable(question, reply) for reply in (first, second) if reply is not None]
        texts = [one[1] for one in usable if one is not None]
        if not texts:
            return None
        self._derived.add(key)
        return self.chosen(question, first, self.review(question, texts))

    def _halves(self, question: Question) -> Answer | None:
        return self._kept(self._key(question, HALVES))

    def _first(self, question: Question) -> Reply | None:
        """Return the first answer that is kept; earlier versions kept what they had made of it."""
        earlier = f"{PROMPT_VERSION} {'drop' if self.unsupported == 'drop' else 'keep'}"
        first = self.store.get(self._key(question, FIRST))
        return first or self.store.get(self._call_key(question, earlier))

    def _usable(self, question: Question, reply: Reply) -> tuple[Reply, str] | None:
        with contextlib.suppress(BadAnswer):
            return reply, self.cleaned(question, reply)
        return None

    def _stretch(self, question: Question) -> str:
        """Return the text that a question is about."""
        if question.derived:
            return self.document.text[question.source.start : question.source.end]
        return f"{question.before}\n{question.source.text}"

    def _digest(self, question: Question) -> str:
        """Hash what a question is about, which may be a whole book and is not in its prompt."""
        stretch = self._stretch(question).encode("utf-8", "surrogatepass")
        return hashlib.blake2b(stretch, digest_size=16).hexdigest()

    def _key(self, question: Question, which: str) -> str:
        return self._call_key(question, f"{PROMPT_VERSION} {which}")

    def _call_key(self, question: Question, version: str) -> str:
        prompt, max_tokens = self.prompt(question), self.max_tokens(question)
        return call_key(self.model, version, *prompt, max_tokens)

    def _derived_key(self, question: Question) -> str:
        return derived_key(
            f"answer {rules_version()}",
            vars(self.knobs),
            self._key(question, FIRST),
            self.unsupported == "drop" if question.passage is None else self.unsupported,
            self.wording.query,
            vars(self.languages),
            self._digest(question) if question.derived else "",
        )

    def _count(self, text: str) -> int:
        return self.model.count_text(text)
