"""Simulated liquidation streams, for benchmarks and tests of methods only: Hawkes processes with heavy-tailed sizes.

Never data: nothing here reaches the warehouse or a page. Each symbol is a Hawkes process of its own: orders that come by
themselves each set off others, `branching` of them on average, after exponential delays. Symbols differ in pace as on a real
venue (Zipf's law), minutes by a common factor, and sizes by symbol and order.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

START_MS = int(datetime(2025, 10, 10, 21, tzinfo=UTC).timestamp()) * 1000
SYMBOLS = 300
UNEVEN = 0.7
"""Spread of the logarithm of the minutes' common factor."""


@dataclass(frozen=True)
class Bursts:
    """How orders set off others: so many each on average, with delays that fall off at `decay` a second."""

    name: str
    branching: float
    decay: float


def stream(rate: float, seconds: int, bursts: Bursts, sizes: str, seed: int) -> pl.DataFrame:
    """Orders of about `rate` a second in all, stamped to the millisecond, in time order: `symbol ts notional_usd`.

    `sizes` is `lognormal` (with a spread of 2) or `pareto` (with an infinite variance: exponent 1.5).
    """
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, SYMBOLS + 1)
    symbol, time = _times(rate * share / share.sum(), seconds, bursts, random)
    scale = 1e4 * random.lognormal(size=SYMBOLS) * np.sqrt(share)
    count = len(symbol)
    relative = random.lognormal(0, 2, count) if sizes == "lognormal" else (1 - random.random(count)) ** (-1 / 1.5)
    order = np.argsort(time, kind="stable")
    names = np.array([f"S{number:03}/USDT:USDT" for number in range(SYMBOLS)])
    return pl.DataFrame(
        {
            "symbol": names[symbol[order]],
            "ts": START_MS + np.floor(time[order] * 1000).astype(np.int64),
            "notional_usd": (scale[symbol] * relative)[order],
        }
    ).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC")))


def _times(
    rates: np.ndarray, seconds: int, bursts: Bursts, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Symbol and time of each order, generation by generation: those that come by themselves, then what they set off."""
    minutes = -(-seconds // 60)
    factor = random.lognormal(-(UNEVEN**2) / 2, UNEVEN, minutes)
    counts = random.poisson(np.outer(rates * (1 - bursts.branching) * 60, factor))
    symbol = np.repeat(np.arange(len(rates)), counts.sum(1))
    minute = np.repeat(np.tile(np.arange(minutes), len(rates)), counts.ravel())
    time = (minute + random.random(len(minute))) * 60
    symbols, times = [], []
    while len(time):
        inside = time < seconds
        symbol, time = symbol[inside], time[inside]
        symbols.append(symbol)
        times.append(time)
        children = random.poisson(bursts.branching, len(time))
        symbol = np.repeat(symbol, children)
        time = np.repeat(time, children) + random.exponential(1 / bursts.decay, len(symbol))
    return np.concatenate(symbols), np.concatenate(times)
