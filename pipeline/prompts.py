"""The prompts, how sources are joined in them, and what that costs.

Every prompt has the same form: a short task for the system, then the text, then one closing line
that says what to write. Nothing that varies stands before the text, so a server that keeps the
beginning of a prompt in its cache reads the shared part once, and a retry almost for free. Small
models get worse with every further instruction; that is why there are so few.

Overhead, in tokens, is the model's count of a prompt with an empty source plus SEAM_SLACK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

# Part of the key under which a finished call is stored: raise it with any change to a prompt.
PROMPT_VERSION = 2

# A blank line is what models take for a paragraph's end; anything showier they copy.
SEPARATOR = "\n\n"

# Tokens. A text counted alone and inside its prompt may differ where it touches its neighbours:
# a token there can split, and white space can join the line ends around it.
SEAM_SLACK = 8

SYSTEM = "You summarize texts. You write only the summary, in plain sentences."


class Prompt(NamedTuple):
    """What is sent to the model: the system's message and the user's."""

    system: str
    user: str


def map_prompt(source: str, query: str | None) -> Prompt:
    """Ask for a summary of a chunk; with a query, of what the chunk says about it."""
    return _prompt(source, "in one paragraph", query)


def merge_prompt(source: str, query: str | None) -> Prompt:
    """Ask for one summary of partial summaries that `join_sources` has joined."""
    return _prompt(source, "in one paragraph", query)


def final_prompt(source: str, words: int, query: str | None, *, merged: bool) -> Prompt:
    """Ask for the final summary, of about `words` words.

    Args:
        source: the whole text where it fits, otherwise joined partial summaries.
        words: the aim for the summary's length.
        query: what the summary should be about; None for all of the text.
        merged: whether `source` is partial summaries. The wording is the same: told so, small
            models write about summaries instead of summarizing.
    """
    return _prompt(source, f"in about {words} words", query)


def refine_prompt(before: str, source: str, words: int, query: str | None) -> Prompt:
    """Ask for a summary of about `words` words of what `before` sums up and of what follows."""
    task = f"in about {words} words"
    return _prompt(f"{before}{SEPARATOR}{source}", task, query)


def join_sources(texts: Sequence[str]) -> str:
    """Join partial summaries into the source of a merge."""
    return SEPARATOR.join(texts)


def _prompt(source: str, size: str, query: str | None) -> Prompt:
    closing = f"Summarize the text above {size}."
    if query is not None:
        about = " ".join(query.split())  # a line of its own could pass for a part of the text
        closing = f"{size.capitalize()}, summarize what the text above says about this: {about}"
    return Prompt(SYSTEM, f"Text:\n\n{source}\n\n{closing}")
