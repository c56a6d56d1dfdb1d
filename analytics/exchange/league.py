"""The exchanges of a crash day beside each other: what is known of each, figure by figure, and what is not."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.exchange.profile import MENTIONED
from analytics.liquidations.boards import LISTED
from analytics.market import low_deviation
from analytics.warehouse import Warehouse

SINGLE = ("liquidations", "futures_volume", "spot_volume", "open_interest_before")
DERIVED = {
    "liquidations_to_volume_pct": ("liquidations", "futures_volume"),
    "liquidations_to_open_interest_pct": ("liquidations", "open_interest_before"),
}
"""Ratios, computed only where both figures are known. Their windows differ: never a number without that label."""

OUTAGES = f"""
    SELECT v.venue, e.ts, e.precision, e.category, e.title, e.confidence, e.second_hand, e.note, e.source_id,
           CASE
               WHEN lead(e.category) OVER own = 'outage_end' AND e.precision IN ('second', 'minute')
                   AND lead(e.precision) OVER own IN ('second', 'minute')
                   THEN date_diff('minute', e.ts, lead(e.ts) OVER own)
           END AS minutes
    FROM events e
    JOIN venues v ON {MENTIONED}
    WHERE e.timeline = $crash_day AND e.standing = 'reported' AND e.category IN ('outage', 'outage_end')
    WINDOW own AS (PARTITION BY v.venue ORDER BY e.ts)
"""
"""An outage is long by so many minutes only where its end is reported too (category `outage_end`), and both to the
minute."""

FIGURES = f"""
    WITH outages AS ({OUTAGES}),
    volumes AS (
        SELECT market || '_volume' AS measure, venue, {sql.total("volume_usd", 2)} AS value, 'USD' AS unit,
               NULL AS words,
               strftime(window_start, '%Y-%m-%d %H:%M') || strftime(window_end, ' to %H:%M UTC') AS window_text,
               NULL AS origin, window_end AS as_of,
               'minute' AS as_of_precision, NULL AS confidence, false AS second_hand, NULL AS note,
               {sql.sources()} AS source_id
        FROM venue_volumes
        WHERE window_start = $window_start
        GROUP BY venue, market, window_start, window_end
    ), liquidations AS (
        SELECT 'liquidations', venue,
               coalesce(
                   {sql.of_side("total")},
                   {sql.of_side("long")} + {sql.of_side("short")}
               ), 'USD', NULL,
               any_value(window_label), any_value(origin), any_value(as_of), any_value(as_of_precision),
               any_value(confidence), bool_or(second_hand),
               {sql.listed("note", " ")}, {sql.sources()}
        FROM liquidation_reports
        WHERE board = $board AND crash_day = $crash_day AND venue <> 'all' AND {LISTED}
        GROUP BY venue
    ), interest AS (
        SELECT metric, venue, value, unit, NULL,
               coalesce(window_label, strftime(window_start, '%Y-%m-%d'), 'not stated'), origin, as_of, as_of_precision,
               confidence, second_hand, note, source_id
        FROM venue_reports
        WHERE crash_day = $crash_day AND metric = 'open_interest_before' AND unit = 'USD' AND asset = 'all'
          AND venue <> 'all'
        QUALIFY row_number() OVER (
            PARTITION BY venue
            ORDER BY list_position(['high', 'medium', 'low'], confidence), as_of DESC, source_id
        ) = 1
    ), interrupted AS (
        SELECT 'outage', venue, minutes, 'minutes',
               CASE precision
                   WHEN 'day' THEN strftime(ts, '%b %-d')
                   WHEN 'hour' THEN strftime(ts, '%b %-d, about %H:%M')
                   ELSE strftime(ts, '%b %-d, %H:%M')
               END || ': ' || title,
               'not stated', NULL, ts, precision, confidence, second_hand, note, source_id
        FROM outages
        WHERE category = 'outage'
    ), borne AS (
        SELECT 'losses', r.venue, value, unit,
               replace(metric, '_', ' ') || ': '
                   || coalesce(
                       value_text,
                       format(
                           CASE WHEN value = round(value) THEN '{{:,.0f}} {{}}' ELSE '{{:,.2f}} {{}}' END, value, unit
                       )
                   ),
               coalesce(window_label, 'not stated'), origin, as_of, as_of_precision, confidence, second_hand, r.note,
               r.source_id
        FROM venue_reports r
        JOIN venues v USING (venue)
        WHERE crash_day = $crash_day AND (topic = 'compensation' OR topic = 'losses' AND origin = v.name)
    ), listed AS (
        FROM volumes
        UNION ALL
        FROM liquidations
        UNION ALL
        FROM interest
        UNION ALL
        FROM interrupted
        UNION ALL
        FROM borne
    )
    SELECT measure, l.venue, v.name, value, unit, words, window_text, origin, as_of, as_of_precision, confidence,
           second_hand, l.note,
           s.publisher, CASE WHEN s.linkable THEN s.url END AS url, l.source_id
    FROM listed l
    JOIN venues v USING (venue)
    LEFT JOIN sources s ON s.source_id = split_part(l.source_id, ';', 1)
    ORDER BY lower(v.name), measure, as_of, words, l.source_id
"""


def figures(warehouse: Warehouse, crash_day: str, board: str | None, window_start: datetime | None) -> pl.DataFrame:
    """Every figure of the league table on its own, with its window and its source, by exchange.

    Columns: `measure venue name value unit words window_text origin as_of as_of_precision confidence second_hand note
    publisher url source_id`. Measures: liquidations of `board`, spot_volume and futures_volume of the window that
    starts at `window_start`, open_interest_before, outage (`value` in minutes only where both ends are known to the
    minute), losses (compensation, and losses the venue states itself). `url` is null where the page may not be linked.
    """
    return warehouse.query(FIGURES, crash_day=crash_day, board=board, window_start=window_start)


def table(warehouse: Warehouse, crash_day: str, board: str | None, window_start: datetime | None) -> pl.DataFrame:
    """One row an exchange that had not closed before the day, those with most liquidations first; null where nothing is
    known.

    Columns: `venue name kind`, in USD `liquidations futures_volume spot_volume open_interest_before`, in percent
    `liquidations_to_volume_pct` (of the futures volume) and `liquidations_to_open_interest_pct`, `outage_minutes`, and
    in words `outages losses`; `low_deviation_pct`, the distance from the composite at its low
    (`analytics.market.low_deviation`), with `low_base low_market low_ts low_composed`; each with its `…_source_id`, and
    `source_id` for the row.
    """
    known = figures(warehouse, crash_day, board, window_start)
    rows = warehouse.query(
        """
        SELECT venue, name, kind, source_id AS own_source_id
        FROM venues
        WHERE kind <> 'pool'
          AND (closed_by IS NULL OR closed_by > (SELECT window_start FROM crash_days WHERE crash_day = $crash_day))
        ORDER BY lower(name)
        """,
        crash_day=crash_day,
    )
    for measure in SINGLE:
        part = known.filter(pl.col("measure") == measure)
        part = part.select("venue", pl.col("value").alias(measure), pl.col("source_id").alias(f"{measure}_source_id"))
        rows = rows.join(part, on="venue", how="left", validate="1:1", maintain_order="left")
    for measure, column in (("outage", "outages"), ("losses", "losses")):
        rows = rows.join(_told(known, measure, column), on="venue", how="left", validate="1:1", maintain_order="left")
    rows = rows.join(_at_the_low(warehouse, crash_day), on="venue", how="left", validate="1:1", maintain_order="left")
    for ratio, (over, under) in DERIVED.items():
        rows = rows.with_columns((pl.col(over) * 100 / pl.col(under)).alias(ratio))
    receipts = [column for column in rows.columns if column.endswith("_source_id")]
    return (
        rows.with_columns(source_id=pl.concat_str(receipts, separator=";", ignore_nulls=True))
        .drop("own_source_id", "losses_minutes")
        .sort("liquidations", "futures_volume", "spot_volume", descending=True, nulls_last=True, maintain_order=True)
    )


def _at_the_low(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """The distance from the composite within the focus of the crash day, by venue."""
    day = warehouse.query(
        "SELECT focus_start, focus_end FROM crash_days WHERE crash_day = $crash_day", crash_day=crash_day
    )
    found = low_deviation.at_the_low(warehouse, *day.row(0))
    return found.select(
        "venue",
        low_deviation_pct="deviation_pct",
        low_base="base",
        low_market=pl.concat_str("symbol", pl.lit(" "), "market"),
        low_ts="ts",
        low_composed="composed",
        low_deviation_pct_source_id="source_id",
    )


def _told(known: pl.DataFrame, measure: str, column: str) -> pl.DataFrame:
    """What is said of each venue in one text, and the minutes where every part of it states them."""
    return (
        known.filter(pl.col("measure") == measure)
        .group_by("venue", maintain_order=True)
        .agg(
            pl.col("words").str.join("; ").alias(column),
            pl.when(pl.col("value").null_count() == 0).then(pl.col("value").sum()).alias(f"{measure}_minutes"),
            pl.col("source_id").unique().sort().str.join(";").alias(f"{column}_source_id"),
        )
    )
