"""The mark price, by which positions are judged, against the prices that were traded: how much of the fall it took."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def lows(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Of each market with marks and trades in bars of one length: the lowest of both, the shortest bars first.

    Columns: `venue name symbol interval bars low low_ts mark_low mark_low_ts above_pct source_id`. `above_pct` is how
    far the lowest mark stayed above the lowest trade: a position between the two was traded through, but not judged
    there. Bars that only one of the two has are left out.
    """
    return warehouse.query(
        f"""
        WITH of AS (
            SELECT venue, symbol, interval, ts, kind, low, source_id
            FROM bars
            WHERE market = 'perp' AND kind IN ('trade', 'mark') AND interval IN ('1s', '1m', '5m')
              AND ts >= $start AND ts < $end
        )
        SELECT t.venue, any_value({sql.venue_name("t.venue")}) AS name, t.symbol, t.interval, count(*) AS bars,
               min(t.low) AS low, arg_min(t.ts, t.low) AS low_ts, min(m.low) AS mark_low,
               arg_min(m.ts, m.low) AS mark_low_ts, 100 * (min(m.low) / min(t.low) - 1) AS above_pct,
               string_agg(DISTINCT t.source_id || ';' || m.source_id, ';') AS source_id
        FROM of t
        JOIN of m USING (venue, symbol, interval, ts)
        LEFT JOIN venues v ON v.venue = t.venue
        WHERE t.kind = 'trade' AND m.kind = 'mark'
        GROUP BY t.venue, t.symbol, t.interval
        QUALIFY row_number() OVER (
            PARTITION BY t.venue, t.symbol
            ORDER BY list_position(['1s', '1m', '5m'], t.interval)
        ) = 1
        ORDER BY above_pct DESC, t.venue, t.symbol
        """,
        start=start,
        end=end,
    )
