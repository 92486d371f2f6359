"""What a run tells of itself: counts, cost, time left, and the summary at its end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.ledger import Outcome
from pipeline.corpus.stats import FEW, SLOWEST, BatchStats, Prices, Tally


def finished(name="a", share=None, **changes):
    result = {
        "calls": {"map": 2, "merge": 1, "retry": 1, "cached": 1},
        "usage": {"prompt_tokens": 900, "output_tokens": 100},
        "left_out": [],
        "warnings": [],
        "read": {"stand_ins": []},
        "seconds": 1.0,
    }
    return Outcome(name, b"", result | changes, share=share)


def failed(kind="InputError", share=None):
    return Outcome("f", b"", kind=kind, reason="why", share=share)


def test_calls_and_tokens_of_finished_documents_are_counted():
    stats = BatchStats(started=100.0, before=7)
    stats.add([finished(), finished(), failed()])
    assert stats.line(110.0) == "9 documents, 1 failed, 6 calls, 200 tokens/s"
    assert (stats.finished, stats.failed, stats.cached) == (2, 1, 2)


def test_calls_that_are_counted_as_they_are_answered_are_not_counted_again():
    stats = BatchStats(started=0.0, live=Tally(1, 30, 20))
    stats.add([finished()])
    assert stats.line(10.0) == "1 document, 1 call, 5 tokens/s"


def test_copies_cost_nothing():
    stats = BatchStats(started=0.0)
    stats.add([finished("a"), finished("b", same_as="a")])
    assert stats.line(10.0) == "2 documents, 3 calls, 100 tokens/s"
    assert stats.copied == 1


def test_prices_are_for_a_million_tokens_and_for_an_hour():
    prices = Prices(read=2.0, written=10.0, hour=3.6)
    assert prices.cost(500_000, 100_000, 1000) == 1.0 + 1.0 + 1.0
    stats = BatchStats(started=0.0, prices=Prices(hour=3600.0))
    assert "cost 12.00" in stats.line(12.0)


@given(st.lists(st.floats(0, 1), max_size=20), st.floats(0.1, 1e6))
def test_the_time_left_is_told_once_some_of_the_corpus_has_been_read(shares, seconds):
    stats = BatchStats(started=50.0)
    stats.add([finished(share=share) for share in shares])
    left = stats.seconds_left(50.0 + seconds)
    if not shares or max(shares) <= shares[0]:
        assert left is None
    else:
        assert left >= 0
        assert (left == 0) == (max(shares) == 1)


def test_a_run_that_goes_on_from_the_middle_does_not_count_what_was_read_before():
    stats = BatchStats(started=0.0)
    stats.add([finished(share=0.5), failed(share=0.6)])
    assert stats.seconds_left(10.0) == pytest.approx(40.0)
    assert stats.line(10.0).endswith("40 s left")


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1))
def test_too_many_failures_are_a_share_of_many_documents(fails, successes, share):
    stats = BatchStats(started=0.0)
    stats.add([failed() for _ in range(fails)] + [finished() for _ in range(successes)])
    assert stats.too_many_failed(share) == (fails > share * max(fails + successes, FEW))
    assert not stats.too_many_failed(1.0)


def test_the_summary_tells_all_that_is_out_of_the_ordinary():
    stats = BatchStats(started=0.0, before=3)
    stats.add(
        [
            *(finished(f"d{n}", seconds=float(n)) for n in range(1, SLOWEST + 2)),
            finished("copy", same_as="d1"),
            finished("odd", read={"stand_ins": [1]}, warnings=["one", "two"], left_out=[1]),
            finished("odd too", warnings=["two"]),
            *[failed("DocumentError"), failed("NoText"), failed("NoText")],
        ]
    )
    assert list(stats.warnings) == ["one", "two"]
    first, *rest = stats.summary(60.0)
    assert first.startswith("12 documents, 3 failed, ")
    assert rest == [
        "3 of the documents were finished by earlier runs",
        "1 had the same text as another document",
        "8 calls came from the cache",
        "1 with sentences of the source where calls failed",
        "1 without sentences whose facts the source does not hold",
        "2 failed: NoText",
        "1 failed: DocumentError",
        "slowest: d6 6 s, d5 5 s, d4 4 s, d3 3 s, d2 2 s",
    ]


def test_the_summary_of_an_ordinary_run_is_short():
    stats = BatchStats(started=0.0)
    assert list(stats.summary(1.0)) == ["0 documents, 0 calls, 0 tokens/s in 1 s"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 999), st.integers(0, 999))))
def test_a_tally_is_a_sum(calls):
    tally = Tally()
    for call in calls:
        tally.add(*call)
    assert tally == Tally(*map(sum, zip(*calls, strict=True))) if calls else tally == Tally()
