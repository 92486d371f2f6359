"""Baselines take the document's own words, as many as asked for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")

from eval import baselines
from eval.rouge import Scorer
from eval.tasks import load_task

TEXT = (
    "A title\n\nThe keeper lit the lamp. The storm came from the west. The keeper saw the storm "
    "and the lamp. Bread was eaten. At dawn the storm had put out the lamp of the keeper."
)


def test_leads_are_the_beginning():
    assert baselines.lead(TEXT, 2) == "A title The keeper lit the lamp."
    assert baselines.lead_words(TEXT, 4) == "A title The keeper"


def test_textrank_prefers_what_the_others_speak_of():
    summary = baselines.textrank(TEXT, 9)
    assert summary == "The keeper saw the storm and the lamp. At"


def test_textrank_of_sentences_that_share_nothing_still_answers():
    assert baselines.textrank("One two. Three four.", 2) in ("One two.", "Three four.")
    assert baselines.textrank("!!! ???", 5)


def test_random_is_seeded_and_in_order():
    drawn = {baselines.random_sentences(TEXT, 10, seed) for seed in range(8)}
    assert len(drawn) > 2
    assert baselines.random_sentences(TEXT, 10, 3) == baselines.random_sentences(TEXT, 10, 3)


def test_the_oracle_takes_what_the_reference_says():
    assert baselines.oracle(TEXT, ["Bread was eaten and the storm came from the west"]) == (
        "The storm came from the west. Bread was eaten."
    )
    assert baselines.oracle(TEXT, ["zebra"]) == ""


def test_no_single_sentence_would_improve_the_oracle():
    item = load_task("sample").items[0]
    sentences = baselines.split_sentences(item.document)
    chosen = baselines.oracle(item.document, item.references)
    candidates = [chosen] + [f"{chosen} {sentence}" for sentence in sentences]
    scores = Scorer().score(candidates, [item.references[:1]] * len(candidates))
    others = Scorer().score(candidates, [item.references[1:]] * len(candidates))
    totals = [
        max(s["rouge1"].f1 + s["rouge2"].f1 for s in both)
        for both in zip(scores, others, strict=True)
    ]
    # Joined, sentences also make pairs across their ends, which the oracle does not count.
    assert max(totals) < totals[0] + 0.1


texts = st.lists(
    st.text(st.sampled_from("ab .!\n"), min_size=1, max_size=30), min_size=1, max_size=8
).map("".join)


@settings(max_examples=60, deadline=None)
@given(texts, st.integers(1, 20), st.integers(0, 3))
def test_lengths_are_exact(text, words, seed):
    most = sum(len(sentence.split()) for sentence in baselines.split_sentences(text))
    if not most:
        return
    for summary in (
        baselines.random_sentences(text, words, seed),
        baselines.textrank(text, words),
    ):
        assert len(summary.split()) == min(words, most)
        assert set(summary.split()) <= set(text.split())
