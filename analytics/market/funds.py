"""What exchange-traded funds printed after hours: single figures, no series."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def after_hours(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Each fund's published prices of a day in their order, and the fall from the first to the lowest.

    Columns: `base_asset venue name extreme value unit ts precision change_pct confidence second_hand note source_id`.
    `change_pct` is against the price the publication states first (before the fall; its time may not be stated).
    """
    return warehouse.query(
        f"""
        SELECT base_asset, venue, {sql.venue_name()} AS name, extreme, value, unit, ts, precision,
               100 * (value / first_value(value) OVER (PARTITION BY base_asset ORDER BY ts NULLS FIRST, row_id) - 1)
                   AS change_pct,
               p.confidence, second_hand, p.note, p.source_id
        FROM price_extremes p
        {sql.VENUES}
        WHERE market = 'fund' AND base_asset IN (
            SELECT base_asset FROM price_extremes WHERE market = 'fund' AND ts >= $start AND ts < $end
        )
        ORDER BY base_asset, ts NULLS FIRST, row_id
        """,
        start=start,
        end=end,
    )
