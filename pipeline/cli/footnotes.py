"""A summary with numbers behind its sentences, and below it what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.documents.document import Document
    from pipeline.evidence.trace import Evidence, Traced

SHOWN = 160  # characters of a source in a footnote


def footnotes(document: Document, evidence: Evidence) -> str:
    """Write a summary with numbers behind its sentences, and below it what they stand for."""
    texts, notes = [], []
    for number, sentence in enumerate(evidence.sentences, 1):
        texts.append(f"{sentence.text} [{number}]")
        notes += [f"[{number}] {line}" for line in _notes(document, sentence)]
    coverage = evidence.coverage
    said = f"{coverage.represented} of {coverage.chunks} chunks are represented"
    if coverage.missing:
        said += f"; nothing of {', '.join(document.stretch(*each) for each in coverage.missing)}"
    return "\n".join([" ".join(texts), "", *notes, said])


def _notes(document: Document, sentence: Traced) -> Iterator[str]:
    for source in sentence.sources:
        text = " ".join(document.text[source.start : source.end].split())
        shown = text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."
        place = source.mark or f"{source.start:,}-{source.end:,}"
        yield f"{place} ({source.score:.2f}): {shown}"
    if not sentence.sources:
        yield "no source found"
    if sentence.unsupported:
        yield f"not in the text: {', '.join(sentence.unsupported)}"
