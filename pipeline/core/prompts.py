"""The prompts, how sources are joined in them, and what that costs.

Every prompt has the same parts: a short task for the system, then the text, then one closing line
that says what to write. Nothing that varies stands before the text, so a server that keeps the
beginning of a prompt in its cache reads the shared part once, and a retry almost for free. Small
models get worse with every further instruction; that is why there are so few.

Overhead, in tokens, is the model's count of a prompt with an empty source plus SEAM_SLACK.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from pipeline.errors import InputError
from pipeline.text.unicode import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipeline.options import FormName
    from pipeline.passages.passage import Kind, Passage


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


@dataclass(frozen=True)
class Form:
    """One way of asking.

    `before` and `after` stand around the text. `closing` is the last line: its "{size}" becomes
    "in one paragraph" or "in about 80 words". `asking` is the last line of a run with a query: its
    "{query}" becomes the query, and its "{Size}" the length with a capital letter.

    Nothing is filled in elsewhere.

    Raises:
        ValueError: one of the two lines lacks such a place, or there are other braces.
    """

    before: str
    closing: str
    asking: str
    after: str = "\n\n"
    system: str = SYSTEM

    def __post_init__(self) -> None:
        _check_places("closing", self.closing, "{size}")
        _check_places("asking", self.asking, "{Size}", "{query}")
        for name in ("before", "after", "system"):
            _check_places(name, getattr(self, name))

    def unlike(self, source: str) -> Form:
        """Return the same with tags that do not stand in a text, which could end itself early."""
        if _TAG not in self.before:
            return self
        taken = {int(number or 0) for number in _TAGS.findall(source)}
        free = min(set(range(len(taken) + 1)) - taken)
        tag = _TAG.replace(">", f"{free or ''}>")
        names = ("before", "closing", "asking", "after")
        return replace(self, **{name: getattr(self, name).replace(_TAG, tag) for name in names})


def _check_places(name: str, line: str, *places: str) -> None:
    """Hold a line to the places that are filled in it, each at least once, and no others."""
    rest = line
    for place in places:
        rest = rest.replace(place, "")
    if not all(place in line for place in places) or set("{}") & set(rest):
        wanted = f"{' and '.join(places)}, and no other braces" if places else "no braces"
        raise ValueError(f"{name} must have {wanted}: {line!r}")


_TAG = "text>"
_TAGS = re.compile(r"(?i)<\s*/?\s*text(\d{0,9})\s*>")
_SIZES = r"in (?:one paragraph|about \d+ words)(?:, in [A-Z][a-z]+)?"
_ASKING = "{Size}, summarize what the text above says about this: {query}"

# Compared in eval/LOG.md.
FORMS: Mapping[FormName, Form] = {
    "plain": Form("Text:\n\n", "Summarize the text above {size}.", _ASKING),
    "tagged": Form(
        "<text>\n",
        "Summarize what stands between <text> and </text> {size}.",
        "{Size}, summarize what stands between <text> and </text> about this: {query}",
        after="\n</text>\n\n",
    ),
    "faithful": Form(
        "Text:\n\n",
        "Summarize the text above {size}, with its own names and numbers and nothing else.",
        _ASKING,
    ),
    "events": Form(
        "Text:\n\n", "Tell {size} who does or says what in the text above, and why.", _ASKING
    ),
    "first": Form(
        "Write a concise summary of the following text.\n\n", "Concise summary, {size}:", _ASKING
    ),
}

On: TypeAlias = Literal["passage", "topic", "about"]  # what one sentence is asked for on

# One sentence on what someone says. Its subject is given, since small models take the wrong one.
# Others that were tried: LOG 2026-11-27.
TELLING = (
    '{text}\n\nRewrite this as one short, clear sentence with the same facts. Begin with "{who}".'
)
# One sentence on a stretch of a meeting. "Discussed" is true of what is proposed, refused or joked.
TOPIC = (
    "{text}\n\nWhat is discussed in this part of the meeting? Answer in one short sentence that "
    'begins with "They discussed".'
)
# One sentence on all that was told.
ABOUT: Mapping[Kind, str] = {
    "meeting": "{text}\n\nWhat is this meeting about? Answer in one short sentence that begins "
    'with "The meeting was about".',
    "story": "From a story:\n\n{text}\n\nWhat is this story about? Answer in one short sentence "
    'that begins with "The story is about".',
    "prose": "{text}\n\nWhat is this text about? Answer in one short sentence that begins with "
    '"The text is about".',
}


@dataclass(frozen=True)
class Wording:
    """The prompts of one run.

    `form` is the way of asking. `query` is what the summaries should be about; None for all.
    `language` is what they should be in, by its English name; None leaves that to the model.

    Raises:
        InputError: there is no such form; the message says which there are.
    """

    form: FormName = "plain"
    query: str | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise InputError(f"there is no form {self.form!r}: write one of {', '.join(FORMS)}")

    def partial(self, source: str) -> Prompt:
        """Ask for a summary of a chunk, or of partial summaries that `join_sources` has joined.

        Told that it reads summaries, a small model writes about summaries instead.
        """
        return self._prompt(source, "in one paragraph")

    def final(self, source: str, words: int) -> Prompt:
        """Ask for the final summary, of about `words` words."""
        return self._prompt(source, f"in about {words} words")

    def told(self, passage: Passage) -> Prompt:
        """Ask for one sentence on a passage; in English, as passages are."""
        # An editor's brackets say who "he" is, and would be copied.
        text = passage.text.replace("[", "").replace("]", "")
        return Prompt("", TELLING.format(text=visible(text), who=passage.who))

    def topic(self, part: Passage) -> Prompt:
        """Ask for one sentence on what is discussed in a part of a meeting, in English."""
        return Prompt("", TOPIC.format(text=visible(part.text)))

    def about(self, told: Passage) -> Prompt:
        """Ask for one sentence on what all that was told is about; in English, as passages are."""
        return Prompt("", ABOUT[told.kind].format(text=visible(told.text)))

    def refined(self, before: str, source: str, words: int) -> Prompt:
        """Ask for about `words` words on what `before` sums up and on what follows."""
        return self.final(f"{before}{SEPARATOR}{source}", words)

    def _prompt(self, source: str, size: str) -> Prompt:
        form = FORMS[self.form].unlike(source)
        if self.language is not None:
            size = f"{size}, in {self.language}"
        closing = form.closing.format(size=size)
        if self.query is not None:
            about = " ".join(self.query.split())  # a line of its own could pass for the text's
            closing = form.asking.format(Size=size[0].upper() + size[1:], query=about)
        # Adapters would do so too; here it is in the key of the record as well.
        return Prompt(form.system, f"{form.before}{visible(source)}{form.after}{closing}")


def systems() -> str:
    """Return a pattern of the system's message of every form, to know it in an answer."""
    return "|".join(re.escape(system) for system in sorted({f.system for f in FORMS.values()}))


def asked_for() -> str:
    """Return a pattern of every closing line that stands in a prompt, to know it in an answer."""
    lines = {line for form in FORMS.values() for line in (form.closing, form.asking)}
    return "|".join(
        re.escape(line)
        .replace(_TAG, r"text\d*>")
        .replace(re.escape("{size}"), _SIZES)
        .replace(re.escape("{Size}"), _SIZES)
        .replace(re.escape("{query}"), r"[^\n]*")
        for line in sorted(lines)
    )


def join_sources(texts: Sequence[str]) -> str:
    """Join partial summaries into the source of a merge."""
    return SEPARATOR.join(texts)


_NOTHING: Mapping[str, str] = {
    "de": "Der Text sagt dazu nichts: {query}",
    "en": "The text says nothing about this: {query}",
    "es": "El texto no dice nada sobre esto: {query}",
    "fr": "Le texte ne dit rien à ce sujet : {query}",
    "ja": "本文にはこれについての記述がありません：{query}",
    "zh": "文中没有提到这一点：{query}",
}


def nothing_on(query: str, language: str | None) -> str:
    """Return the answer of a text that holds nothing on a query; in English where need be."""
    return _NOTHING.get(language or "en", _NOTHING["en"]).format(query=query)
