"""How much it took to move the price: impact from bars, where no order book that can be trusted is kept.

Two measures. Amihud's (2002) is the absolute return over the money traded, here as the ratio of their sums over a
window: a mean of ratios would be made by the minutes in which next to nothing traded. It stands in for depth and is
not depth: a price that moves without trades has no bar, and one that many trade at without moving has an impact of
zero. Kyle's λ (1985) is the slope of returns on what takers bought less what they sold, with an interval; where the
flow of a part does not explain its returns, it is not identified.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from analytics import sql, venues
from analytics.market import decimate, prices
from analytics.warehouse import Columns, Warehouse

WINDOWS = 120
"""Windows a range is cut into, at most."""
LEAST_BARS = 5
"""Bars a window must have for a ratio."""
LEAST_FLOWS = 10
"""Bars a part must have for a slope."""
Z_95 = 1.96
"""Standard errors to either side of a 95 % interval."""
Part = tuple[str, datetime, datetime]
FLOW: Columns = {
    "part": pl.String,
    "begins": pl.Datetime("us", "UTC"),
    "ends": pl.Datetime("us", "UTC"),
    "bars": pl.Int64,
    "per_usd": pl.Float64,
    "slope_pct": pl.Float64,
    "low_pct": pl.Float64,
    "high_pct": pl.Float64,
    "identified": pl.Boolean,
    "source_id": pl.String,
}
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
    return venues.named(warehouse, prices.finest(known, None)).sort(
        pl.col("coverage") < prices.LEAST_COVERAGE,
        "volume_base",
        *prices.LINE,
        descending=[False, True, *[False] * len(prices.LINE)],
    )


IMPACT = f"""
    WITH bar AS (
        SELECT ts, abs(ln(close / coalesce(lag(close) OVER (ORDER BY ts), open))) AS moved,
               coalesce(volume_quote, volume_base * close) AS value_usd, source_id
        FROM bars
        WHERE {OF_BARS} AND ts >= $start AND ts < $end AND close > 0 AND open > 0
    ), summed AS (
        SELECT make_timestamptz(epoch_us(ts) // $length * $length) AS begins,
               make_timestamptz((epoch_us(ts) // $length + 1) * $length) AS until, count(*) AS bars,
               {sql.total("value_usd", 4)} AS volume_usd, 100 * fsum(moved) AS moved_pct,
               any_value(source_id) AS source_id
        FROM bar
        WHERE value_usd > 0
        GROUP BY epoch_us(ts) // $length
    ), usual AS (
        SELECT 10 ** floor(log10(median(volume_usd))) AS per_usd
        FROM summed
    )
    SELECT begins, until, bars, volume_usd, moved_pct, per_usd,
           CASE WHEN bars >= $least AND volume_usd >= per_usd
                THEN moved_pct / volume_usd * per_usd END AS impact_pct,
           source_id
    FROM summed, usual
    ORDER BY begins
"""


def windows(warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime) -> pl.DataFrame:
    """Amihud's impact of one market window by window, as a ratio of sums, in percent per `per_usd` dollars.

    Columns: `ts until bars volume_usd moved_pct per_usd impact_pct source_id`. `moved_pct` sums the absolute returns
    of a window's bars, each from the close before it (its open where it is the first); money is the traded value
    where the venue states it, else volume times close. `per_usd` is the power of ten below what a window of the
    range usually trades. `impact_pct` is null where a window traded less than that, for nothing is scaled up, or has
    fewer than `LEAST_BARS` bars with volume; a window without any is absent.
    """
    return warehouse.query(
        IMPACT,
        **dict(zip(decimate.KEY, key, strict=True)),
        start=start,
        end=end,
        least=LEAST_BARS,
        length=decimate.SECOND_US * max(decimate.step(start, end, WINDOWS), LEAST_BARS * prices.SECONDS[key[4]]),
    ).rename({"begins": "ts"})


def against_before(
    warehouse: Warehouse, key: decimate.Key, start: datetime, end: datetime, before: datetime
) -> pl.DataFrame:
    """The window of most impact from a moment on beside all before it, one row or none.

    Columns: `ts until per_usd impact_pct usual_pct times windows_before source_id`. `usual_pct` is the ratio of sums
    over the windows that end by `before`, null where fewer than three of them have an impact.
    """
    rated = windows(warehouse, key, start, end).filter(pl.col("impact_pct").is_not_null())
    earlier = rated.filter(pl.col("until") <= before)
    usual = None
    if earlier.height >= 3:
        usual = earlier.select(pl.sum("moved_pct") / pl.sum("volume_usd") * pl.first("per_usd")).item()
    worst = rated.filter(pl.col("ts") >= before).sort("impact_pct", descending=True).head(1)
    return worst.select("ts", "until", "per_usd", "impact_pct", "source_id").with_columns(
        usual_pct=pl.lit(usual, pl.Float64),
        times=pl.col("impact_pct") / pl.lit(usual, pl.Float64),
        windows_before=pl.lit(earlier.height),
    )


def order_flow(warehouse: Warehouse, key: decimate.Key, parts: tuple[Part, ...]) -> pl.DataFrame:
    """Kyle's λ of one market in each part `(name, from, to)`: percent the price moved per `per_usd` of taker buys less
    taker sells.

    Columns: `part begins ends bars per_usd slope_pct low_pct high_pct identified source_id`. Least squares over the
    part's bars; the interval, 95 %, is robust to bars of unlike spread (HC3, MacKinnon and White 1985). `slope_pct`
    is null with fewer than `LEAST_FLOWS` bars; `identified` is whether the interval lies above zero. No rows where
    the bars do not say who took.
    """
    bars = warehouse.query(
        f"""
        SELECT ts, 100 * ln(close / coalesce(lag(close) OVER (ORDER BY ts), open)) AS moved_pct,
               (2 * taker_buy_base - volume_base) * coalesce(volume_quote / nullif(volume_base, 0), close) AS net_usd,
               source_id
        FROM bars
        WHERE {OF_BARS} AND ts >= $start AND ts < $end AND close > 0 AND open > 0
        ORDER BY ts
        """,
        **dict(zip(decimate.KEY, key, strict=True)),
        start=min(part[1] for part in parts),
        end=max(part[2] for part in parts),
    ).drop_nulls("net_usd")
    usual = bars.select(pl.col("net_usd").abs().median()).item()
    if not usual:
        return pl.DataFrame(schema=FLOW)
    per_usd = 10 ** float(np.ceil(np.log10(usual)))
    rows = []
    for name, begins, ends in parts:
        own = bars.filter((pl.col("ts") >= begins) & (pl.col("ts") < ends))
        row = {"part": name, "begins": begins, "ends": ends, "bars": own.height, "per_usd": per_usd}
        row["source_id"] = bars["source_id"][0]
        if own.height >= LEAST_FLOWS:
            slope, error = _slope(own["net_usd"].to_numpy() / per_usd, own["moved_pct"].to_numpy())
            low, high = slope - Z_95 * error, slope + Z_95 * error
            row |= {"slope_pct": slope, "low_pct": low, "high_pct": high, "identified": low > 0}
        rows.append(row)
    return pl.DataFrame(rows, schema=FLOW)


def _slope(flow: np.ndarray, moved: np.ndarray) -> tuple[float, float]:
    """The slope of least squares and its standard error, each squared residual over the square of what its bar
    leaves free (HC3)."""
    sides = np.column_stack((np.ones(len(flow)), flow))
    inverse = np.linalg.pinv(sides.T @ sides)
    fitted = inverse @ sides.T @ moved
    free = 1 - np.einsum("ij,jk,ik->i", sides, inverse, sides)
    weights = np.square((moved - sides @ fitted) / np.maximum(free, 1e-9))
    spread = inverse @ (sides.T * weights) @ sides @ inverse
    return float(fitted[1]), float(np.sqrt(spread[1, 1]))
