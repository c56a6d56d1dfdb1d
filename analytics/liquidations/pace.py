"""How fast liquidations came: published windows of one universe as dollars a minute."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse


def by_window(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The windows of the one universe that states most of them, as dollars a minute, in order of time.

    Columns: `origin universe window_label window_start window_end minutes usd usd_a_minute depth of_window_pct
    confidence second_hand note source_id`. `depth` is how many other windows hold this one; `of_window_pct` is its part
    of the shortest that does. An average over the window: within it the pace is not known.
    """
    return warehouse.query(
        f"""
        WITH windows AS (
            SELECT DISTINCT ON (origin, universe, window_start, window_end)
                   origin, universe, window_label, window_start, window_end,
                   date_diff('second', window_start, window_end) / 60 AS minutes, value AS usd, confidence,
                   second_hand, note, source_id
            FROM liquidation_reports
            WHERE crash_day = $crash_day AND metric = 'liquidations' AND venue = 'all' AND asset = 'all'
              AND side = 'total' AND {sql.ONE_SIDED} AND window_start < window_end AND confidence <> 'low'
            ORDER BY origin, universe, window_start, window_end, confidence = 'high' DESC, as_of DESC, board
        ), fullest AS (
            SELECT origin, universe
            FROM windows
            GROUP BY origin, universe
            HAVING count(*) > 1
            ORDER BY count(*) DESC, origin, universe
            LIMIT 1
        ), chosen AS (
            SELECT windows.*
            FROM windows
            JOIN fullest USING (origin, universe)
        )
        SELECT c.*, c.usd / c.minutes AS usd_a_minute, held.depth, 100 * c.usd / held.usd AS of_window_pct
        FROM chosen c, LATERAL (
            SELECT count(*) AS depth, arg_min(w.usd, w.minutes) AS usd
            FROM chosen w
            WHERE w.window_start <= c.window_start AND c.window_end <= w.window_end AND w.minutes > c.minutes
        ) held
        ORDER BY depth, c.window_start
        """,
        crash_day=crash_day,
    )
