"""What both fits behind `analytics.liquidations.throttle` start from and end in: the orders that passed, and draws of
the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import polars as pl

MINUTE, SECOND_MS = 60, 1000
"""Seconds of the clock minute over which the pace of a symbol is measured; milliseconds of a second."""
CHANCE, CLEAR = 2.0, 3.0
"""So many standard errors may still be chance; so many show that something holds."""
DRAWS, SINGLED, SEED = 400, 500, 20
"""Draws of a total; the orders drawn one by one in each, the others are drawn together; the seed of them all."""
Array = np.ndarray


class Refused(Exception):
    """No estimate can be given, and why; `excluded` where the orders contradict the rule."""

    def __init__(self, reason: str, excluded: bool = True) -> None:
        super().__init__(reason)
        self.excluded = excluded


class Totals(NamedTuple):
    """Draws of a sum that is no larger than the true one; and of the true one, unless `refusal` says why there are
    none."""

    at_least: Array
    middle: float
    draws: Array
    refusal: str | None


class Feed(NamedTuple):
    """Orders by symbol and time, at most one a symbol and second, numbered by their symbol-minute.

    `left` counts the milliseconds after an order in its second; `orders` and `usd` are sums by symbol-minute.
    """

    symbol: Array
    ms: Array
    amount: Array
    left: Array
    minute: Array
    orders: Array
    usd: Array

    @classmethod
    def of(cls, passed: pl.DataFrame) -> Feed:
        """Raises Refused where two orders of a symbol share a second: then the rule is another."""
        table = passed.select(
            symbol=pl.col("symbol").rank("dense").cast(pl.Int64),
            ms=pl.col("ts").dt.epoch("ms"),
            amount=pl.col("notional_usd").cast(pl.Float64),
        ).sort("symbol", "ms")
        symbol, ms, amount = (table[name].to_numpy() for name in table.columns)
        same = symbol[1:] == symbol[:-1]
        if (same & (ms[1:] // SECOND_MS == ms[:-1] // SECOND_MS)).any():
            raise Refused("two orders of one symbol passed in one second, so this rule is not the feed's")
        clock = ms // (SECOND_MS * MINUTE)
        minute = np.cumsum(np.r_[True, ~same | (clock[1:] != clock[:-1])]) - 1
        left = SECOND_MS - 1 - ms % SECOND_MS
        return cls(symbol, ms, amount, left, minute, np.bincount(minute), np.bincount(minute, weights=amount))

    def lateness(self) -> float:
        """By how many standard errors more orders passed in the second half of their second than in the first."""
        late = np.count_nonzero(self.left < SECOND_MS // 2)
        return float((2 * late - len(self.left)) / np.sqrt(len(self.left)))

    def lateness_of_last(self) -> float:
        """What `lateness` would be on average if the last order of each second passed and orders came one by one:
        bursts add to it."""
        pace = -np.log1p(-np.minimum(self.orders / MINUTE, 0.99))
        return float((self.orders * np.tanh(pace / 4)).sum() / np.sqrt(len(self.left)))


def with_hidden(
    amount: Array, multiple: Array, totals: Array, multiples: Callable[[Array], Array], random: np.random.Generator
) -> Array:
    """Draws of a total: `totals` plus the chance in which orders were hidden, by a geometric number for each that
    passed."""
    spread = amount**2 * multiple * (multiple - 1)
    count = min(SINGLED, len(amount))
    most = np.argpartition(spread, -count)[-count:]
    drawn = multiples(most)
    rest = np.sqrt(max(spread.sum() - spread[most].sum(), 0))
    return totals + random.normal(0, rest, len(totals)) + (random.geometric(1 / drawn) - drawn) @ amount[most]
