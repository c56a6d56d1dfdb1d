"""Auto-deleveraging: winning positions closed because losing ones could not be."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def by_second(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Records per second as a study counted them: `venue name ts adl_fills liquidated_records source_id`.

    `adl_fills` counts one side. `liquidated_records` counts BOTH sides of take-overs and the other side of each ADL
    fill: it may be shown as published, never summed and never set beside one-sided counts.
    """
    return warehouse.query(
        f"""
        SELECT c.venue, {sql.venue_name("c.venue")} AS name, c.ts, c.adl_fills, c.liquidated_records, c.source_id
        FROM liquidation_counts c
        {sql.VENUES}
        WHERE c.ts >= $start AND c.ts < $end
        ORDER BY c.venue, c.ts
        """,
        start=start,
        end=end,
    )


def counted(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Whose fills are counted to the second in a range: `venue bars first_ts last_ts source_id`, one row a venue and
    source; `bars` are the seconds with a fill."""
    return warehouse.query(
        """
        SELECT venue, count(*) FILTER (adl_fills > 0) AS bars, min(ts) AS first_ts, max(ts) AS last_ts, source_id
        FROM liquidation_counts
        WHERE ts >= $start AND ts < $end
        GROUP BY venue, source_id
        ORDER BY venue, source_id
        """,
        start=start,
        end=end,
    )


def totals(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Fills and notional of one publication per venue and window, one side each, the latest first.

    Columns: `venue name board origin window_label window_start window_end adl_fills adl_notional_usd records
    records_note source_id`. `records` are the two-sided records of the same publication, where it states them: never a
    headline.
    """
    return warehouse.query(
        f"""
        SELECT r.venue, any_value({sql.venue_name("r.venue")}) AS name, r.board, any_value(r.origin) AS origin,
               any_value(r.window_label) AS window_label, any_value(r.window_start) AS window_start,
               any_value(r.window_end) AS window_end,
               max(r.value) FILTER (metric = 'adl_fills' AND counting = 'complete') AS adl_fills,
               max(r.value) FILTER (metric = 'adl_notional' AND counting = 'complete') AS adl_notional_usd,
               max(r.value) FILTER (metric = 'liquidation_records') AS records,
               any_value(r.note) FILTER (metric = 'liquidation_records') AS records_note,
               {sql.sources("r.source_id")} AS source_id
        FROM liquidation_reports r
        {sql.VENUES}
        WHERE r.crash_day = $crash_day AND r.asset = 'all' AND r.side = 'total'
          AND r.metric IN ('adl_fills', 'adl_notional', 'liquidation_records')
        GROUP BY r.venue, r.board
        HAVING adl_fills IS NOT NULL AND adl_notional_usd IS NOT NULL
        ORDER BY max(r.as_of) DESC, r.venue, r.board
        """,
        crash_day=crash_day,
    )


def by_coin(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Notional closed by auto-deleveraging per coin, the largest first, of the one board that tells most about most
    coins.

    Columns: `board venue name asset notional_usd fills quantity_base vwap_usd window_label window_start window_end
    source_id`.
    """
    return warehouse.query(
        f"""
        SELECT r.board, r.venue, any_value({sql.venue_name("r.venue")}) AS name, r.asset,
               max(value) FILTER (metric = 'adl_notional') AS notional_usd,
               max(value) FILTER (metric = 'adl_fills') AS fills,
               max(value) FILTER (metric = 'adl_quantity') AS quantity_base,
               max(value) FILTER (metric = 'adl_vwap') AS vwap_usd,
               any_value(window_label) AS window_label, any_value(window_start) AS window_start,
               any_value(window_end) AS window_end,
               {sql.sources("r.source_id")} AS source_id
        FROM liquidation_reports r
        {sql.VENUES}
        WHERE r.board = (
            SELECT board
            FROM liquidation_reports
            WHERE crash_day = $crash_day AND asset <> 'all' AND starts_with(metric, 'adl_')
            GROUP BY board
            HAVING count(*) FILTER (metric = 'adl_notional') > 0
            ORDER BY count(*) DESC, max(as_of) DESC, board
            LIMIT 1
        ) AND r.asset <> 'all' AND r.metric IN ('adl_notional', 'adl_fills', 'adl_quantity', 'adl_vwap')
        GROUP BY r.board, r.venue, r.asset
        HAVING notional_usd IS NOT NULL
        ORDER BY notional_usd DESC, r.asset
        """,
        crash_day=crash_day,
    )
