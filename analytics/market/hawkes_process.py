"""A Hawkes process: its rate, streams of it, and how far events lie from it (`analytics.market.hawkes`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUADRATURE = 600
"""Moments of a range at which the background rate is added up."""
SEED = 20
"""Of all that is drawn, so that an answer can be reproduced."""
Array = np.ndarray


@dataclass(frozen=True)
class Fit:
    """Rates per second. `low` to `high` hold the branching ratio at 95 %; `high` is infinite beyond the largest one
    tried.

    `background` holds the logarithms of the rate at knots spread evenly over the range, one where it is constant.
    `shares` are the events set off at each time scale, `decays` the rates at which they come. `residuals` are the
    waiting times in the model's own time, exponential with mean one if it fits.
    """

    background: Array
    shares: Array
    decays: Array
    likelihood: float
    residuals: Array
    low: float = 0.0
    high: float = float("inf")

    @property
    def branching(self) -> float:
        return float(self.shares.sum())

    @property
    def criterion(self) -> float:
        """Akaike's: the smaller, the better the model."""
        return 2 * (len(self.background) + 2 * len(self.shares) - self.likelihood)

    def holds(self, branching: float) -> bool:
        return self.low <= branching <= self.high

    def rate(self, moments: Array, end: float) -> Array:
        """The background rate at these moments of a range of `end` seconds."""
        return np.exp(along(moments, end, self.background))


def simulate(fitted: Fit, end: float, random: np.random.Generator, most: int) -> Array:
    """Events of a fitted process, generation by generation (Hawkes and Oakes 1974), `most` at most."""
    grid = np.linspace(0, end, QUADRATURE)
    rate = fitted.rate(grid, end)
    summed = np.r_[0, np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(grid))]
    young = np.interp(random.uniform(0, summed[-1], random.poisson(summed[-1])), summed, grid)
    events, count = [young], len(young)
    while len(young) and count < most:
        born = []
        for share, decay in zip(fitted.shares, fitted.decays, strict=True):
            parents = np.repeat(young, random.poisson(share, len(young)))
            born.append(parents + random.exponential(1 / decay, len(parents)))
        young = np.concatenate(born)
        young = young[young < end]
        events.append(young)
        count += len(young)
    return np.sort(np.concatenate(events))


def memory(times: Array, decays: Array) -> Array:
    """What is left at each event of all events before it, `Σ exp(−decay × age)`: events × decays.

    The recursion `left = (left + 1) × kept` is solved in spans that double, so that no step waits for the one before.
    """
    kept = np.exp(-np.outer(np.diff(times), decays))
    left = np.zeros((len(times), len(decays)))
    left[1:] = kept
    span = 1
    while span < len(kept) and kept.max() > 1e-12:
        left[1 + span :] += kept[span:] * left[1:-span]
        kept[span:] = kept[span:] * kept[:-span]
        kept[:span] = 0
        span *= 2
    return left


def kolmogorov_smirnov(residuals: Array) -> float:
    """The distance of a sample from the exponential distribution with mean one."""
    expected = 1 - np.exp(-np.sort(residuals))
    ranks = np.arange(len(residuals) + 1) / len(residuals)
    return float(max((expected - ranks[:-1]).max(), (ranks[1:] - expected).max()))


def along(moments: Array, end: float, heights: Array) -> Array:
    """Heights at knots spread evenly over the range, at these moments. Products of matrices this small would wait
    for BLAS's threads."""
    if len(heights) == 1:
        return np.full(len(moments), heights[0])
    return np.interp(moments, np.linspace(0, end, len(heights)), heights)
