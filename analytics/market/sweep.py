"""Orders that ate through a book: the single trades kept for such cases."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.warehouse import Warehouse

PRINTS, WALK_PCT = 10, 5.0
"""A sweep has at least so many trades with one time stamp, and its price goes at least so far, in percent, from the
first to the last of them."""
STAMPS = f"""
    WITH tape AS (
        SELECT *,
               row_number() OVER (
                   PARTITION BY venue, market, symbol, ts
                   ORDER BY length(trade_id), trade_id
               ) AS place
        FROM trades
        WHERE ts >= $start AND ts < $end
    ), stamps AS (
        SELECT venue, market, symbol, {sql.base()} AS base, {sql.quote()} AS quote, ts, count(*) AS trades,
               arg_min(price, place) AS first_price, arg_max(price, place) AS last_price,
               max(price) AS high, min(price) AS low, {sql.total("quantity_base", 8)} AS quantity_base,
               {sql.total("(price * quantity_base)", 12)} AS value_quote,
               {sql.listed("taker_side", ", ")} AS taker_sides, {sql.sources()} AS source_id
        FROM tape
        GROUP BY venue, market, symbol, ts
    )
"""
"""The trades of each market by time stamp, in the order of the tape."""


def stamps(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Moments at which one market printed several trades with one time stamp, the most trades first.

    Columns: `venue name market symbol base quote ts trades first_price last_price high low quantity_base value_quote
    vwap taker_sides source_id`.
    """
    return warehouse.query(
        f"""
        {STAMPS}
        SELECT s.venue, {sql.venue_name("s.venue")} AS name, market, symbol, base, quote, ts, trades, first_price,
               last_price, high, low, quantity_base, value_quote, value_quote / quantity_base AS vwap, taker_sides,
               s.source_id
        FROM stamps s
        {sql.VENUES}
        WHERE trades > 1
        ORDER BY trades DESC, ts, s.venue, symbol
        """,
        start=start,
        end=end,
    )


def by_rule(
    warehouse: Warehouse, start: datetime, end: datetime, prints: int = PRINTS, walk_pct: float = WALK_PCT
) -> pl.DataFrame:
    """Every sweep among the single trades of a range, the deepest first.

    A sweep: at least `prints` trades of one market, one taker side and one time stamp, whose price ends at least
    `walk_pct` percent beyond where it began and at its extreme: down for a seller, up for a buyer. Columns: `venue name
    market symbol base quote ts taker_side trades first_price last_price walk_pct quantity_base value_quote
    average_price source_id`; `trades` are as the tape carries them, which may add up fills at one price.
    """
    return warehouse.query(
        f"""
        {STAMPS}
        SELECT s.venue, {sql.venue_name("s.venue")} AS name, market, symbol, base, quote, ts, taker_sides AS taker_side,
               trades, first_price, last_price, 100 * (last_price / first_price - 1) AS walk_pct, quantity_base,
               value_quote, value_quote / quantity_base AS average_price, s.source_id
        FROM stamps s
        {sql.VENUES}
        WHERE trades >= $prints
          AND CASE taker_sides
              WHEN 'sell' THEN last_price = low AND last_price <= first_price * (1 - $walk_pct / 100)
              WHEN 'buy' THEN last_price = high AND last_price >= first_price * (1 + $walk_pct / 100)
          END
        ORDER BY abs(last_price / first_price - 1) DESC, ts, s.venue, symbol
        """,
        start=start,
        end=end,
        prints=prints,
        walk_pct=walk_pct,
    )


def tapes(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """What the rule can look at: the single trades kept per market, `venue name market symbol trades first_ts
    last_ts source_id`."""
    return warehouse.query(
        f"""
        SELECT t.venue, any_value({sql.venue_name("t.venue")}) AS name, t.market, t.symbol, count(*) AS trades,
               min(t.ts) AS first_ts, max(t.ts) AS last_ts, {sql.sources("t.source_id")} AS source_id
        FROM trades t
        {sql.VENUES}
        WHERE t.ts >= $start AND t.ts < $end
        GROUP BY t.venue, t.market, t.symbol
        ORDER BY trades DESC, t.venue, t.symbol
        """,
        start=start,
        end=end,
    )


def steps(warehouse: Warehouse, venue: str, market: str, symbol: str, ts: datetime) -> pl.DataFrame:
    """The trades of one stamp in the order of the tape: `place venue market symbol trade_id ts price quantity_base
    traded_before traded_after taker_side source_id`.

    `traded_before` and `traded_after` are the quantity traded at this stamp up to and including each trade, in the base
    asset.
    """
    quantity = sql.exact("quantity_base", 8)
    return warehouse.query(
        f"""
        SELECT row_number() OVER tape AS place, venue, market, symbol, trade_id, ts, price, quantity_base,
               (sum({quantity}) OVER tape - {quantity})::DOUBLE AS traded_before,
               (sum({quantity}) OVER tape)::DOUBLE AS traded_after, taker_side, source_id
        FROM trades
        WHERE venue = $venue AND market = $market AND symbol = $symbol AND ts = $ts
        WINDOW tape AS (ORDER BY length(trade_id), trade_id ROWS UNBOUNDED PRECEDING)
        ORDER BY place
        """,
        venue=venue,
        market=market,
        symbol=symbol,
        ts=ts,
    )


def minute_lows(warehouse: Warehouse, base: str, ts: datetime) -> pl.DataFrame:
    """The lows of one asset within the minute of `ts`, market by market, the lowest first.

    Columns: `venue name market symbol kind value unit ts precision confidence source_id`. Mark prices are kept apart by
    `kind`.
    """
    return warehouse.query(
        f"""
        SELECT p.venue, {sql.venue_name("p.venue")} AS name, p.market, p.symbol, p.kind, p.value, p.unit, p.ts,
               p.precision, p.confidence, p.source_id
        FROM price_extremes p
        {sql.VENUES}
        WHERE p.base_asset = $base AND p.extreme = 'low' AND p.precision = 'minute'
          AND p.ts = date_trunc('minute', $ts::TIMESTAMPTZ)
        ORDER BY p.value, p.venue, p.symbol, p.kind
        """,
        base=base,
        ts=ts,
    )
