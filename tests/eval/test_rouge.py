"""ROUGE equals Google's `rouge-score`, worked examples of the paper, and published results."""

import json
import os
import random
import time
from pathlib import Path
from statistics import fmean

import pytest

np = pytest.importorskip("numpy", reason="the extra [eval] is not installed")
pytest.importorskip("rouge_score_rs", reason="the extra [eval] is not installed")

from eval import baselines  # noqa: E402
from eval.rouge import SPLITTER, TYPES, Scorer, as_lines  # noqa: E402
from eval.tasks import load_task  # noqa: E402

GOLDEN = Path(__file__).parents[1] / "golden"
SHARED = Path(__file__).parents[3] / "shared" / "data"
shared_data = pytest.mark.skipif(
    not SHARED.exists(), reason="the shared evaluation data are not beside the project"
)


def pairs(count, words=60):
    """Pairs of texts that overlap: stretches of the sample's documents and references."""
    draw = random.Random(1)
    items = load_task("sample").items
    for _ in range(count):
        item = draw.choice(items)
        source = item.document.split()
        start = draw.randrange(len(source) - words)
        candidate = source[start : start + draw.randrange(1, words)]
        reference = draw.choice(item.references).split()[: draw.randrange(5, words)]
        draw.shuffle(candidate) if draw.random() < 0.2 else None
        yield " ".join(candidate), " ".join([*reference, *candidate[:7]])


@pytest.mark.parametrize("stemming", [True, False])
def test_scores_are_those_of_rouge_score(stemming):
    from rouge_score.rouge_scorer import RougeScorer

    google = RougeScorer(list(TYPES), use_stemmer=stemming)
    candidates, references = zip(*pairs(220), strict=True)
    ours = Scorer(stemming).score(candidates, [[text] for text in references])
    for candidate, reference, scores in zip(candidates, references, ours, strict=True):
        theirs = google.score(as_lines(reference), as_lines(candidate))
        for kind in TYPES:
            mine = (scores[kind].precision, scores[kind].recall, scores[kind].f1)
            assert mine == tuple(100 * value for value in theirs[kind])


@pytest.mark.parametrize("stemming", [True, False])
def test_several_references_are_those_of_rouge_score(stemming):
    from rouge_score.rouge_scorer import RougeScorer

    google = RougeScorer(list(TYPES), use_stemmer=stemming)
    texts = [text for pair in pairs(220) for text in pair]
    candidates = texts[: len(texts) // 2]
    references = [[*texts[-i - 3 : -i - 1], texts[i]] for i in range(len(candidates))]
    ours = Scorer(stemming).score(candidates, references)
    for candidate, own, scores in zip(candidates, references, ours, strict=True):
        theirs = google.score_multi([as_lines(text) for text in own], as_lines(candidate))
        for kind in TYPES:
            assert scores[kind].f1 == 100 * theirs[kind].fmeasure


def test_the_papers_examples():
    """Lin 2004, section 3.1: of two sentences that share as many pairs, -L prefers the order."""
    reference = ["police killed the gunman"]
    second, third = Scorer(stemming=False).score(
        ["police kill the gunman", "the gunman kill police"], [reference] * 2
    )
    assert second["rouge2"].recall == third["rouge2"].recall == pytest.approx(100 / 3)
    assert second["rougeL"].recall == 75
    assert third["rougeL"].recall == 50
    # Section 3.2: the union of the longest common subsequences of two sentences is w1 w2 w3 w5.
    (union,) = Scorer(stemming=False).score(
        ["W1 w2 w6 w7 w8. W1 w3 w8 w9 w5."], [["w1 w2 w3 w4 w5"]]
    )
    assert union["rougeLsum"].recall == 80


def test_rules_for_several_references():
    candidate, references = ["a b c d"], [["a b c d", "a b x y", "p q r s"]]
    f1 = {
        rule: Scorer(False, rule).score(candidate, references)[0]["rouge1"].f1
        for rule in ("max", "mean", "leave-one-out")
    }
    assert f1 == {
        "max": 100,
        "mean": pytest.approx((100 + 50 + 0) / 3),
        "leave-one-out": pytest.approx((50 + 100 + 100) / 3),
    }


def test_people_are_scored_against_each_other():
    people = Scorer(False).human([["a b c d", "a b x y", "a p q r"]])
    assert people[0]["rouge1"].f1 == pytest.approx((50 + 50 + 25) / 3)
    assert Scorer().human([["one alone"]]) is None


def test_thoughts_do_not_count_and_nothing_scores_nothing():
    thought, plain, empty = Scorer().score(
        ["<think>a wild guess</think>\nThe lamp went out.", "The lamp went out.", ""],
        [["The lamp went out at four."]] * 3,
    )
    assert thought == plain
    assert {score.f1 for score in empty.values()} == {0}


def test_other_scripts_need_other_words():
    text = "灯塔看守人写下了那一夜的风暴。"
    scores = [
        Scorer(words=words).score([text], [[text]])[0]["rouge1"].f1
        for words in ("rouge-score", "characters")
    ]
    assert scores == [0, 100]


def test_the_splitter_is_the_one_that_the_signature_names():
    """Change SPLITTER when this changes: scores before and after are not comparable."""
    texts = [(GOLDEN / name).read_text("utf-8") for name in ("lighthouse.txt", "meeting.txt")]
    assert SPLITTER == "py-llama-1"
    assert [as_lines(text).count("\n") for text in texts] == [37, 60]
    assert as_lines('Mr. Li said: "Go." He left at 4 p.m. on Sunday.\n\nIt cost $3.50!') == (
        'Mr. Li said: "Go."\nHe left at 4 p.m. on Sunday.\nIt cost $3.50!'
    )


def test_a_signature_says_what_a_score_depends_on():
    said = Scorer(stemming=False, references="mean").signature(12, 3)
    for part in ("rouge-score-rs", "stemming: none", "references: mean", "n: 12", "seed: 3"):
        assert part in said


@pytest.mark.slow
def test_scoring_is_fast():
    """10,000 pairs of 275 words within 15 s, and at least 50 times as fast as rouge-score."""
    from rouge_score.rouge_scorer import RougeScorer

    source = " ".join(item.document for item in load_task("sample").items).split()
    draw = random.Random(2)
    starts = [(draw.randrange(9000), draw.randrange(9000)) for _ in range(10_000)]
    texts = [(" ".join(source[a : a + 275]), " ".join(source[b : b + 275])) for a, b in starts]
    candidates, references = zip(*texts, strict=True)
    started = time.perf_counter()
    Scorer().score(candidates, [[text] for text in references])
    ours = time.perf_counter() - started

    google = RougeScorer(list(TYPES), use_stemmer=True)
    lined = [(as_lines(a), as_lines(b)) for a, b in texts[:50]]
    started = time.perf_counter()
    for candidate, reference in lined:
        google.score(reference, candidate)
    theirs = (time.perf_counter() - started) * len(texts) / len(lined)
    assert ours < 15
    assert theirs > 50 * ours


# Baselines on real data. The figures were computed with rouge-score 0.1.2, by others.

REAL = [
    ("squality", "lead-3", (4, 1, 4), 0.6),
    ("squality", "lead-10", (19, 3, 18), 0.6),
    ("qmsum", "lead-10", (25, 7, 23), 0.6),
    ("qmsum", "oracle", (51, 20, 47), 1.0),
    ("squality", "oracle", (57, 16, 54), 2.0),
]


@shared_data
@pytest.mark.parametrize(("task", "system", "expected", "within"), REAL)
def test_baselines_agree_with_rouge_score(task, system, expected, within):
    make = {
        "lead-3": lambda item: baselines.lead(item.document, 3),
        "lead-10": lambda item: baselines.lead(item.document, 10),
        "oracle": lambda item: baselines.oracle(item.document, item.references),
    }[system]
    items = load_task(task, SHARED).items
    scores = Scorer().score([make(item) for item in items], [item.references for item in items])
    found = [fmean(s[kind].f1 for s in scores) for kind in ("rouge1", "rouge2", "rougeLsum")]
    assert found == pytest.approx(expected, abs=within)


# Published results, where the data are: a folder named by PY_LLAMA_EVAL_DATA.

PUBLISHED = [  # See et al. 2017, table 1 (ROUGE-1, -2 and -L of ROUGE-1.5.5, which is our -Lsum)
    ("cnn_dailymail_test.jsonl", 3, (40.34, 17.70, 36.57)),
]


@pytest.mark.parametrize(("file", "sentences", "expected"), PUBLISHED)
def test_published_leads(file, sentences, expected):
    path = Path(os.environ.get("PY_LLAMA_EVAL_DATA", "nowhere"), file)
    if not path.exists():
        pytest.skip(f"{file} is not there: name its folder in PY_LLAMA_EVAL_DATA")
    items = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    scores = Scorer().score(
        [baselines.lead(item["document"], sentences) for item in items],
        [item["references"] for item in items],
    )
    found = [fmean(s[kind].f1 for s in scores) for kind in ("rouge1", "rouge2", "rougeLsum")]
    assert found == pytest.approx(expected, abs=0.5)
