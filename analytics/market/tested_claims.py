"""Claims in circulation about a crash day, tested on the prices and windows that are embedded."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics import sql
from analytics.liquidations import pace
from analytics.market import prices
from analytics.warehouse import Warehouse

HOUR = timedelta(hours=1)
DEEP_PCT = 80.0


def deep_falls(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """How many of a venue's markets in USDT can have fallen by 80 % or more on a day: `venue name fell markets
    source_id`.

    Counted from the day's high to its low, whichever came first: at most so many fell so far.
    """
    return warehouse.query(
        f"""
        SELECT venue, any_value({sql.venue_name()}) AS name,
               count(*) FILTER (round(100 * (1 - low / high), 9) >= $deep) AS fell, count(*) AS markets,
               {sql.sources("b.source_id")} AS source_id
        FROM bars b
        {sql.VENUES}
        WHERE interval = '1d' AND b.kind = 'trade' AND market = 'spot' AND {sql.quote()} = 'USDT'
          AND ts >= $start AND ts < $end
        GROUP BY venue
        ORDER BY venue
        """,
        start=start,
        end=end,
        deep=DEEP_PCT,
    )


def steepest_hour(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The deepest fall from a high to a later low that lies within an hour: `venue symbol interval high_ts high low_ts
    low drop_pct source_id`, on the asset's best covered market. One row, or none without bars."""
    bars = prices.best_covered(warehouse, base, start, end).select(
        "venue", "symbol", "interval", "ts", "high", "low", "source_id"
    )
    length = pl.duration(seconds=pl.col("interval").replace_strict(prices.SECONDS, return_dtype=pl.Int64))
    pairs = bars.drop("low").join_where(
        bars.select(low_ts="ts", low="low"), pl.col("low_ts") > pl.col("ts"), pl.col("low_ts") < pl.col("ts") + HOUR
    )
    return (
        pairs.filter(pl.col("low_ts") + length <= pl.col("ts") + HOUR)
        .with_columns(drop_pct=100 * (1 - pl.col("low") / pl.col("high")))
        .sort("drop_pct", "ts", descending=[True, False])
        .rename({"ts": "high_ts"})
        .head(1)
        .select("venue", "symbol", "interval", "high_ts", "high", "low_ts", "low", "drop_pct", "source_id")
    )


def pace_ratio(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """How many times faster the fastest phase was than the phases around it, by the windows of one universe:
    `origin universe window_label inside_usd_a_minute around_usd_a_minute times source_id`. One row, or none where fewer
    than two phases are published."""
    phases = pace.by_window(warehouse, crash_day).filter(pl.col("depth") == 1)
    fastest = phases.sort("usd_a_minute", descending=True).head(1 if phases.height > 1 else 0)
    around = phases.join(fastest, on=["window_start", "window_end"], how="anti")
    slow = around.select(pl.sum("usd")).item() / around.select(pl.sum("minutes")).item() if fastest.height else None
    return fastest.select(
        "origin",
        "universe",
        "window_label",
        inside_usd_a_minute="usd_a_minute",
        around_usd_a_minute=pl.lit(slow, pl.Float64),
        times=pl.col("usd_a_minute") / slow,
        source_id=pl.lit(";".join(sorted(phases["source_id"].unique()))),
    )
