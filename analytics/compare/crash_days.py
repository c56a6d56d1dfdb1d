"""Which crash days there are, and how they compare."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

TOTALS = f"""
    SELECT *
    FROM liquidation_reports
    WHERE crash_day IS NOT NULL AND metric = 'liquidations' AND venue = 'all' AND asset = 'all' AND side = 'total'
      AND phase = 'crash' AND {sql.ONE_SIDED} AND confidence <> 'low'
"""
ESTIMATES = f"""
    SELECT crash_day, min(value) FILTER (metric = 'liquidations_estimate_low') AS estimate_low_usd,
           max(value) FILTER (metric = 'liquidations_estimate_high') AS estimate_high_usd,
           {sql.listed("origin", ", ")} AS estimate_origin,
           {sql.listed("note", " ")} AS estimate_note,
           {sql.sources()} AS estimate_source_id
    FROM liquidation_reports
    WHERE metric IN ('liquidations_estimate_low', 'liquidations_estimate_high') AND venue = 'all' AND asset = 'all'
      AND counting = 'estimate' AND confidence <> 'low'
    GROUP BY crash_day
"""
ORDERS = {"date": "d.window_start DESC", "size": "total_usd DESC NULLS LAST, d.window_start DESC"}


def every(warehouse: Warehouse) -> pl.DataFrame:
    """All crash days, the best documented first: `crash_day title window_start window_end focus_start focus_end t0
    status note bars`."""
    return warehouse.query(
        """
        SELECT d.*,
               (
                   SELECT count(*)
                   FROM bars b
                   WHERE b.ts >= d.window_start AND b.ts < d.window_end AND b.kind = 'trade'
               ) AS bars
        FROM crash_days d
        ORDER BY bars DESC, window_start DESC, crash_day
        """
    )


def window(warehouse: Warehouse, crash_day: str) -> tuple[datetime, datetime]:
    """When a crash day's figures begin and end. Raises ValueError where there is no such day."""
    (row,) = warehouse.query(
        "SELECT window_start, window_end FROM crash_days WHERE crash_day = $crash_day", crash_day=crash_day
    ).rows()
    return row


def totals(warehouse: Warehouse, order: str = "date") -> pl.DataFrame:
    """One row a crash day, newest or largest first: the reported total of all venues, and whether it may be compared.

    Columns: `crash_day title window_start total_usd comparable estimate_low_usd estimate_high_usd estimate_origin
    window_label origin universe as_of as_of_precision confidence second_hand note source_id`. `comparable`: the figure
    stands in the one publication that states the most days (one origin, universe, kind of window and as-of); only
    those compare, as long as the measurement did not change between them (`measured`). Other days carry
    their best single reading, or null where no total of all venues was published with more than low confidence. The
    estimate is the range over all published ones, null where there is none. `order` is a key of ORDERS.
    """
    return warehouse.query(
        f"""
        WITH published AS ({TOTALS}),
        longest AS (
            SELECT origin, universe, source_id, as_of, count(DISTINCT crash_day) AS days
            FROM published
            GROUP BY ALL
            HAVING days > 1
            ORDER BY days DESC, source_id
            LIMIT 1
        ), best AS (
            SELECT p.*, l.days IS NOT NULL AS comparable
            FROM published p
            LEFT JOIN longest l USING (origin, universe, source_id, as_of)
            QUALIFY row_number() OVER (
                PARTITION BY crash_day
                ORDER BY comparable DESC, p.origin = (SELECT origin FROM longest) DESC, p.confidence = 'high' DESC,
                         p.confidence = 'medium' DESC, p.as_of DESC, p.board
            ) = 1
        ), estimated AS ({ESTIMATES})
        SELECT d.crash_day, d.title, d.window_start, best.value AS total_usd, coalesce(comparable, false) AS comparable,
               estimate_low_usd, estimate_high_usd, estimate_origin, window_label, origin, universe, as_of,
               as_of_precision, confidence, second_hand, nullif(concat_ws(' ', best.note, estimate_note), '') AS note,
               coalesce(nullif(concat_ws(';', best.source_id, estimate_source_id), ''), d.source_id) AS source_id
        FROM crash_days d
        LEFT JOIN best USING (crash_day)
        LEFT JOIN estimated USING (crash_day)
        ORDER BY {ORDERS[order]}
        """
    )


def measured(days: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Days (`window_start`) and the `measurement` of each: how many of the `changes` (`regimes.changes`) it follows.

    Totals of days with different counts were measured differently and do not compare.
    """
    follows = (pl.col("window_start") >= moment for moment in changes["changed_at"])
    return days.with_columns(measurement=pl.sum_horizontal(pl.lit(0), *follows))


def feed_gaps(warehouse: Warehouse) -> pl.DataFrame:
    """Days on which a venue stated its liquidations itself while its feed showed less.

    Columns: `crash_day title venue name feed_usd stated_usd times note source_id`; `times` is stated over shown.
    """
    return warehouse.query(
        f"""
        SELECT crash_day, any_value(d.title) AS title, venue, any_value(v.name) AS name,
               max(value) FILTER (metric = 'liquidations_feed') AS feed_usd,
               max(value) FILTER (metric = 'liquidations_actual') AS stated_usd, stated_usd / feed_usd AS times,
               {sql.listed("r.note", " ")} AS note,
               {sql.sources("r.source_id")} AS source_id
        FROM liquidation_reports r
        JOIN crash_days d USING (crash_day)
        JOIN venues v USING (venue)
        WHERE metric IN ('liquidations_feed', 'liquidations_actual') AND asset = 'all' AND side = 'total'
        GROUP BY crash_day, venue
        HAVING count(DISTINCT metric) = 2
        ORDER BY crash_day, venue
        """
    )


def quoted_comparisons(warehouse: Warehouse) -> pl.DataFrame:
    """Figures the press sets beside a crash day: `compared_with value window_label origin as_of as_of_precision
    confidence note source_id`, largest first.

    `note` says why the comparison misleads. They are no boards and stand in no chart.
    """
    return warehouse.query(
        """
        SELECT coalesce(
                   d.title,
                   CASE WHEN starts_with(metric, 'liquidations_quoted_for_')
                        THEN upper(replace(metric, 'liquidations_quoted_for_', '')) END,
                   window_label
               ) AS compared_with,
               value, window_label, origin, as_of, as_of_precision, r.confidence, r.note, r.source_id
        FROM liquidation_reports r
        LEFT JOIN crash_days d USING (crash_day)
        WHERE phase = 'comparison'
        ORDER BY value DESC, compared_with, r.source_id
        """
    )
