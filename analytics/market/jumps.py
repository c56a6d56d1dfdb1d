"""Minutes whose price change is no usual move: a jump, by the test of Lee and Mykland (2008,
https://doi.org/10.1093/rfs/hhm056)."""

from __future__ import annotations

from datetime import datetime
from math import log, pi, sqrt

import polars as pl

from analytics.market import prices
from analytics.warehouse import Warehouse

WINDOWS = (15, 20, 30)
"""Minutes over which the usual move is measured. The test leaves their number open, so all have to agree: a minute only
some of them call a jump is none."""
LEVEL = 0.01
"""Chance that a range without any jump shows one, in theory. Over windows as short as these it is up to one in ten
(`tests/analytics/market/test_around_the_crash.py`, on walks whose volatility moves), and the page says so."""
SCALE = sqrt(2 / pi)


def by_minute(
    warehouse: Warehouse, market: tuple[str, str, str, str, str], start: datetime, end: datetime
) -> pl.DataFrame:
    """Every minute of one market `(venue, market, symbol, kind, interval)` that the test can judge.

    Columns: `venue symbol ts close return_pct times least_times critical jump source_id`. `times` is the change of the
    log close over the usual move of a minute, the bipower variation of the minutes before, in the shortest of
    `WINDOWS`; `least_times` the least over all. `jump` where each exceeds its `critical` value (the largest of them is
    shown). The first minutes have nothing before them, and minutes beside a missing bar are not judged. Empty where
    the bars are not of a minute.
    """
    bars = prices.bars(warehouse, (market,), start, end)
    if market[4] != "1m" or bars.height < max(WINDOWS) + 2:
        return pl.DataFrame()
    change = pl.col("close").log().diff()
    whole = pl.col("ts").diff() == pl.duration(minutes=1)
    moves = bars.with_columns(change=pl.when(whole).then(change))
    judged = moves.with_columns(_times(window).alias(f"times_{window}") for window in WINDOWS)
    limits = {window: _critical(judged[f"times_{window}"].count()) for window in WINDOWS}
    return judged.with_columns(
        return_pct=100 * (pl.col("change").exp() - 1),
        times=pl.col(f"times_{WINDOWS[0]}"),
        least_times=pl.min_horizontal(f"times_{window}" for window in WINDOWS),
        critical=pl.lit(max(limits.values())),
        jump=pl.all_horizontal(pl.col(f"times_{window}") > limit for window, limit in limits.items()),
    ).select("venue", "symbol", "ts", "close", "return_pct", "times", "least_times", "critical", "jump", "source_id")


def _times(window: int) -> pl.Expr:
    steps = pl.col("change").abs()
    variation = (steps * steps.shift(1)).shift(1).rolling_sum(window - 2) / (window - 2)
    return steps / variation.sqrt()


def _critical(tested: int) -> float:
    """The value the largest of so many minutes without a jump exceeds with chance `LEVEL`."""
    root = sqrt(2 * log(tested))
    centre = root / SCALE - (log(pi) + log(log(tested))) / (2 * SCALE * root)
    return centre - log(-log(1 - LEVEL)) / (SCALE * root)
