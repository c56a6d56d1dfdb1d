"""Orders that ate through a book: the single trades kept for such cases."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics.warehouse import Warehouse


def stamps(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """Moments at which one market printed several trades with one time stamp, the most trades first.

    Columns: `venue name market symbol base quote ts trades first_price last_price high low quantity_base value_quote
    vwap taker_sides source_id`.
    """
    return warehouse.query(
        """
        WITH tape AS (
            SELECT *,
                   row_number() OVER (
                       PARTITION BY venue, market, symbol, ts
                       ORDER BY length(trade_id), trade_id
                   ) AS place
            FROM trades
            WHERE ts >= $start AND ts < $end
        )
        SELECT t.venue, any_value(coalesce(v.name, t.venue)) AS name, t.market, t.symbol,
               split_part(t.symbol, '/', 1) AS base, split_part(split_part(t.symbol, '/', 2), ':', 1) AS quote, t.ts,
               count(*) AS trades, arg_min(t.price, place) AS first_price, arg_max(t.price, place) AS last_price,
               max(t.price) AS high, min(t.price) AS low, sum(t.quantity_base::DECIMAL(28, 8))::DOUBLE AS quantity_base,
               sum(t.price::DECIMAL(18, 8) * t.quantity_base::DECIMAL(20, 8))::DOUBLE AS value_quote,
               value_quote / sum(t.quantity_base::DECIMAL(28, 8))::DOUBLE AS vwap,
               string_agg(DISTINCT t.taker_side, ', ') AS taker_sides,
               string_agg(DISTINCT t.source_id, ';') AS source_id
        FROM tape t
        LEFT JOIN venues v USING (venue)
        GROUP BY t.venue, t.market, t.symbol, t.ts
        HAVING count(*) > 1
        ORDER BY count(*) DESC, t.ts, t.venue, t.symbol
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
    return warehouse.query(
        """
        SELECT row_number() OVER tape AS place, venue, market, symbol, trade_id, ts, price, quantity_base,
               (sum(quantity_base::DECIMAL(28, 8)) OVER tape - quantity_base::DECIMAL(28, 8))::DOUBLE AS traded_before,
               (sum(quantity_base::DECIMAL(28, 8)) OVER tape)::DOUBLE AS traded_after, taker_side, source_id
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
        """
        SELECT p.venue, coalesce(v.name, p.venue) AS name, p.market, p.symbol, p.kind, p.value, p.unit, p.ts,
               p.precision, p.confidence, p.source_id
        FROM price_extremes p
        LEFT JOIN venues v USING (venue)
        WHERE p.base_asset = $base AND p.extreme = 'low' AND p.precision = 'minute'
          AND p.ts = date_trunc('minute', $ts::TIMESTAMPTZ)
        ORDER BY p.value, p.venue, p.symbol, p.kind
        """,
        base=base,
        ts=ts,
    )
