"""Simulated liquidation streams, for benchmarks and tests of methods only, with what estimators of throttled feeds do
not assume.

Never data: nothing here reaches the warehouse or a page. Orders come in trees: one that comes by itself sets off
others after waits that fall off as a power (Lomax), so that they have no one time scale. The pace of all symbols
follows one path that never stands still, not even within a minute; symbols differ in pace and in size by lognormal
factors. A `Kind` says what a stream adds to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl

START_MS = int(datetime(2025, 10, 10, 21, tzinfo=UTC).timestamp()) * 1000
SYMBOLS = 250
UNLIKE, UNEVEN, WANDER_S = 1.8, 0.5, 90.0
"""Spreads of the logarithms of the paces of symbols and of their common pace, and over how many seconds it forgets
where it was."""
POWER = 1.3
"""How fast waits fall off: their mean is finite, their variance is not."""

Array = np.ndarray


@dataclass(frozen=True)
class Kind:
    """What a stream is like. `wait_s` is the mean wait until an order sets off another, `branching` how many it sets
    off.

    `first` and `later` multiply the sizes of orders that came by themselves and of those set off. `swings` is the
    spread of the logarithm of a pace that all symbols share for five seconds, `ramp` by how many times the pace
    rises within each minute, `tail` the exponent of Pareto sizes (none: lognormal and 1.5 by turns), `stamp_ms` what
    times are cut to.
    """

    name: str
    branching: float = 0.0
    wait_s: float = 1.0
    first: float = 1.0
    later: float = 1.0
    swings: float = 0.0
    ramp: float = 1.0
    tail: float | None = None
    stamp_ms: int = 1


def stream(rate: float, seconds: int, kind: Kind, seed: int) -> pl.DataFrame:
    """Orders of about `rate` a second in all, in time order: `symbol ts notional_usd`."""
    random = np.random.default_rng(seed)
    pace = random.lognormal(0, UNLIKE, SYMBOLS)
    symbol, moment, first = _orders(rate * pace / pace.sum(), seconds, kind, random)
    scale = 1e4 * random.lognormal(0, 1, SYMBOLS)
    size = scale[symbol] * _sizes(len(symbol), kind.tail, seed, random) * np.where(first, kind.first, kind.later)
    order = np.argsort(moment, kind="stable")
    ms = np.floor(moment[order] * 1000 / kind.stamp_ms).astype(np.int64) * kind.stamp_ms
    names = np.array([f"S{number:03}/USDT:USDT" for number in range(SYMBOLS)])
    return pl.DataFrame(
        {"symbol": names[symbol[order]], "ts": START_MS + ms, "notional_usd": size[order]}
    ).with_columns(pl.col("ts").cast(pl.Datetime("ms", "UTC")).cast(pl.Datetime("us", "UTC")))


def _sizes(count: int, tail: float | None, seed: int, random: np.random.Generator) -> Array:
    if tail is None and seed % 2 == 0:
        return random.lognormal(0, 2, count)
    return (1 - random.random(count)) ** (-1 / (tail or 1.5))


def _orders(rates: Array, seconds: int, kind: Kind, random: np.random.Generator) -> tuple[Array, Array, Array]:
    """Symbol and time of each order, and whether it came by itself; generation by generation."""
    second = np.arange(seconds)
    wander = np.empty(seconds)
    kept = np.exp(-1 / WANDER_S)
    wander[0] = random.normal()
    for place, push in enumerate(random.normal(0, np.sqrt(1 - kept**2), seconds - 1), start=1):
        wander[place] = kept * wander[place - 1] + push
    path = np.exp(UNEVEN * wander) * kind.ramp ** (second % 60 / 60)
    path *= np.repeat(random.lognormal(0, kind.swings, -(-seconds // 5)), 5)[:seconds]
    path /= path.mean()
    counts = random.poisson(rates.sum() * (1 - kind.branching) * path)
    moment = np.repeat(second, counts) + random.random(counts.sum())
    symbol = random.choice(len(rates), len(moment), p=rates / rates.sum())
    symbols, moments, firsts = [], [], []
    while len(moment):
        inside = moment < seconds
        symbol, moment = symbol[inside], moment[inside]
        symbols.append(symbol)
        moments.append(moment)
        firsts.append(np.full(len(moment), len(firsts) == 0))
        children = random.poisson(kind.branching, len(moment))
        symbol = np.repeat(symbol, children)
        # The mean of Lomax waits is their scale over the power less one.
        waits = kind.wait_s * (POWER - 1) * ((1 - random.random(len(symbol))) ** (-1 / POWER) - 1)
        moment = np.repeat(moment, children) + waits
    return np.concatenate(symbols), np.concatenate(moments), np.concatenate(firsts)
