"""Who moved first: the lead of one series over another, from observations that do not come at the same times.

The estimator is the covariance of Hayashi and Yoshida (2005), which pairs every move of one series with all moves of
the other that overlap it in time, shifted over a grid of lags as Hoffmann, Rosenbaum and Yoshida (2013) do. The lag at
which the two move together most is the lead. Nothing is interpolated. Its interval comes from drawing blocks of time
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

GRID = np.arange(-60.0, 61.0)
"""Lags that are tried, in seconds; above zero the first series leads."""
CLOCK = 1.0
"""Bars tell their prints to the second, so no interval is narrower than a second to either side."""
BLOCK, LEAST_BLOCKS = 30.0, 10
"""Seconds of a block that is drawn as a whole, and the blocks two series must share."""
LEAST_MOVES = 60
"""A series that moved less often says nothing about seconds."""
LONGEST = 7200
"""Seconds two series may have in common: a lead of seconds changes within hours."""
DRAWS, LEVEL, WIDEST = 1000, 0.95, 0.5
"""Draws behind an interval, how sure it is to be, and the part of all lags it may cover before nothing is decided."""
TAILS = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
"""An interval wider than half of the grid is no answer."""


@dataclass(frozen=True)
class Series:
    """Something observed now and then: the seconds of its observations, and what it stood at (log price, cumulated
    count)."""

    name: str
    seconds: np.ndarray
    level: np.ndarray


@dataclass(frozen=True)
class Lead:
    """The first series leads by `lag` seconds, within `low` to `high`; `refusal` says why there is no answer."""

    lag: float | None = None
    low: float | None = None
    high: float | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Blocks:
    """What each block of time up to `end` holds: when it begins, its covariance at each lag, both series' squared
    moves and their number."""

    end: float
    begins: np.ndarray
    covariance: np.ndarray
    squares: np.ndarray
    moves: np.ndarray

    def cut(self, kept: np.ndarray) -> Blocks:
        return Blocks(self.end, self.begins[kept], self.covariance[kept], self.squares[:, kept], self.moves[:, kept])


def lead(first: Series, second: Series) -> Lead:
    """How far the first series leads the second, or why that cannot be told."""
    if reason := unusable(first, second):
        return Lead(refusal=reason)
    return answer(blocks(first, second), first.name, second.name)


def unusable(first: Series, second: Series) -> str:
    """Why two series cannot be compared at all; empty where they can."""
    for series in (first, second):
        if not np.isfinite(series.level).all():
            return f"{series.name} has a price of zero or less, at which nobody can trade: nothing is computed from it."
        if len(series.seconds) < 2:
            return f"{series.name} has no two prints in this range."
        if not np.diff(series.level).any():
            return f"{series.name} did not move in this range."
    overlap = min(first.seconds[-1], second.seconds[-1]) - max(first.seconds[0], second.seconds[0])
    if overlap <= GRID[-1]:
        return (
            f"{first.name} and {second.name} have less than a minute in common: either their prints or their clocks "
            "lie apart."
        )
    if overlap > LONGEST:
        return (
            f"The two have {overlap / 3600:.1f} hours in common. A lead of seconds changes within hours: choose a "
            f"range of at most {LONGEST / 3600:g}."
        )
    return ""


def blocks(first: Series, second: Series) -> Blocks:
    """The Hayashi–Yoshida covariance of two series at each lag, block by block of the time they have in common."""
    start, end = max(first.seconds[0], second.seconds[0]), min(first.seconds[-1], second.seconds[-1])
    edges = np.arange(start, end, BLOCK)
    moves = [_moves(series, edges, end) for series in (first, second)]
    squares = np.array([np.bincount(block, steps**2, len(edges)) for _, steps, block in moves])
    count = np.array([np.bincount(block, steps != 0, len(edges)) for _, steps, block in moves])
    places, steps, block = moves[0]
    # The moves counted follow one another, so that each begins where the one before ended.
    bounds, last = first.seconds[places[0] : places[-1] + 2], len(second.seconds) - 1
    covariance = np.empty((len(edges), len(GRID)))
    for column, lag in enumerate(GRID):
        # The moves of the second that overlap one of the first are neighbours: their sum is a difference of two levels.
        after = np.searchsorted(second.seconds, bounds + lag, side="left")
        at_once = second.seconds[np.minimum(after, last)] == bounds + lag
        before = after[:-1] - 1 + at_once[:-1]
        moved = second.level[np.minimum(after[1:], last)] - second.level[np.maximum(before, 0)]
        covariance[:, column] = np.bincount(block, steps * moved, len(edges))
    return Blocks(float(end), edges, covariance, squares, count)


def _moves(series: Series, edges: np.ndarray, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The moves of a series that end in the blocks: the place of the observation each begins at, its size, its
    block."""
    block = np.searchsorted(edges, series.seconds[1:], side="left") - 1
    places = np.flatnonzero((block >= 0) & (series.seconds[1:] <= end))
    return places, np.diff(series.level)[places], block[places]


def answer(shared: Blocks, first: str, second: str) -> Lead:
    """The lead that blocks of time tell, with the interval of drawing as many of them again and again."""
    count = len(shared.begins)
    for name, moves in zip((first, second), shared.moves.sum(axis=1), strict=True):
        if moves < LEAST_MOVES:
            return Lead(
                refusal=f"{name} moved {moves:.0f} times: fewer than {LEAST_MOVES} moves say nothing about seconds."
            )
    if count < LEAST_BLOCKS:
        return Lead(
            refusal=f"{first} and {second} have {count * BLOCK:.0f} s in common: too short to say how sure a lead is."
        )
    again, flipped = _draws(count)
    drawn, total = again @ shared.covariance, shared.covariance.sum(axis=0)
    best = int(total.argmax())
    low, high = np.quantile(GRID[drawn.argmax(axis=1)], TAILS)
    low, high = min(low, GRID[best]) - CLOCK, max(high, GRID[best]) + CLOCK
    # Were the two unrelated, each block could as well have had the other sign: so high a peak must then be rare.
    by_chance = float(((flipped @ shared.covariance).max(axis=1) >= total[best]).mean())
    if by_chance > 1 - LEVEL or high - low > WIDEST * (GRID[-1] - GRID[0]):
        return Lead(
            refusal=f"At no lag do {first} and {second} clearly move together most: neither leads by seconds, the "
            f"prints are too few or too wild to tell, or the clocks differ by more than {GRID[-1]:.0f} s."
        )
    return Lead(float(GRID[best]), float(low), float(high))


def contrast(shared: Blocks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Covariance over the size of the moves at each lag of GRID, and the lower and upper end of its band."""
    scale = np.sqrt(shared.squares.sum(axis=1).prod())
    low, high = np.quantile(_draws(len(shared.begins))[0] @ shared.covariance, TAILS, axis=0)
    return shared.covariance.sum(axis=0) / scale, low / scale, high / scale


@lru_cache(maxsize=8)
def _draws(count: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each of so many blocks is drawn, and signs for each: always the same, so that an answer can be
    reproduced."""
    draw = np.random.default_rng(0)
    again = draw.multinomial(count, np.full(count, 1 / count), DRAWS).astype(float)
    return again, draw.choice([-1.0, 1.0], (DRAWS, count))
