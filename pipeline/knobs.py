"""The numbers that decide how good a summary is: what each means, where it is from, what was tried.

They can be swept: `py-llama eval run sample -g knob.novelty=0.4,0.6,0.8`. "Chosen" says that a
number was set by eye when its rule was written, and that nobody has compared others. Numbers of the
machinery (timeouts, sizes of buffers) stay where they are used, and so do those of finding passages
(`passages/`), which belong to one kind of text each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from pipeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Knobs:
    """One value for each; LOG is `eval/LOG.md`, by the date of the entry."""

    # Choosing sentences (text/extract.py).

    full_terms: int = 15
    """Terms from which a sentence weighs fully; shorter ones are like everything. LOG 2026-11-24,
    against none: 9.6 to 8.6 in ROUGE-2 on stories."""
    row: int = 8
    """Words; sentences that share so many in a row are one. Chosen."""
    novelty: float = 0.6
    """How much likeness to a chosen sentence counts against the next, from 0 to 1 (the lambda of
    Carbonell and Goldstein 1998, inverted). Chosen."""
    query_share: float = 0.6
    """Share of the centre that is the question, from 0 to 1. LOG 2026-11-26: turning the centre by
    the model's own answers did not help."""
    filled: float = 0.97
    """Share of the room from which choosing ends. Chosen."""
    scrap: float = 0.25
    """Share of the best sentence's worth below which none is taken to fill little room. Chosen."""
    scrap_room: float = 0.12
    """Share of the room that is little. Chosen."""
    stand_in_filled: float = 0.75
    """`filled` for stand-ins, whose length nobody asked for. Chosen."""

    # Composing (core/compose.py).

    source_weight: float = 0.4
    """Worth of a sentence of the text beside one of a partial summary. LOG 2026-11-25: 0.1, 0.2,
    0.3, 0.4 and 0.6 on twelve stories and twelve meetings; 0 and 0.2 with questions, 2026-11-26."""
    openings: int = 4
    """How often to choose anew where the first sentence leads on from nothing. Chosen."""
    leeway: float = 0.1
    """How far from the wanted length a summary may stay as it is, as a share. Chosen."""

    # What the model reads and writes (core/planner.py, core/steps.py).

    small: float = 1e9
    """Parameters below which nothing that a model writes is shown of an English text, only the
    text's own passages; in other languages, sentences are chosen instead of merged. LOG 2026-11-27:
    of what 135 million write, readers found 0 to 8 % true."""
    medium: float = 4e9
    """Parameters below which a meeting or a story is told passage by passage. LOG 2026-11-27, with
    1.5 billion; nothing larger was read."""
    topic_held: float = 0.7
    """Share of the terms on what a text is about that the text holds at least. Chosen, on sixteen
    texts."""
    part_words: int = 40
    """Words of a meeting's summary for each part of it: what is discussed there, and the best that
    is said. Chosen."""
    sentence_tokens: int = 70
    """Bound on the sentence that tells a passage, in tokens. Chosen; two in three take under 40."""
    summary_tokens: int = 256
    """Bound on a partial summary, in tokens, where the settings name none. Chosen."""
    rewritten: int = 200
    """Tokens of a chunk's central sentences, where the model reads only those. LOG 2026-11-25: 150
    and 200 on stories."""
    tokens_per_word: float = 1.75
    """Room for a word of the final summary: 1.4 tokens in English, and a quarter more."""
    crossed_tokens_per_word: float = 4.0
    """The same where the text is in another language than its summary. Chosen."""

    # Holding an answer against its source (evidence/review.py).

    off_source: float = 0.25
    """Share of an answer's terms that the source holds, below which it has left the text. LOG
    2026-11-25: of 51 real summaries the least has 0.41, of 14 with another source 0.32."""
    worth_asking: float = 0.25
    """Share of sentences with unsupported facts from which to ask again. LOG 2026-11-26: asking at
    any took half of the calls again and bought nothing."""
    few_terms: int = 8
    """Terms in an answer below which a share says nothing. Chosen."""
    copied: float = 0.8
    """Share of an answer's terms from which it quotes the text. LOG 2026-11-25 (injections)."""
    many_sentences: int = 8
    """Sentences of a text from which two of them cannot be all of it. LOG 2026-11-25: with fewer,
    8 of 42 verbatim copies were taken for strays."""
    short_text: int = 5000
    """Characters up to which common words do not tie every answer to the text. LOG 2026-11-25."""

    # Facts (evidence/facts.py).

    quoted_words: int = 3
    """Words from which a quotation quotes somebody. Chosen."""
    name_stem: int = 5
    """Letters that two forms of a name share at least. Chosen, on names of the stories."""
    name_stem_share: float = 0.6
    """The same as a share of the longer form. Chosen, on names of the stories."""
    spelling: float = 0.84
    """Likeness from which two words are spellings of one name (difflib). Chosen, on the stories."""

    # Where a sentence comes from (evidence/trace.py).

    most_sources: int = 3
    """Sources of one sentence. Chosen."""
    least_score: float = 0.15
    """Share of a sentence's weight that a source holds at least. Chosen; LOG 2026-11-27: the score
    tells true from false sentences with an AUC of 0.57."""
    least_gain: float = 0.1
    """Share that a further source adds at least. Chosen."""
    fact_weight: float = 2.0
    """Weight of names and numbers beside other words. Chosen."""
    length_share: float = 0.3
    """How much a long source counts less: b of BM25, elsewhere mostly 0.75. Chosen."""
    kept: float = 0.35
    """Share of a partial summary's sentence that a later text holds, if it keeps it. Chosen."""

    # The language of speech and of writing about texts (text/postedit.py).

    words_per_noun: int = 500
    """Words of a text for each "story" or "text" in it, from which it speaks of itself. Chosen."""
    words_per_uh: int = 500
    """Words for each "uh", below which a text is speech as it was spoken. Chosen; print has far
    fewer."""


KNOBS = Knobs()


def turned(values: Mapping[str, str], knobs: Knobs = KNOBS) -> Knobs:
    """Return the knobs with some turned, by their names and values as they are written.

    Raises:
        InputError: there is no such knob, or the value is no number.
    """
    known = {field.name: type(getattr(knobs, field.name)) for field in fields(knobs)}
    changes = {}
    for name, value in values.items():
        if name not in known:
            raise InputError(f"there is no knob {name!r}; choose from {', '.join(known)}")
        try:
            changes[name] = known[name](value)
        except ValueError:
            raise InputError(f"knob {name} takes a number, got {value!r}") from None
    return replace(knobs, **changes)
