"""How much it took to move the price: impact from bars, where no order book that can be trusted is kept.

The measure is Amihud's (2002): the absolute return of a bar over the money that traded in it. It stands in for depth and
is not depth: a price that moves without trades has no bar, and one that many trade at without moving has an impact of zero.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import decimate, prices
from analytics.warehouse import Warehouse

WINDOWS = 120
"""Windows a range is cut into, at most."""
LEAST_BARS = 5
"""Bars a window must have for a mean."""
OF_BARS = " AND ".join(f"{part} = ${part}" for part in decimate.KEY)


def markets(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The markets of an asset whose bars state their volume, those that cover the range first, then the most traded.

    The columns of `prices.series` and `name`; each market at its finest bars that cover the range.
    """
    known = prices.series(warehouse, start, end).filter(
        (pl.col("base") == base)
        & (pl.col("kind") == "trade")
        & pl.col("quote").is_in(prices.DOLLARS)
        & pl.col("volume_base").is_not_null()
        & (pl.col("interval") != "1d")
    )
    names = warehouse.query("SELECT venue, name FROM venues")
    return (
        decimate.finest(known)
        .join(names, on="venue", how="left", maintain_order="left")
        .with_columns(name=pl.coalesce("name", "venue"))
        .sort(
            pl.col("coverage") < prices.LEAST_COVERAGE,
            "volume_base",
            *prices.LINE,
            descending=[False, True, *[False] * len(prices.LINE)],
        )
    )


def windows(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """Amihud's impact of one market window by window: the mean over a window's bars, in percent per `per_usd` dollars.

    Columns: `ts until bars volume_usd per_usd impact_pct source_id`. `per_usd` is the power of ten below what a bar of the
    range usually trades, so that nothing is stretched to sums this market never saw. A bar's return is from the close before it (its open where it is
    the first); its money is the traded value where the venue states it, else volume times close. `impact_pct` is null where a
    window has fewer than `LEAST_BARS` bars with volume; a window without any is absent.
    """
    return warehouse.query(
        f"""
        WITH bar AS (
            SELECT ts, abs(ln(close / coalesce(lag(close) OVER (ORDER BY ts), open))) AS moved,
                   coalesce(volume_quote, volume_base * close) AS value_usd, source_id
            FROM bars WHERE {OF_BARS} AND ts >= $start AND ts < $end AND close > 0 AND open > 0
        ), usual AS (SELECT 10 ** floor(log10(median(value_usd))) AS per_usd FROM bar WHERE value_usd > 0)
        SELECT make_timestamptz(epoch_us(ts) // $length * $length) AS begins, make_timestamptz((epoch_us(ts) // $length + 1) * $length) AS until,
               count(*) AS bars, sum(value_usd::DECIMAL(28, 4))::DOUBLE AS volume_usd, any_value(per_usd) AS per_usd,
               CASE WHEN count(*) >= $least THEN 100 * favg(moved / value_usd * per_usd) END AS impact_pct, any_value(source_id) AS source_id
        FROM bar, usual WHERE value_usd > 0 GROUP BY epoch_us(ts) // $length ORDER BY epoch_us(ts) // $length
        """,
        **dict(zip(decimate.KEY, key, strict=True)),
        start=start,
        end=end,
        least=LEAST_BARS,
        length=decimate.SECOND * max(decimate.step(start, end, WINDOWS), LEAST_BARS * prices.SECONDS[key[4]]),
    ).rename({"begins": "ts"})


def against_before(
    warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime, before: datetime
) -> pl.DataFrame:
    """The worst window from a moment on beside the usual one before it: `ts until per_usd impact_pct usual_pct times windows_before source_id`, one row or none.

    `usual_pct` is the median of the windows that end by `before`, null where there are fewer than three.
    """
    known = windows(warehouse, key, start, end).filter(pl.col("impact_pct").is_not_null())
    earlier = known.filter(pl.col("until") <= before)["impact_pct"]
    usual = earlier.median() if len(earlier) >= 3 else None
    worst = known.filter(pl.col("ts") >= before).sort("impact_pct", descending=True).head(1)
    return worst.select("ts", "until", "per_usd", "impact_pct", "source_id").with_columns(
        usual_pct=pl.lit(usual, pl.Float64),
        times=pl.col("impact_pct") / pl.lit(usual, pl.Float64),
        windows_before=pl.lit(len(earlier)),
    )
