"""How far apart venues were: the lowest prints of one asset by venue, from one recorder's minute bars."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market import prices
from analytics.warehouse import Warehouse

LOWS = f"""
    WITH minute AS (
        SELECT *, {sql.base()} AS base
        FROM bars
        WHERE interval = '1m' AND kind = 'trade' AND ts >= $start AND ts < $end AND volume_base IS DISTINCT FROM 0
    ), recorder AS (
        SELECT source_id
        FROM minute
        GROUP BY source_id
        HAVING count(DISTINCT venue) > 1
        ORDER BY count(DISTINCT base) DESC, source_id
        LIMIT 1
    )
    SELECT m.base, m.venue, any_value({sql.venue_name("m.venue")}) AS name,
           arg_min(m.market, row(m.low, m.ts, m.symbol)) AS market,
           arg_min(m.symbol, row(m.low, m.ts, m.symbol)) AS symbol, min(m.low) AS low,
           arg_min(m.ts, row(m.low, m.ts, m.symbol)) AS low_ts, count(DISTINCT m.ts) AS minutes, m.source_id
    FROM minute m
    JOIN recorder USING (source_id)
    {sql.VENUES}
    GROUP BY m.base, m.venue, m.source_id
    ORDER BY m.base, m.venue
"""


def lows(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The lowest print of each asset on each venue in a range: `base venue name market symbol low low_ts minutes
    source_id`.

    Only bars of one source are used, the one that carries minute bars of the most assets on several venues: one clock
    and one method for all. `minutes` counts the minutes with trades; `low` is null where a venue had none in the five
    minutes up to the asset's low: it has no low where it did not trade.
    """
    rows = warehouse.query(LOWS, start=start, end=end)
    hushed = prices.silent(warehouse, start, end).select("base", "venue", "market", "symbol", silent=True)
    return (
        rows.join(hushed, on=["base", "venue", "market", "symbol"], how="left", maintain_order="left")
        .with_columns(low=pl.when(pl.col("silent").is_null()).then("low"))
        .drop("silent")
    )


def ranking(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Assets by the gap between their lowest prints on different venues, the widest first; those on one venue last,
    without a gap.

    Columns: `base venues gap_pct lowest_venue lowest_market lowest lowest_ts highest_venue highest_market highest
    markets source_id`, and per venue `low_<venue>` and `share_<venue>`, its low as percent of the highest venue's low
    (100 for that venue itself).
    """
    each = lows(warehouse, start, end)
    top, bottom = pl.col("low").max(), pl.col("low").min()
    where_low, where_high = pl.col("low").arg_min(), pl.col("low").arg_max()
    ranked = each.group_by("base", maintain_order=True).agg(
        venues=pl.col("low").count(),
        gap_pct=pl.when(pl.col("low").count() > 1).then(100 * (1 - bottom / top)),
        lowest_venue=pl.col("name").get(where_low),
        lowest_market=pl.col("market").get(where_low),
        lowest=bottom,
        lowest_ts=pl.col("low_ts").get(where_low),
        highest_venue=pl.col("name").get(where_high),
        highest_market=pl.col("market").get(where_high),
        highest=top,
        markets=pl.format("{} {} {}", "name", "symbol", "market").str.join("; "),
        source_id=pl.col("source_id").unique().sort().str.join(";"),
    )
    for venue in each["venue"].unique().sort():
        low = each.filter(pl.col("venue") == venue).select("base", pl.col("low").alias(f"low_{venue}"))
        ranked = ranked.join(low, on="base", how="left", maintain_order="left").with_columns(
            (100 * pl.col(f"low_{venue}") / pl.col("highest")).alias(f"share_{venue}")
        )
    return ranked.sort("gap_pct", "base", descending=[True, False], nulls_last=True)
