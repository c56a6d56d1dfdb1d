"""Boards: liquidations per exchange as one publication counted them, over one window, as of one moment."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse


def every(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The boards of a day that name at least two exchanges, the most complete of the crash first.

    Columns: `board window_label window_start window_end as_of as_of_precision origin universe phase venues named_usd total_usd confidence source_id`.
    `total_usd` is null where the board states no total: then nothing is known about the rest.
    """
    return warehouse.query(
        """
        SELECT board, any_value(window_label) AS window_label, any_value(window_start) AS window_start, any_value(window_end) AS window_end,
               any_value(as_of) AS as_of, any_value(as_of_precision) AS as_of_precision, any_value(origin) AS origin,
               any_value(universe) AS universe, any_value(phase) FILTER (venue <> 'all') AS phase,
               count(DISTINCT venue) FILTER (venue <> 'all') AS venues,
               sum(value::DECIMAL(18, 2)) FILTER (venue <> 'all' AND side = 'total')::DOUBLE AS named_usd,
               max(value) FILTER (venue = 'all' AND side = 'total') AS total_usd,
               any_value(confidence) FILTER (venue <> 'all') AS confidence, string_agg(DISTINCT source_id, ';') AS source_id
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND metric = 'liquidations' AND asset = 'all' AND counting = 'floor'
        GROUP BY board HAVING venues >= 2
        ORDER BY any_value(liquidation_reports.phase) FILTER (venue <> 'all') = 'crash' DESC, total_usd IS NOT NULL DESC, venues DESC, max(liquidation_reports.as_of) DESC, board
        """,
        crash_day=crash_day,
    )


def by_exchange(warehouse: Warehouse, board: str) -> pl.DataFrame:
    """One board's exchanges, largest first: `board venue name long_usd short_usd total_usd share_pct computed confidence source_id`.

    The rest of the board's stated total is the row `other`, marked `computed`; long and short are null where the board
    does not split them. Never concatenate two boards: their windows or universes differ.
    """
    return warehouse.query(
        """
        WITH rows AS (
            SELECT venue, max(value) FILTER (side = 'long') AS long_usd, max(value) FILTER (side = 'short') AS short_usd,
                   max(value) FILTER (side = 'total') AS total_usd, any_value(confidence) AS confidence, string_agg(DISTINCT source_id, ';') AS source_id
            FROM liquidation_reports
            WHERE board = $board AND metric = 'liquidations' AND asset = 'all'
            GROUP BY venue
        ), whole AS (SELECT total_usd, source_id FROM rows WHERE venue = 'all'),
        named AS (SELECT * FROM rows WHERE venue <> 'all'),
        listed AS (
            SELECT venue, long_usd, short_usd, total_usd, false AS computed, confidence, source_id FROM named
            UNION ALL
            SELECT 'other', NULL, NULL, whole.total_usd - (SELECT sum(total_usd::DECIMAL(18, 2)) FROM named)::DOUBLE, true, 'medium', source_id
            FROM whole WHERE total_usd IS NOT NULL
        )
        SELECT $board AS board, venue, coalesce(v.name, 'Other exchanges') AS name, long_usd, short_usd, total_usd,
               100 * total_usd / (SELECT total_usd FROM whole) AS share_pct, computed, confidence, listed.source_id
        FROM listed LEFT JOIN venues v USING (venue)
        ORDER BY computed, total_usd DESC
        """,
        board=board,
    )
