"""How low each market went on the day, and which of those prints one market had for itself."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from analytics import sql
from analytics.market.prices import SERIES
from analytics.warehouse import Warehouse

THIN = 0.25
"""A market that kept less than this part of what its peers kept printed a price that was not the coin's."""

PEGGED = (
    "AEUR",
    "BFUSD",
    "DAI",
    "EUR",
    "EURI",
    "FDUSD",
    "PAXG",
    "PYUSD",
    "RLUSD",
    "TUSD",
    "USD1",
    "USDC",
    "USDE",
    "USDP",
    "USDT",
    "XUSD",
)
"""State money, and coins meant to be worth as much as something else: they cannot fall as coins do."""
OTHER_MARKETS = "other markets of the coin"

DAY = f"""
    {SERIES}, day_bars AS (
        SELECT b.venue, b.market, b.symbol, {sql.base("b.symbol")} AS base,
               {sql.quote("b.symbol")} AS quote, b.high, b.low, b.low / b.high AS kept,
               b.source_id
        FROM bars b
        JOIN series USING (venue, market, symbol, kind, interval, source_id)
        WHERE b.interval = '1d' AND b.kind = 'trade' AND b.ts >= $start AND b.ts < $end
    )
"""


def quotes(warehouse: Warehouse, start: datetime, end: datetime) -> pl.DataFrame:
    """The quote currencies of the markets whose day range is known, those with most markets first: `quote markets`."""
    return warehouse.query(
        f"{DAY} SELECT quote, count(*) AS markets FROM day_bars GROUP BY quote ORDER BY markets DESC, quote",
        start=start,
        end=end,
    )


MARKETS = f"""
    {DAY}, own AS (
        SELECT a.venue, a.market, a.symbol, count(*) AS peers, median(b.kept) AS peers_kept
        FROM day_bars a
        JOIN day_bars b ON a.venue = b.venue AND a.market = b.market AND a.base = b.base
            AND a.symbol <> b.symbol
        WHERE a.quote = $quote
        GROUP BY ALL
    ), whole AS (
        SELECT venue, market, count(*) - 1 AS peers, median(kept) AS peers_kept
        FROM day_bars
        WHERE quote = $quote
        GROUP BY ALL
    )
    SELECT d.venue, {sql.venue_name("d.venue")} AS name, d.market, d.symbol, d.base, d.quote, d.high, d.low,
           100 * (1 - d.kept) AS drop_pct, coalesce(own.peers, whole.peers) AS peers,
           100 * (1 - coalesce(own.peers_kept, whole.peers_kept)) AS peers_drop_pct,
           CASE WHEN own.peers IS NULL THEN 'markets of the quote' ELSE $own END AS compared_with,
           d.base IN (SELECT unnest($pegged)) AS pegged,
           d.kept < $thin * coalesce(own.peers_kept, whole.peers_kept) AS thin, d.source_id
    FROM day_bars d
    LEFT JOIN own USING (venue, market, symbol)
    JOIN whole USING (venue, market)
    {sql.VENUES}
    WHERE d.quote = $quote
    ORDER BY drop_pct DESC, d.symbol
"""


def markets(warehouse: Warehouse, quote: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Markets of one quote currency by how far the day's low lies below the day's high, the deepest first.

    Columns: `rank venue name market symbol base quote high low drop_pct peers peers_drop_pct compared_with thin
    pegged source_id`. Peers are the coin's other markets on the venue, or all markets of the quote currency where the
    coin has no other; `peers_drop_pct` is their median. `thin` marks a market that kept less than `THIN` of what its
    median peer kept. The high may come after the low: this is a range, not a path.
    """
    rows = warehouse.query(
        MARKETS,
        quote=quote,
        thin=THIN,
        own=OTHER_MARKETS,
        pegged=list(PEGGED),
        start=start,
        end=end,
    )
    return rows.with_row_index("rank", offset=1)
