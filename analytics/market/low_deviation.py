"""How far each exchange stood from the composite when the composite was lowest, for the one asset that most
exchanges have."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics.market import composite, decimate, dislocation, prices
from analytics.warehouse import Columns, Warehouse

INTERVAL = "1m"
PREFERRED = "BTC"
COLUMNS: Columns = {
    "venue": pl.String,
    "market": pl.String,
    "symbol": pl.String,
    "base": pl.String,
    "ts": pl.Datetime("us", "UTC"),
    "composite": pl.Float64,
    "deviation_pct": pl.Float64,
    "composed": pl.Int64,
    "source_id": pl.String,
}


def at_the_low(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Each venue's distance from the composite of three or more, in the minute in which that composite closed lowest.

    Columns: `venue market symbol base ts composite deviation_pct composed source_id`; `ts` is when the minute closed,
    `composed` in how many minutes of the range three venues have a price: in the others the low may have been lower.
    The asset is bitcoin if it has three venues, else the one with most venues, then most bars. No rows where no asset
    has three: the midpoint of two lies as far from one as from the other.
    """
    rows = [
        dislocation.deviations(warehouse, chosen, begin, until).with_columns(base=pl.lit(base))
        for base in _base(warehouse, start, end)
        if len(chosen := decimate.keys(dislocation.markets(warehouse, base, start, end, INTERVAL))) >= composite.THREE
        for begin, until in _unthinned(start, end)
    ]
    if not rows:
        return pl.DataFrame(schema=COLUMNS)
    composed = pl.concat(rows).filter((pl.col("venues") >= composite.THREE) & pl.col("deviation_pct").is_not_null())
    lowest = composed.sort("composite", "ts").head(1)["ts"]
    return (
        composed.with_columns(composed=pl.col("ts").n_unique().cast(pl.Int64))
        .filter(pl.col("ts").is_in(lowest.implode()))
        .select(list(COLUMNS))
        .sort("venue")
    )


def _base(warehouse: Warehouse, start: datetime, end: datetime) -> list[str]:
    """The asset to compare, if any."""
    known = prices.series(warehouse, start, end).filter(
        (pl.col("kind") == "trade") & (pl.col("interval") == INTERVAL) & pl.col("quote").is_in(prices.DOLLARS)
    )
    return (
        known.group_by("base")
        .agg(venues=pl.col("venue").n_unique(), bars=pl.col("bars").sum())
        .filter(pl.col("venues") >= composite.THREE)
        .sort(pl.col("base") != PREFERRED, -pl.col("venues").cast(pl.Int64), -pl.col("bars"), "base")
        .head(1)["base"]
        .to_list()
    )


def _unthinned(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The range in parts so short that no bar is left out for the screen; a minute's price never reaches into the
    next."""
    most = timedelta(seconds=prices.SECONDS[INTERVAL] * decimate.MOST_POINTS)
    begins = [start + most * part for part in range(-((start - end) // most))]
    return [(begin, min(begin + most, end)) for begin in begins]
