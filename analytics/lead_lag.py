"""Who moved first: the lead of one series over another from prints that do not come at the same times.

The estimator is that of Hayashi and Yoshida (2005) for the covariance of two series that are observed at different
times, shifted over a grid of lags as Hoffmann, Rosenbaum and Yoshida (2013) do: the lag at which the series move
together most is the lead. Nothing is interpolated. Its interval comes from drawing blocks of time again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRID = np.arange(-60.0, 61.0)
"""Lags that are tried, in seconds; above zero the first series leads."""
LEAST_MOVES = 60
"""A series that moved less often says nothing about seconds."""
BLOCKS, DRAWS, LEVEL = 30, 1000, 0.95
WIDEST = 0.5
"""An interval wider than this part of the grid is no answer."""


@dataclass(frozen=True)
class Series:
    """Something observed now and then: the seconds of its observations and what it stood at (log price, cumulated count)."""

    name: str
    seconds: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Lead:
    """How far the first series leads: `lag` seconds within `low` to `high`; `refusal` says why there is no answer.

    `correlation` holds the contrast at each lag of GRID, `band` its lower and upper end.
    """

    lag: float | None
    low: float | None
    high: float | None
    correlation: np.ndarray
    band: np.ndarray
    refusal: str = ""


def lead(first: Series, second: Series, seed: int = 0) -> Lead:
    """The lag at which two series move together most, with a block-bootstrap interval, or the reason why there is none."""
    if reason := unusable(first, second):
        return Lead(None, None, None, np.empty(0), np.empty((2, 0)), reason)
    blocks = contributions(first, second, GRID)
    scale = np.sqrt(np.square(np.diff(first.level)).sum() * np.square(np.diff(second.level)).sum())
    contrast = blocks.sum(axis=0) / scale
    drawn = np.random.default_rng(seed).multinomial(len(blocks), np.full(len(blocks), 1 / len(blocks)), DRAWS) @ blocks
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    band = np.quantile(drawn / scale, tails, axis=0)
    best = int(np.abs(contrast).argmax())
    low, high = np.quantile(GRID[np.abs(drawn).argmax(axis=1)], tails)
    low, high = min(low, GRID[best]), max(high, GRID[best])
    refusal = ""
    if band[0, best] <= 0 <= band[1, best] or high - low > WIDEST * (GRID[-1] - GRID[0]):
        refusal = (
            f"{first.name} and {second.name} show no lag at which they clearly move together most: "
            f"either neither leads, or their clocks differ by more than {GRID[-1]:.0f} s."
        )
    return Lead(float(GRID[best]), float(low), float(high), contrast, band, refusal)


def contributions(first: Series, second: Series, lags: np.ndarray) -> np.ndarray:
    """What each block of time adds to the Hayashi–Yoshida covariance at each lag: blocks × lags.

    A move of the first series counts with every move of the second whose time overlaps it once shifted by the lag;
    those moves are neighbours, so their sum is a difference of two levels.
    """
    begins, ends = first.seconds[:-1, None] + lags, first.seconds[1:, None] + lags
    last = len(second.seconds) - 1
    before = np.searchsorted(second.seconds, begins, side="right") - 1
    after = np.searchsorted(second.seconds, ends, side="left")
    moved = second.level[np.clip(after, 0, last)] - second.level[np.clip(before, 0, last)]
    products = np.diff(first.level)[:, None] * moved
    middle = (first.seconds[:-1] + first.seconds[1:]) / 2
    edges = np.linspace(first.seconds[0], first.seconds[-1], BLOCKS + 1)[1:-1]
    block = np.searchsorted(edges, middle)
    added = np.zeros((BLOCKS, len(lags)))
    np.add.at(added, block, products)
    return added
