"""Intervals and p-values against exact and independent computations."""

import itertools
import random
from statistics import fmean, stdev

import pytest

pytest.importorskip("numpy", reason="the extra [eval] is not installed")

from eval.stats import compare, estimate


def test_an_interval_is_seeded_and_holds_the_mean():
    draw = random.Random(0)
    values = [draw.gauss(50, 10) for _ in range(40)]
    found = estimate(values, seed=1)
    assert found == estimate(values, seed=1) != estimate(values, seed=2)
    assert found.mean == pytest.approx(fmean(values))
    # For 40 draws of a bell curve, the percentile interval is close to that of the normal theory.
    half = 1.96 * stdev(values) / len(values) ** 0.5
    assert found.low == pytest.approx(found.mean - half, abs=0.4)
    assert found.high == pytest.approx(found.mean + half, abs=0.4)


def test_one_value_has_no_spread_and_none_has_no_mean():
    assert (estimate([7.0]).low, estimate([7.0]).high) == (7, 7)
    with pytest.raises(ValueError, match="a value"):
        estimate([])


def test_p_is_that_of_all_sign_assignments():
    ours, theirs = [4.0, 5.5, 3.0, 6.0, 9.0], [3.0, 6.0, 1.0, 2.0, 4.5]
    differences = [a - b for a, b in zip(ours, theirs, strict=True)]
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=5)
    ]
    expected = fmean(total >= abs(sum(differences)) - 1e-9 for total in sums)
    found = compare(ours, theirs)
    assert found.p == pytest.approx(expected)
    assert (found.wins, found.losses, found.n) == (4, 1, 5)
    assert found.mean == pytest.approx(fmean(differences))


def test_equal_systems_do_not_differ():
    found = compare([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    assert (found.mean, found.p, found.wins, found.losses) == (0, 1, 0, 0)


@pytest.mark.parametrize("count", [12, 60])
def test_a_real_difference_is_found_and_chance_is_not(count):
    draw = random.Random(5)
    noise = [draw.gauss(0, 1) for _ in range(count)]
    better = compare([n + 2 + draw.gauss(0, 0.5) for n in noise], noise)
    same = compare([n + draw.gauss(0, 0.5) for n in noise], noise)
    assert better.p < 0.01
    assert better.low > 0
    assert same.p > 0.05
    assert compare(noise, [n + 2 for n in noise]).losses == count


def test_p_is_uniform_where_nothing_differs():
    """5 % of the comparisons of equals have p below 0.05, give or take what 300 trials allow."""
    draw = random.Random(3)
    ps = []
    for _ in range(300):
        ours = [draw.gauss(0, 1) for _ in range(10)]
        ps.append(compare(ours, [draw.gauss(0, 1) for _ in ours]).p)
    assert 0.02 < fmean(p < 0.05 for p in ps) < 0.09


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="argument 2"):
        compare([1.0, 2.0], [1.0])
