"""What venues and others published about a venue's day beside liquidations: open interest, insurance, ADL,
compensation, losses."""

from __future__ import annotations

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

STATED = """
    SELECT *, coalesce(window_label, strftime(window_start, '%Y-%m-%d'), 'not stated') AS window_text
    FROM venue_reports
    WHERE crash_day = $crash_day
"""


def of_topics(warehouse: Warehouse, crash_day: str, topics: tuple[str, ...]) -> pl.DataFrame:
    """The reports of a day on these topics, by venue; those of low confidence last.

    Columns: `topic venue name metric asset value unit value_text window_text as_of as_of_precision origin universe
    counting confidence second_hand note source_id`. `value_text` is the statement where it is not a number. On `adl`
    the figures counted on chain (metrics `adl_…` and the records marked as liquidation) are listed too; `counting` says
    which of them count both sides of a trade: never summed.
    """
    return warehouse.query(
        f"""
        WITH stated AS ({STATED}), reports AS (
            SELECT crash_day, topic, venue, metric, asset, value, unit, value_text, window_text, as_of, as_of_precision,
                   origin, universe,
                   NULL AS counting, confidence, second_hand, note, source_id
            FROM stated
            UNION ALL
            SELECT crash_day, 'adl', venue, metric, asset, value, unit, NULL, coalesce(window_label, 'not stated'),
                   as_of, as_of_precision, origin, universe,
                   counting, confidence, second_hand, note, source_id
            FROM liquidation_reports
            WHERE metric IN ('adl_fills', 'adl_notional', 'liquidation_records') AND asset = 'all'
        )
        SELECT topic, venue, {sql.venue_or_all()} AS name,
               replace(metric, '_', ' ') AS metric,
               asset, value, unit, value_text, window_text, as_of, as_of_precision, origin, universe, counting,
               reports.confidence, second_hand, reports.note, reports.source_id
        FROM reports
        {sql.VENUES}
        WHERE crash_day = $crash_day AND topic IN (SELECT unnest($topics))
        ORDER BY reports.confidence = 'low', list_position($topics, topic), venue = 'all', name, metric, reports.as_of,
                 reports.source_id
        """,
        crash_day=crash_day,
        topics=list(topics),
    )


def open_interest(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Open interest before and after a crash day as each origin published it, venues before sums over all venues.

    Columns: `venue name asset origin universe before_usd before_at after_usd after_at change_usd change_pct
    perpetuals confidence note source_id`. `perpetuals`: the change is of perpetuals alone, which do not compare with
    all derivatives. Null where the origin does not state it; dates, universes and definitions differ from row to row,
    so the falls conflict.
    """
    return warehouse.query(
        f"""
        WITH stated AS ({STATED})
        SELECT venue, CASE venue WHEN 'all' THEN 'All venues' ELSE coalesce(any_value(v.name), venue) END AS name,
               asset, origin, universe,
               max(value) FILTER (metric = 'open_interest_before') AS before_usd,
               any_value(window_text) FILTER (metric = 'open_interest_before') AS before_at,
               max(value) FILTER (metric = 'open_interest_after') AS after_usd,
               any_value(window_text) FILTER (metric = 'open_interest_after') AS after_at,
               max(value) FILTER (metric = 'open_interest_change') AS change_usd,
               max(value) FILTER (metric = 'open_interest_change_pct') AS change_pct,
               ends_with(universe, ', perps') AS perpetuals,
               any_value(stated.confidence) AS confidence,
               {sql.listed("stated.note", " ")} AS note,
               {sql.sources("stated.source_id")} AS source_id
        FROM stated
        {sql.VENUES}
        WHERE topic = 'open_interest'
        GROUP BY venue, asset, origin, universe
        ORDER BY venue = 'all', asset = 'all' DESC, before_usd IS NOT NULL AND after_usd IS NOT NULL DESC, change_pct,
                 origin
        """,
        crash_day=crash_day,
    )
