"""What was listened to and what was not: gaps by venue and hour, of live feeds and of minute bars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

LATEST = timedelta(days=3)
"""How much of the latest time is shown hour by hour."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def feeds_by_hour(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """How much of each hour the recorder listened to each live feed: `venue name feed hour recorded_pct gap_pct gaps
    reasons source_id`.

    One row for every hour of the range that a recorded span or a noted gap touches; shares are percent of the part of
    the hour that lies in the range. What is neither recorded nor a gap is an hour nobody recorded: no row, or shares
    that do not reach 100. `gaps` counts the gaps that touch the hour, `reasons` says why nobody listened, separated by
    `; `.
    """
    return warehouse.query(
        f"""
        WITH hours AS (
            SELECT greatest(hour, $start) AS first, least(hour + INTERVAL 1 HOUR, $end) AS last, hour
            FROM (
                SELECT unnest(generate_series(
                    date_trunc('hour', $start::TIMESTAMPTZ), $end::TIMESTAMPTZ, INTERVAL 1 HOUR
                )) AS hour
            )
            WHERE hour < $end
        ), pieces AS (
            SELECT c.venue, c.feed, c.state, c.reason, c.source_id, h.hour,
                   epoch_us(least(c.span_end, h.last)) - epoch_us(greatest(c.span_start, h.first)) AS length,
                   epoch_us(h.last) - epoch_us(h.first) AS whole
            FROM hours h JOIN feed_coverage c ON c.span_start < h.last AND c.span_end > h.first
        )
        SELECT p.venue, any_value({sql.venue_name("p.venue")}) AS name, p.feed, p.hour,
               100 * coalesce(sum(length) FILTER (state = 'recorded'), 0) / any_value(whole) AS recorded_pct,
               100 * coalesce(sum(length) FILTER (state = 'gap'), 0) / any_value(whole) AS gap_pct,
               count(*) FILTER (state = 'gap') AS gaps,
               {sql.listed("reason", "; ")} AS reasons,
               {sql.sources("p.source_id")} AS source_id
        FROM pieces p {sql.VENUES}
        GROUP BY p.venue, p.feed, p.hour ORDER BY name, p.feed, p.hour
        """,
        start=start,
        end=end,
    )


def bars_by_hour(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Minute bars that are missing by venue and hour: `venue name hour series minutes expected missing present_pct
    source_id`.

    `series` counts the markets (market, symbol and source) whose minute bars of traded prices reach into the range;
    `expected` is what they would have if somebody traded in every minute between a market's first and last bar in the
    range, so a missing minute is one without a trade or one nobody delivered: the bars alone cannot tell.
    """
    return warehouse.query(
        f"""
        WITH delivered AS (
            SELECT venue, market, symbol, source_id, time_bucket(INTERVAL 1 HOUR, ts) AS hour,
                   count(*) AS minutes, min(ts) AS first, max(ts) AS last
            FROM bars WHERE interval = '1m' AND kind = 'trade' AND ts >= $start AND ts < $end GROUP BY ALL
        ), series AS (
            SELECT venue, market, symbol, source_id, min(first) AS first, max(last) AS last,
                   unnest(generate_series(min(hour), max(hour), INTERVAL 1 HOUR)) AS hour
            FROM delivered GROUP BY venue, market, symbol, source_id
        ), wanted AS (
            SELECT *, 1 + date_diff('minute', greatest(first, hour), least(last, hour + INTERVAL 59 MINUTE)) AS expected
            FROM series
        )
        SELECT w.venue, any_value({sql.venue_name("w.venue")}) AS name, w.hour, count(*) AS series,
               sum(coalesce(d.minutes, 0))::BIGINT AS minutes, sum(w.expected)::BIGINT AS expected,
               sum(w.expected - coalesce(d.minutes, 0))::BIGINT AS missing,
               100 * sum(coalesce(d.minutes, 0)) / sum(w.expected) AS present_pct,
               {sql.sources("w.source_id")} AS source_id
        FROM wanted w LEFT JOIN delivered d USING (venue, market, symbol, source_id, hour)
             LEFT JOIN venues v ON v.venue = w.venue
        GROUP BY w.venue, w.hour ORDER BY name, w.hour
        """,
        start=start,
        end=end,
    )


def latest_feeds(warehouse: Warehouse) -> pl.DataFrame:
    """`feeds_by_hour` of the last three days in which any live feed was recorded or noted as not heard."""
    return _until(feeds_by_hour, warehouse, "SELECT max(span_end) AS until FROM feed_coverage")


def latest_bars(warehouse: Warehouse) -> pl.DataFrame:
    """`bars_by_hour` of the last three days that hold minute bars."""
    last = "SELECT max(ts) + INTERVAL 1 MINUTE AS until FROM bars WHERE interval = '1m' AND kind = 'trade'"
    return _until(bars_by_hour, warehouse, last)


def _until(
    by_hour: Callable[[Warehouse, datetime, datetime], pl.DataFrame], warehouse: Warehouse, last: str
) -> pl.DataFrame:
    until = warehouse.query(last)["until"].item()
    if until is None:
        return by_hour(warehouse, NEVER, NEVER)
    return by_hour(warehouse, until.replace(minute=0, second=0, microsecond=0) - LATEST, until)
