"""Every sentence is traced to the document's own, and what was left out is named."""

import asyncio
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.cli.footnotes import footnotes
from pipeline.core.summarizer import Summarizer
from pipeline.documents.document import Document, Mark
from pipeline.evidence.trace import trace
from pipeline.testing import ScriptedModel, first_words
from pipeline.text.languages import Languages
from pipeline.text.terms import terms
from pipeline.tree import Chunk, Summary

GOLDEN = Path(__file__).parents[1] / "golden"
TEXT = (
    "The keeper lit the lamp at dusk. A storm came from the west before midnight.\n\n"
    "Captain Winship counted 24 sacks of mail. The ferry was late.\n\n"
    "Bread was eaten in the kitchen. Nobody slept."
)


def summary_of(text, *, document=TEXT, partial=None):
    """A summary of a document in chunks of a paragraph, with these partial summaries."""
    starts = [0, *(i + 2 for i in range(len(document)) if document.startswith("\n\n", i))]
    ends = [*starts[1:], len(document)]
    chunks = [Chunk(document[a:b], a, b, 1) for a, b in zip(starts, ends, strict=True)]
    leaves = [
        Summary((partial or [c.text for c in chunks])[i], 1, 0, (chunk,))
        for i, chunk in enumerate(chunks)
    ]
    return Summary(text, 1, 1, tuple(leaves))


def traced(text, **more):
    evidence = trace(Document(TEXT), summary_of(text, **more))
    return evidence, [
        [TEXT[source.start : source.end] for source in sentence.sources]
        for sentence in evidence.sentences
    ]


def test_a_copied_sentence_is_its_own_source():
    evidence, sources = traced("A storm came from the west before midnight. The ferry was late.")
    assert [found[0] for found in sources] == [
        "A storm came from the west before midnight.",
        "The ferry was late.",
    ]
    assert [s.sources[0].score for s in evidence.sentences] == pytest.approx([1, 1])


def test_other_forms_of_words_are_found_and_two_sources_too():
    _, sources = traced("While the keeper was lighting lamps, Winship was counting the sacks.")
    assert set(sources[0]) == {
        "The keeper lit the lamp at dusk.",
        "Captain Winship counted 24 sacks of mail.",
    }


def test_what_is_nowhere_has_no_source():
    evidence, sources = traced("Economists debated tariffs in Geneva.")
    assert sources == [[]]
    assert evidence.sentences[0].unsupported == ("Geneva",)


def test_the_tree_decides_between_equals():
    document = "The lamp burned.\n\nThe lamp burned."
    partial = ["Nothing was said.", "The lamp burned."]
    root = summary_of("The lamp burned.", document=document, partial=partial)
    (sentence,) = trace(Document(document), root).sentences
    assert sentence.sources[0].start == document.index("\n\n") + 2


CHAT = """Jo: snow closed the pass
Kim: which road do we take
Jo: the coast road, two hours more
Kim: leave at five then"""
BOAT = """Ann: The boat leaves at nine.
Bob: I will bring the bread.
Ann: Then I bring the cheese.
Bob: See you at the pier."""


def sources_in(document, said):
    (sentence,) = trace(Document(document), Summary(said, 1, 0, (whole(document),))).sentences
    return [document[source.start : source.end] for source in sentence.sources]


def whole(document):
    return Chunk(document, 0, len(document), 1)


def test_the_lines_of_a_chat_are_sources_with_or_without_full_stops():
    assert sources_in(CHAT, "They take the coast road.")[0] == "Jo: the coast road, two hours more"
    assert sources_in(BOAT, "Bob brings some bread.") == ["Bob: I will bring the bread."]


def test_a_line_of_prose_with_a_colon_is_nobodys_turn():
    prose = (
        "A call that fails is sent again, and\nin the end: a sentence stands in for it.\nSo it is."
    )
    assert sources_in(prose, "A sentence stands in for a call that fails.")[0] == prose[:-10]


def test_a_short_text_is_the_source_of_what_is_said_in_other_words():
    said = "The two friends plan to meet at the pier for a picnic."
    assert sources_in(BOAT, said) == ["Bob: See you at the pier."]
    for document in (CHAT, BOAT):
        assert sources_in(document, "Tom has sold the bicycle to a student for eighty.") == []
        assert sources_in(document, "The patient is tired because of low iron.") == []


def test_coverage_says_what_is_missing_and_where_it_went():
    partial = ["The keeper lit the lamp.", "Economists met.", "Bread was eaten in the kitchen."]
    evidence, _ = traced("The keeper lit the lamp at dusk.", partial=partial)
    coverage = evidence.coverage
    middle = TEXT.index("Captain")
    assert (coverage.chunks, coverage.represented) == (3, 1)
    assert coverage.missing == ((middle, len(TEXT)),)
    # The second chunk was lost by its own summary, the third by the merge.
    assert [level for _, _, level in coverage.lost] == [0, 1]


def test_the_json_is_as_the_contract_says():
    evidence, _ = traced("Captain Winship counted 25 sacks.")
    found = json.loads(json.dumps(evidence.to_dict()))
    (sentence,) = found["sentences"]
    assert sentence["text"] == "Captain Winship counted 25 sacks."
    assert sentence["unsupported"] == ["25"]
    assert sentence["sources"][0].keys() == {"start", "end", "score"}
    assert found["coverage"]["chunks"] == 3
    assert all(len(stretch) == 2 for stretch in found["coverage"]["missing"])


def test_footnotes_name_sources_and_doubts():
    evidence, _ = traced("Captain Winship counted 25 sacks. Economists debated.")
    text = footnotes(Document(TEXT), evidence)
    assert text.startswith("Captain Winship counted 25 sacks. [1] Economists debated. [2]\n")
    assert "[1] not in the text: 25" in text
    assert "Captain Winship counted 24 sacks of mail." in text
    assert "[2] no source found" in text
    assert "1 of 3 chunks" in text


def test_words_of_scripts_without_spaces_are_pairs():
    assert terms("灯塔看守 lamps") == ["灯塔", "塔看", "看守", "lamp"]


words = st.lists(
    st.sampled_from(["lamp", "Keeper", "24", "storm.", "\n\n", "灯塔", "it."]), max_size=40
)


@settings(max_examples=60, deadline=None)
@given(words, words)
def test_sources_are_stretches_with_scores(document, summary):
    text, said = " ".join(document), " ".join(summary)
    if not text.strip():
        return
    root = Summary(said, 1, 0, (Chunk(text, 0, len(text), 1),))
    evidence = trace(Document(text), root)
    for sentence in evidence.sentences:
        scores = [source.score for source in sentence.sources]
        assert scores == sorted(scores, reverse=True)
        for source in sentence.sources:
            assert text[source.start : source.end].strip()
            assert 0 < source.score <= 1 + 1e-9
    assert evidence.coverage.represented <= evidence.coverage.chunks


def test_a_whole_run_is_traced_through_its_tree():
    text = (GOLDEN / "lighthouse.txt").read_text("utf-8")
    model = ScriptedModel(first_words(25))
    summarizer = Summarizer(model, chunk_tokens=120, summary_tokens=40, words=40)
    result = asyncio.run(summarizer.summarize(Document(text)))
    evidence = trace(result.plan.document, result.root)
    assert evidence.coverage.chunks == len(result.plan.leaves) > 3
    assert evidence.coverage.represented >= 1


@pytest.mark.slow
def test_a_book_is_traced_in_three_seconds():
    paragraph = (GOLDEN / "lighthouse.txt").read_text("utf-8")
    text = "\n\n".join(
        paragraph.replace("keeper", f"keeper{n}") for n in range(120_000 // len(paragraph.split()))
    )
    chunks = [
        Chunk(text[i : i + 8000], i, min(i + 8000, len(text)), 1) for i in range(0, len(text), 8000)
    ]
    leaves = tuple(Summary(chunk.text[:900], 1, 0, (chunk,)) for chunk in chunks)
    root = Summary(text[1000:3000], 1, 1, leaves)
    started = time.perf_counter()
    evidence = trace(Document(text), root)
    assert time.perf_counter() - started < 3
    assert evidence.coverage.chunks == len(chunks)


def test_a_source_is_named_by_the_nearest_mark_before_it():
    marks = (
        Mark(0, "heading", "Chapter 1"),
        Mark(33, "page", "page 2"),
        Mark(TEXT.index("Bread"), "page", "page 3"),
    )
    document = Document(TEXT, marks=marks)
    evidence = trace(document, summary_of("The keeper lit the lamp. Bread was eaten."))
    assert [s.sources[0].mark for s in evidence.sentences] == ["Chapter 1", "page 3"]
    assert evidence.to_dict()["sentences"][1]["sources"][0]["mark"] == "page 3"
    assert "[2] page 3 (1.00): Bread was eaten" in footnotes(document, evidence)
    assert [mark.label for mark in document.marks_at(40)] == ["page 2", "Chapter 1"]
    assert Document(TEXT).place(40) is None


def test_what_the_summary_is_silent_on_is_named_by_marks():
    pages = tuple(
        Mark(TEXT.index(w), "page", f"page {n}") for n, w in ((7, "Captain"), (8, "Bread"))
    )
    root = summary_of("The keeper lit the lamp at dusk.")
    said = "1 of 3 chunks are represented; nothing of "
    plain, marked = Document(TEXT), Document(TEXT, marks=pages)
    silent = f"characters {TEXT.index('Captain')} to {len(TEXT)}"
    assert footnotes(plain, trace(plain, root)).endswith(said + silent)
    assert footnotes(marked, trace(marked, root)).endswith(said + "page 7 to page 8")
    assert marked.stretch(0, 40) == "characters 0 to 40"  # it begins before the first mark
    assert marked.stretch(TEXT.index("Bread"), len(TEXT)) == "page 8"


RUSSIAN = "Старую книгу нашли рыбаки. Утром начался дождь. Вечером пришла почта."


def test_other_forms_of_words_are_found_in_the_language_of_the_text():
    said = "Рыбаками найдена старая книга."
    root = Summary(said, 1, 0, (whole(RUSSIAN),))
    (sentence,) = trace(Document(RUSSIAN), root, languages=Languages("ru")).sentences
    assert sentence.sources[0].start == 0
    (other,) = trace(Document(RUSSIAN), root).sentences
    assert not other.sources  # by the rules for English
