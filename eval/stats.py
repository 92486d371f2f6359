"""Which differences are real: seeded bootstrap intervals and paired permutation tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
EXACT = 14  # pairs, up to which every assignment of signs is tried: 16,384
BATCH = 1_000  # resamples drawn at once, which bounds the memory
WITHIN = 1e-9  # sums that differ by less are equal: rounding must not decide


@dataclass(frozen=True)
class Estimate:
    """A mean over documents, with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """One system minus another, on the same `n` documents.

    `p` is two-sided: how often signs drawn at random give a mean difference at least as large.
    """

    mean: float
    low: float
    high: float
    p: float
    wins: int
    losses: int
    n: int


def estimate(values: Sequence[float], seed: int = 0) -> Estimate:
    """Return the mean of values, with a percentile bootstrap interval (Efron 1979).

    Raises:
        ValueError: there is no value.
    """
    if not values:
        raise ValueError("a mean needs a value")
    array = np.asarray(values, dtype=float)
    draw = np.random.default_rng(seed)
    means = np.concatenate(
        [
            array[draw.integers(0, len(array), (BATCH, len(array)))].mean(axis=1)
            for _ in range(RESAMPLES // BATCH)
        ]
    )
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Estimate(float(array.mean()), float(low), float(high))


def compare(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> Difference:
    """Compare two systems on the same documents, given in the same order.

    Raises:
        ValueError: they differ in number, or there is none.
    """
    pairs = list(zip(ours, theirs, strict=True))
    differences = np.array([a - b for a, b in pairs])
    around = estimate(differences.tolist(), seed)
    return Difference(
        mean=around.mean,
        low=around.low,
        high=around.high,
        p=_permutation(differences, seed),
        wins=int((differences > WITHIN).sum()),
        losses=int((differences < -WITHIN).sum()),
        n=len(pairs),
    )


def _permutation(differences: NDArray[np.float64], seed: int) -> float:
    """Return the two-sided p of a paired permutation test, exact for few pairs.

    Sampled signs count the observed ones among them, so that p is never 0 (Phipson & Smyth 2010).
    """
    n = len(differences)
    observed = abs(differences.sum()) - WITHIN * n
    if n <= EXACT:
        bits = np.arange(2**n)[:, None] >> np.arange(n) & 1
        sums = np.abs((1 - 2 * bits) @ differences)
        return float((sums >= observed).mean())
    draw = np.random.default_rng(seed)
    extreme = 0
    for _ in range(RESAMPLES // BATCH):
        signs = draw.choice((-1.0, 1.0), (BATCH, n))
        extreme += int((np.abs(signs @ differences) >= observed).sum())
    return (extreme + 1) / (RESAMPLES + 1)
