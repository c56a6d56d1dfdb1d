"""What is disputed about a crash day: figures of one thing that do not agree, beside each other."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

SIZE = """
    SELECT 'How much was liquidated' AS question, value, unit, window_label, universe, counting, origin, as_of,
           as_of_precision, confidence, note, source_id
    FROM liquidation_reports
    WHERE crash_day = $crash_day AND venue = 'all' AND asset = 'all' AND side = 'total' AND phase = 'crash'
      AND confidence <> 'low'
      AND metric IN ('liquidations', 'liquidations_estimate_low', 'liquidations_estimate_high')
"""


def sizes(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """All totals in circulation by universe and kind of counting: `universe counting low high readings first_as_of
    last_as_of confidence source_id`.

    One row is one way of counting; the ways are not comparable with each other, only shown beside each other.
    `readings` counts moments at which a figure was read: two pages that quote one reading are one, and so are the
    ends of one estimate.
    """
    return warehouse.query(
        f"""
        SELECT universe, counting, min(value) AS low, max(value) AS high,
               count(DISTINCT row(as_of, CASE WHEN counting <> 'estimate' THEN value END)) AS readings,
               min(as_of) AS first_as_of, max(as_of) AS last_as_of,
               {sql.listed("origin", "; ")} AS origin,
               {sql.sources()} AS source_id
        FROM ({SIZE})
        GROUP BY universe, counting
        ORDER BY high DESC, universe, counting
        """,
        crash_day=crash_day,
    )


def lows(warehouse: Warehouse, base_asset: str, crash_day: str) -> pl.DataFrame:
    """The lows of one asset on a crash day as published, lowest first: `venue market kind value unit ts precision
    confidence note source_id`."""
    return warehouse.query(
        """
        SELECT e.venue, market, kind, value, unit, ts, precision, confidence, e.note, e.source_id
        FROM price_extremes e, crash_days d
        WHERE d.crash_day = $crash_day AND base_asset = $base AND extreme = 'low'
          AND ts >= d.window_start AND ts < d.window_end
        ORDER BY value, e.venue, market, kind, ts
        """,
        base=base_asset,
        crash_day=crash_day,
    )
