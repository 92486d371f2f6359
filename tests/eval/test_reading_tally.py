"""What verdicts come to (`eval.reading.tally`); the command line shows the tables."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.reading.tally import ALL, agreements, kappa, tally, warnings
from eval.reading.verdicts import VERDICTS, Judged, Reading, Readings
from eval.stats import compare, estimate

PAIRS = st.lists(st.tuples(st.sampled_from(VERDICTS), st.sampled_from(VERDICTS)), max_size=30)


def judged(verdicts, usefulness, rank):
    return Judged(tuple(f"{i}." for i in range(len(verdicts))), tuple(verdicts), usefulness, rank)


def reading(document, reader="reader1", task="meetings", **systems):
    return Reading("s", task, document, reader, {k: judged(*v) for k, v in systems.items()})


def test_kappa_is_that_of_cohens_example():
    """Two judges, 200 cases, three diagnoses: Cohen (1968), table 1, reports a kappa of .492."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    pairs = [(i, j) for i, j in product(range(3), repeat=2) for _ in range(table[i][j])]
    assert len(pairs) == 200
    assert round(kappa(pairs), 3) == 0.492


@given(PAIRS)
def test_kappa_is_symmetric_and_one_only_for_readers_who_agree(pairs):
    found = kappa(pairs)
    assert found == kappa([(b, a) for a, b in pairs])
    if found is None:
        assert len(set(pairs)) < 2
    else:
        assert (found == 1) == all(a == b for a, b in pairs)
        assert -1 <= found <= 1


def test_a_documents_value_is_the_mean_over_its_readers():
    readings = [
        reading("a", "reader1", ours=("TTFE", 4, 2), theirs=("TP", 6, 1)),
        reading("a", "reader2", ours=("TPFE", 2, 2), theirs=("TT", 5, 1)),
        reading("b", "reader1", ours=("TT", 8, 1), theirs=("FF", 1, 2)),
    ]
    (board,) = tally(readings)
    assert (board.documents, board.readings) == (2, 3)
    ours, theirs = board.systems  # the most useful first
    assert (ours.name, theirs.name) == ("ours", "theirs")
    assert ours.shares["T"] == estimate([(0.5 + 0.25) / 2, 1.0])
    assert ours.usefulness == estimate([3, 8])
    assert (ours.rank, ours.documents, ours.sentences) == (1.5, 2, 6)
    (pair,) = board.pairs
    assert (pair.above, pair.level, pair.below, pair.documents) == (1, 0, 1, 2)
    assert pair.usefulness == compare([3, 8], [5.5, 1])
    assert pair.true == compare([0.375, 1], [0.75, 0])


@given(st.lists(st.lists(st.sampled_from(VERDICTS), min_size=1), min_size=1, max_size=3))
def test_shares_add_up(texts):
    (board,) = tally([reading(str(i), ours=(text, 5, 1)) for i, text in enumerate(texts)])
    assert sum(share.mean for share in board.systems[0].shares.values()) == pytest.approx(1)


def test_a_summary_without_text_has_marks_and_no_shares():
    (board,) = tally([reading("a", ours=("", 0, 2), theirs=("T", 5, 1))])
    theirs, ours = board.systems
    assert (ours.empty, ours.shares, ours.usefulness.mean) == (1, None, 0)
    assert theirs.empty == 0
    assert board.pairs[0].true is None
    assert board.pairs[0].above == 1


def test_several_tasks_have_boards_of_their_own_and_one_in_common():
    readings = [
        reading("a", ours=("T", 5, 1), theirs=("T", 5, 1)),
        reading("a", task="stories", ours=("F", 1, 1), others=("T", 5, 1)),
    ]
    boards = tally(readings)
    assert [board.task for board in boards] == ["meetings", "stories", ALL]
    assert boards[2].documents == 2
    everywhere = {system.name: system.documents for system in boards[2].systems}
    assert everywhere == {"ours": 2, "theirs": 1, "others": 1}
    assert len(boards[2].pairs) == 2  # theirs and others were never read together
    assert boards[0].pairs[0].level == 1


def test_readers_are_held_against_each_other_on_sheets_that_both_read():
    readings = [
        reading("a", "reader1", ours=("TTFF", 4, 2), theirs=("T", 6, 1)),
        reading("a", "reader2", ours=("TTFE", 3, 2), theirs=("T", 9, 1)),
        reading("b", "reader1", ours=("T", 4, 2), theirs=("E", 6, 1)),
    ]
    (found,) = agreements(readings)
    assert found.readers == ("reader1", "reader2")
    assert (found.documents, found.sentences, found.share) == (1, 5, 0.8)
    assert found.kappa == pytest.approx((0.8 - 11 / 25) / (1 - 11 / 25))
    assert found.usefulness == pytest.approx(1)
    assert list(agreements(readings[2:])) == []


def test_an_agreement_that_is_not_defined_is_none():
    readings = [reading("a", name, ours=("TT", 4, 1)) for name in ("reader1", "reader2")]
    (found,) = agreements(readings)
    assert (found.share, found.kappa, found.usefulness) == (1, None, None)


def test_sheets_with_fewer_than_two_readers_are_warned_of():
    done = (
        reading("a", "reader1", ours=("T", 4, 1)),
        reading("a", "reader2", ours=("T", 4, 1)),
        reading("b", "reader1", ours=("T", 4, 1)),
    )
    assert list(warnings(Readings(done[:2], ()))) == []
    waits, few = warnings(Readings(done, (("meetings b", "reader2"),)))
    assert "1 forms are not filled in: meetings b reader2" in waits
    assert "1 documents have fewer than 2 readers: meetings b" in few
