"""Whether a sentence says what its passage says, as far as rules can tell.

A sentence is held against the one passage that it was made of, of a few sentences, never against
the whole text: there is little else that its words could have come from. What is found is named, so
that it can be shown. The rules are for English; they go by words and their order, so that a fault
is likely one and the lack of a fault proves nothing.

A further check is a function of a `Claim` that returns a fault or "", and a row of a table here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pipeline.evidence.claims import content, form, telling, who
from pipeline.evidence.claims.claim import Claim

if TYPE_CHECKING:
    from collections.abc import Callable

Check: TypeAlias = "Callable[[Claim], str]"

# In this order; the first fault is the one that is told. Those that read least come first.
# FORM is how a sentence is written; CONTENT is what it says, held against its passage.
FORM: tuple[Check, ...] = (
    form.length,
    form.unfinished,
    form.opening,
    form.other_subject,
    form.unsaid,
    form.first_person,
    form.talk_of_text,
    form.loose_quotation,
)
CONTENT: tuple[Check, ...] = (
    form.catchwords,
    content.facts,
    content.numbers_of_others,
    content.own_words,
    who.own_actor,
    who.other_actor,
    who.turned_around,
    telling.told_as_event,
    telling.mood,
    telling.unreal,
    telling.answered,
    telling.negation,
    telling.cause,
    content.own_predicate,
    who.possession,
    content.joined,
)


@dataclass(frozen=True)
class Verdict:
    """What is wrong with a sentence, in words for a reader, "" where nothing was found.

    `held` is the share of its words that its passage holds, 0 to 1.
    """

    fault: str
    held: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.fault


def judge(sentence: str, passage: str, subject: str = "", *, spoken: bool = False) -> Verdict:
    """Hold a sentence against its passage.

    Args:
        sentence: One sentence in English.
        passage: What it was made of, a few sentences; of more than LONGEST_PASSAGE characters
            only the first are read.
        subject: Whom the sentence has to begin with, "" for anybody. The passage need not name
            them.
        spoken: The passage is what `subject` says, and the sentence reports it.
    """
    claim = Claim.of(sentence, passage, subject, spoken=spoken)
    checks = FORM if claim.copied else FORM + CONTENT
    found = (check(claim) for check in checks)
    return Verdict(next((fault for fault in found if fault), ""), claim.held)
