"""The day's headline figures, each a published row with its receipt."""

from __future__ import annotations

import polars as pl

from analytics.warehouse import Warehouse

COLUMNS = (
    "metric, venue, asset, side, value, unit, board, window_label, window_start, window_end, as_of, as_of_precision, "
    "origin, universe, counting, phase, confidence, second_hand, note, source_id"
)
TOTAL = f"""
    SELECT {COLUMNS}
    FROM liquidation_reports
    WHERE crash_day = $crash_day AND metric = 'liquidations' AND venue = 'all' AND asset = 'all' AND side = 'total'
      AND phase = 'crash' AND counting = 'floor' AND confidence <> 'low'
    ORDER BY confidence = 'high' DESC, as_of DESC, board
    LIMIT 1
"""


def total(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The total a careful reader would quote: the latest high-confidence all-venue figure of the crash itself. At most
    one row.

    It is a floor (`counting`): trackers add up feeds that leave liquidations out.
    """
    return warehouse.query(TOTAL, crash_day=crash_day)


def sides(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Long and short of the latest board that states both for all venues of the universe `total` is of: two rows, or
    none; `of_both_pct` is their share of both."""
    return warehouse.query(
        f"""
        WITH both_sides AS (
            SELECT board, max(as_of) AS as_of
            FROM liquidation_reports
            WHERE crash_day = $crash_day AND metric = 'liquidations' AND venue = 'all' AND asset = 'all'
              AND side IN ('long', 'short') AND phase = 'crash' AND universe = (SELECT universe FROM ({TOTAL}))
            GROUP BY board
            HAVING count(DISTINCT side) = 2
            ORDER BY as_of DESC, board
            LIMIT 1
        )
        SELECT {COLUMNS}, 100 * value / sum(value) OVER () AS of_both_pct
        FROM liquidation_reports
        JOIN both_sides USING (board, as_of)
        WHERE metric = 'liquidations' AND venue = 'all' AND asset = 'all' AND side IN ('long', 'short')
        ORDER BY side
        """,
        crash_day=crash_day,
    )


def estimate(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The latest estimate of the true size, by both ends (`value` to `high`): at most one row, none where an end is
    missing."""
    return warehouse.query(
        f"""
        SELECT {COLUMNS}, high
        FROM liquidation_reports
        JOIN (
            SELECT board AS of_board, value AS high
            FROM liquidation_reports
            WHERE crash_day = $crash_day AND metric = 'liquidations_estimate_high' AND venue = 'all' AND asset = 'all'
        ) ON board = of_board
        WHERE crash_day = $crash_day AND metric = 'liquidations_estimate_low' AND venue = 'all' AND asset = 'all'
          AND confidence <> 'low'
        ORDER BY confidence = 'high' DESC, as_of DESC, board
        LIMIT 1
        """,
        crash_day=crash_day,
    )


def metric(warehouse: Warehouse, crash_day: str, name: str, venue: str = "all") -> pl.DataFrame:
    """One published figure by name, the best-trusted and latest reading: at most one row."""
    return warehouse.query(
        f"""
        SELECT {COLUMNS}
        FROM liquidation_reports
        WHERE crash_day = $crash_day AND metric = $name AND venue = $venue AND asset = 'all'
        ORDER BY confidence = 'high' DESC, as_of DESC, board
        LIMIT 1
        """,
        crash_day=crash_day,
        name=name,
        venue=venue,
    )
