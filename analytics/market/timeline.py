"""What happened when, as reported."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.warehouse import Warehouse

ORDER = """
    SELECT event_id, ts, precision, category, venue, title, confidence, standing, second_hand, note, source_id
    FROM events
"""


def moments(
    warehouse: Warehouse, timeline: str, start: datetime | None = None, end: datetime | None = None
) -> pl.DataFrame:
    """The reported moments of a timeline within a range, in order. Disputed ones are never among them."""
    return warehouse.query(
        f"""
        {ORDER}
        WHERE timeline = $timeline AND standing = 'reported' AND ts >= coalesce($start, ts) AND ts <= coalesce($end, ts)
        ORDER BY ts, event_id
        """,
        timeline=timeline,
        start=start,
        end=end,
    )


def disputed(warehouse: Warehouse, timeline: str) -> pl.DataFrame:
    """Moments in circulation that are wrong or contested: listed as such, never drawn."""
    return warehouse.query(
        f"""
        {ORDER}
        WHERE timeline = $timeline AND standing = 'disputed'
        ORDER BY ts, event_id
        """,
        timeline=timeline,
    )
