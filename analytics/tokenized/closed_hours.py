"""Stocks through a crash of the crypto market, which does not keep the hours of the cash market."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from analytics import sql
from analytics.market import prices
from analytics.warehouse import Warehouse

CLOSE_HOUR, EXCHANGE_ZONE = 16, "America/New_York"
"""The regular close of the US stock exchanges, in their own time."""
TOKEN = "^[A-Z.]{1,6}(x|on)$"
"""Symbols of tokenized stocks: the ticker and the issuer's suffix in small letters (AAPLx, TSLAon)."""

CLOSE_AND_TOKENS = f"""
    WITH day AS (
        SELECT *,
               timezone(
                   '{EXCHANGE_ZONE}',
                   date_trunc('day', timezone('{EXCHANGE_ZONE}', t0)) + INTERVAL {CLOSE_HOUR} HOUR
               ) AS cash_close
        FROM crash_days
        WHERE crash_day = $crash_day
    ), launched AS (
        SELECT *,
               launched + CASE launched_precision
                   WHEN 'month' THEN INTERVAL 1 MONTH
                   WHEN 'year' THEN INTERVAL 1 YEAR
                   ELSE INTERVAL 0 DAY
               END AS surely
        FROM tokenized_products
    ), live AS (
        SELECT launched.*
        FROM launched, day
        WHERE surely <= day.t0
    )
    SELECT t0, cash_close, isodow(timezone('{EXCHANGE_ZONE}', t0)) AS weekday,
           date_diff('minute', cash_close, t0) AS minutes_after_close,
           (SELECT count(*) FROM live) AS products,
           (SELECT string_agg(product, ', ' ORDER BY product) FROM live) AS names,
           (
               SELECT count(*)
               FROM bars, day
               WHERE ts >= day.window_start AND ts < day.window_end
                 AND regexp_matches({sql.base()}, '{TOKEN}')
           ) AS token_bars,
           concat_ws(';', source_id, (SELECT {sql.sources()} FROM live)) AS source_id
    FROM day
"""


def close_and_tokens(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """What is known of tokenized stocks on a crash day, one row: `t0 cash_close weekday minutes_after_close products
    names token_bars source_id`.

    `cash_close` is the regular close of New York on that date (holidays and early closes are not known),
    `minutes_after_close` how long before the crash it was; negative while the market was open. `products` had launched
    by then for sure. `token_bars` counts price bars of tokenized stocks in the day's window: with none, nothing can be
    shown.
    """
    return warehouse.query(CLOSE_AND_TOKENS, crash_day=crash_day)


def last_close(moment: datetime) -> datetime:
    """The last regular close of New York at or before a moment; holidays and early closes are not known."""
    there = moment.astimezone(ZoneInfo(EXCHANGE_ZONE))
    day = there.date() if there.hour >= CLOSE_HOUR else there.date() - timedelta(days=1)
    while day.isoweekday() > 5:
        day -= timedelta(days=1)
    return datetime.combine(day, time(CLOSE_HOUR), ZoneInfo(EXCHANGE_ZONE)).astimezone(UTC)


def since_close(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """Prices of tokenized stocks from the last close before a crash to the end of its window: the columns of
    `prices.paths`.

    `close_pct` is percent of the token's own last price in the hour up to that close, on the same market: the price of
    the stock itself is not in the warehouse. Empty where the crash's moment or every such price is not known.
    """
    day = warehouse.query(
        "SELECT t0, window_end FROM crash_days WHERE crash_day = $crash_day", crash_day=crash_day
    ).row(0, named=True)
    moment = day["t0"] or day["window_end"]
    start, end = last_close(moment), day["window_end"]
    tokens = prices.assets(warehouse, start, end).filter(pl.col("base").str.contains(TOKEN))["base"].sort()
    known = [prices.paths(warehouse, token, start, end, start) for token in tokens]
    drawn = pl.concat(known) if known else prices.paths(warehouse, "", start, end, start)
    return drawn.filter(pl.col("close_pct").is_not_null() & (pl.lit(day["t0"]).is_not_null()))


def lows_since_close(warehouse: Warehouse, crash_day: str) -> pl.DataFrame:
    """How far each market of `since_close` fell and how much was traded there: one row a market, the deepest fall
    first.

    Columns: `name symbol market interval reference_price reference_at low low_pct low_at traded_base traded_quote quote
    source_id`. What was traded is the sum over the bars, null where no bar states it.
    """
    at_low = pl.col("low").arg_min()
    stated = [
        pl.when(pl.col(column).count() > 0).then(pl.col(column).sum()).alias(f"traded_{unit}")
        for column, unit in (("volume_base", "base"), ("volume_quote", "quote"))
    ]
    return (
        since_close(warehouse, crash_day)
        .group_by(
            "name", "symbol", "market", "interval", "quote", "reference_price", "reference_at", maintain_order=True
        )
        .agg(
            pl.col("low").min(),
            (pl.col("low_pct").min() - 100).alias("low_pct"),
            pl.col("ts").get(at_low).alias("low_at"),
            *stated,
            source_id=pl.col("source_id").unique().sort().str.join(";"),
        )
        .sort("low_pct", "symbol", "name")
    )
