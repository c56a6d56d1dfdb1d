"""What longs paid shorts, or shorts longs, around a range."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

AROUND = timedelta(days=1)
"""Payments come hours apart, so those of a day on either side are shown with a range."""


def around(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The funding payments of an asset's perpetuals from a day before the range to a day after it.

    Columns: `venue name symbol ts rate_pct interval_hours in_range source_id`. `rate_pct` is percent of the position
    for one interval, positive where longs pay; rates of different `interval_hours` do not compare. Rates whose unit is
    not proven are left out.
    """
    return warehouse.query(
        f"""
        SELECT f.venue, {sql.venue_name("f.venue")} AS name, f.symbol, f.ts, 100 * f.funding_rate AS rate_pct,
               f.interval_hours, f.ts >= $start AND f.ts <= $end AS in_range, f.source_id
        FROM funding_rates f
        {sql.VENUES}
        WHERE {sql.base("f.symbol")} = $base AND f.doubt IS NULL AND f.ts >= $start - $around::INTERVAL
          AND f.ts <= $end + $around::INTERVAL
        ORDER BY f.interval_hours, f.venue, f.symbol, f.ts, f.source_id
        """,
        base=base,
        start=start,
        end=end,
        around=AROUND,
    )


def assets(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The assets whose funding is known around a range: `base`."""
    return warehouse.query(
        f"""
        SELECT DISTINCT {sql.base()} AS base
        FROM funding_rates
        WHERE doubt IS NULL AND ts >= $start - $around::INTERVAL AND ts <= $end + $around::INTERVAL
        ORDER BY base
        """,
        start=start,
        end=end,
        around=AROUND,
    )
