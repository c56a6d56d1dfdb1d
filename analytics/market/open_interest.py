"""Open interest around the moment a crash day is measured from: by venue and by coin, in dollars and net of price."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

LEAST_VENUES = 5
"""Readings of fewer venues at one moment are not a table of venues."""

AROUND = """
    WITH moment AS (
        SELECT ts
        FROM open_interest
        WHERE instrument = $instrument AND venue <> 'all' AND interval IS NULL
        GROUP BY ts
        HAVING count(DISTINCT venue) >= $least
    ), stamp AS (
        SELECT max(ts) FILTER (ts <= $at) AS before_ts, min(ts) FILTER (ts > $at) AS after_ts
        FROM moment
        WHERE ts >= $at - INTERVAL 1 DAY AND ts < $at + INTERVAL 1 DAY
    ), pair AS (
        SELECT b.venue, b.symbol, b.source_id, before_ts, after_ts, b.confidence,
               b.open_interest_usd AS before_usd, a.open_interest_usd AS after_usd,
               b.open_interest_usd / b.price_usd AS before_base, a.open_interest_usd / a.price_usd AS after_base,
               a.open_interest_usd * b.price_usd / a.price_usd AS after_at_old_price_usd
        FROM stamp
        JOIN open_interest b ON b.ts = before_ts
        JOIN open_interest a ON a.ts = after_ts AND (a.venue, a.symbol, a.source_id) = (b.venue, b.symbol, b.source_id)
        WHERE b.instrument = $instrument AND a.instrument = $instrument AND b.venue <> 'all' AND b.interval IS NULL
    )
"""
"""The last reading before a moment and the first after it of each venue and coin that has both, of one source.

A coin only one of the two stamps has is in neither sum: it would be read as a change.
"""


def by_venue(warehouse: Warehouse, at: datetime, instrument: str = "futures") -> pl.DataFrame:
    """Open interest of each venue before and after a moment, the largest fall first.

    Columns: `venue name coins before_ts after_ts before_usd after_usd change_pct net_change_pct confidence scope
    source_id`. Sums over the coins that are read at both stamps. `net_change_pct` values what is open afterwards at
    the price before, coin by coin: what is left of the fall is positions closed, not their price; null where no price
    is stated. `instrument` is `futures` or `options`: they are not added. `confidence` is low where the figure is the
    venue's own claim. Empty where no source reads `LEAST_VENUES` venues within a day before and after.
    """
    return warehouse.query(
        f"""
        {AROUND}
        SELECT venue, any_value({sql.venue_name()}) AS name, {sql.listed("symbol", ", ")} AS coins,
               any_value(before_ts) AS before_ts, any_value(after_ts) AS after_ts,
               {sql.total("before_usd", 2)} AS before_usd, {sql.total("after_usd", 2)} AS after_usd,
               100 * ({sql.total("after_usd", 2)} / {sql.total("before_usd", 2)} - 1) AS change_pct,
               CASE WHEN count(after_at_old_price_usd) = count(*)
                    THEN 100 * ({sql.total("after_at_old_price_usd", 2)} / {sql.total("before_usd", 2)} - 1)
               END AS net_change_pct,
               CASE WHEN bool_or(confidence = 'low') THEN 'low' ELSE any_value(confidence) END AS confidence,
               concat_ws('|', $instrument, pair.source_id) AS scope, pair.source_id
        FROM pair
        {sql.VENUES}
        GROUP BY venue, pair.source_id
        ORDER BY change_pct, venue
        """,
        at=at,
        instrument=instrument,
        least=LEAST_VENUES,
    )


def by_coin(warehouse: Warehouse, at: datetime, instrument: str = "futures") -> pl.DataFrame:
    """The same by coin, over the venues that are read at both stamps, the most open first: in dollars, and in coins at
    the price the publication states.

    Columns: `symbol venues before_ts after_ts before_usd after_usd change_pct before_base after_base base_change_pct
    scope source_id`.
    """
    return warehouse.query(
        f"""
        {AROUND}
        SELECT symbol, count(*) AS venues, any_value(before_ts) AS before_ts, any_value(after_ts) AS after_ts,
               {sql.total("before_usd", 2)} AS before_usd, {sql.total("after_usd", 2)} AS after_usd,
               100 * ({sql.total("after_usd", 2)} / {sql.total("before_usd", 2)} - 1) AS change_pct,
               {sql.total("before_base", 4)} AS before_base, {sql.total("after_base", 4)} AS after_base,
               100 * ({sql.total("after_base", 4)} / {sql.total("before_base", 4)} - 1) AS base_change_pct,
               concat_ws('|', $instrument, source_id) AS scope, source_id
        FROM pair
        GROUP BY symbol, source_id
        ORDER BY before_usd DESC, symbol
        """,
        at=at,
        instrument=instrument,
        least=LEAST_VENUES,
    )


def all_venues(warehouse: Warehouse, base: str, start: datetime, end: datetime) -> pl.DataFrame:
    """The published sum over all venues of one coin, bar by bar: `symbol ts open_usd high_usd low_usd close_usd
    interval source_id`. A sum its publisher makes: not added to the venues it is made of."""
    return warehouse.query(
        """
        SELECT symbol, ts, open_interest_usd AS open_usd, high_usd, low_usd, close_usd, interval, source_id
        FROM open_interest
        WHERE venue = 'all' AND symbol = $base AND interval IS NOT NULL AND ts >= $start AND ts < $end
        ORDER BY source_id, ts
        """,
        base=base,
        start=start,
        end=end,
    )
