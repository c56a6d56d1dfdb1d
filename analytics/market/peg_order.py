"""In which order a pegged asset fell through the levels below its reference, and what was published about that
order."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.market import prices
from analytics.warehouse import Warehouse

LEVELS_PCT = (1, 5, 10, 15, 20, 30)
"""Percent below the reference."""


def levels(warehouse: Warehouse, base: str, reference_value: float, start: datetime, end: datetime) -> pl.DataFrame:
    """The first bar in which each market went below each level: a row a level and market, the shallowest first.

    Columns: `level_pct level name venue symbol kind first_below_ts low_in_bar lowest lowest_ts until source_id`. A
    market that never went below has no `first_below_ts`. `lowest` is of the whole range, `until` the end of what is
    known of the market.
    """
    paths = prices.paths(warehouse, base, start, end)
    frames = []
    for percent in LEVELS_PCT:
        level = reference_value * (1 - percent / 100)
        below = pl.col("low") < level
        frames.append(
            paths.group_by("name", "venue", "symbol", "kind", maintain_order=True).agg(
                level_pct=pl.lit(percent),
                level=pl.lit(level),
                first_below_ts=pl.col("ts").filter(below).first(),
                low_in_bar=pl.col("low").filter(below).first(),
                lowest=pl.col("low").min(),
                lowest_ts=pl.col("ts").get(pl.col("low").arg_min()),
                until=pl.col("close_at").last(),
                source_id=pl.col("source_id").unique().sort().str.join(";"),
            )
        )
    return pl.concat(frames).sort("level_pct", "first_below_ts", "venue", nulls_last=True)


def new_lows(warehouse: Warehouse, base: str, reference_value: float, start: datetime, end: datetime) -> pl.DataFrame:
    """The bars in which the market that fell furthest went lower than ever before in a range, once below the first
    level.

    Columns: `ts name low off_pct other_name other_low source_id`; `other_*` is the market that fell least, in the bar
    of the same start, null where it has none.
    """
    paths = prices.paths(warehouse, base, start, end)
    if paths.is_empty():
        return pl.DataFrame(schema={"source_id": pl.String})
    depth = paths.group_by("name", "symbol", "kind", maintain_order=True).agg(pl.col("low").min()).sort("low")
    one, other = depth.row(0, named=True), depth.row(-1, named=True)
    lows = paths.filter((pl.col("name") == one["name"]) & (pl.col("symbol") == one["symbol"])).sort("ts")
    before = pl.col("low").cum_min().shift(1)
    fell = (pl.col("low") < reference_value * (1 - LEVELS_PCT[0] / 100)) & (
        pl.col("low") < before.fill_null(float("inf"))
    )
    beside = paths.filter((pl.col("name") == other["name"]) & (pl.col("name") != one["name"]))
    return (
        lows.filter(fell)
        .join(
            beside.select("ts", "name", "low", "source_id"), on="ts", how="left", suffix="_other", maintain_order="left"
        )
        .select(
            *("ts", "name", "low"),
            (100 * (pl.col("low") / reference_value - 1)).alias("off_pct"),
            pl.col("name_other").alias("other_name"),
            pl.col("low_other").alias("other_low"),
            pl.concat_str("source_id", "source_id_other", separator=";", ignore_nulls=True).alias("source_id"),
        )
    )


def statements(warehouse: Warehouse, timeline: str) -> pl.DataFrame:
    """What was published about the depegs and their place in the order of the day, by time.

    The moments of the timeline filed as a depeg or as the low of the market, and post-mortems: with the note that says
    who disputes them. Columns: `ts precision category venue title note confidence source_id`.
    """
    return warehouse.query(
        """
        SELECT ts, precision, category, venue, title, note, confidence, source_id
        FROM events
        WHERE timeline = $timeline AND standing = 'reported'
          AND (category IN ('depeg', 'low') OR (category = 'postmortem' AND venue IN (
              SELECT v.name
              FROM depegs d
              JOIN venues v USING (venue)
              WHERE d.window_start IS NOT NULL
          )))
        ORDER BY ts, event_id
        """,
        timeline=timeline,
    )
