"""Where the points, numbers and ticks of a plot stand."""

from itertools import pairwise

from eval import plots


def test_ticks_are_round():
    drawn = plots.plot("t", "x", "y", [("a", 458, 9.7, True), ("b", 12, 1.2, False)])
    assert [tick.label for tick in drawn.x_ticks] == ["0", "100", "200", "300", "400", "500"]
    assert [tick.label for tick in drawn.y_ticks] == ["0", "2", "4", "6", "8", "10"]
    assert plots.plot("t", "x", "y", []) is None


def test_numbers_of_points_do_not_stand_on_each_other():
    points = [(f"{n}", 300 + n, 6.5 + n / 100, True) for n in range(5)]
    labels = sorted(point.label for point in plots.plot("t", "x", "y", points).points)
    assert all(b - a >= plots.LABEL[1] for a, b in pairwise(labels))
