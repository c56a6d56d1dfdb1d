"""In which order a pegged asset fell through the levels below its reference, and what was published about that order."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import prices
from analytics.warehouse import Warehouse

LEVELS_PCT = (1, 5, 10, 15, 20, 30)
"""Percent below the reference."""


def levels(warehouse: Warehouse, base: str, reference_value: float, start: datetime, end: datetime) -> pl.DataFrame:
    """The first bar in which each market went below each level: a row a level and market, the shallowest first.

    Columns: `level_pct level name venue symbol kind first_below_ts low_in_bar lowest lowest_ts until source_id`. A market that
    never went below has no `first_below_ts`. `lowest` is of the whole range, `until` the end of what is known of the market.
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


def statements(warehouse: Warehouse, timeline: str) -> pl.DataFrame:
    """What was published about the depegs and their place in the order of the day, by time.

    The moments of the timeline filed as a depeg or as the low of the market, and post-mortems: with the note that says who
    disputes them. Columns: `ts precision category venue title note confidence source_id`.
    """
    return warehouse.query(
        """
        SELECT ts, precision, category, venue, title, note, confidence, source_id FROM events
        WHERE timeline = $timeline AND standing = 'reported'
          AND (category IN ('depeg', 'low') OR (category = 'postmortem' AND venue IN (SELECT v.name FROM depegs d JOIN venues v USING (venue) WHERE d.window_start IS NOT NULL)))
        ORDER BY ts, event_id
        """,
        timeline=timeline,
    )
