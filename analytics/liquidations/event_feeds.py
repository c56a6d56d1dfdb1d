"""Which single liquidations of a range are in the warehouse: feed by feed, with how much of them each feed lets
through."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import polars as pl

from analytics import sql
from analytics.liquidations import throttle
from analytics.liquidations.regimes import BEST_FIRST
from analytics.warehouse import Columns, Warehouse

ESTIMATED: Columns = {
    "venue": pl.String,
    "name": pl.String,
    "feed": pl.String,
    "mechanism": pl.String,
    "completeness": pl.String,
    "source_id": pl.String,
    "rule": pl.String,
    "orders": pl.Int64,
    "reported_usd": pl.Float64,
    "bound_usd": pl.Float64,
    "estimate_usd": pl.Float64,
    "low_usd": pl.Float64,
    "high_usd": pl.Float64,
    "refusal": pl.String,
}

FEEDS = f"""
    WITH ranged AS (
        SELECT *
        FROM liquidations
        WHERE ts >= $start AND ts < $end
    ), seconds AS (
        SELECT venue, feed, mechanism, count(*) AS orders
        FROM ranged
        GROUP BY venue, feed, mechanism, symbol, date_trunc('second', ts)
    ), busiest AS (
        SELECT venue, feed, mechanism, max(orders) AS busiest
        FROM seconds
        GROUP BY ALL
    ), held AS (
        SELECT venue, feed, completeness, valid_from, rule, source_id
        FROM feed_regimes
        WHERE (valid_from IS NULL OR valid_from < $end) AND (valid_to IS NULL OR valid_to > $start)
        QUALIFY row_number() OVER (PARTITION BY venue, feed ORDER BY {BEST_FIRST}, valid_from DESC) = 1
    )
    SELECT r.venue, any_value({sql.venue_name("r.venue")}) AS name, r.feed, r.mechanism,
           coalesce(any_value(h.completeness), 'unknown') AS completeness,
           any_value(h.valid_from) IS NOT NULL AS established,
           coalesce(any_value(h.rule), 'No rule of this feed is recorded here') AS rule,
           count(*) AS orders, count(DISTINCT symbol) AS symbols, any_value(busiest) AS busiest,
           {sql.total("notional_usd", 6)} AS total_usd,
           min(ts) AS first_ts, max(ts) AS last_ts,
           concat_ws(';', {sql.sources("r.source_id")}, any_value(h.source_id))
               AS source_id
    FROM ranged r
    JOIN busiest b USING (venue, feed, mechanism)
    {sql.VENUES}
    LEFT JOIN held h USING (venue, feed)
    GROUP BY r.venue, r.feed, r.mechanism
    ORDER BY name, orders DESC, r.feed, r.mechanism
"""


def feeds(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The feeds with liquidations in a range, by venue, the fullest first: one row a feed and mechanism.

    Columns: `venue name feed mechanism completeness established rule orders symbols busiest total_usd first_ts last_ts
    source_id`. `orders` counts rows, which are fills where a venue publishes fills; `busiest` is the most rows of one
    symbol in one second. Mechanisms and feeds of one venue overlap and are never added. `established` is false where it
    is not known since when the regime of the feed holds, and completeness is `unknown` where no regime is described.
    """
    return warehouse.query(FEEDS, start=start, end=end)


def estimates(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What each throttled feed of a range hides, whichever rule on record holds: reported, bound, and a range or why
    there is none.

    Columns: `venue name feed mechanism completeness source_id rule orders reported_usd bound_usd estimate_usd low_usd
    high_usd refusal`. `rule` names the rules that the orders leave possible; a range is over all of them.
    """
    throttled = feeds(warehouse, start, end).filter(pl.col("completeness") == "throttled")
    rows = [
        feed | asdict(throttle.across(orders(warehouse, feed["venue"], feed["feed"], feed["mechanism"], start, end)))
        for feed in throttled.select("venue", "name", "feed", "mechanism", "completeness", "source_id").iter_rows(
            named=True
        )
    ]
    return pl.DataFrame([{column: row[column] for column in ESTIMATED} for row in rows], schema=ESTIMATED)


def orders(warehouse: Warehouse, venue: str, feed: str, mechanism: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Single liquidations of one feed and mechanism in the order of time: `symbol ts notional_usd`."""
    return warehouse.query(
        """
        SELECT symbol, ts, notional_usd
        FROM liquidations
        WHERE venue = $venue AND feed = $feed AND mechanism = $mechanism AND ts >= $start AND ts < $end
        ORDER BY ts, event_id
        """,
        venue=venue,
        feed=feed,
        mechanism=mechanism,
        start=start,
        end=end,
    )
