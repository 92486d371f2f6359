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

from pipeline.evidence import claim_content, claim_form
from pipeline.evidence.claim import Claim

if TYPE_CHECKING:
    from collections.abc import Callable

Check: TypeAlias = "Callable[[Claim], str]"

# In this order; the first fault is the one that is told. Those that read least come first.
# FORM is how a sentence is written; CONTENT is what it says, held against its passage.
FORM: tuple[Check, ...] = (
    claim_form.unfinished,
    claim_form.length,
    claim_form.opening,
    claim_form.other_subject,
    claim_form.unsaid,
    claim_form.first_person,
    claim_form.talk_of_text,
    claim_form.loose_quotation,
    claim_form.catchwords,
)
CONTENT: tuple[Check, ...] = (
    claim_content.facts,
    claim_content.numbers_of_others,
    claim_content.own_words,
    claim_content.own_actor,
    claim_content.other_actor,
    claim_content.told_as_event,
    claim_content.mood,
    claim_content.unreal,
    claim_content.negation,
    claim_content.cause,
    claim_content.own_predicate,
    claim_content.possession,
    claim_content.joined,
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
